{# Whether two rows are of the same account. #}
{% macro same_account(left, right) -%}
coalesce({{ left }}.account_id, '') = coalesce({{ right }}.account_id, '')
{%- endmacro %}

{#
  An id that is no other account's: merchants choose those of plans, prices and coupons,
  and several may choose the same.
#}
{% macro own_id(alias, id) -%}
case when {{ alias }}.account_id is null then {{ id }} else {{ alias }}.account_id || '/' || {{ id }} end
{%- endmacro %}

{#
  Whether a row of stripe_accounts is the account whose data the tables hold.

  Stripe doesn't mark it. Where several accounts are read it is the one that was asked;
  else the variable tap_stripe_own_account says it, or it is the oldest.
#}
{% macro is_own_account(alias) -%}
{%- if var('tap_stripe_own_account', none) -%}
coalesce({{ alias }}.account_id, '{{ var('tap_stripe_own_account') }}') = {{ alias }}.id
{%- else -%}
coalesce(
        {{ alias }}.account_id
        , (
            select id
            from {{ ref('stripe_accounts') }}
            order by case when created is null then 1 else 0 end, created, id
            limit 1
        )
    ) = {{ alias }}.id
{%- endif -%}
{%- endmacro %}
