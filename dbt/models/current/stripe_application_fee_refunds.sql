-- Generated from schemas/ by scripts.generate_docs. Do not edit.
{{ current_state(
    'application_fee_refunds',
    columns={
        'id': 'text',
        'amount': 'amount',
        'balance_transaction': 'text',
        'created': 'time',
        'currency': 'text',
        'fee': 'text',
        'metadata': 'object',
        'object': 'text',
        'received_at': 'time',
        'is_deleted': 'boolean',
        '_sdc_deleted_at': 'time',
    },
    parent=('application_fees', 'fee'),
) }}
