-- Generated from schemas/ by scripts.generate_docs. Do not edit.
{{ current_state(
    'events',
    columns={
        'id': 'text',
        'account': 'text',
        'api_version': 'text',
        'context': 'text',
        'created': 'time',
        'data': 'object',
        'livemode': 'boolean',
        'object': 'text',
        'pending_webhooks': 'integer',
        'request': 'object',
        'type': 'text',
        'received_at': 'time',
        'is_deleted': 'boolean',
        '_sdc_deleted_at': 'time',
    },
) }}
