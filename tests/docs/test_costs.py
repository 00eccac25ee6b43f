"""What docs/limits.md says a sync costs is what it asks Stripe for."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

from scripts.doc_parts.tables import SELECTIONS, idle_requests
from tap_stripe.sandbox import Options, Sandbox
from tap_stripe.streams import Collection
from tests.target import Target

if TYPE_CHECKING:
    from tap_stripe.sandbox.log import Entry
    from tests.conftest import Tap

KEY = "sk_test_51OfTheOwnAccount"


SETTLING = {
    f"GET {feed.listing.path}"
    for collection in Collection.registered.values()
    if collection.unsettled
    for feed in collection.feeds
}


def listing_of(entry: Entry) -> str:
    # Those that wait for an invoice are a list of their own.
    pending = "?pending=true" if "pending=true" in entry.target else ""
    return f"{entry.endpoint}{pending}"


@pytest.mark.parametrize("selection", SELECTIONS)
def test_a_sync_in_which_nothing_happens_costs_what_the_table_says(
    selection: str, tap: Tap, config: Any
) -> None:
    names = SELECTIONS[selection]
    catalog = json.loads(tap.run({}, "--discover").out)
    for stream in catalog["streams"]:
        for entry in stream["metadata"]:
            if names and not entry["breadcrumb"]:
                entry["metadata"]["selected"] = stream["stream"] in names
    options = Options(now=1_790_000_000, scale=0.1, keys={KEY: None}, many_children=0)
    target = Target()

    with Sandbox(options) as sandbox:
        tap.sync(config(sandbox), target, catalog=catalog)
        sandbox.log.clear()
        ran = tap.sync(config(sandbox), target, catalog=catalog)
        asked = Counter(listing_of(entry) for entry in sandbox.log.entries)

    assert ran.code == 0, ran.err
    # What is pending comes to it: by the object, or by a page where many are together.
    lists = {one: count for one, count in asked.items() if "/:id" not in one}
    more = {one for one, count in asked.items() if count > 1 or one not in lists}
    assert len(lists) == idle_requests(names), asked
    assert {one.removesuffix("/:id") for one in more} <= SETTLING
