-- Generated from dbt/fivetran.toml by scripts.generate_docs. Do not edit.
{{ config(alias='payment_method_card') }}
select
    it.received_at as _fivetran_synced
    , {{ json_text('it.payment_method_details', ['card', 'brand']) }} as "brand"
    , it."id" as "charge_id"
    , {{ json_text('it.payment_method_details', ['card', 'funding']) }} as "funding"
    , it."payment_method" as "payment_method_id"
    , {{ json_text('it.payment_method_details', ['card', 'three_d_secure', 'authentication_flow']) }} as "three_d_secure_authentication_flow"
    , {{ json_text('it.payment_method_details', ['card', 'three_d_secure', 'result']) }} as "three_d_secure_result"
    , {{ json_text('it.payment_method_details', ['card', 'three_d_secure', 'result_reason']) }} as "three_d_secure_result_reason"
    , {{ json_text('it.payment_method_details', ['card', 'three_d_secure', 'version']) }} as "three_d_secure_version"
    , {{ json_text('it.payment_method_details', ['type']) }} as "type"
    , {{ json_text('it.payment_method_details', ['card', 'wallet', 'type']) }} as "wallet_type"
from {{ ref('stripe_charges') }} as it
where {{ json_text('it.payment_method_details', ['type']) }} = 'card'
