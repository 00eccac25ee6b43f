-- Generated from schemas/ by scripts.generate_docs. Do not edit.
{{ current_state(
    'file_uploads',
    columns={
        'id': 'text',
        'created': 'time',
        'expires_at': 'time',
        'filename': 'text',
        'links': 'object',
        'object': 'text',
        'purpose': 'text',
        'size': 'integer',
        'title': 'text',
        'type': 'text',
        'url': 'text',
        'received_at': 'time',
        'is_deleted': 'boolean',
        '_sdc_deleted_at': 'time',
    },
) }}
