-- Generated from dbt/fivetran.toml by scripts.generate_docs. Do not edit.
{{ config(alias='subscription_item') }}
select
    it.received_at as _fivetran_synced
    , it."id" as "id"
    , it."created" as "created"
    , it."current_period_end" as "current_period_end"
    , it."current_period_start" as "current_period_start"
    , it."metadata" as "metadata"
    , {{ own_id('it', json_text('it.price', ['id'])) }} as "plan_id"
    , it."quantity" as "quantity"
    , it."subscription" as "subscription_id"
from {{ ref('stripe_subscription_items') }} as it
