-- Generated from schemas/ by scripts.generate_docs. Do not edit.
{% snapshot stripe_subscription_items_history %}
{{ config(
    strategy='check',
    unique_key="coalesce(account_id, '') || '/' || id",
    check_cols=[
        'billed_until',
        'billing_thresholds',
        'created',
        'current_period_end',
        'current_period_start',
        'current_trial',
        'deleted',
        'discounts',
        'metadata',
        'object',
        'plan',
        'price',
        'quantity',
        'subscription',
        'tax_rates',
    ],
    hard_deletes='invalidate',
) }}
select *
from {{ ref('stripe_subscription_items') }}
{% endsnapshot %}
