-- Generated from schemas/ by scripts.generate_docs. Do not edit.
{{ current_state(
    'promotion_codes',
    columns={
        'id': 'text',
        'active': 'boolean',
        'code': 'text',
        'created': 'time',
        'customer': 'text',
        'customer_account': 'text',
        'expires_at': 'time',
        'livemode': 'boolean',
        'max_redemptions': 'integer',
        'metadata': 'object',
        'object': 'text',
        'promotion': 'object',
        'restrictions': 'object',
        'times_redeemed': 'integer',
        'received_at': 'time',
        'is_deleted': 'boolean',
        '_sdc_deleted_at': 'time',
    },
) }}
