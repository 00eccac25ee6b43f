-- Generated from schemas/ by scripts.generate_docs. Do not edit.
{{ current_state(
    'balance_transaction_fee_details',
    columns={
        'balance_transaction': 'text',
        'position': 'integer',
        'amount': 'amount',
        'application': 'text',
        'currency': 'text',
        'description': 'text',
        'parent_created': 'time',
        'type': 'text',
        'received_at': 'time',
        'is_deleted': 'boolean',
        '_sdc_deleted_at': 'time',
    },
) }}
