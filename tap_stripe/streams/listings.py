"""The list endpoints that are read. What Stripe says of each is linked in streams."""

from __future__ import annotations

from tap_stripe.streams.listing import Listing

ACCOUNTS = Listing(
    "/v1/accounts",
    "account",
    # `created` may be absent, and a filter would leave those accounts out.
    windowed=False,
    of_platforms=True,
    announced_by=(
        ("card", "account"),
        ("bank_account", "account"),
        ("capability", "account"),
    ),
    relisted=True,
    silent=True,
    deletable=True,
    permission="connected_account_read",
)
OWN_ACCOUNT = Listing(
    "/v1/account",
    "account",
    windowed=False,
    single=True,
    relisted=True,
    permission="connected_account_read",
)
APPLICATION_FEES = Listing(
    "/v1/application_fees",
    "application_fee",
    announced_by=(("fee_refund", "fee"),),
    permission="application_fee_read",
)
BALANCE_TRANSACTIONS = Listing(
    "/v1/balance_transactions", "balance_transaction", permission="balance_read"
)
CHARGES = Listing(
    "/v1/charges",
    "charge",
    # `disputed` turns without a charge event, and a refund that fails gives
    # `amount_refunded` back.
    announced_by=(("dispute", "charge"), ("refund", "charge")),
    permission="charge_read",
)
COUPONS = Listing(
    # `times_redeemed` and `valid` change without an event.
    "/v1/coupons",
    "coupon",
    relisted=True,
    deletable=True,
    permission="coupon_read",
)
CUSTOMERS = Listing(
    "/v1/customers",
    "customer",
    announced_by=(
        ("card", "customer"),
        ("bank_account", "customer"),
        ("source", "customer"),
        ("discount", "customer"),
        ("tax_id", "customer"),
    ),
    deletable=True,
    permission="customer_read",
)
DISPUTES = Listing("/v1/disputes", "dispute", permission="dispute_read")
FILES = Listing(
    "/v1/files",
    "file",
    lists_at=(("links", "/v1/file_links", "file"),),
    permission="file_read",
)
INVOICE_ITEMS = Listing(
    "/v1/invoiceitems",
    "invoiceitem",
    time="date",
    final=True,
    announced_by=(("discount", "invoice_item"),),
    deletable=True,
    permission="invoice_read",
)
PENDING_INVOICE_ITEMS = Listing(
    # Edits raise no event, but only what no invoice holds yet can be edited freely.
    "/v1/invoiceitems",
    "invoiceitem",
    params=(("pending", "true"),),
    time="date",
    windowed=False,
    relisted=True,
    later_only=True,
    deletable=True,
    permission="invoice_read",
)
INVOICE_PAYMENTS = Listing(
    "/v1/invoice_payments", "invoice_payment", permission="invoice_read"
)
INVOICES = Listing(
    "/v1/invoices",
    "invoice",
    # "This cannot be undone." https://docs.stripe.com/api/invoices/delete
    final=True,
    announced_by=(("discount", "invoice"), ("invoice_payment", "invoice")),
    deletable=True,
    lists_at=(("payments", "/v1/invoice_payments", "invoice"),),
    permission="invoice_read",
)
PAYOUTS = Listing("/v1/payouts", "payout", permission="payout_read")
PLANS = Listing(
    # A price event may come alone for a plan's id.
    "/v1/plans",
    "plan",
    announced_by=(("price", "id"),),
    deletable=True,
    permission="plan_read",
)
REFUNDS = Listing("/v1/refunds", "refund", permission="charge_read")
SUBSCRIPTIONS = Listing(
    "/v1/subscriptions",
    "subscription",
    # Without it canceled ones are left out.
    params=(("status", "all"),),
    announced_by=(("discount", "subscription"),),
    lists_at=(("items", "/v1/subscription_items", "subscription"),),
    permission="subscription_read",
)
TRANSFERS = Listing(
    "/v1/transfers",
    "transfer",
    announced_by=(("transfer_reversal", "transfer"),),
    permission="transfer_read",
)
BITCOIN_RECEIVERS = Listing("/v1/bitcoin/receivers", "bitcoin_receiver", removed=True)
EVENTS = Listing("/v1/events", "event", permission="event_read")
