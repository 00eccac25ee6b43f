-- Generated from dbt/fivetran.toml by scripts.generate_docs. Do not edit.
{{ config(alias='credit_note') }}
select
    it.received_at as _fivetran_synced
    , it."id" as "id"
    , it."amount" as "amount"
    , it."created" as "created"
    , it."currency" as "currency"
    , it."customer_balance_transaction" as "customer_balance_transaction"
    , it."discount_amount" as "discount_amount"
    , it."invoice" as "invoice_id"
    , it."livemode" as "livemode"
    , it."memo" as "memo"
    , it."metadata" as "metadata"
    , it."number" as "number"
    , it."pdf" as "pdf"
    , it."reason" as "reason"
    , {{ json_text('it.refunds', ['0', 'refund']) }} as "refund_id"
    , it."status" as "status"
    , it."subtotal" as "subtotal"
    , it."total" as "total"
    , it."type" as "type"
    , it."voided_at" as "voided_at"
from {{ ref('stripe_credit_notes') }} as it
