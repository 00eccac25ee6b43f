-- Generated from dbt/fivetran.toml by scripts.generate_docs. Do not edit.
{{ config(alias='discount') }}
select
    it.received_at as _fivetran_synced
    , it."id" as "id"
    , amounts.amount as "amount"
    , it."checkout_session" as "checkout_session_id"
    , {{ own_id('it', 'it."coupon"') }} as "coupon_id"
    , it."customer" as "customer_id"
    , it."end" as "end"
    , it."invoice" as "invoice_id"
    , it."invoice_item" as "invoice_item_id"
    , it."promotion_code" as "promotion_code"
    , it."start" as "start"
    , it."subscription" as "subscription_id"
    , case
        when it.invoice_item is not null then 'invoice_item'
        when it.invoice is not null then 'invoice'
        when it.subscription is not null then 'subscription'
        when it.customer is not null then 'customer'
    end as "type"
    , coalesce(it.invoice_item, it.invoice, it.subscription, it.customer) as "type_id"
from {{ ref('stripe_discounts') }} as it
left join (
    select
        invoices.account_id
        , {{ json_text('entry.value', ['discount']) }} as discount
        , sum(cast({{ json_text('entry.value', ['amount']) }} as {{ dbt.type_bigint() }})) as amount
    from {{ ref('stripe_invoices') }} as invoices
    {{ each_of('invoices.total_discount_amounts', 'entry') }}
    group by 1, 2
) as amounts
    on amounts.discount = it.id
    and {{ same_account('amounts', 'it') }}
