{#
  The tiers of each price, deleted ones' too, which subscriptions may still have.

  Units above `above` and up to `up_to` are in a tier; the last has no end.
#}
with plans as (
    {{ current_state(
        'plans',
        columns={'id': 'text', 'tiers': 'list', 'tiers_mode': 'text'},
        deleted_too=true,
    ) }}
)

, tiers as (
    select
        plans.account_id
        , plans.id as price
        , plans.tiers_mode
        , cast({{ json_text('tier.value', ['up_to']) }} as {{ dbt.type_bigint() }}) as up_to
        , coalesce(cast({{ json_text('tier.value', ['flat_amount_decimal']) }} as {{ type_decimal() }}), 0) as flat_amount
        , coalesce(cast({{ json_text('tier.value', ['unit_amount_decimal']) }} as {{ type_decimal() }}), 0) as unit_amount
    from plans
    {{ each_of('plans.tiers', 'tier') }}
)

select
    account_id
    , price
    , tiers_mode
    , coalesce(
        lag(up_to) over (
            partition by account_id, price
            order by case when up_to is null then 1 else 0 end, up_to
        )
        , 0
    ) as above
    , up_to
    , flat_amount
    , unit_amount
from tiers
