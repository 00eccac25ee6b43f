"""Products: what is sold, for how much, and what is added or taken off."""

from __future__ import annotations

from tap_stripe.streams import listings
from tap_stripe.streams.base import Collection
from tap_stripe.streams.listing import Feed


class Prices(Collection):
    """Prices. Those that were made up for one invoice or session are in no list.

    https://docs.stripe.com/api/prices
    """

    name = "prices"
    stripe_object = "price"
    expand = ("currency_options", "tiers")
    feeds = (Feed(listings.PRICES, expand=expand),)


class Products(Collection):
    """Products.

    https://docs.stripe.com/api/products
    """

    name = "products"
    stripe_object = "product"
    feeds = (Feed(listings.PRODUCTS),)


class PromotionCodes(Collection):
    """Codes by which customers get a coupon.

    `active` changes with the coupon, without an event: a list of up to 1,000 is read
    whole in each sync.
    https://docs.stripe.com/api/promotion_codes
    """

    name = "promotion_codes"
    stripe_object = "promotion_code"
    feeds = (Feed(listings.PROMOTION_CODES),)


class ShippingRates(Collection):
    """What shipping costs. Stripe raises no event for them.

    https://docs.stripe.com/api/shipping_rates
    """

    name = "shipping_rates"
    stripe_object = "shipping_rate"
    feeds = (Feed(listings.SHIPPING_RATES),)
    selected_by_default = False


class TaxRates(Collection):
    """Tax rates. One that is no longer used is inactive, not deleted.

    https://docs.stripe.com/api/tax_rates
    """

    name = "tax_rates"
    stripe_object = "tax_rate"
    feeds = (Feed(listings.TAX_RATES),)
