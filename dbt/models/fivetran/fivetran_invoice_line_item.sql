-- Generated from dbt/fivetran.toml by scripts.generate_docs. Do not edit.
{{ config(alias='invoice_line_item') }}
select
    it.received_at as _fivetran_synced
    , it."id" as "id"
    , it."amount" as "amount"
    , it."currency" as "currency"
    , it."description" as "description"
    , it."discountable" as "discountable"
    , it."invoice" as "invoice_id"
    , it."invoice_item" as "invoice_item_id"
    , it."livemode" as "livemode"
    , it."metadata" as "metadata"
    , it."period_end" as "period_end"
    , it."period_start" as "period_start"
    , {{ own_id('it', json_text('it.pricing', ['price_details', 'price'])) }} as "plan_id"
    , {{ own_id('it', json_text('it.pricing', ['price_details', 'price'])) }} as "price_id"
    , it."proration" as "proration"
    , it."quantity" as "quantity"
    , it."subscription" as "subscription_id"
    , it."subscription_item" as "subscription_item_id"
    , it."type" as "type"
    , it."id" as "unique_id"
    , cast(it.unit_amount_decimal as {{ dbt.type_string() }}) as "unit_amount_excluding_tax"
from {{ ref('stripe_invoice_lines') }} as it
