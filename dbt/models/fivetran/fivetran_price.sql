-- Generated from dbt/fivetran.toml by scripts.generate_docs. Do not edit.
{{ config(alias='price') }}
select
    it.received_at as _fivetran_synced
    , {{ own_id('it', 'it."id"') }} as "id"
    , it."active" as "active"
    , it."billing_scheme" as "billing_scheme"
    , it."created" as "created"
    , it."currency" as "currency"
    , it."is_deleted" as "is_deleted"
    , it."livemode" as "livemode"
    , it."metadata" as "metadata"
    , it."nickname" as "nickname"
    , it."product" as "product_id"
    , {{ json_text('it.recurring', ['interval']) }} as "recurring_interval"
    , cast({{ json_text('it.recurring', ['interval_count']) }} as {{ dbt.type_bigint() }}) as "recurring_interval_count"
    , {{ json_text('it.recurring', ['usage_type']) }} as "recurring_usage_type"
    , it."unit_amount" as "unit_amount"
    , cast(it.unit_amount_decimal as {{ dbt.type_string() }}) as "unit_amount_decimal"
from {{ ref('stripe_prices') }} as it
