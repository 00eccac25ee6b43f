-- Generated from dbt/fivetran.toml by scripts.generate_docs. Do not edit.
{{ config(alias='product') }}
select
    it.received_at as _fivetran_synced
    , it."id" as "id"
    , it."active" as "active"
    , it."created" as "created"
    , it."description" as "description"
    , it."images" as "images"
    , it."is_deleted" as "is_deleted"
    , it."livemode" as "livemode"
    , it."name" as "name"
    , it."shippable" as "shippable"
    , it."statement_descriptor" as "statement_descriptor"
    , it."type" as "type"
    , it."unit_label" as "unit_label"
    , it."updated" as "updated"
    , it."url" as "url"
from {{ ref('stripe_products') }} as it
