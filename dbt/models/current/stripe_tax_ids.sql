-- Generated from schemas/ by scripts.generate_docs. Do not edit.
{{ current_state(
    'tax_ids',
    columns={
        'id': 'text',
        'country': 'text',
        'created': 'time',
        'customer': 'text',
        'customer_account': 'text',
        'deleted': 'boolean',
        'livemode': 'boolean',
        'object': 'text',
        'owner': 'object',
        'type': 'text',
        'value': 'text',
        'verification': 'object',
        'received_at': 'time',
        'is_deleted': 'boolean',
        '_sdc_deleted_at': 'time',
    },
    parent=('customers', 'customer'),
) }}
