"""What the events of a slice name, in whatever order they come."""

from __future__ import annotations

from itertools import permutations

import pytest

from tap_stripe.sync.changes import Changes, Recent
from tests.sync.made import LISTINGS, decoded, feeds, raised

CUSTOMERS, INVOICES = LISTINGS["/v1/customers"], LISTINGS["/v1/invoices"]
COUPONS = LISTINGS["/v1/coupons"]


def changes(*events):
    found = Changes(feeds())
    found.add(events)
    return found


def customer(type_, at, **more):
    about = {"id": "cus_1", "object": "customer", "created": 5, **more}
    return raised(f"customer.{type_}", about, created=at)


def test_an_object_is_wanted_once_however_many_events_speak_of_it():
    for order in permutations(
        [customer("created", 10), customer("updated", 30), customer("updated", 20)]
    ):
        found = changes(*order)

        wanted = found.wanted[CUSTOMERS]["cus_1"]
        assert (wanted.created, wanted.at, wanted.alive_at) == (5, 30, 30)
        assert wanted.itself
        assert not wanted.is_gone


@pytest.mark.parametrize(
    ("updated_at", "is_gone"),
    [(10, True), (30, False), (20, False)],
    ids=["before", "behind", "in the same second"],
)
def test_what_an_event_shows_alive_behind_its_deletion_is_looked_for(
    updated_at, is_gone
):
    coupon = {"id": "SUMMER", "object": "coupon", "created": 5}
    deleted = raised("coupon.deleted", coupon, created=20)
    updated = raised("coupon.updated", coupon, created=updated_at)

    for events in ((deleted, updated), (updated, deleted)):
        found = changes(*events)

        assert [one.is_gone for one in found.wanted[COUPONS].values()] == [is_gone]
        assert len(list(found.take_gone())) == is_gone
        assert len(found) == 1 - is_gone


def test_a_deletion_for_good_is_believed_whatever_comes_behind_it():
    draft = {"id": "in_1", "object": "invoice", "created": 5}

    found = changes(
        raised("invoice.deleted", draft, created=20),
        raised("invoice.updated", draft, created=30),
    )

    assert found.wanted[INVOICES]["in_1"].is_gone


def test_the_last_deletion_tells_what_was_known_last():
    coupon = {"id": "SUMMER", "object": "coupon"}
    events = [
        raised("coupon.deleted", {**coupon, "name": "first"}, created=20),
        raised("coupon.deleted", {**coupon, "name": "second"}, created=40),
    ]

    for order in permutations(events):
        deletion = changes(*order).wanted[COUPONS]["SUMMER"].deletion
        assert deletion is not None
        assert deletion.at == 40
        assert bytes(memoryview(deletion.last_known["name"])) == b'"second"'


def test_a_row_that_is_gone_waits_for_each_object_that_it_was_in():
    discount = {
        "id": "di_1",
        "object": "discount",
        "customer": "cus_1",
        "subscription": "sub_1",
    }

    found = changes(raised("customer.discount.deleted", discount))

    children = [
        child
        for wanted in found.wanted.values()
        for one in wanted.values()
        for child in one.children
    ]
    assert len(children) == 2
    assert children[0] is children[1]
    assert children[0].unread == 2
    assert not found.orphans


def test_a_row_of_which_no_event_says_where_it_was_is_an_orphan():
    found = changes(
        raised("customer.source.deleted", {"id": "card_1", "object": "card"})
    )

    assert [(one.collection.name, one.id) for one in found.orphans] == [
        ("cards", "card_1")
    ]


def test_what_is_no_event_is_named():
    found = changes(decoded(id="evt_9"), decoded(type="customer.updated"))

    assert found.unreadable == ["evt_9", "without an id"]
    assert len(found) == 0


def test_a_clock_is_gone_with_all_that_was_on_it():
    clock = {"id": "clock_1", "object": "test_helpers.test_clock"}

    found = changes(raised("test_helpers.test_clock.deleted", clock, created=9))

    assert found.clocks == [("clock_1", 9)]


def test_an_older_event_says_nothing_new_of_what_was_read():
    recent = Recent()

    recent.note("/v1/customers", "cus_1", 20.5)

    assert recent.has("/v1/customers", "cus_1", since=20)
    assert not recent.has("/v1/customers", "cus_1", since=21)
    assert not recent.has("/v1/charges", "cus_1", since=20)
