-- Generated from dbt/fivetran.toml by scripts.generate_docs. Do not edit.
{{ config(alias='account') }}
select
    it.received_at as _fivetran_synced
    , it."id" as "id"
    , {{ json_text('it.business_profile', ['mcc']) }} as "business_profile_mcc"
    , {{ json_text('it.business_profile', ['name']) }} as "business_profile_name"
    , it."business_type" as "business_type"
    , it."charges_enabled" as "charges_enabled"
    , {{ json_text('it.company', ['address', 'city']) }} as "company_address_city"
    , {{ json_text('it.company', ['address', 'country']) }} as "company_address_country"
    , {{ json_text('it.company', ['address', 'line1']) }} as "company_address_line_1"
    , {{ json_text('it.company', ['address', 'line2']) }} as "company_address_line_2"
    , {{ json_text('it.company', ['address', 'postal_code']) }} as "company_address_postal_code"
    , {{ json_text('it.company', ['address', 'state']) }} as "company_address_state"
    , {{ json_text('it.company', ['name']) }} as "company_name"
    , {{ json_text('it.company', ['phone']) }} as "company_phone"
    , it."country" as "country"
    , it."created" as "created"
    , it."default_currency" as "default_currency"
    , it."details_submitted" as "details_submitted"
    , it."email" as "email"
    , it."is_deleted" as "is_deleted"
    , it."metadata" as "metadata"
    , it."payouts_enabled" as "payouts_enabled"
    , it."type" as "type"
from {{ ref('stripe_accounts') }} as it
where {{ is_read_account('it') }}
