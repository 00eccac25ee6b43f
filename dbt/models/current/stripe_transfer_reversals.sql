-- Generated from schemas/ by scripts.generate_docs. Do not edit.
{{ current_state(
    'transfer_reversals',
    columns={
        'id': 'text',
        'amount': 'amount',
        'balance_transaction': 'text',
        'created': 'time',
        'currency': 'text',
        'destination_payment_refund': 'text',
        'metadata': 'object',
        'object': 'text',
        'source_refund': 'text',
        'transfer': 'text',
        'received_at': 'time',
        'is_deleted': 'boolean',
        '_sdc_deleted_at': 'time',
    },
    parent=('transfers', 'transfer'),
) }}
