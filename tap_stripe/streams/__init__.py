"""The collections, grouped as Stripe's reference groups them."""

from tap_stripe.streams import billing, connect, core, payment_sources
from tap_stripe.streams.base import Collection

__all__ = ["Collection", "billing", "connect", "core", "payment_sources"]
