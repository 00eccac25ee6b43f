{# What came, went and changed is the difference from the month before. #}
{% test changes_add_up(model) %}
select *
from (
    select
        account_id
        , month
        , currency
        , new + expansion + contraction + churn + reactivation as changed
        , mrr - coalesce(
            lag(mrr) over (partition by account_id, currency order by month), 0
        ) as difference
    from {{ model }}
) as months
where changed <> difference
{% endtest %}
