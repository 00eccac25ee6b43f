"""What the stripe package lists is read, or has a line that says why not."""

from __future__ import annotations

import re
import tomllib

import pytest

from scripts.generate_schemas import COLLECTIONS
from scripts.schema_parts import endpoints as of_stripe
from scripts.schema_parts.endpoints import endpoints, event_types
from tap_stripe.streams import Collection

LEFT_OUT = tomllib.loads(of_stripe.LEFT_OUT.read_text(encoding="utf-8"))
LISTINGS = {
    feed.listing: None
    for name in COLLECTIONS
    for feed in Collection.registered[name].feeds
    if not (feed.listing.single or feed.listing.removed)
}


def plain(path: str) -> str:
    """Give a path without the names of the ids in it."""
    return re.sub(r"\{\w+\}", "{}", path)


def read() -> set[str]:
    """Give the paths that collections read, those of lists inside objects too."""
    paths = {listing.path for listing in LISTINGS}
    for name in COLLECTIONS:
        for feed in Collection.registered[name].feeds:
            inside, _, _ = feed.embedded.partition(".")
            paths.add(f"{feed.listing.path}/{{}}/{inside}")
    return paths


def test_each_list_of_stripe_has_a_collection_or_a_reason_why_not():
    lists = {plain(path) for path in endpoints()}
    left_out = {plain(path) for path in LEFT_OUT}

    assert lists - read() == left_out
    assert all(LEFT_OUT.values())


@pytest.mark.parametrize(
    "listing",
    [pytest.param(one, id=f"{one.path} {one.params}") for one in LISTINGS],
)
def test_a_listing_is_as_the_stripe_package_has_it(listing):
    endpoint = endpoints()[listing.path]

    assert endpoint.objects == (listing.object,)
    assert endpoint.required == ()
    assert {name for name, _ in listing.params} <= set(endpoint.filters)
    assert endpoint.created or not listing.windowed


def test_the_events_of_most_objects_are_known():
    types = event_types()

    assert types["tax_rate"] == ("tax_rate.created", "tax_rate.updated")
    assert "charge.dispute.closed" in types["dispute"]
    # Stripe has them for webhooks of v2 only.
    assert "price.activated" not in types["price"]


def test_parameters_and_parents_of_a_list_are_known():
    lines = endpoints()["/v1/invoices/{invoice}/lines"]
    attempts = endpoints()["/v1/setup_attempts"]
    types = endpoints()["/v1/reporting/report_types"]

    assert (lines.objects, lines.created, lines.paged) == (("line_item",), False, True)
    assert attempts.required == ("setup_intent",)
    assert attempts.created
    assert not types.paged
    assert endpoints()["/v1/subscriptions"].filters == (
        "collection_method",
        "customer",
        "customer_account",
        "plan",
        "price",
        "status",
        "test_clock",
    )
