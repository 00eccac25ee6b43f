"""Bookmarks: what a run says, and what the next one makes of it."""

from __future__ import annotations

import copy
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tap_stripe.errors import StateError
from tap_stripe.sync.state import FORMAT, Bookmark, read_bookmark, write_bookmark
from tap_stripe.state.intervals import union

LISTINGS = ["/v1/invoices", "/v1/customers"]
SECOND = st.integers(0, 2_000_000_000)
PAIR = st.tuples(SECOND, SECOND).map(lambda pair: (min(pair), max(pair)))
SET = st.lists(PAIR, max_size=5).map(union)
BOOKMARK = st.builds(
    lambda watermark, unread, waiting, unsettled, version: Bookmark(
        watermark=watermark,
        listed=watermark,
        unread=unread,
        waiting=waiting,
        unsettled=unsettled,
        version=version,
    ),
    SECOND,
    st.fixed_dictionaries(dict.fromkeys(LISTINGS, SET)),
    st.fixed_dictionaries(
        dict.fromkeys(
            LISTINGS, st.lists(st.tuples(st.text(), st.none() | SECOND), max_size=3)
        )
    ),
    SET,
    SECOND,
)


def merged(later, earlier):
    """Merge as Meltano does with --merge-state: objects deeply, all else replaced."""
    result = copy.deepcopy(earlier)
    for key, value in later.items():
        if isinstance(value, dict) and isinstance(result.get(key), dict):
            result[key] = merged(value, result[key])
        else:
            result[key] = value
    return result


@given(BOOKMARK)
def test_a_bookmark_is_read_as_it_was_written(bookmark):
    written = json.loads(json.dumps(write_bookmark(bookmark)))

    assert read_bookmark("invoices", written, LISTINGS) == bookmark


@given(BOOKMARK, BOOKMARK)
def test_a_bookmark_merged_into_an_earlier_one_is_the_later_one(later, earlier):
    state = merged(write_bookmark(later), write_bookmark(earlier))

    assert read_bookmark("invoices", state, LISTINGS) == later


@given(BOOKMARK, st.booleans())
def test_what_has_waited_waits_no_more_once_it_is_read(bookmark, whole):
    waiting = write_bookmark(bookmark)

    if whole:
        bookmark.start_over(start=0, now=2, ready=1)
    else:
        bookmark.nothing_waits()
    state = merged(write_bookmark(bookmark), waiting)

    held = read_bookmark("invoices", state, LISTINGS).waiting
    assert held == {listing: [] for listing in LISTINGS}


@pytest.mark.parametrize(
    "kept", [{}, {"replication_key": "received_at", "replication_key_value": "2026"}]
)
def test_a_bookmark_without_our_keys_claims_nothing(kept):
    bookmark = read_bookmark("invoices", kept, LISTINGS)

    assert bookmark.watermark is None
    assert bookmark.unread == {listing: [] for listing in LISTINGS}


def test_a_first_read_has_everything_unread_and_a_watermark_all_the_same():
    bookmark = read_bookmark("invoices", {}, LISTINGS)

    bookmark.start_over(start=5, now=100, ready=90)

    assert bookmark.watermark == 90
    assert bookmark.unread == {listing: [(5, 100)] for listing in LISTINGS}
    assert not bookmark.is_complete
    assert not bookmark.activated


def test_a_later_read_adds_what_is_new_to_what_was_left():
    bookmark = Bookmark(
        watermark=90,
        listed=90,
        unread={"/v1/invoices": [(10, 20)]},
        unsettled=[(50, 50)],
        version=7,
    )

    bookmark.go_on(start=0, now=200, ready=190)
    bookmark.go_on(start=0, now=200, ready=195)

    assert bookmark.unread == {"/v1/invoices": [(10, 20), (90, 200)]}
    assert bookmark.unsettled == [(50, 50)], "until the sync has read it again"
    assert bookmark.watermark == 90, "changes are not in yet"
    assert bookmark.listed == 195
    assert bookmark.recent == 90, "no sync has ended since"
    assert bookmark.version == 7


def test_a_listing_that_is_new_to_the_tap_is_unread_from_the_start():
    kept = write_bookmark(Bookmark(watermark=90, listed=95, unread={LISTINGS[0]: []}))

    bookmark = read_bookmark("discounts", kept, LISTINGS)

    assert bookmark.unread == {LISTINGS[0]: [], LISTINGS[1]: [(0, 95)]}


@pytest.mark.parametrize(
    "broken",
    [
        {"format": FORMAT + 1, "watermark": 1, "listed": 1},
        {"format": "one", "watermark": 1, "listed": 1},
        {"watermark": "yesterday", "listed": 1},
        {"watermark": 1},
        {"watermark": 1, "listed": 1, "unread": {"/v1/invoices": [[9, 3]]}},
        {"watermark": 1, "listed": 1, "unread": {"/v1/invoices": [[9]]}},
        {"watermark": 1, "listed": 1, "unread": [1, 2]},
        {"watermark": 1, "listed": 1, "unsettled": None},
        {"format": 1, "version": 1.5},
    ],
)
def test_a_broken_bookmark_is_refused_with_its_name_and_what_to_do(broken):
    with pytest.raises(StateError, match=r"state of invoices .*drop"):
        read_bookmark("invoices", broken, LISTINGS)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)
KEYS = st.sampled_from(Bookmark.__struct_fields__) | st.text()


@given(st.dictionaries(KEYS, JSON))
def test_any_json_is_a_bookmark_or_is_refused_in_words(kept):
    refused = None
    try:
        listings = set(read_bookmark("invoices", kept, LISTINGS).unread)
    except StateError as error:
        refused = str(error)

    assert "state of invoices" in refused if refused else listings == set(LISTINGS)
