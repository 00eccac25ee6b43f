-- Generated from dbt/fivetran.toml by scripts.generate_docs. Do not edit.
{{ config(alias='plan') }}
select
    it.received_at as _fivetran_synced
    , {{ own_id('it', 'it."id"') }} as "id"
    , it."active" as "active"
    , it."amount" as "amount"
    , it."billing_scheme" as "billing_scheme"
    , it."created" as "created"
    , it."currency" as "currency"
    , it."interval" as "interval"
    , it."interval_count" as "interval_count"
    , it."is_deleted" as "is_deleted"
    , it."livemode" as "livemode"
    , it."metadata" as "metadata"
    , it."nickname" as "nickname"
    , it."product" as "product_id"
    , it."trial_period_days" as "trial_period_days"
    , it."usage_type" as "usage_type"
from {{ ref('stripe_plans') }} as it
