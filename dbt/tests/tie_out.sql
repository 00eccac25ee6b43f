{# The books tie out, to the smallest unit. Where they don't, the log says the days. #}
{{ does_not_tie_out(ref('stripe_tie_out'), is_estimate=false) }}
