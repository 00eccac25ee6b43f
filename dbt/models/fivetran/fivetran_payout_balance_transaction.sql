-- Generated from dbt/fivetran.toml by scripts.generate_docs. Do not edit.
{{ config(alias='payout_balance_transaction') }}
select
    it.received_at as _fivetran_synced
    , it."id" as "payout_id"
    , paid_out.balance_transaction as "balance_transaction_id"
from {{ ref('stripe_payouts') }} as it
inner join {{ ref('stripe_payout_transactions') }} as paid_out
    on paid_out.payout = it.id
    and {{ same_account('paid_out', 'it') }}
