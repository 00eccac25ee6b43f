-- Generated from schemas/ by scripts.generate_docs. Do not edit.
{% snapshot stripe_plans_history %}
{{ config(
    strategy='check',
    unique_key="coalesce(account_id, '') || '/' || id",
    check_cols=[
        'active',
        'amount',
        'amount_decimal',
        'billing_scheme',
        'created',
        'currency',
        'deleted',
        'interval',
        'interval_count',
        'livemode',
        'metadata',
        'meter',
        'nickname',
        'object',
        'product',
        'tiers',
        'tiers_mode',
        'transform_usage',
        'trial_period_days',
        'usage_type',
    ],
    hard_deletes='invalidate',
) }}
select *
from {{ ref('stripe_plans') }}
{% endsnapshot %}
