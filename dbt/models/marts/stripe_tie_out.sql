{#
  Whether the tables agree with each other and with Stripe's own balance: a row for each
  thing that can be said twice, with both figures. Where they differ, something is
  missing or was changed, on that day.

  transaction: an object names a balance transaction: it is there, with its amount.
  net: a balance transaction's net is its amount less its fee.
  payout: an automatic payout is the sum of what it paid out.
  balance: /v1/balance, from the table balances, is the sum of all transactions.
  is_estimate: what a payout paid out is not said by Stripe but estimated.
#}
{% set balances = source('stripe', 'balances') %}
{% set of_balances = columns_of(balances) %}
{% set sources = [
    ('charges', 'balance_transaction', 'amount_captured', 1),
    ('refunds', 'balance_transaction', 'amount', -1),
    ('refunds', 'failure_balance_transaction', 'amount', 1),
    ('payouts', 'balance_transaction', 'amount', -1),
    ('payouts', 'failure_balance_transaction', 'amount', 1),
    ('transfers', 'balance_transaction', 'amount', -1),
    ('transfer_reversals', 'balance_transaction', 'amount', 1),
    ('application_fees', 'balance_transaction', 'amount', 1),
    ('application_fee_refunds', 'balance_transaction', 'amount', -1),
] %}
with named as (
    {%- for collection, column, amount, sign in sources %}
    {{ 'union all' if not loop.first }}
    select
        account_id
        , '{{ collection }}' as said_by
        , id
        , created
        , currency
        , {{ sign }} * {{ amount }} as amount
        , {{ column }} as balance_transaction
    from {{ ref('stripe_' ~ collection) }}
    where {{ column }} is not null
    {%- endfor %}
    union all
    select
        disputes.account_id
        , 'disputes' as said_by
        , disputes.id
        , {{ from_epoch(json_text('entry.value', ['created'])) }} as created
        , {{ json_text('entry.value', ['currency']) }} as currency
        , cast({{ json_text('entry.value', ['amount']) }} as {{ dbt.type_bigint() }}) as amount
        , {{ json_text('entry.value', ['id']) }} as balance_transaction
    from {{ ref('stripe_disputes') }} as disputes
    {{ each_of('disputes.balance_transactions', 'entry') }}
)

, transactions as (
    select
        'transaction' as tie
        , named.account_id
        , {{ day_of('named.created') }} as day
        , named.currency
        , named.said_by
        , named.id
        , named.amount as said
        , case
            when found.id is null then 0
            -- Converted, so that its amount is another one.
            when found.currency <> named.currency then named.amount
            else found.amount
        end as found
        , cast('false' as {{ dbt.type_boolean() }}) as is_estimate
    from named
    left join {{ ref('stripe_balance_transactions') }} as found
        on found.id = named.balance_transaction
        and {{ same_account('found', 'named') }}
)

, nets as (
    select
        'net' as tie
        , account_id
        , {{ day_of('created') }} as day
        , currency
        , 'balance_transactions' as said_by
        , id
        , net as said
        , amount - fee as found
        , cast('false' as {{ dbt.type_boolean() }}) as is_estimate
    from {{ ref('stripe_balance_transactions') }}
)

, payouts as (
    select
        'payout' as tie
        , account_id
        , day
        , currency
        , 'payouts' as said_by
        , payout as id
        , amount as said
        , reconciled as found
        , is_estimate
    from {{ ref('stripe_payout_reconciliation') }}
    where is_automatic
)

, balances as (
    {%- if 'source_type' in of_balances %}
    select
        'balance' as tie
        , said.account_id
        , said.day
        , said.currency
        , 'balances' as said_by
        , said.state as id
        , said.amount as said
        , coalesce(found.net, 0) as found
        , cast('false' as {{ dbt.type_boolean() }}) as is_estimate
    from (
        {%- for state in ['available', 'pending'] %}
        {{ 'union all' if not loop.first }}
        select
            {{ column_or_null(of_balances, 'account_id', 'text') }} as account_id
            , '{{ state }}' as state
            , currency
            , max({{ day_of('received_at') }}) as day
            , sum({{ state }}) as amount
        from {{ balances }} as rows_of_table
        where {{ is_present('rows_of_table', of_balances) }}
        group by 1, 2, 3
        {%- endfor %}
    ) as said
    left join (
        select
            account_id
            , currency
            , status
            , sum(net) as net
        from {{ ref('stripe_balance_transactions') }}
        group by account_id, currency, status
    ) as found
        on found.currency = said.currency
        and found.status = said.state
        and {{ same_account('found', 'said') }}
    {%- else %}
    select * from nets where 1 = 0
    {%- endif %}
)

, ties as (
    select * from transactions
    union all
    select * from nets
    union all
    select * from payouts
    union all
    select * from balances
)

select
    tie
    , account_id
    , day
    , currency
    , said_by
    , id
    , cast(said as {{ dbt.type_bigint() }}) as said
    , cast(found as {{ dbt.type_bigint() }}) as found
    , cast(said - found as {{ dbt.type_bigint() }}) as difference
    , is_estimate
from ties
