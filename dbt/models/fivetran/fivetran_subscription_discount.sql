-- Generated from dbt/fivetran.toml by scripts.generate_docs. Do not edit.
{{ config(alias='subscription_discount') }}
select
    it.received_at as _fivetran_synced
    , it."id" as "id"
    , it."checkout_session" as "checkout_session"
    , {{ own_id('it', 'it."coupon"') }} as "coupon_id"
    , it."customer" as "customer_id"
    , it."end" as "end"
    , it."invoice" as "invoice_id"
    , it."invoice_item" as "invoice_item_id"
    , it."start" as "start"
    , it."subscription" as "subscription_id"
from {{ ref('stripe_discounts') }} as it
where it.subscription is not null
