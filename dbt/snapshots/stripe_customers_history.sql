-- Generated from schemas/ by scripts.generate_docs. Do not edit.
{% snapshot stripe_customers_history %}
{{ config(
    strategy='check',
    unique_key="coalesce(account_id, '') || '/' || id",
    check_cols=[
        'account_balance',
        'address',
        'balance',
        'business_name',
        'created',
        'currency',
        'customer_account',
        'default_source',
        'deleted',
        'delinquent',
        'description',
        'discount',
        'email',
        'individual_name',
        'invoice_credit_balance',
        'invoice_prefix',
        'invoice_settings',
        'livemode',
        'metadata',
        'name',
        'next_invoice_sequence',
        'object',
        'phone',
        'preferred_locales',
        'shipping',
        'tax',
        'tax_exempt',
        'tax_ids',
        'test_clock',
    ],
    hard_deletes='invalidate',
) }}
select *
from {{ ref('stripe_customers') }}
{% endsnapshot %}
