{# Monthly recurring revenue at the end of each month, and what changed it. #}
with months as (
    select
        account_id
        , month
        , currency
        , sum(mrr) as mrr
        {%- for movement in ['new', 'expansion', 'contraction', 'churn', 'reactivation'] %}
        , sum(case when movement = '{{ movement }}' then change else 0 end) as {{ movement }}
        {%- endfor %}
        , sum(case when mrr > 0 then 1 else 0 end) as customers
    from {{ ref('stripe_customer_mrr') }}
    group by account_id, month, currency
)

select
    months.account_id
    , months.month
    , months.currency
    {%- for amount in ['mrr', 'new', 'expansion', 'contraction', 'churn', 'reactivation'] %}
    , cast(months.{{ amount }} as {{ dbt.type_bigint() }}) as {{ amount }}
    , {{ major('months.' ~ amount, 'currencies.smallest_unit') }} as {{ amount }}_major
    {%- endfor %}
    , months.customers
from months
left join {{ ref('stripe_currencies') }} as currencies on currencies.currency = months.currency
