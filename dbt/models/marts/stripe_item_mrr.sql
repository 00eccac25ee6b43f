{#
  What each subscription item brings in a month, and from when until when.

  Price times quantity, by tiers or packages where the price has them, to the smallest
  unit for one interval, and of that for a month: a year has 12 months and 365 days.
  Metered items bring nothing that is known before they are billed. It begins when the
  trial ends and ends with the subscription; what is incomplete, unpaid or paused brings
  nothing, and what it brought before is not known. Discounts are not taken off.
#}
with items as (
    select
        items.account_id
        , items.id as item
        , items.subscription
        , subscriptions.customer
        , subscriptions.status
        , {{ json_text('items.price', ['currency']) }} as currency
        , {{ json_text('items.price', ['id']) }} as price
        , {{ json_text('items.price', ['product']) }} as product
        , coalesce(items.quantity, 0) as quantity
        , {{ json_text('items.price', ['billing_scheme']) }} as billing_scheme
        , cast({{ json_text('items.price', ['unit_amount_decimal']) }} as {{ type_decimal() }}) as unit_amount
        , cast({{ json_text('items.price', ['transform_quantity', 'divide_by']) }} as {{ dbt.type_bigint() }}) as divide_by
        , {{ json_text('items.price', ['transform_quantity', 'round']) }} as round_to
        , {{ json_text('items.price', ['recurring', 'usage_type']) }} as usage_type
        , {{ json_text('items.price', ['recurring', 'interval']) }} as recurs_each
        , cast({{ json_text('items.price', ['recurring', 'interval_count']) }} as {{ dbt.type_bigint() }}) as interval_count
        , greatest(items.created, coalesce(subscriptions.trial_end, subscriptions.start_date)) as begun
        , subscriptions.ended_at as ended
    from {{ ref('stripe_subscription_items') }} as items
    inner join {{ ref('stripe_subscriptions') }} as subscriptions
        on subscriptions.id = items.subscription
        and {{ same_account('subscriptions', 'items') }}
    where subscriptions.status not in ('incomplete', 'incomplete_expired', 'paused', 'unpaid')
)

, by_tiers as (
    select
        items.account_id
        , items.item
        , sum(
            case
                when tiers.tiers_mode = 'volume' and items.quantity > coalesce(tiers.up_to, items.quantity) then 0
                when tiers.tiers_mode = 'volume' then tiers.flat_amount + tiers.unit_amount * items.quantity
                else tiers.flat_amount
                    + tiers.unit_amount * (least(items.quantity, coalesce(tiers.up_to, items.quantity)) - tiers.above)
            end
        ) as cost
    from items
    inner join {{ ref('stripe_price_tiers') }} as tiers
        on tiers.price = items.price
        and {{ same_account('tiers', 'items') }}
        and tiers.above < items.quantity
    where items.billing_scheme = 'tiered'
    group by items.account_id, items.item
)

, costs as (
    select
        items.*
        , round(
            case
                when items.usage_type = 'metered' then 0
                when items.billing_scheme = 'tiered' then coalesce(by_tiers.cost, 0)
                when items.divide_by is null then items.unit_amount * items.quantity
                when items.round_to = 'up' then items.unit_amount * ceiling(items.quantity * 1.0 / items.divide_by)
                else items.unit_amount * floor(items.quantity * 1.0 / items.divide_by)
            end
        ) as cost
    from items
    left join by_tiers
        on by_tiers.item = items.item
        and {{ same_account('by_tiers', 'items') }}
)

select
    account_id
    , item
    , subscription
    , customer
    , status
    , price
    , product
    , currency
    , quantity
    , begun
    , ended
    , cast(
        round(
            case recurs_each
                when 'day' then cost * 365 / (12 * interval_count)
                when 'week' then cost * 365 / (84 * interval_count)
                when 'month' then cost / interval_count
                when 'year' then cost / (12 * interval_count)
            end
        ) as {{ dbt.type_bigint() }}
    ) as mrr
from costs
