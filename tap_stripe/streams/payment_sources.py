"""Cards and bank accounts: of customers, and of connected accounts to be paid to."""

from __future__ import annotations

from tap_stripe.streams.base import Collection
from tap_stripe.streams.listing import Feed
from tap_stripe.streams.listings import ACCOUNTS, BITCOIN_RECEIVERS, CUSTOMERS


class BankAccounts(Collection):
    """Bank accounts of customers and of connected accounts.

    https://docs.stripe.com/api/customer_bank_accounts
    """

    name = "bank_accounts"
    stripe_object = "bank_account"
    feeds = (
        Feed(CUSTOMERS, "sources", expand=("sources",), parent="customer"),
        Feed(ACCOUNTS, "external_accounts", parent="account"),
    )


class Cards(Collection):
    """Cards of customers and of connected accounts.

    Cards that were saved as PaymentMethods are none of these.
    https://docs.stripe.com/api/cards
    """

    name = "cards"
    stripe_object = "card"
    feeds = (
        Feed(CUSTOMERS, "sources", expand=("sources",), parent="customer"),
        Feed(ACCOUNTS, "external_accounts", parent="account"),
    )


class BitcoinReceivers(Collection):
    """Receivers of bitcoin payments, which Stripe has removed from its API in 2018.

    https://docs.stripe.com/upgrades#2018-08-23
    """

    name = "bitcoin_receivers"
    stripe_object = "bitcoin_receiver"
    feeds = (Feed(BITCOIN_RECEIVERS),)
    selected_by_default = False
