{#
  Monthly recurring revenue of each customer at the end of each month, in each currency.

  From a customer's first month on there is a row for each month, of 0 where it has left.
  The last month is the present one, as it stands now.
#}
{{ spine('month', 'months', ref('stripe_item_mrr'), 'begun') }}

, ends as (
    select
        begun as month
        , least(
            cast({{ dbt.dateadd('month', 1, 'begun') }} as {{ dbt.type_timestamp() }})
            , {{ as_of() }}
        ) as until
    from months
)

, customers as (
    select
        account_id
        , customer
        , currency
        , min(begun) as begun
    from {{ ref('stripe_item_mrr') }}
    where mrr <> 0
    group by account_id, customer, currency
)

, amounts as (
    select
        customers.account_id
        , customers.customer
        , customers.currency
        , ends.month
        , coalesce(sum(items.mrr), 0) as mrr
    from customers
    inner join ends on customers.begun < ends.until
    left join {{ ref('stripe_item_mrr') }} as items
        on items.customer = customers.customer
        and items.currency = customers.currency
        and {{ same_account('items', 'customers') }}
        and items.begun < ends.until
        and (items.ended is null or items.ended >= ends.until)
    group by customers.account_id, customers.customer, customers.currency, ends.month
)

select
    account_id
    , customer
    , currency
    , month
    , cast(mrr as {{ dbt.type_bigint() }}) as mrr
    , cast(mrr - coalesce(lag(mrr) over months_of_customer, 0) as {{ dbt.type_bigint() }}) as change
    , case
        when mrr = coalesce(lag(mrr) over months_of_customer, 0) then null
        when coalesce(lag(mrr) over months_of_customer, 0) = 0
            then case
                when coalesce(max(mrr) over earlier_months_of_customer, 0) = 0 then 'new'
                else 'reactivation'
            end
        when mrr = 0 then 'churn'
        when mrr > lag(mrr) over months_of_customer then 'expansion'
        else 'contraction'
    end as movement
from amounts
window
    months_of_customer as (partition by account_id, customer, currency order by month)
    , earlier_months_of_customer as (
        partition by account_id, customer, currency
        order by month
        rows between unbounded preceding and 1 preceding
    )
