-- Generated from dbt/fivetran.toml by scripts.generate_docs. Do not edit.
{{ config(alias='payment_method') }}
select
    it.received_at as _fivetran_synced
    , it."payment_method" as "id"
    , {{ json_text('it.billing_details', ['address', 'city']) }} as "billing_detail_address_city"
    , {{ json_text('it.billing_details', ['address', 'country']) }} as "billing_detail_address_country"
    , {{ json_text('it.billing_details', ['address', 'line1']) }} as "billing_detail_address_line_1"
    , {{ json_text('it.billing_details', ['address', 'line2']) }} as "billing_detail_address_line_2"
    , {{ json_text('it.billing_details', ['address', 'postal_code']) }} as "billing_detail_address_postal_code"
    , {{ json_text('it.billing_details', ['address', 'state']) }} as "billing_detail_address_state"
    , {{ json_text('it.billing_details', ['email']) }} as "billing_detail_email"
    , {{ json_text('it.billing_details', ['name']) }} as "billing_detail_name"
    , {{ json_text('it.billing_details', ['phone']) }} as "billing_detail_phone"
    , it."customer" as "customer_id"
    , it."livemode" as "livemode"
    , {{ json_text('it.payment_method_details', ['type']) }} as "type"
from {{ ref('stripe_charges') }} as it
inner join (
    select
        account_id
        , payment_method
        , max(id) as charge
    from {{ ref('stripe_charges') }}
    where payment_method is not null
    group by account_id, payment_method
) as newest
    on newest.charge = it.id
    and {{ same_account('newest', 'it') }}
