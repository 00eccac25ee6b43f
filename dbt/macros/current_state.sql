{#
  The present rows of a collection: without deleted ones, nor those of a deleted parent.

  columns: kind of each column by its name. A column that the table lacks, because it
  isn't selected, is null; so is account_id, where the table holds one account.
  Amounts come a second time in major units (amount_major), by the table's currency.
  times: paths of times inside JSON columns, which get columns of their own.
  parent: the collection, and the column with its id.
  deleted_too: whether deleted rows are wanted.
#}
{% macro current_state(collection, columns, times=[], parent=none, deleted_too=false) %}
{%- set relation = source('stripe', collection) -%}
{%- set there = tap_stripe.columns_of(relation) -%}
{%- set has_money = 'currency' in columns and 'amount' in columns.values() -%}
{%- set currencies = ref('stripe_currencies') -%}
{%- set parents = source('stripe', parent[0]) if parent else none -%}
select
    {{ tap_stripe.column_or_null(there, 'account_id', 'text') }} as account_id
{%- for name, kind in columns.items() %}
    , {{ tap_stripe.column_or_null(there, name, kind) }} as {{ adapter.quote(name) }}
{%- if kind == 'amount' and has_money %}
    , {{ tap_stripe.major('rows_of_table.' ~ name if name in there else 'null', 'currencies.smallest_unit') }} as {{ name }}_major
{%- endif %}
{%- endfor %}
{%- for path in times %}
    {%- set steps = path.split('.') %}
    , {% if steps[0] in there -%}
    {{ tap_stripe.from_epoch(tap_stripe.json_text('rows_of_table.' ~ adapter.quote(steps[0]), steps[1:])) }}
    {%- else -%}
    cast(null as {{ dbt.type_timestamp() }})
    {%- endif %} as {{ steps | join('_') }}
{%- endfor %}
{%- if not there %}
from (select 1 as nothing) as rows_of_table
{%- if has_money %}
cross join (select cast(null as {{ tap_stripe.type_money() }}) as smallest_unit) as currencies
{%- endif %}
where 1 = 0
{%- else %}
from {{ relation }} as rows_of_table
{%- if has_money %}
left join {{ currencies }} as currencies
    on currencies.currency = {% if 'currency' in there %}rows_of_table.currency{% else %}null{% endif %}
{%- endif %}
where {% if deleted_too %}1 = 1{% else %}{{ tap_stripe.is_present('rows_of_table', there) }}{% endif %}
{%- if parent %}
    {%- set of_parent = tap_stripe.columns_of(parents) %}
    {%- if of_parent %}
    and not exists (
        select 1
        from {{ parents }} as parent
        where parent.id = rows_of_table.{{ parent[1] }}
            {%- if 'account_id' in there and 'account_id' in of_parent %}
            and parent.account_id = rows_of_table.account_id
            {%- endif %}
            and not {{ tap_stripe.is_present('parent', of_parent) }}
    )
    {%- endif %}
{%- endif %}
{%- endif %}
{% endmacro %}

{# The names of a relation's columns, none where there is no such relation. #}
{% macro columns_of(relation) %}
{%- set names = [] -%}
{%- if execute -%}
    {%- set found = adapter.get_relation(relation.database, relation.schema, relation.identifier) -%}
    {%- if found -%}
        {%- for column in adapter.get_columns_in_relation(found) -%}
            {%- do names.append(column.name | lower) -%}
        {%- endfor -%}
    {%- endif -%}
{%- endif -%}
{{ return(names) }}
{% endmacro %}

{% macro is_present(alias, there) -%}
({% if 'is_deleted' in there %}not {{ alias }}.is_deleted{% else %}1 = 1{% endif %}
{%- if '_sdc_deleted_at' in there %} and {{ alias }}._sdc_deleted_at is null{% endif %})
{%- endmacro %}

{% macro column_or_null(there, name, kind) -%}
{%- set column = 'rows_of_table.' ~ adapter.quote(name) -%}
{%- if name not in there -%}
cast(null as {{ tap_stripe.type_of(kind) }})
{%- elif kind == 'list' -%}
{{ tap_stripe.as_json(column) }}
{%- elif kind in ('integer', 'amount', 'decimal', 'time') -%}
cast({{ column }} as {{ tap_stripe.type_of(kind) }})
{%- else -%}
{{ column }}
{%- endif -%}
{%- endmacro %}

{# An amount in major units: of 1234 cents 12.34, of 1234 yen 1234. #}
{% macro major(amount, smallest_unit) -%}
cast(
        cast({{ amount }} as {{ tap_stripe.type_money() }})
        * coalesce({{ smallest_unit }}, 0.01) as {{ tap_stripe.type_money() }}
    )
{%- endmacro %}
