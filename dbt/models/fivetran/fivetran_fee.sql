-- Generated from dbt/fivetran.toml by scripts.generate_docs. Do not edit.
{{ config(alias='fee') }}
select
    it.received_at as _fivetran_synced
    , it."amount" as "amount"
    , it."application" as "application"
    , it."balance_transaction" as "balance_transaction_id"
    , it."account_id" as "connected_account_id"
    , it."currency" as "currency"
    , it."description" as "description"
    , it."position" as "index"
    , it."type" as "type"
from {{ ref('stripe_balance_transaction_fee_details') }} as it
