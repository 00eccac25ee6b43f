"""What the engine's tests make: collections, objects and events."""

from __future__ import annotations

import json
from functools import cache
from typing import TYPE_CHECKING, Any

from tap_stripe.api.body import Object, decode_object
from tap_stripe.api.client import Client
from tap_stripe.api.credentials import ApiKey
from tap_stripe.api.rate import RateBudget
from tap_stripe.api.usage import Usage
from tap_stripe.settings import SANDBOX
from tap_stripe.streams import listings
from tap_stripe.tap import TapStripe

if TYPE_CHECKING:
    from tap_stripe.streams.base import Collection
    from tap_stripe.streams.listing import Feed, Listing

LISTINGS: dict[str, Listing] = {
    one.path: one
    for name, one in vars(listings).items()
    if name.isupper() and not one.later_only
}


@cache
def collections(*names: str) -> list[Collection]:
    """Give collections as the tap has them; all of them without names."""
    tap = TapStripe(config={"api_url": SANDBOX})
    return [one for one in tap.selected() if not names or one.name in names]


def feeds(*names: str) -> list[tuple[Collection, Feed]]:
    return [(one, feed) for one in collections(*names) for feed in one.feeds]


def decoded(**properties: Any) -> Object:
    return decode_object(json.dumps(properties).encode())


def raised(
    type_: str,
    about: Any,
    *,
    created: int = 100,
    previous: Any = None,
    **more: Any,
) -> Object:
    """Give an event as it comes from Stripe."""
    data = {"object": about}
    if previous is not None:
        data["previous_attributes"] = previous
    event = {"id": "evt_1", "object": "event", "type": type_, "created": created}
    return decoded(**{**event, "data": data, **more})


def client(url: str, key: str = "sk_test_sandbox") -> Client:
    """Give the way to a server; close it."""
    return Client(
        credentials=ApiKey(key),
        api_url=url,
        budget=RateBudget(1000, endpoint_requests_per_second=1000),
        usage=Usage(),
        timeout_s=5,
        retry_s=0.3,
    )
