"""Checkout: pages on which customers pay."""

from __future__ import annotations

from tap_stripe.streams import listings
from tap_stripe.streams.base import Collection
from tap_stripe.streams.listing import Feed


class CheckoutSessionLineItems(Collection):
    """What was sold in checkout sessions.

    Stripe gives a line no time of its own: its session's `created` places it.
    https://docs.stripe.com/api/checkout/sessions/line_items
    """

    name = "checkout_session_line_items"
    stripe_object = "item"
    feeds = (
        Feed(
            listings.CHECKOUT_SESSIONS,
            "line_items",
            expand=("line_items",),
            parent="checkout_session",
        ),
    )


class CheckoutSessions(Collection):
    """Checkout sessions. Open ones are read again in each sync.

    https://docs.stripe.com/api/checkout/sessions
    """

    name = "checkout_sessions"
    stripe_object = "checkout.session"
    feeds = (Feed(listings.CHECKOUT_SESSIONS),)
    unsettled = ("status", ("open",))


class PaymentLinks(Collection):
    """Links that open a checkout session. Stripe gives them no time.

    https://docs.stripe.com/api/payment-link
    """

    name = "payment_links"
    stripe_object = "payment_link"
    feeds = (Feed(listings.PAYMENT_LINKS),)
    selected_by_default = False
