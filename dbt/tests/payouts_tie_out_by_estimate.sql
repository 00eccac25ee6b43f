{# The same of payouts of which Stripe has not said what they paid out. #}
{{ config(severity='warn') }}
{{ does_not_tie_out(ref('stripe_tie_out'), is_estimate=true) }}
