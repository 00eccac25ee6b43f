-- Generated from dbt/fivetran.toml by scripts.generate_docs. Do not edit.
{{ config(alias='refund') }}
select
    it.received_at as _fivetran_synced
    , it."id" as "id"
    , it."amount" as "amount"
    , it."balance_transaction" as "balance_transaction_id"
    , it."charge" as "charge_id"
    , it."created" as "created"
    , it."currency" as "currency"
    , it."description" as "description"
    , it."failure_balance_transaction" as "failure_balance_transaction_id"
    , it."failure_reason" as "failure_reason"
    , it."metadata" as "metadata"
    , it."payment_intent" as "payment_intent_id"
    , it."reason" as "reason"
    , it."receipt_number" as "receipt_number"
    , it."status" as "status"
from {{ ref('stripe_refunds') }} as it
