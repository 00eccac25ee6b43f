"""The collections, grouped as Stripe's reference groups them."""

from tap_stripe.streams import (
    billing,
    checkout,
    connect,
    core,
    issuing,
    payment_sources,
    products,
    radar,
)
from tap_stripe.streams.base import Collection

__all__ = [
    "Collection",
    "billing",
    "checkout",
    "connect",
    "core",
    "issuing",
    "payment_sources",
    "products",
    "radar",
]
