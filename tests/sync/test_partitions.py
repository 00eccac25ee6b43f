"""The state of many accounts: small, and without loss."""

from __future__ import annotations

import copy
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tap_stripe.errors import StateError
from tap_stripe.sync.partitions import PLACES, Partitions
from tap_stripe.sync.state import Bookmark
from tests.sync.test_state import BOOKMARK, JSON, LISTINGS, merged

WANTED = {"invoices": LISTINGS, "customers": LISTINGS[1:]}
ACCOUNTS = st.sampled_from([f"acct_{number}" for number in range(4)])


def stands(bookmark):
    """Give what a bookmark says, whichever of its empty keys are there."""
    return (
        bookmark.watermark,
        bookmark.listed,
        bookmark.unread,
        {key: held for key, held in bookmark.waiting.items() if held},
        bookmark.unsettled,
    )


def known(bookmarks):
    return {name: stands(bookmark) for name, bookmark in bookmarks.items()}


def through_json(partitions, names=WANTED):
    return json.loads(json.dumps(partitions.write(names)))


BOOKMARKS = st.fixed_dictionaries({"invoices": BOOKMARK}).map(
    lambda found: {
        **found,
        "customers": Bookmark(
            watermark=9, listed=9, unread={"/v1/customers": []}, activated=True
        ),
    }
)


@given(st.lists(st.tuples(ACCOUNTS, BOOKMARKS, st.integers(0, 9)), max_size=8))
def test_each_account_is_read_as_it_was_last_put(steps):
    partitions = Partitions({})
    last = {}
    for account_id, bookmarks, seen in steps:
        partitions.put(account_id, copy.deepcopy(bookmarks), seen=seen)
        last[account_id] = bookmarks, seen

    again = Partitions(through_json(partitions))

    assert again.accounts().keys() == last.keys()
    for account_id, (bookmarks, seen) in last.items():
        assert known(again.take(account_id, WANTED)) == known(bookmarks)
        assert again.seen(account_id) == seen


@given(
    st.lists(st.tuples(ACCOUNTS, BOOKMARKS), min_size=1, max_size=8), st.integers(0, 7)
)
def test_a_later_state_merged_into_an_earlier_one_is_the_later_one(steps, cut):
    partitions = Partitions({})
    written = []
    for account_id, bookmarks in steps:
        partitions.put(account_id, bookmarks, seen=1)
        written.append(through_json(partitions))

    state = merged(written[-1], written[min(cut, len(written) - 1)])

    assert state == written[-1]


def test_collections_that_are_not_selected_stay_where_they_were():
    partitions = Partitions({})
    at_9 = Bookmark(watermark=9, listed=9, unread={"/v1/customers": [(1, 2)]})
    partitions.put("acct_1", {"customers": at_9}, seen=0)
    at_20 = Bookmark(watermark=20, listed=20, unread={LISTINGS[0]: []})

    partitions.put("acct_1", {"invoices": at_20}, seen=0)

    found = Partitions(through_json(partitions)).take("acct_1", WANTED)
    assert found["customers"].watermark == 9
    assert found["customers"].unread == {"/v1/customers": [(1, 2)]}
    assert found["invoices"].watermark == 20
    assert found["invoices"].unread["/v1/customers"] == [(0, 20)], "never read"


def test_an_account_that_was_dropped_is_new():
    partitions = Partitions({})
    bookmark = Bookmark(watermark=9, listed=9, unread={"/v1/customers": [(1, 2)]})
    partitions.put("acct_1", {"customers": bookmark}, seen=5)

    partitions.drop("acct_1")

    again = Partitions(through_json(partitions))
    assert again.accounts() == {}
    assert again.take("acct_1", WANTED)["customers"].watermark is None
    assert again.seen("acct_1") == 0


def test_an_account_takes_little_more_than_its_id():
    partitions = Partitions({})
    names = [f"collection_{number}" for number in range(22)]
    for number in range(10_000):
        bookmarks = {
            name: Bookmark(
                watermark=1_790_000_000,
                listed=1_790_000_000,
                unread={f"/v1/{name}": []},
                activated=True,
            )
            for name in names
        }
        partitions.put(f"acct_{number:016}", bookmarks, seen=0)

    size = len(json.dumps(partitions.write(names)))

    assert size < 10_000 * 30


@pytest.mark.parametrize(
    "broken",
    [
        {PLACES: {"partitions": 3}},
        {PLACES: {"partitions": [{"context": {"account_id": "acct_1"}}]}},
        {PLACES: {"format": 99}},
        {"invoices": {"partitions": "acct_1"}},
        {"invoices": {"partitions": [{"context": "acct_1"}]}},
    ],
)
def test_a_broken_state_is_refused_in_words(broken):
    with pytest.raises(StateError, match="drop"):
        Partitions(broken)


@given(JSON)
def test_any_json_is_partitions_or_is_refused_in_words(held):
    for bookmarks in ({PLACES: held}, {"invoices": {"partitions": held}}):
        refused = None
        try:
            Partitions(bookmarks)
        except StateError as error:
            refused = str(error)
        assert refused is None or "drop the state" in refused or "drop it" in refused


@given(st.dictionaries(st.sampled_from(Bookmark.__struct_fields__), JSON))
def test_any_partition_of_an_account_is_read_or_refused_in_words(delta):
    place = {"watermark": 9, "listed": 9, "read": [["invoices", LISTINGS]]}
    state = {
        PLACES: {"partitions": [{"context": {"account_id": ["a"]}, "place": place}]},
        "invoices": {"partitions": [{"context": {"account_id": "a"}, **delta}]},
    }
    partitions = Partitions(state)

    refused = None
    try:
        listings = set(partitions.take("a", WANTED)["invoices"].unread)
    except StateError as error:
        refused = str(error)

    assert "invoices of a" in refused if refused else listings == set(LISTINGS)
