"""Issuing: cards that the account gives out."""

from __future__ import annotations

from tap_stripe.streams import listings
from tap_stripe.streams.base import Collection
from tap_stripe.streams.listing import Feed


class IssuingAuthorizations(Collection):
    """Purchases with issued cards that were allowed or declined.

    https://docs.stripe.com/api/issuing/authorizations
    """

    name = "issuing_authorizations"
    stripe_object = "issuing.authorization"
    feeds = (Feed(listings.ISSUING_AUTHORIZATIONS),)
    selected_by_default = False


class IssuingCardholders(Collection):
    """Who has issued cards.

    https://docs.stripe.com/api/issuing/cardholders
    """

    name = "issuing_cardholders"
    stripe_object = "issuing.cardholder"
    feeds = (Feed(listings.ISSUING_CARDHOLDERS),)
    selected_by_default = False


class IssuingCards(Collection):
    """Issued cards, without their numbers.

    https://docs.stripe.com/api/issuing/cards
    """

    name = "issuing_cards"
    stripe_object = "issuing.card"
    feeds = (Feed(listings.ISSUING_CARDS),)
    selected_by_default = False


class IssuingTransactions(Collection):
    """Purchases and refunds with issued cards.

    https://docs.stripe.com/api/issuing/transactions
    """

    name = "issuing_transactions"
    stripe_object = "issuing.transaction"
    feeds = (Feed(listings.ISSUING_TRANSACTIONS),)
    selected_by_default = False
