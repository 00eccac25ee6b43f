"""What one run leaves to be read again, taken over by the next."""

from __future__ import annotations

import json
from itertools import product

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tap_stripe.api.body import decode_page
from tap_stripe.streams import Collection, listings
from tap_stripe.sync.changes import Changes, Pending
from tap_stripe.tap import TapStripe


def as_said(found):
    """Give what a STATE line says."""
    return msgspec.json.decode(msgspec.json.encode(found))


def tell(changes, type_, id_):
    """Have an event come in."""
    object_, _, _ = type_.partition(".")
    event = {
        "id": f"evt_{id_}",
        "type": type_,
        "created": 40,
        "data": {"object": {"id": id_, "object": object_}},
    }
    page = {"object": "list", "url": "/v1/events", "data": [event], "has_more": False}
    changes.add(decode_page(json.dumps(page).encode()).data)


@pytest.mark.parametrize(
    ("lines", "doubtful", "itself"), list(product([False, True], repeat=3))
)
def test_what_is_known_of_an_object_is_the_same_in_the_next_run(
    lines, doubtful, itself
):
    before = Pending(created=7, lines=lines, doubtful=doubtful, itself=itself)
    changes = Changes(())

    changes.add_left(listings.INVOICES, "in_1", before.created, before.kind)

    assert changes.waiting(listings.INVOICES) == {"in_1": before}
    assert before.is_first is (lines or doubtful or not itself)


def test_a_row_that_may_be_gone_is_so_in_the_next_run_too_until_it_is_seen():
    tap = TapStripe(config={"api_key": "sk_test_1"}, parse_env_config=False)
    cards = tap.streams["cards"]
    assert isinstance(cards, Collection)
    changes = Changes(())

    changes.add_maybe_gone(cards, "card_1", 5)
    changes.add_maybe_gone(cards, "card_2", 6)
    changes.saw_row(cards, "card_1")

    assert as_said(changes.maybe_gone(cards)) == [["card_2", 6]]
    (gone,) = changes.take_children()
    assert changes.maybe_gone(cards) == []
    assert gone.last_known == {"id": "card_2", "object": cards.stripe_object}


TAP = TapStripe(config={"api_key": "rk_test_1"}, validate_config=False)


@pytest.fixture
def coupons():
    found = TAP.streams["coupons"]
    assert isinstance(found, Collection)
    return found


@pytest.fixture
def left_by_a_killed_run(coupons):
    changes = Changes([])
    changes.add_left(listings.COUPONS, "kept", 3, alive_at=60)
    changes.add_gone(coupons, listings.COUPONS, "gone", 3, 50)
    return changes


def test_what_is_gone_is_said_by_the_state_apart_from_what_waits(left_by_a_killed_run):
    changes = left_by_a_killed_run

    left = as_said(changes.left(listings.COUPONS))

    assert left == [[["kept", 3]], [], [["gone", 3, 50]]]
    assert [id_ for _, id_, _ in changes.take_gone()] == ["gone"]


def test_an_older_deletion_that_is_read_later_does_not_flag_what_waits(
    coupons, left_by_a_killed_run
):
    changes = left_by_a_killed_run

    changes.add_gone(coupons, listings.COUPONS, "kept", 3, 40)

    assert [id_ for _, id_, _ in changes.take_gone()] == ["gone"]
    assert "kept" in changes.waiting(listings.COUPONS)


@pytest.mark.parametrize("name", ["invoices", "invoice_items"])
def test_an_id_that_cannot_come_back_needs_no_look_after_a_deletion(name):
    collection = TAP.streams[name]
    assert isinstance(collection, Collection)
    listing = collection.feeds[0].listing
    changes = Changes([(collection, collection.feeds[0])])
    # The same second, and a run before that had not come to the older event.
    changes.add_left(listing, "same", 3, alive_at=40)
    changes.add_left(listing, "older", 3, alive_at=60)

    # A look that did not find it may be older than what an event tells.
    changes.add_left(listing, "looked for", 3, alive_at=60)
    changes.add_gone(collection, listing, "looked for", 3, 40)

    for id_ in ("same", "older"):
        tell(changes, f"{listing.object}.deleted", id_)

    assert [id_ for _, id_, _ in changes.take_gone()] == ["same", "older"]
    assert list(changes.waiting(listing)) == ["looked for"]


