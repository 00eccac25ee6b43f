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
  Whether the tables hold the data of an account in stripe_accounts: of all where several
  accounts are read, else of the key's own, which Stripe doesn't mark. The variable
  tap_stripe_own_account says it, or it is the oldest.
#}
{% macro is_read_account(alias) -%}
({{ alias }}.account_id is not null or {{ alias }}.id = (
    {%- if var('tap_stripe_own_account', none) -%}
    '{{ var('tap_stripe_own_account') }}'
    {%- else %}
        select id
        from {{ ref('stripe_accounts') }}
        order by case when created is null then 1 else 0 end, created, id
        limit 1
    {% endif -%}
))
{%- endmacro %}
