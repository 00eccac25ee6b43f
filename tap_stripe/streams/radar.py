"""Radar: what may be fraud."""

from __future__ import annotations

from tap_stripe.streams import listings
from tap_stripe.streams.base import Collection
from tap_stripe.streams.listing import Feed


class EarlyFraudWarnings(Collection):
    """Charges that a card issuer takes for fraud, often before a dispute.

    https://docs.stripe.com/api/radar/early_fraud_warnings
    """

    name = "early_fraud_warnings"
    stripe_object = "radar.early_fraud_warning"
    feeds = (Feed(listings.EARLY_FRAUD_WARNINGS),)
    selected_by_default = False
