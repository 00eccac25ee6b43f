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
    permission="customer_read",
)
DISPUTES = Listing("/v1/disputes", "dispute", permission="dispute_read")
FILES = Listing("/v1/files", "file", permission="file_read")
INVOICE_ITEMS = Listing(
    "/v1/invoiceitems",
    "invoiceitem",
    time="date",
    final=True,
    announced_by=(("discount", "invoice_item"),),
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
    permission="invoice_read",
)
PAYOUTS = Listing("/v1/payouts", "payout", permission="payout_read")
PLANS = Listing(
    # A price event may come alone for a plan's id.
    "/v1/plans",
    "plan",
    announced_by=(("price", "id"),),
    permission="plan_read",
)
REFUNDS = Listing("/v1/refunds", "refund", permission="charge_read")
SUBSCRIPTIONS = Listing(
    "/v1/subscriptions",
    "subscription",
    # Without it canceled ones are left out.
    params=(("status", "all"),),
    announced_by=(("discount", "subscription"),),
    permission="subscription_read",
)
TRANSFERS = Listing(
    "/v1/transfers",
    "transfer",
    announced_by=(("transfer_reversal", "transfer"),),
    permission="transfer_read",
)
BITCOIN_RECEIVERS = Listing("/v1/bitcoin/receivers", "bitcoin_receiver", removed=True)

# Plain ones: all that there is to know of them.

BILLING_CREDIT_GRANTS = Listing(
    "/v1/billing/credit_grants", "billing.credit_grant", windowed=False, relisted=True
)
BILLING_METERS = Listing(
    "/v1/billing/meters",
    "billing.meter",
    windowed=False,
    relisted=True,
    permission="billing_meter_read",
)
CHECKOUT_SESSIONS = Listing(
    "/v1/checkout/sessions", "checkout.session", permission="checkout_session_read"
)
CREDIT_NOTES = Listing("/v1/credit_notes", "credit_note", permission="credit_note_read")
EARLY_FRAUD_WARNINGS = Listing(
    # Which permission it needs is not documented.
    "/v1/radar/early_fraud_warnings",
    "radar.early_fraud_warning",
)
EVENTS = Listing("/v1/events", "event", permission="event_read")
ISSUING_AUTHORIZATIONS = Listing(
    "/v1/issuing/authorizations",
    "issuing.authorization",
    permission="issuing_authorization_read",
)
ISSUING_CARDHOLDERS = Listing(
    "/v1/issuing/cardholders",
    "issuing.cardholder",
    permission="issuing_cardholder_read",
)
ISSUING_CARDS = Listing(
    "/v1/issuing/cards", "issuing.card", permission="issuing_card_read"
)
ISSUING_TRANSACTIONS = Listing(
    "/v1/issuing/transactions",
    "issuing.transaction",
    permission="issuing_transaction_read",
)
PAYMENT_INTENTS = Listing(
    "/v1/payment_intents", "payment_intent", permission="payment_intent_read"
)
PAYMENT_LINKS = Listing(
    "/v1/payment_links",
    "payment_link",
    windowed=False,
    relisted=True,
    permission="payment_links_read",
)
PRICES = Listing(
    # Of a new recurring price its plan's event may come alone.
    "/v1/prices",
    "price",
    announced_by=(("plan", "id"),),
    permission="plan_read",
)
PRODUCTS = Listing("/v1/products", "product", permission="product_read")
PROMOTION_CODES = Listing(
    # `active` changes with the coupon, without an event.
    "/v1/promotion_codes",
    "promotion_code",
    relisted=True,
    permission="promotion_code_read",
)
QUOTES = Listing(
    "/v1/quotes", "quote", windowed=False, relisted=True, permission="quote_read"
)
SETUP_INTENTS = Listing(
    "/v1/setup_intents", "setup_intent", permission="setup_intent_read"
)
SHIPPING_RATES = Listing(
    # Stripe has no events for them.
    "/v1/shipping_rates",
    "shipping_rate",
    relisted=True,
    permission="shipping_rate_read",
)
SUBSCRIPTION_SCHEDULES = Listing(
    "/v1/subscription_schedules",
    "subscription_schedule",
    permission="subscription_read",
)
TAX_RATES = Listing("/v1/tax_rates", "tax_rate", permission="tax_rate_read")
TOP_UPS = Listing("/v1/topups", "topup", permission="top_up_read")
