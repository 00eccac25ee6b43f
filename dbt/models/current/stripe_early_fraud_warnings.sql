-- Generated from schemas/ by scripts.generate_docs. Do not edit.
{{ current_state(
    'early_fraud_warnings',
    columns={
        'id': 'text',
        'actionable': 'boolean',
        'charge': 'text',
        'created': 'time',
        'fraud_type': 'text',
        'livemode': 'boolean',
        'object': 'text',
        'payment_intent': 'text',
        'received_at': 'time',
        'is_deleted': 'boolean',
        '_sdc_deleted_at': 'time',
    },
) }}
