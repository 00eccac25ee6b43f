-- Generated from dbt/fivetran.toml by scripts.generate_docs. Do not edit.
{{ config(alias='coupon') }}
select
    it.received_at as _fivetran_synced
    , {{ own_id('it', 'it."id"') }} as "id"
    , it."amount_off" as "amount_off"
    , it."created" as "created"
    , it."currency" as "currency"
    , it."duration" as "duration"
    , it."duration_in_months" as "duration_in_months"
    , it."livemode" as "livemode"
    , it."max_redemptions" as "max_redemptions"
    , it."metadata" as "metadata"
    , it."name" as "name"
    , it."percent_off" as "percent_off"
    , it."redeem_by" as "redeem_by"
    , it."times_redeemed" as "times_redeemed"
    , it."valid" as "valid"
from {{ ref('stripe_coupons') }} as it
