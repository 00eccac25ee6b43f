{#
  Each payout, what it was made of, and whether that is its amount.

  Of a payout that is not automatic Stripe doesn't tell what it is made of.
#}
with parts as (
    select
        of_payouts.account_id
        , of_payouts.payout
        , transactions.net
        , transactions.fee
        , case
            when transactions.reporting_category = 'charge' then 'charges'
            when transactions.reporting_category in ('refund', 'refund_failure', 'partial_capture_reversal') then 'refunds'
            when transactions.reporting_category in ('dispute', 'dispute_reversal') then 'disputes'
            when transactions.reporting_category in ('payout', 'payout_reversal') then 'payouts'
            else 'other'
        end as part
        , transactions.amount
        , of_payouts.is_estimate
    from {{ ref('stripe_payout_transactions') }} as of_payouts
    inner join {{ ref('stripe_balance_transactions') }} as transactions
        on transactions.id = of_payouts.balance_transaction
        and {{ same_account('transactions', 'of_payouts') }}
)

, sums as (
    select
        account_id
        , payout
        , count(*) as transactions
        , sum(case when part = 'charges' then amount else 0 end) as charges
        , sum(case when part = 'refunds' then amount else 0 end) as refunds
        , sum(case when part = 'disputes' then amount else 0 end) as disputes
        , sum(case when part = 'payouts' then amount else 0 end) as payouts
        , sum(case when part = 'other' then amount else 0 end) as other
        , -sum(fee) as fees
        , sum(net) as reconciled
        , max(case when is_estimate then 1 else 0 end) as estimated
    from parts
    group by account_id, payout
)

select
    payouts.account_id
    , payouts.id as payout
    , {{ day_of('payouts.created') }} as day
    , payouts.arrival_date
    , payouts.status
    , payouts.currency
    , payouts.automatic as is_automatic
    , coalesce(sums.estimated, 0) = 1 as is_estimate
    , coalesce(sums.transactions, 0) as transactions
    {%- for amount in ['charges', 'refunds', 'disputes', 'fees', 'other', 'payouts', 'reconciled'] %}
    , cast(case when payouts.automatic then coalesce(sums.{{ amount }}, 0) end as {{ dbt.type_bigint() }}) as {{ amount }}
    {%- endfor %}
    , payouts.amount
    , payouts.amount_major
    , cast(
        case when payouts.automatic then payouts.amount - coalesce(sums.reconciled, 0) end
        as {{ dbt.type_bigint() }}
    ) as difference
from {{ ref('stripe_payouts') }} as payouts
left join sums
    on sums.payout = payouts.id
    and {{ same_account('sums', 'payouts') }}
