-- Generated from schemas/ by scripts.generate_docs. Do not edit.
{{ current_state(
    'application_fees',
    columns={
        'id': 'text',
        'account': 'text',
        'amount': 'amount',
        'amount_refunded': 'amount',
        'application': 'text',
        'balance_transaction': 'text',
        'charge': 'text',
        'created': 'time',
        'currency': 'text',
        'fee_source': 'object',
        'livemode': 'boolean',
        'object': 'text',
        'originating_transaction': 'text',
        'refunded': 'boolean',
        'refunds': 'object',
        'received_at': 'time',
        'is_deleted': 'boolean',
        '_sdc_deleted_at': 'time',
    },
) }}
