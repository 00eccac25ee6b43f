-- Generated from dbt/fivetran.toml by scripts.generate_docs. Do not edit.
{{ config(alias='card') }}
select
    it.received_at as _fivetran_synced
    , it."id" as "id"
    , it."account" as "account_id"
    , it."address_city" as "address_city"
    , it."address_country" as "address_country"
    , it."address_line1" as "address_line_1"
    , it."address_line2" as "address_line_2"
    , it."address_state" as "address_state"
    , it."address_zip" as "address_zip"
    , it."brand" as "brand"
    , it."country" as "country"
    , it."parent_created" as "created"
    , it."customer" as "customer_id"
    , it."funding" as "funding"
    , it."metadata" as "metadata"
    , it."name" as "name"
    , {{ json_text('it.wallet', ['type']) }} as "wallet_type"
from {{ ref('stripe_cards') }} as it