def test_an_object_that_is_not_there_is_gone_if_an_event_was_about_it(coupons):
    changes = Changes([(coupons, coupons.feeds[0])])
    changes.add_left(listings.COUPONS, "itself", 3, alive_at=60)
    changes.add_left(listings.COUPONS, "inside", 3, Pending(itself=False).kind)

    changes.missed(listings.COUPONS, "itself", 50)
    changes.missed(listings.COUPONS, "inside", 50)

    assert as_said(changes.left(listings.COUPONS)) == [[], [], [["itself", 3, 50]]]
    assert [id_ for _, id_, _ in changes.take_gone()] == ["itself"]


def test_what_is_gone_and_has_no_row_of_its_own_waits_no_longer(coupons):
    changes = Changes([(coupons, coupons.feeds[0])])
    changes.add_left(listings.CUSTOMERS, "cus_1", 3)

    assert changes.missed(listings.CUSTOMERS, "cus_1", 50)
    assert not changes.waiting(listings.CUSTOMERS)


def test_what_was_read_in_this_run_is_not_asked_for_again(coupons):
    changes = Changes([(coupons, coupons.feeds[0])])
    for id_ in ("read", "missing", "waiting"):
        changes.add_left(listings.COUPONS, id_, 3)
    changes.saw(listings.COUPONS, "read")
    changes.missed(listings.COUPONS, "missing", 50)
    list(changes.take_gone())

    for id_ in ("read", "missing", "waiting", "new"):
        changes.add_id(listings.COUPONS, id_)

    assert list(changes.waiting(listings.COUPONS)) == ["waiting", "new"]


STEPS = {
    "updated": lambda changes, id_: tell(changes, "coupon.updated", id_),
    "deleted": lambda changes, id_: tell(changes, "coupon.deleted", id_),
    "left": lambda changes, id_: changes.add_left(listings.COUPONS, id_, 3, 0),
    "doubtful": lambda changes, id_: changes.add_left(listings.COUPONS, id_, 3, 2),
    "new": lambda changes, id_: changes.add_id(listings.COUPONS, id_),
    "saw": lambda changes, id_: changes.saw(listings.COUPONS, id_),
    "missed": lambda changes, id_: changes.missed(listings.COUPONS, id_, 50),
    "forget": lambda changes, id_: changes.forget(listings.COUPONS, [id_]),
    "drop": lambda changes, _: changes.drop(listings.COUPONS),
    "gone": lambda changes, _: list(changes.take_gone()),
}


@given(st.lists(st.tuples(st.sampled_from(sorted(STEPS)), st.sampled_from("abc"))))
def test_what_the_state_says_is_what_waits(steps):
    coupons = TAP.streams["coupons"]
    assert isinstance(coupons, Collection)
    changes = Changes([(coupons, coupons.feeds[0])])

    for step, id_ in steps:
        STEPS[step](changes, id_)

        pending = changes.waiting(listings.COUPONS).items()
        alive = [(id_, one) for id_, one in pending if not one.is_gone]
        waiting = [[id_, one.created] for id_, one in alive if not one.kind]
        doubtful = [[id_, one.created, one.kind] for id_, one in alive if one.kind]
        gone = [
            [id_, one.created, one.deleted_at] for id_, one in pending if one.is_gone
        ]
        said = [sorted(entries) for entries in as_said(changes.left(listings.COUPONS))]
        assert said == [sorted(waiting), sorted(doubtful), sorted(gone)]
