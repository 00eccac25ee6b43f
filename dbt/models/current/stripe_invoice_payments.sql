-- Generated from schemas/ by scripts.generate_docs. Do not edit.
{{ current_state(
    'invoice_payments',
    columns={
        'id': 'text',
        'amount_paid': 'amount',
        'amount_requested': 'amount',
        'created': 'time',
        'currency': 'text',
        'invoice': 'text',
        'is_default': 'boolean',
        'livemode': 'boolean',
        'object': 'text',
        'payment': 'object',
        'status': 'text',
        'status_transitions': 'object',
        'received_at': 'time',
        'is_deleted': 'boolean',
        '_sdc_deleted_at': 'time',
    },
    times=[
        'status_transitions.canceled_at',
        'status_transitions.paid_at',
    ],
) }}
