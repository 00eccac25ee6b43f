-- Generated from schemas/ by scripts.generate_docs. Do not edit.
{{ current_state(
    'quote_line_items',
    columns={
        'id': 'text',
        'adjustable_quantity': 'object',
        'amount_discount': 'amount',
        'amount_subtotal': 'amount',
        'amount_tax': 'amount',
        'amount_total': 'amount',
        'currency': 'text',
        'description': 'text',
        'metadata': 'object',
        'object': 'text',
        'parent_created': 'time',
        'price': 'object',
        'quantity': 'integer',
        'quote': 'text',
        'received_at': 'time',
        'is_deleted': 'boolean',
        '_sdc_deleted_at': 'time',
    },
    parent=('quotes', 'quote'),
) }}
