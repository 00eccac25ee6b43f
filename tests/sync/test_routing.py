"""What events mean, and that no event does harm."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tap_stripe.body import decode_object
from tap_stripe.settings import SANDBOX
from tap_stripe.sync.changes import Changes
from tap_stripe.sync.routing import Changed, Deleted, Routes, read_event
from tap_stripe.tap import TapStripe


@pytest.fixture(scope="module")
def feeds():
    tap = TapStripe(config={"api_url": SANDBOX})
    return [(stream, feed) for stream in tap.selected() for feed in stream.feeds]


def raised(type_, about, *, created=100, previous=None, **more):
    data = {"object": about}
    if previous is not None:
        data["previous_attributes"] = previous
    event = {"id": "evt_1", "object": "event", "type": type_, "created": created}
    return decode_object(json.dumps({**event, "data": data, **more}).encode())


def meant(feeds, *event, **more):
    read = read_event(raised(*event, **more))
    assert read is not None
    found = list(Routes(feeds).of(read))
    changed = {(c.listing.path, c.id) for c in found if isinstance(c, Changed)}
    deleted = {
        (d.collection.name, json.loads(bytes(d.last_known["id"])))
        for d in found
        if isinstance(d, Deleted)
    }
    return changed, deleted


def test_an_event_is_routed_by_its_object_whatever_its_type_is_called(feeds):
    about = {"id": "ch_1", "object": "charge", "created": 5}

    for type_ in ("charge.succeeded", "charge.new_in_2027"):
        assert meant(feeds, type_, about) == ({("/v1/charges", "ch_1")}, set())


def test_a_canceled_subscription_is_read_again_and_not_deleted(feeds):
    about = {"id": "sub_1", "object": "subscription", "status": "canceled"}

    changed, deleted = meant(feeds, "customer.subscription.deleted", about)

    assert changed == {("/v1/subscriptions", "sub_1")}
    assert deleted == set()


def test_a_card_announces_its_customer_and_its_own_deletion(feeds):
    card = {"id": "card_1", "object": "card", "customer": "cus_1"}

    changed, deleted = meant(feeds, "customer.source.deleted", card)

    assert changed == {("/v1/customers", "cus_1")}
    assert deleted == {("cards", "card_1")}


def test_a_deleted_customer_takes_its_sources_along(feeds):
    card = {"id": "card_1", "object": "card"}
    customer = {"id": "cus_1", "object": "customer", "sources": {"data": [card]}}

    _, deleted = meant(feeds, "customer.deleted", customer)

    assert deleted == {("customers", "cus_1"), ("cards", "card_1")}


def test_lines_that_an_edit_took_away_are_doubted(feeds):
    line = {"id": "il_1", "object": "line_item"}
    invoice = {"id": "in_1", "object": "invoice", "status": "draft"}

    changed, deleted = meant(
        feeds, "invoice.updated", invoice, previous={"lines": {"data": [line]}}
    )

    assert ("/v1/invoices", "in_1") in changed
    assert deleted == {("invoice_lines", "il_1")}


def test_a_one_time_price_is_no_plan(feeds):
    about = {"id": "price_1", "object": "price", "type": "one_time"}

    assert meant(feeds, "price.updated", about) == ({("/v1/prices", "price_1")}, set())


def test_an_invoice_that_is_only_previewed_means_nothing(feeds):
    assert meant(feeds, "invoice.upcoming", {"object": "invoice"}) == (set(), set())


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["id", "object", "data", "lines", "items", "discounts"]),
            inner,
        )
    ),
    max_leaves=10,
)
KINDS = ["invoice", "customer", "card", "discount", "subscription", "price", "unknown"]


@given(
    st.dictionaries(st.sampled_from(["id", "customer", "lines", "sources"]), JSON),
    st.sampled_from(KINDS),
    st.sampled_from(["x.deleted", "x.updated"]),
    st.dictionaries(st.sampled_from(["lines", "items", "discounts"]), JSON),
)
def test_no_event_does_harm(feeds, about, kind, type_, previous):
    changes = Changes(feeds)

    changes.add([raised(type_, {**about, "object": kind}, previous=previous)])

    for listing in {feed.listing for _, feed in feeds}:
        assert all(isinstance(id_, str) for id_ in changes.waiting(listing))
