"""Where Stripe's OAuth pages and endpoints are. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from tap_stripe.settings import is_loopback


@dataclass(frozen=True)
class Hosts:
    """Scheme and host of each, without a slash at the end.

    Attributes:
        api: Has the API, and the token endpoint of Stripe Apps.
        connect: Has the page and the endpoints of Connect OAuth.
        marketplace: Has the page on which a Stripe App is installed.
    """

    api: str
    connect: str = "https://connect.stripe.com"
    marketplace: str = "https://marketplace.stripe.com"


def hosts_of(api_url: str) -> Hosts:
    """Give the hosts that belong to an API address.

    A server on this machine stands in for all of Stripe. Any other address is a way to
    Stripe's API alone.

    Args:
        api_url: As `checked_api_url` gives it.
    """
    api = api_url.rstrip("/")
    return Hosts(api, connect=api, marketplace=api) if is_loopback(api) else Hosts(api)
