{#
  The charges that tried to pay each invoice, by invoice payments, which name a charge or
  a payment intent. is_latest: the one that paid it, else the last that tried.
#}
with payments as (
    select
        account_id
        , invoice
        , {{ json_text('payment', ['charge']) }} as charge
        , {{ json_text('payment', ['payment_intent']) }} as payment_intent
    from {{ ref('stripe_invoice_payments') }}
)

, pairs as (
    select
        payments.account_id
        , payments.invoice
        , charges.id as charge
    from payments
    inner join {{ ref('stripe_charges') }} as charges
        on charges.id = payments.charge
        and {{ same_account('charges', 'payments') }}
    union
    select
        payments.account_id
        , payments.invoice
        , charges.id as charge
    from payments
    inner join {{ ref('stripe_charges') }} as charges
        on charges.payment_intent = payments.payment_intent
        and {{ same_account('charges', 'payments') }}
)

select
    pairs.account_id
    , pairs.invoice
    , pairs.charge
    , charges.payment_intent
    , charges.created
    , charges.paid
    , row_number() over (
        partition by pairs.account_id, pairs.invoice
        order by case when charges.paid then 0 else 1 end, charges.created desc, charges.id
    ) = 1 as is_latest
from pairs
inner join {{ ref('stripe_charges') }} as charges
    on charges.id = pairs.charge
    and {{ same_account('charges', 'pairs') }}
