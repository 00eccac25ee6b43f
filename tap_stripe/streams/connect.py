"""Connect: accounts, and the money that moves between them."""

from __future__ import annotations

from tap_stripe.streams import listings
from tap_stripe.streams.base import Collection
from tap_stripe.streams.listing import Feed


class Accounts(Collection):
    """The account itself and, for a platform, the accounts connected to it.

    Stripe tells a platform of no change or deletion of them in its own events: a list
    of up to 1,000 accounts is read whole in each sync, and one of any length where
    `account_ids` asks for the connected ones.
    https://docs.stripe.com/api/accounts
    """

    name = "accounts"
    stripe_object = "account"
    feeds = (Feed(listings.OWN_ACCOUNT), Feed(listings.ACCOUNTS))


class ApplicationFeeRefunds(Collection):
    """Refunds of application fees.

    https://docs.stripe.com/api/fee_refunds
    """

    name = "application_fee_refunds"
    stripe_object = "fee_refund"
    feeds = (Feed(listings.APPLICATION_FEES, "refunds", parent="fee"),)


class ApplicationFees(Collection):
    """What a platform earns on its accounts' charges.

    https://docs.stripe.com/api/application_fees
    """

    name = "application_fees"
    stripe_object = "application_fee"
    feeds = (Feed(listings.APPLICATION_FEES),)


class TopUps(Collection):
    """Money that was brought to the account's balance.

    https://docs.stripe.com/api/topups
    """

    name = "top_ups"
    stripe_object = "topup"
    feeds = (Feed(listings.TOP_UPS),)
    selected_by_default = False


class TransferReversals(Collection):
    """Reversals of transfers. Stripe raises no event when one is edited.

    https://docs.stripe.com/api/transfer_reversals
    """

    name = "transfer_reversals"
    stripe_object = "transfer_reversal"
    feeds = (Feed(listings.TRANSFERS, "reversals", parent="transfer"),)


class Transfers(Collection):
    """Transfers to connected accounts. Payouts to a bank are in payouts.

    https://docs.stripe.com/api/transfers
    """

    name = "transfers"
    stripe_object = "transfer"
    feeds = (Feed(listings.TRANSFERS),)
