-- Generated from schemas/ by scripts.generate_docs. Do not edit.
{{ current_state(
    'discounts',
    columns={
        'id': 'text',
        'checkout_session': 'text',
        'coupon': 'text',
        'customer': 'text',
        'customer_account': 'text',
        'deleted': 'boolean',
        'end': 'time',
        'invoice': 'text',
        'invoice_item': 'text',
        'object': 'text',
        'promotion_code': 'text',
        'source': 'object',
        'start': 'time',
        'subscription': 'text',
        'subscription_item': 'text',
        'received_at': 'time',
        'is_deleted': 'boolean',
        '_sdc_deleted_at': 'time',
    },
) }}
