{#
  The balance at the end of each day, in each currency: what came, what was paid out, and
  what of the balance was available, by the day from which it was.
#}
{{ spine('day', 'days', ref('stripe_balance_transactions'), 'created') }}

, movements as (
    select
        account_id
        , currency
        , {{ day_of('created') }} as day
        , case when reporting_category in ('payout', 'payout_reversal') then 0 else net end as activity
        , case when reporting_category in ('payout', 'payout_reversal') then net else 0 end as payouts
        , 0 as available
    from {{ ref('stripe_balance_transactions') }}
    union all
    select
        account_id
        , currency
        , {{ day_of('greatest(created, available_on)') }} as day
        , 0 as activity
        , 0 as payouts
        , net as available
    from {{ ref('stripe_balance_transactions') }}
    where status = 'available'
)

, of_days as (
    select
        account_id
        , currency
        , day
        , sum(activity) as activity
        , sum(payouts) as payouts
        , sum(available) as available
    from movements
    group by account_id, currency, day
)

, balances as (
    select
        account_id
        , currency
        , min(day) as first_day
    from of_days
    group by account_id, currency
)

, running as (
    select
        balances.account_id
        , balances.currency
        , days.begun as day
        , coalesce(of_days.activity, 0) as activity
        , coalesce(of_days.payouts, 0) as payouts
        , sum(coalesce(of_days.activity, 0) + coalesce(of_days.payouts, 0)) over so_far as balance
        , sum(coalesce(of_days.available, 0)) over so_far as available
    from balances
    inner join days on days.begun >= balances.first_day
    left join of_days
        on of_days.day = days.begun
        and of_days.currency = balances.currency
        and {{ same_account('of_days', 'balances') }}
    window so_far as (
        partition by balances.account_id, balances.currency
        order by days.begun
        rows between unbounded preceding and current row
    )
)

select
    running.account_id
    , running.day
    , running.currency
    {%- for amount in ['activity', 'payouts', 'balance', 'available'] %}
    , cast(running.{{ amount }} as {{ dbt.type_bigint() }}) as {{ amount }}
    , {{ major('running.' ~ amount, 'currencies.smallest_unit') }} as {{ amount }}_major
    {%- endfor %}
    , cast(running.balance - running.available as {{ dbt.type_bigint() }}) as pending
    , {{ major('running.balance - running.available', 'currencies.smallest_unit') }} as pending_major
from running
left join {{ ref('stripe_currencies') }} as currencies on currencies.currency = running.currency
