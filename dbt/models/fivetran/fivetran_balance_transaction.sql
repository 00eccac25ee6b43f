-- Generated from dbt/fivetran.toml by scripts.generate_docs. Do not edit.
{{ config(alias='balance_transaction') }}
select
    it.received_at as _fivetran_synced
    , it."id" as "id"
    , it."amount" as "amount"
    , it."available_on" as "available_on"
    , it."account_id" as "connected_account_id"
    , it."created" as "created"
    , it."currency" as "currency"
    , it."description" as "description"
    , it."exchange_rate" as "exchange_rate"
    , it."fee" as "fee"
    , it."net" as "net"
    , paid_out.payout as "payout_id"
    , it."reporting_category" as "reporting_category"
    , it."source" as "source"
    , it."status" as "status"
    , it."type" as "type"
from {{ ref('stripe_balance_transactions') }} as it
left join {{ ref('stripe_payout_transactions') }} as paid_out
    on paid_out.balance_transaction = it.id
    and {{ same_account('paid_out', 'it') }}
