{#
  Which balance transactions each automatic payout paid out; its own is not among them.

  Where the table payout_balance_transactions is loaded Stripe has said so. Else it is
  estimated (is_estimate): what became available since the payout before.
#}
{% set said = source('stripe', 'payout_balance_transactions') %}
{% set transactions = ref('stripe_balance_transactions') %}
{% set payouts = ref('stripe_payouts') %}
{% set columns = columns_of(said) %}
{% if 'payout' in columns -%}
select
    {{ column_or_null(columns, 'account_id', 'text') }} as account_id
    , rows_of_table.payout
    , rows_of_table.id as balance_transaction
    , cast('false' as {{ dbt.type_boolean() }}) as is_estimate
from {{ said }} as rows_of_table
inner join {{ payouts }} as payouts
    on payouts.id = rows_of_table.payout
    and coalesce(payouts.account_id, '') = coalesce({{ column_or_null(columns, 'account_id', 'text') }}, '')
where {{ is_present('rows_of_table', columns) }}
    and (payouts.balance_transaction is null or payouts.balance_transaction <> rows_of_table.id)
{%- else -%}
with automatic as (
    select
        account_id
        , id
        , currency
        , balance_transaction
        , created
        , lag(created) over (
            partition by account_id, currency
            order by created, id
        ) as before
    from {{ payouts }}
    where automatic
)

select
    automatic.account_id
    , automatic.id as payout
    , transactions.id as balance_transaction
    , cast('true' as {{ dbt.type_boolean() }}) as is_estimate
from automatic
inner join {{ transactions }} as transactions
    on transactions.currency = automatic.currency
    and {{ same_account('transactions', 'automatic') }}
    and transactions.status = 'available'
    and transactions.available_on <= automatic.created
    and (automatic.before is null or transactions.available_on > automatic.before)
left join automatic as others
    on others.balance_transaction = transactions.id
    and {{ same_account('others', 'automatic') }}
where others.id is null
{%- endif %}
