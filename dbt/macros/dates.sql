{# The first days of all months, or all days, from the first of a column to the present. #}
{% macro spine(part, first_of, relation, column) -%}
with recursive span as (
    select
        cast({{ dbt.date_trunc(part, 'min(' ~ column ~ ')') }} as date) as first_day
    from {{ relation }}
),

{{ first_of }} as (
    select first_day as begun
    from span
    where first_day is not null
    union all
    select cast({{ dbt.dateadd(part, 1, 'begun') }} as date) as begun
    from {{ first_of }}
    where cast({{ dbt.dateadd(part, 1, 'begun') }} as date) <= cast({{ tap_stripe.as_of() }} as date)
)
{%- endmacro %}

{# The date of a time. #}
{% macro day_of(column) %}cast({{ column }} as date){% endmacro %}
