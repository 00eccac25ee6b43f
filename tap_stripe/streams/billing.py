"""Billing: what is sold, subscribed to and invoiced."""

from __future__ import annotations

from tap_stripe.streams import listings
from tap_stripe.streams.base import Collection
from tap_stripe.streams.listing import Feed


class Coupons(Collection):
    """Coupons.

    `times_redeemed` and `valid` change without an event: a list of up to 1,000 coupons
    is read whole in each sync. Merchants choose ids, and may reuse one after a
    deletion.
    https://docs.stripe.com/api/coupons
    """

    name = "coupons"
    stripe_object = "coupon"
    expand = ("applies_to", "currency_options")
    feeds = (Feed(listings.COUPONS, expand=expand),)


class BillingCreditGrants(Collection):
    """Credits that customers were given, to be used up by what they are billed.

    https://docs.stripe.com/api/billing/credit-grant
    """

    name = "billing_credit_grants"
    stripe_object = "billing.credit_grant"
    feeds = (Feed(listings.BILLING_CREDIT_GRANTS),)
    selected_by_default = False


class BillingMeters(Collection):
    """What usage is measured by. One that is no longer used is inactive, not deleted.

    https://docs.stripe.com/api/billing/meter
    """

    name = "billing_meters"
    stripe_object = "billing.meter"
    feeds = (Feed(listings.BILLING_METERS),)
    selected_by_default = False


class CreditNoteLineItems(Collection):
    """Lines of credit notes, which stay as they are.

    https://docs.stripe.com/api/credit_notes/line_item
    """

    name = "credit_note_line_items"
    stripe_object = "credit_note_line_item"
    feeds = (Feed(listings.CREDIT_NOTES, "lines", parent="credit_note"),)


class CreditNotes(Collection):
    """What was taken off invoices. One that was a mistake is void, not deleted.

    https://docs.stripe.com/api/credit_notes
    """

    name = "credit_notes"
    stripe_object = "credit_note"
    feeds = (Feed(listings.CREDIT_NOTES),)


class Discounts(Collection):
    """Coupons applied: to customers, subscriptions, invoices and their items.

    Stripe lists no discounts: they are found in their owners.
    https://docs.stripe.com/api/discounts
    """

    name = "discounts"
    stripe_object = "discount"
    feeds = (
        Feed(listings.CUSTOMERS, "discount"),
        Feed(listings.SUBSCRIPTIONS, "discounts", expand=("discounts",)),
        Feed(
            listings.SUBSCRIPTIONS, "items.discounts", expand=("items.data.discounts",)
        ),
        Feed(listings.INVOICES, "discounts", expand=("discounts",)),
        Feed(listings.INVOICES, "lines.discounts", expand=("lines.data.discounts",)),
        Feed(listings.INVOICE_ITEMS, "discounts", expand=("discounts",)),
    )


class InvoiceItems(Collection):
    """Items that are invoiced or wait for the next invoice.

    Stripe raises no event when one is edited: those that wait are read again in each
    sync, and invoiced ones when their invoice changes.
    https://docs.stripe.com/api/invoiceitems
    """

    name = "invoice_items"
    stripe_object = "invoiceitem"
    feeds = (Feed(listings.INVOICE_ITEMS), Feed(listings.PENDING_INVOICE_ITEMS))


class InvoiceLines(Collection):
    """Lines of invoices.

    Stripe gives a line no time of its own: its invoice's `created` places it. A line
    that an edit of a draft removes is known by that edit's event only.
    https://docs.stripe.com/api/invoice-line-item
    """

    name = "invoice_lines"
    stripe_object = "line_item"
    feeds = (Feed(listings.INVOICES, "lines", parent="invoice"),)


class InvoicePayments(Collection):
    """Payments of invoices: what invoices' `charge` and `paid` said once.

    Stripe raises an event when one is paid only: they are read again, with their
    invoice, whenever that changes.
    https://docs.stripe.com/api/invoice-payment
    """

    name = "invoice_payments"
    stripe_object = "invoice_payment"
    feeds = (
        Feed(listings.INVOICE_PAYMENTS),
        Feed(listings.INVOICES, "payments", expand=("payments",), changes_only=True),
    )


class Invoices(Collection):
    """Invoices, drafts included.

    https://docs.stripe.com/api/invoices
    """

    name = "invoices"
    stripe_object = "invoice"
    expand = ("payments",)
    feeds = (Feed(listings.INVOICES, expand=expand),)


class Plans(Collection):
    """Plans: the older form of recurring prices.

    https://docs.stripe.com/api/plans
    """

    name = "plans"
    stripe_object = "plan"
    expand = ("tiers",)
    feeds = (Feed(listings.PLANS, expand=expand),)


class QuoteLineItems(Collection):
    """Lines of quotes. One that an edit removes is known by nothing.

    https://docs.stripe.com/api/quotes/line_items/list
    """

    name = "quote_line_items"
    stripe_object = "item"
    feeds = (
        Feed(listings.QUOTES, "line_items", expand=("line_items",), parent="quote"),
    )
    selected_by_default = False


class Quotes(Collection):
    """Quotes. Those of customers on a test clock are in no list.

    Stripe raises no event for edits: a list of up to 1,000 is read whole in each sync.
    https://docs.stripe.com/api/quotes
    """

    name = "quotes"
    stripe_object = "quote"
    feeds = (Feed(listings.QUOTES),)
    selected_by_default = False


class SubscriptionItems(Collection):
    """What a subscription is made of, each with its period.

    An item that leaves its subscription is known by that change's event only.
    https://docs.stripe.com/api/subscription_items
    """

    name = "subscription_items"
    stripe_object = "subscription_item"
    feeds = (Feed(listings.SUBSCRIPTIONS, "items", parent="subscription"),)


class SubscriptionSchedules(Collection):
    """What subscriptions will become. Those on a test clock are in no list.

    https://docs.stripe.com/api/subscription_schedules
    """

    name = "subscription_schedules"
    stripe_object = "subscription_schedule"
    feeds = (Feed(listings.SUBSCRIPTION_SCHEDULES),)


class Subscriptions(Collection):
    """Subscriptions, canceled ones included. Those on a test clock are in no list.

    https://docs.stripe.com/api/subscriptions
    """

    name = "subscriptions"
    stripe_object = "subscription"
    feeds = (Feed(listings.SUBSCRIPTIONS),)


class TaxIds(Collection):
    """Tax IDs of customers.

    https://docs.stripe.com/api/tax_ids
    """

    name = "tax_ids"
    stripe_object = "tax_id"
    feeds = (
        Feed(listings.CUSTOMERS, "tax_ids", expand=("tax_ids",), parent="customer"),
    )
