{# The rows of stripe_tie_out that differ; logs their days. #}
{% macro does_not_tie_out(ties, is_estimate) %}
{%- set broken -%}
from {{ ties }}
where difference <> 0
    and {{ 'is_estimate' if is_estimate else 'not is_estimate' }}
{%- endset -%}
{%- if execute and adapter.get_relation(ties.database, ties.schema, ties.identifier) -%}
    {%- set days -%}
    select day, tie, said_by, currency, count(*) as times, sum(said) as said, sum(found) as found
    {{ broken }}
    group by day, tie, said_by, currency
    order by day, tie, said_by, currency
    limit 30
    {%- endset -%}
    {%- for day, tie, said_by, currency, times, said, found in run_query(days).rows -%}
        {%- do log(
            'Does not tie out on ' ~ day ~ ': ' ~ said_by ~ ' say ' ~ said ~ ' ' ~ currency
            ~ ', balance transactions say ' ~ found ~ ' (' ~ tie ~ ', ' ~ times ~ ' times)',
            info=true
        ) -%}
    {%- endfor -%}
{%- endif -%}
select *
{{ broken }}
{% endmacro %}
