"""What docs/limits.md says a sync costs is what it asks Stripe for."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from scripts.doc_parts.tables import SELECTIONS, idle_requests
from tap_stripe.sandbox import Options, Sandbox
from tests.target import Target

if TYPE_CHECKING:
    from tests.conftest import Tap

KEY = "sk_test_51OfTheOwnAccount"


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
        asked = len(sandbox.log)

    assert ran.code == 0, ran.err
    assert asked == idle_requests(names)
