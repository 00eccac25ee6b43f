-- Generated from schemas/ by scripts.generate_docs. Do not edit.
{{ current_state(
    'checkout_session_line_items',
    columns={
        'id': 'text',
        'adjustable_quantity': 'object',
        'amount_discount': 'amount',
        'amount_subtotal': 'amount',
        'amount_tax': 'amount',
        'amount_total': 'amount',
        'checkout_session': 'text',
        'currency': 'text',
        'description': 'text',
        'metadata': 'object',
        'object': 'text',
        'parent_created': 'time',
        'price': 'object',
        'quantity': 'integer',
        'received_at': 'time',
        'is_deleted': 'boolean',
        '_sdc_deleted_at': 'time',
    },
    parent=('checkout_sessions', 'checkout_session'),
) }}
