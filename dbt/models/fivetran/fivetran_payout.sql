-- Generated from dbt/fivetran.toml by scripts.generate_docs. Do not edit.
{{ config(alias='payout') }}
select
    it.received_at as _fivetran_synced
    , it."id" as "id"
    , it."amount" as "amount"
    , it."arrival_date" as "arrival_date"
    , it."automatic" as "automatic"
    , it."balance_transaction" as "balance_transaction_id"
    , it."account_id" as "connected_account_id"
    , it."created" as "created"
    , it."currency" as "currency"
    , it."description" as "description"
    , case when it.type = 'bank_account' then it.destination end as "destination_bank_account_id"
    , case when it.type = 'card' then it.destination end as "destination_card_id"
    , it."failure_balance_transaction" as "failure_balance_transaction_id"
    , it."failure_code" as "failure_code"
    , it."failure_message" as "failure_message"
    , it."livemode" as "livemode"
    , it."metadata" as "metadata"
    , it."method" as "method"
    , it."source_type" as "source_type"
    , it."statement_descriptor" as "statement_descriptor"
    , it."status" as "status"
    , it."type" as "type"
from {{ ref('stripe_payouts') }} as it
