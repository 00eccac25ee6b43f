-- Generated from schemas/ by scripts.generate_docs. Do not edit.
{{ current_state(
    'billing_meters',
    columns={
        'id': 'text',
        'created': 'time',
        'customer_mapping': 'object',
        'default_aggregation': 'object',
        'display_name': 'text',
        'event_name': 'text',
        'event_time_window': 'text',
        'livemode': 'boolean',
        'object': 'text',
        'status': 'text',
        'status_transitions': 'object',
        'updated': 'time',
        'value_settings': 'object',
        'received_at': 'time',
        'is_deleted': 'boolean',
        '_sdc_deleted_at': 'time',
    },
    times=[
        'status_transitions.deactivated_at',
    ],
) }}
