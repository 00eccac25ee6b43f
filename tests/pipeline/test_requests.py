"""What a later sync costs: requests are a budget as well as rows."""

from __future__ import annotations

import json
import random
from collections import Counter

import pytest

from tap_stripe.sandbox import Options, Sandbox
from tests.expected import differences
from tests.target import Target

SYNCS_IN_A_MONTH = 31 * 8
# https://docs.stripe.com/rate-limits
ALLOWED = 10_000
AGAIN = {
    "GET /v1/balance_transactions",
    "GET /v1/checkout/sessions",
    "GET /v1/invoiceitems",
    "GET /v1/payment_intents",
    "GET /v1/refunds",
    "GET /v1/setup_intents",
}


def only(tap, config, *names):
    """Give a catalog in which some collections are selected."""
    catalog = json.loads(tap.run(config, "--discover").out)
    for stream in catalog["streams"]:
        for entry in stream["metadata"]:
            if not entry["breadcrumb"]:
                entry["metadata"]["selected"] = stream["tap_stream_id"] in names
    return catalog


def asked(sandbox):
    """Count the requests by endpoint, and forget them."""
    found = Counter(entry.endpoint for entry in sandbox.log.entries)
    sandbox.log.clear()
    return found


def test_an_unchanged_account_costs_a_request_for_each_list_and_one_for_events(
    tap, config
):
    target = Target()
    with Sandbox(Options(seed=5, many_children=0)) as sandbox:
        tap.sync(config(sandbox), target)
        asked(sandbox)

        tap.sync(config(sandbox), target)

        counted = asked(sandbox)
        # Invoice items are listed twice: new ones, and those that wait. Of others what
        # is pending is read again, by the page.
        assert {name for name, count in counted.items() if count > 1} <= AGAIN
        assert counted.total() <= 34
        assert counted.total() * SYNCS_IN_A_MONTH < ALLOWED


def test_an_account_without_events_costs_two_requests_where_a_full_look_can_wait(
    tap, config
):
    target = Target()
    with Sandbox(Options(seed=5)) as sandbox:
        settings = config(sandbox, full_look_seconds=86_400)
        tap.sync(settings, target)
        asked(sandbox)

        tap.sync(settings, target)

        assert asked(sandbox) == {"GET /v1/account": 1, "GET /v1/events": 1}
        sandbox.change(40, seed=1)
        tap.sync(settings, target)
        assert differences(sandbox, target.tables) == []


@pytest.mark.parametrize(
    ("among", "most"), [(20_000, 1_050), (2_000, 100)], ids=["spread", "dense"]
)
def test_changed_objects_cost_no_more_requests_than_there_are(tap, config, among, most):
    with Sandbox(Options(seed=6, sizes={"charges": 20_000})) as sandbox:
        catalog = only(tap, config(sandbox), "charges")
        target = Target()
        tap.sync(config(sandbox), target, catalog=catalog)
        ids = [charge["id"] for charge in sandbox.objects("charges")[:among]]
        for id_ in random.Random(1).sample(ids, 1000):
            sandbox.perform("update_charge", id_)
        asked(sandbox)
        before = target.records["charges"]

        tap.sync(config(sandbox), target, catalog=catalog)

        # One that is under way by its id may come on a page too.
        assert 1000 <= target.records["charges"] - before <= 1010
        assert asked(sandbox).total() <= most
        assert [
            one for one in differences(sandbox, target.tables) if "charges" in one
        ] == []


def test_a_collection_that_is_selected_later_is_read_alone(tap, config):
    target = Target()
    with Sandbox(Options(seed=7)) as sandbox:
        first = only(tap, config(sandbox), "charges", "invoices")
        both = only(tap, config(sandbox), "charges", "invoices", "invoice_lines")
        tap.sync(config(sandbox), target, catalog=first)
        before = dict(target.records)
        sandbox.change(20, seed=1)
        asked(sandbox)

        tap.sync(config(sandbox), target, catalog=both)

        counted = asked(sandbox)
        # A full read would take ten.
        assert counted["GET /v1/charges"] <= 3
        assert target.records["charges"] - before["charges"] < 50
        assert [
            one
            for one in differences(sandbox, target.tables)
            if one.startswith(("charges", "invoices", "invoice_lines"))
        ] == []


def test_deselected_collections_cost_nothing(tap, config):
    target = Target()
    with Sandbox(Options(seed=8)) as sandbox:
        catalog = only(tap, config(sandbox), "coupons")
        asked(sandbox)

        tap.sync(config(sandbox), target, catalog=catalog)

        # Whoever may not read events is told at the first run.
        assert asked(sandbox) == {
            "GET /v1/account": 1,
            "GET /v1/events": 1,
            "GET /v1/coupons": 1,
        }
        assert set(target.tables) == {"coupons"}
