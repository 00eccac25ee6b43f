{#
  What each day brought, in the currency that it reached the balance in.

  gross: charges. refunds, disputes, fees: negative, or positive where given back.
  other: what a platform earns, passes on, and all else. net: all of it; payouts are
  none of it. By balance transactions, so each row can be followed to its source.
#}
with parts as (
    select
        account_id
        , {{ day_of('created') }} as day
        , currency
        , amount
        , fee
        , net
        , case
            when reporting_category = 'charge' then 'gross'
            when reporting_category in ('refund', 'refund_failure', 'partial_capture_reversal') then 'refunds'
            when reporting_category in ('dispute', 'dispute_reversal') then 'disputes'
            when reporting_category in ('fee', 'network_cost', 'tax') then 'fees'
            when reporting_category in ('payout', 'payout_reversal') then 'payouts'
            else 'other'
        end as part
    from {{ ref('stripe_balance_transactions') }}
)

, days as (
    select
        account_id
        , day
        , currency
        , sum(case when part = 'gross' then amount else 0 end) as gross
        , sum(case when part = 'refunds' then amount else 0 end) as refunds
        , sum(case when part = 'disputes' then amount else 0 end) as disputes
        , sum(case when part = 'fees' then amount else 0 end) - sum(fee) as fees
        , sum(case when part = 'other' then amount else 0 end) as other
        , sum(case when part <> 'payouts' then net else 0 end) as net
    from parts
    group by account_id, day, currency
)

select
    days.account_id
    , days.day
    , days.currency
    {%- for amount in ['gross', 'refunds', 'disputes', 'fees', 'other', 'net'] %}
    , cast(days.{{ amount }} as {{ dbt.type_bigint() }}) as {{ amount }}
    , {{ major('days.' ~ amount, 'currencies.smallest_unit') }} as {{ amount }}_major
    {%- endfor %}
from days
left join {{ ref('stripe_currencies') }} as currencies on currencies.currency = days.currency
