{#
  What is said differently in each database. PostgreSQL and DuckDB are tested;
  Snowflake and BigQuery are written by their manuals and not tested.
#}

{# A path as $.data[0].id; a step that is a number is a place in a list. #}
{% macro json_path(path) %}
{%- set steps = ['$'] -%}
{%- for step in path -%}
    {%- do steps.append('[' ~ step ~ ']' if step.isdigit() else '.' ~ step) -%}
{%- endfor -%}
{{ return(steps | join('')) }}
{% endmacro %}

{# The text at a path inside a JSON column: json_text('period', ['start']). #}
{% macro json_text(column, path) %}
{{- adapter.dispatch('json_text', 'tap_stripe')(column, path) -}}
{% endmacro %}

{% macro default__json_text(column, path) -%}
({{ column }} #>> '{{ '{' ~ path | join(',') ~ '}' }}')
{%- endmacro %}

{% macro duckdb__json_text(column, path) -%}
json_extract_string({{ column }}, '{{ tap_stripe.json_path(path) }}')
{%- endmacro %}

{% macro snowflake__json_text(column, path) -%}
cast(get_path({{ column }}, '{{ tap_stripe.json_path(path)[1:].lstrip(".") }}') as varchar)
{%- endmacro %}

{% macro bigquery__json_text(column, path) -%}
json_value({{ column }}, '{{ tap_stripe.json_path(path) }}')
{%- endmacro %}

{# The JSON at a path inside a JSON column. #}
{% macro json_part(column, path) %}
{{- adapter.dispatch('json_part', 'tap_stripe')(column, path) -}}
{% endmacro %}

{% macro default__json_part(column, path) -%}
({{ column }} #> '{{ '{' ~ path | join(',') ~ '}' }}')
{%- endmacro %}

{% macro duckdb__json_part(column, path) -%}
json_extract({{ column }}, '{{ tap_stripe.json_path(path) }}')
{%- endmacro %}

{% macro snowflake__json_part(column, path) -%}
get_path({{ column }}, '{{ tap_stripe.json_path(path)[1:].lstrip(".") }}')
{%- endmacro %}

{% macro bigquery__json_part(column, path) -%}
json_query({{ column }}, '{{ tap_stripe.json_path(path) }}')
{%- endmacro %}

{# A list, which PostgreSQL keeps as an array, as JSON. #}
{% macro as_json(column) %}
{{- adapter.dispatch('as_json', 'tap_stripe')(column) -}}
{% endmacro %}

{% macro default__as_json(column) %}{{ column }}{% endmacro %}

{% macro postgres__as_json(column) %}to_jsonb({{ column }}){% endmacro %}

{% macro duckdb__as_json(column) %}cast({{ column }} as json){% endmacro %}

{# What follows FROM … to get a row for each entry of a JSON list: entry.value. #}
{% macro each_of(column, entry) %}
{{- adapter.dispatch('each_of', 'tap_stripe')(column, entry) -}}
{% endmacro %}

{% macro default__each_of(column, entry) -%}
cross join lateral jsonb_array_elements(
    case jsonb_typeof({{ column }}) when 'array' then {{ column }} end
) as {{ entry }} (value)
{%- endmacro %}

{% macro duckdb__each_of(column, entry) -%}
cross join unnest(from_json({{ column }}, '["json"]')) as {{ entry }} (value)
{%- endmacro %}

{% macro snowflake__each_of(column, entry) -%}
cross join lateral flatten(input => {{ column }}) as {{ entry }}
{%- endmacro %}

{% macro bigquery__each_of(column, entry) -%}
cross join (select value from unnest(json_query_array({{ column }})) as value) as {{ entry }}
{%- endmacro %}

{# A time, without a zone and in UTC, of unix seconds. #}
{% macro from_epoch(seconds) %}
{{- adapter.dispatch('from_epoch', 'tap_stripe')(seconds) -}}
{% endmacro %}

{% macro default__from_epoch(seconds) -%}
(to_timestamp(cast({{ seconds }} as double precision)) at time zone 'UTC')
{%- endmacro %}

{% macro duckdb__from_epoch(seconds) -%}
make_timestamp(cast({{ seconds }} as bigint) * 1000000)
{%- endmacro %}

{% macro snowflake__from_epoch(seconds) -%}
to_timestamp_ntz(cast({{ seconds }} as number))
{%- endmacro %}

{% macro bigquery__from_epoch(seconds) -%}
datetime(timestamp_seconds(cast({{ seconds }} as int64)))
{%- endmacro %}

{# The present in UTC, or where the variable tap_stripe_as_of has put it. #}
{% macro as_of() -%}
{%- if var('tap_stripe_as_of', none) -%}
cast('{{ var('tap_stripe_as_of') }}' as {{ dbt.type_timestamp() }})
{%- else -%}
{{ adapter.dispatch('now_utc', 'tap_stripe')() }}
{%- endif -%}
{%- endmacro %}

{% macro default__now_utc() %}(current_timestamp at time zone 'UTC'){% endmacro %}

{% macro duckdb__now_utc() %}make_timestamp(epoch_us(now())){% endmacro %}

{% macro snowflake__now_utc() %}sysdate(){% endmacro %}

{% macro bigquery__now_utc() %}current_datetime('UTC'){% endmacro %}

{# A type by its kind in the models of current/. #}
{% macro type_of(kind) -%}
{%- if kind == 'time' -%}{{ dbt.type_timestamp() }}
{%- elif kind in ('object', 'list') -%}{{ adapter.dispatch('type_json', 'tap_stripe')() }}
{%- elif kind == 'boolean' -%}{{ dbt.type_boolean() }}
{%- elif kind in ('integer', 'amount') -%}{{ dbt.type_bigint() }}
{%- elif kind in ('number', 'decimal') -%}{{ tap_stripe.type_decimal() }}
{%- else -%}{{ dbt.type_string() }}
{%- endif -%}
{%- endmacro %}

{% macro default__type_json() %}jsonb{% endmacro %}
{% macro duckdb__type_json() %}json{% endmacro %}
{% macro snowflake__type_json() %}variant{% endmacro %}
{% macro bigquery__type_json() %}json{% endmacro %}

{# Of unit prices: Stripe gives up to 12 decimals. #}
{% macro type_decimal() %}
{{- adapter.dispatch('type_decimal', 'tap_stripe')() -}}
{% endmacro %}

{% macro default__type_decimal() %}numeric(38, 12){% endmacro %}
{% macro bigquery__type_decimal() %}bignumeric{% endmacro %}

{# Of money in major units. #}
{% macro type_money() %}
{{- adapter.dispatch('type_money', 'tap_stripe')() -}}
{% endmacro %}

{% macro default__type_money() %}numeric(38, 3){% endmacro %}
{% macro bigquery__type_money() %}numeric{% endmacro %}
