-- Generated from dbt/fivetran.toml by scripts.generate_docs. Do not edit.
{{ config(alias='credit_note_line_item') }}
select
    it.received_at as _fivetran_synced
    , it."id" as "id"
    , it."amount" as "amount"
    , it."credit_note" as "credit_note_id"
    , it."description" as "description"
    , it."discount_amount" as "discount_amount"
    , it."livemode" as "livemode"
    , it."quantity" as "quantity"
    , it."type" as "type"
    , it."unit_amount" as "unit_amount"
    , it."unit_amount_decimal" as "unit_amount_decimal"
from {{ ref('stripe_credit_note_line_items') }} as it
