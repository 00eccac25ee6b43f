"""Core resources: money in, money out, and who it is from."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tap_stripe.body import Object, children
from tap_stripe.streams import listings
from tap_stripe.streams.base import PARENT_CREATED, Collection
from tap_stripe.streams.listing import Feed

if TYPE_CHECKING:
    from collections.abc import Iterator


class BalanceTransactions(Collection):
    """Every movement of the account's balance.

    Stripe raises no event when a pending transaction becomes available: pending ones
    are read again in each sync.
    https://docs.stripe.com/api/balance_transactions
    """

    name = "balance_transactions"
    stripe_object = "balance_transaction"
    feeds = (Feed(listings.BALANCE_TRANSACTIONS),)
    unsettled = ("status", ("pending",))


class BalanceTransactionFeeDetails(Collection):
    """The parts of a balance transaction's fee.

    Stripe gives them no id: the balance transaction and the position in its
    `fee_details` are the key.
    https://docs.stripe.com/api/balance_transactions/object
    """

    name = "balance_transaction_fee_details"
    feeds = (Feed(listings.BALANCE_TRANSACTIONS, "fee_details"),)
    primary_keys = ("balance_transaction", "position")

    def take(self, found: Object, feed: Feed) -> Iterator[Object]:
        """Give the fees of a balance transaction, with their place in it."""
        for position, fee in enumerate(children(found.get("fee_details"))):
            fee["balance_transaction"] = found.get("id")
            fee["position"] = position
            fee[PARENT_CREATED] = found.get(feed.listing.time)
            yield fee


class Charges(Collection):
    """Attempts to move money into the account.

    https://docs.stripe.com/api/charges
    """

    name = "charges"
    stripe_object = "charge"
    feeds = (Feed(listings.CHARGES),)


class Customers(Collection):
    """Customers. Those on a test clock are in no list.

    https://docs.stripe.com/api/customers
    """

    name = "customers"
    stripe_object = "customer"
    expand = ("invoice_credit_balance", "tax", "tax_ids")
    feeds = (Feed(listings.CUSTOMERS, expand=expand),)


class Disputes(Collection):
    """Charges that a customer's bank has disputed.

    https://docs.stripe.com/api/disputes
    """

    name = "disputes"
    stripe_object = "dispute"
    feeds = (Feed(listings.DISPUTES),)


class Events(Collection):
    """What Stripe raised events for, in the last 30 days before the first sync.

    A row is as it was when the event was first listed: `pending_webhooks` goes down
    without a word, and the object in `data` has the form of its time.
    https://docs.stripe.com/api/events
    """

    name = "events"
    stripe_object = "event"
    feeds = (Feed(listings.EVENTS),)
    selected_by_default = False


class FileUploads(Collection):
    """Files at Stripe: dispute evidence, identity documents, reports.

    Stripe raises events for files of its own only; others are seen as new in the list.
    https://docs.stripe.com/api/files
    """

    name = "file_uploads"
    stripe_object = "file"
    feeds = (Feed(listings.FILES),)


class PaymentIntents(Collection):
    """Payments from their beginning, whether they come to a charge or not.

    Stripe raises no event for edits: those that can still change are read again.
    https://docs.stripe.com/api/payment_intents
    """

    name = "payment_intents"
    stripe_object = "payment_intent"
    feeds = (Feed(listings.PAYMENT_INTENTS),)
    unsettled = (
        "status",
        (
            "processing",
            "requires_action",
            "requires_capture",
            "requires_confirmation",
            "requires_payment_method",
        ),
    )


class Payouts(Collection):
    """Payouts to the account's bank account or card.

    https://docs.stripe.com/api/payouts
    """

    name = "payouts"
    stripe_object = "payout"
    feeds = (Feed(listings.PAYOUTS),)


class Refunds(Collection):
    """Refunds. Accounts on an API version before 2024-10-28 raise few events for them.

    Those that are still pending are therefore read again in each sync.
    https://docs.stripe.com/api/refunds
    """

    name = "refunds"
    stripe_object = "refund"
    feeds = (Feed(listings.REFUNDS),)
    unsettled = ("status", ("pending", "requires_action"))


class SetupIntents(Collection):
    """Payment methods that are set up for later payments.

    Stripe raises no event for edits: those that can still change are read again.
    https://docs.stripe.com/api/setup_intents
    """

    name = "setup_intents"
    stripe_object = "setup_intent"
    feeds = (Feed(listings.SETUP_INTENTS),)
    unsettled = (
        "status",
        (
            "processing",
            "requires_action",
            "requires_confirmation",
            "requires_payment_method",
        ),
    )
