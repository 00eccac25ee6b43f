-- Generated from dbt/fivetran.toml by scripts.generate_docs. Do not edit.
{{ config(alias='transfer') }}
select
    it.received_at as _fivetran_synced
    , it."id" as "id"
    , it."amount" as "amount"
    , it."amount_reversed" as "amount_reversed"
    , it."balance_transaction" as "balance_transaction_id"
    , it."created" as "created"
    , it."currency" as "currency"
    , it."description" as "description"
    , it."destination" as "destination"
    , it."destination_payment" as "destination_payment"
    , it."destination_payment" as "destination_payment_id"
    , it."livemode" as "livemode"
    , it."metadata" as "metadata"
    , it."reversed" as "reversed"
    , it."source_transaction" as "source_transaction"
    , it."source_transaction" as "source_transaction_id"
    , it."source_type" as "source_type"
    , it."transfer_group" as "transfer_group"
from {{ ref('stripe_transfers') }} as it
