"""What is read first when a sync goes on that was killed, and what last."""

from __future__ import annotations

import pytest

from tap_stripe.streams import Collection, listings
from tap_stripe.sync.plan import windows
from tap_stripe.sync.reading import Reading
from tap_stripe.sync.state import Bookmark
from tap_stripe.tap import TapStripe

NOW, WATERMARK = 2000, 1000
CHARGES = listings.CHARGES.path


@pytest.fixture(scope="module")
def reading():
    tap = TapStripe(config={"api_key": "sk_test_1"}, parse_env_config=False)
    charges = tap.streams["charges"]
    assert isinstance(charges, Collection)
    return Reading(None, listings.CHARGES, ((charges, charges.feeds[0]),))


def planned(reading, unread, *, kept=True, unsettled=()):
    bookmark = Bookmark(
        # The events are read further than the last whole sync.
        watermark=NOW - 1,
        listed=NOW - 1,
        recent=WATERMARK,
        unread={CHARGES: list(unread)},
    )
    left, last = windows(
        [reading],
        {"charges": bookmark},
        frozenset({"charges"} if kept else ()),
        {CHARGES: list(unsettled)},
        start=0,
        now=NOW,
    )
    return [window.unread for window in left], [window.unread for window in last]


def test_a_first_sync_reads_a_list_as_one(reading):
    assert planned(reading, [(0, NOW)], kept=False) == ([[(0, NOW)]], [])


def test_what_is_new_since_the_last_sync_is_read_last(reading):
    assert planned(reading, [(WATERMARK, NOW)]) == ([], [[(WATERMARK, NOW)]])


def test_what_a_first_sync_did_not_begin_is_not_new(reading):
    assert planned(reading, [(0, NOW)]) == (
        [[(0, WATERMARK - 1)]],
        [[(WATERMARK, NOW)]],
    )


def test_what_was_left_is_read_before_what_each_run_looks_at(reading):
    assert planned(reading, [(10, 20), (1990, NOW)], unsettled=[(500, 600)]) == (
        [[(10, 20)]],
        [[(500, 600), (1990, NOW)]],
    )


def test_what_a_stopped_run_left_of_what_was_new_is_read_before_what_is_newer(reading):
    assert planned(reading, [(WATERMARK, 1100), (1990, NOW)]) == (
        [[(WATERMARK, 1100)]],
        [[(1990, NOW)]],
    )


def test_what_was_left_and_is_read_again_in_any_case_is_read_once(reading):
    assert planned(reading, [(500, NOW)], unsettled=[(550, 600)]) == (
        [[(500, 549), (601, WATERMARK - 1)]],
        [[(550, 600), (WATERMARK, NOW)]],
    )
