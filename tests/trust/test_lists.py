"""Lists as they may be: late, misplaced, shuffled, with a false end or url."""

from __future__ import annotations

import itertools
import json
import re
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from tests.trust.conftest import listed

HOUR_S = 3_600
MANY = {"invoices": 10, "customers": 8, "transfers": 8, "application_fees": 8}


# Late


@pytest.mark.parametrize("steps", [1, 4])
@pytest.mark.parametrize("made", ["create_charge", "capture_charge", "refund_charge"])
def test_a_balance_transaction_that_shows_up_to_an_hour_late(copying, made, steps):
    copy = copying(scale=0.05, late_transactions_seconds=HOUR_S)
    copy.sync().assert_well()
    for _ in range(4):
        copy.perform(made)
    copy.sync().assert_well()
    copy.assert_equal()
    for _ in range(steps):
        copy.later(HOUR_S / steps)

        copy.sync().assert_well()

        copy.assert_equal()


NAMES_ONE = {
    "charges": "charge.updated",
    "refunds": "refund.updated",
    "transfers": "transfer.updated",
    "payouts": "payout.updated",
    "application_fees": "application_fee.refunded",
}


@pytest.mark.parametrize("lookback", [900, 0])
@pytest.mark.parametrize("resource", NAMES_ONE)
def test_a_balance_transaction_is_read_that_a_changed_object_names(
    copying, resource, lookback
):
    copy = copying(
        sizes={resource: 8},
        span_seconds=1_200,
        settings={"lookback_seconds": lookback},
    )
    sandbox = copy.sandbox
    one, transaction = next(
        (one["id"], named)
        for one in sandbox.objects(resource)
        for named in [one.get("balance_transaction")]
        if named or resource == "payouts"
    )
    if resource == "payouts":
        transaction = sandbox.objects("balance_transactions")[1]["id"]
    reveal = sandbox.withhold("balance_transactions", transaction)
    sandbox.edit(resource, one, balance_transaction=None)
    copy.sync().assert_well()
    copy.assert_equal()
    copy.later(600)
    reveal()
    sandbox.edit(resource, one, NAMES_ONE[resource], balance_transaction=transaction)

    copy.sync().assert_well()

    copy.assert_equal()


@pytest.mark.parametrize("accounts", [0, 2])
def test_events_that_come_late_and_out_of_order(copying, accounts):
    copy = copying(accounts=accounts, event_delay_seconds=600, late_events=0.5)
    copy.sync().assert_well()
    for _ in range(3):
        for account in (None, *copy.ids)[: 1 + bool(accounts)]:
            copy.change(8, account=account)
            copy.perform("create_charge", account=account)
        ran = copy.sync()
        assert ran.code == 0
    copy.later(601)

    copy.sync().assert_well()

    copy.assert_equal()


def test_events_that_come_twice_and_stale(copying):
    copy = copying(repeated_events=0.8, stale_events=0.8, old_events=0.5)
    copy.sync().assert_well()
    copy.change(40)

    copy.sync().assert_well()

    copy.assert_equal()


# Order and ends

WORST: dict[str, dict[str, Any]] = {
    "shuffled": {"shuffled_seconds": True},
    "misplaced": {"misplaced": True},
    "a false end": {"false_has_more": 1.0},
    "all": {"shuffled_seconds": True, "misplaced": True, "false_has_more": 0.5},
}


@pytest.mark.parametrize("seed", [21, 22])
@pytest.mark.parametrize("which", WORST)
def test_every_row_comes_whatever_the_order_and_the_end_of_pages(copying, which, seed):
    copy = copying(kind=True, seed=seed, scale=0.1, most_per_page=10, **WORST[which])
    copy.sync().assert_well()
    copy.assert_equal()
    copy.change(20)

    copy.sync().assert_well()

    copy.assert_equal()


def test_a_second_of_more_than_half_a_page_is_whole_whatever_its_order(copying):
    copy = copying(
        scale=0.02,
        shuffled_seconds=True,
        misplaced=False,
        sizes={"charges": 350},
        burst=60,
        burst_every=100,
    )

    copy.sync(only=("charges",)).assert_well()

    copy.assert_equal("charges")


@pytest.mark.parametrize(
    "path", ["/v1/charges", "/v1/coupons", "/v1/accounts", "/v1/events"]
)
def test_an_empty_page_is_the_end_whatever_it_says(copying, path):
    copy = copying(kind=True, most_per_page=10, sizes={"coupons": 15, "charges": 25})
    copy.sync().assert_well()
    copy.change(15)
    seen = itertools.count()

    def empty(target):
        parts = urlsplit(target)
        if parts.path != path or "starting_after" not in dict(parse_qsl(parts.query)):
            return None
        last = next(reversed(copy.sandbox.objects(path.rpartition("/")[2])))["id"]
        if dict(parse_qsl(parts.query))["starting_after"] != last:
            return None
        assert next(seen) < 100
        return listed(has_more=True)

    copy.sandbox.impostor = empty

    copy.sync().assert_well()

    copy.assert_equal()


# Urls

URLS = ["filtered", "unfiltered", "recorded", "/v1/charges", "/admin", "//elsewhere/x"]


def with_long_lists(copying, **options):
    copy = copying(sizes=MANY, many_children=0.5, **options)
    invoice = next(
        one["id"] for one in copy.sandbox.objects("invoices") if one["status"] == "open"
    )
    for _ in range(13):
        copy.perform("try_to_pay_invoice", invoice)
    return copy


