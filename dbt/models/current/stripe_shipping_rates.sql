-- Generated from schemas/ by scripts.generate_docs. Do not edit.
{{ current_state(
    'shipping_rates',
    columns={
        'id': 'text',
        'active': 'boolean',
        'created': 'time',
        'delivery_estimate': 'object',
        'display_name': 'text',
        'fixed_amount': 'object',
        'livemode': 'boolean',
        'metadata': 'object',
        'object': 'text',
        'tax_behavior': 'text',
        'tax_code': 'text',
        'type': 'text',
        'received_at': 'time',
        'is_deleted': 'boolean',
        '_sdc_deleted_at': 'time',
    },
) }}