@pytest.mark.parametrize("url", URLS)
def test_an_embedded_list_is_read_to_its_end_whatever_its_url_says(copying, url):
    copy = with_long_lists(copying, embedded_url=url)
    copy.sync().assert_well()
    copy.assert_equal()
    assert not [path for path in paths_of(copy) if path.startswith(("/admin", "//"))]
    assert "/v1/invoices/payments" not in paths_of(copy)
    copy.change(20)

    copy.sync().assert_well()

    copy.assert_equal()
    assert copy.flagged("charges") == set()
    assert not [path for path in paths_of(copy) if path.startswith(("/admin", "//"))]


def paths_of(copy):
    return {urlsplit(entry.target).path for entry in copy.sandbox.log.entries}


FOREIGN = {
    "invoice lines": ("invoices", "lines", "invoice"),
    "reversals": ("transfers", "reversals", "transfer"),
    "fee refunds": ("application_fees", "refunds", "fee"),
}


@pytest.mark.parametrize("which", FOREIGN)
def test_an_entry_of_another_parent_is_an_error_of_that_list(copying, which):
    resource, name, owner = FOREIGN[which]
    copy = copying(sizes=MANY, many_children=0.5)
    inside = re.compile(rf"/v1/{resource}/([^/]+)/{name}")
    other, child = copy.sandbox.children(resource, name)[0]
    stranger = {**child, owner: other["id"]}
    strange = set()

    def answer(target):
        found = inside.match(urlsplit(target).path)
        if found is None or found[1] == other["id"]:
            return None
        strange.add(found[1])
        return listed(stranger, url=urlsplit(target).path)

    copy.sandbox.impostor = answer

    ran = copy.sync()

    assert strange
    ran.assert_names(*strange)
    key = child["id"]
    tables = {"lines": "invoice_lines", "reversals": "transfer_reversals"}
    table = tables.get(name, "application_fee_refunds")
    [row] = [row for keys, row in copy.tables[table].items() if keys == (key,)] or [{}]
    assert row.get(owner, other["id"]) == other["id"]
    others = [one for one in copy.differences() if "is missing" not in one]
    assert not [one for one in others if "too many" in one]
    copy.sandbox.impostor = None
    copy.later()
    copy.sync().assert_well()
    copy.assert_equal()


# Garbled

GARBLED = {
    "a line": ("/v1/invoices", "invoices", "lines", "invoice_lines"),
    "an item": ("/v1/subscriptions", "subscriptions", "items", "subscription_items"),
    "a reversal": ("/v1/transfers", "transfers", "reversals", "transfer_reversals"),
    "a refund of a fee": (
        "/v1/application_fees",
        "application_fees",
        "refunds",
        "application_fee_refunds",
    ),
    "an external account": ("/v1/accounts", "accounts", "external_accounts", "cards"),
}


@pytest.mark.parametrize("to", ["no id", "null", "a number"])
@pytest.mark.parametrize("which", GARBLED)
def test_an_embedded_object_without_id_is_left_out_and_named_once(copying, which, to):
    path, resource, inside, name = GARBLED[which]
    copy = copying(sizes=MANY, many_children=0)
    kind = {"cards": "card"}.get(name)
    child = next(
        child["id"]
        for _, child in copy.sandbox.children(resource, inside)
        if kind is None or child["object"] == kind
    )
    garble = {
        "no id": lambda one: {key: one[key] for key in one if key != "id"},
        "null": lambda one: {**one, "id": None},
        "a number": lambda one: {**one, "id": 5},
    }[to]
    for place in (path, f"{path}/*", f"{path}/*/{inside}", "/v1/subscription_items"):
        copy.sandbox.break_(place, "garbled", holding=child, garble=garble)

    ran = copy.sync()

    assert "Traceback" not in ran.err
    assert name in ran.said
    assert sum(name in line and "id" in line for line in ran.said.splitlines()) <= 2
    # The parent's row shows what Stripe sent.
    found = copy.differences(but=[child, f".{inside} is"])
    assert not found
    assert (child,) not in copy.tables[name]
    copy.sandbox.mend()
    copy.later()
    copy.run().assert_well()


BAD_EVENTS = {
    "no object": lambda event: {**event, "data": {}},
    "data is null": lambda event: {**event, "data": None},
    "an object that is a word": lambda event: {**event, "data": {"object": "charge"}},
    "no type": lambda event: {**event, "type": None},
    "an id that is a list": lambda event: {
        **event,
        "data": {"object": {**event["data"]["object"], "id": ["a"]}},
    },
    "a number in its place": lambda _: 5,
}


@pytest.mark.parametrize("which", BAD_EVENTS)
def test_an_event_that_can_not_be_parsed_is_named_and_the_others_are_read(
    copying, which
):
    copy = copying(kind=True, old_events=0, stale_events=0)
    copy.sync().assert_well()
    one = copy.perform("update_customer")
    event = copy.sandbox.objects("events")[0]
    for _ in range(3):
        copy.perform("create_charge")
        copy.perform("update_coupon")
    copy.sandbox.break_(
        "/v1/events", "garbled", holding=event["id"], garble=BAD_EVENTS[which]
    )

    ran = copy.sync()

    assert "Traceback" not in ran.err
    assert not copy.differences(but=[one])
    if copy.differences():
        # A number in its place has no name but that of the list.
        assert event["id"] in ran.said or "/v1/events" in ran.said
    json.dumps(copy.target.state)
    copy.sandbox.mend()
    copy.sync().assert_well()
    copy.assert_equal()
