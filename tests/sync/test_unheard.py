"""Events that are read in runs which are stopped anywhere."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tap_stripe.streams.listing import Listing
from tap_stripe.sync.reading import Reading
from tap_stripe.sync.state import Bookmark
from tap_stripe.sync.unheard import Unheard
from tap_stripe.state.intervals import covered
from tap_stripe.sync.windows import FullPage, Window, Windows

PAGE, LAST = 5, 30
READING = Reading(None, Listing("/v1/events", "event"), ())
# Many in some seconds, none in most.
SECONDS = st.lists(
    st.tuples(st.integers(1, LAST), st.integers(1, 4 * PAGE)), max_size=6
)


def numbered(seconds):
    """Give events, newest first."""
    times = sorted((at for at, count in seconds for _ in range(count)), reverse=True)
    return [{"id": f"evt_{place}", "created": at} for place, at in enumerate(times)]


def listed(events, ask):
    """Give a page as Stripe does, and whether more is behind it."""
    ids = [event["id"] for event in events]
    begin = 0 if ask.cursor is None else ids.index(ask.cursor) + 1
    found = [one for one in events[begin:] if ask.first <= one["created"] <= ask.top]
    return found[:PAGE], len(found) > PAGE


def run(events, unheard, chance, pages):
    """Read some pages; gives the ids of what was read."""
    windows = Windows(
        [
            Window(READING, frozenset(), unread, unread[-1][1], cursor=cursor)
            for unread, cursor in unheard.stretches()
        ],
        at_once=lambda _: 4,
    )
    read, taken = [], []
    while windows:
        while (window := windows.take()) is not None:
            taken.append(window)
        window = taken.pop(chance.randrange(len(taken)))
        ask = window.ask()
        page, has_more = listed(events, ask)
        full = None
        if has_more:
            newest, oldest = page[0]["created"], page[-1]["created"]
            full = FullPage(newest, oldest, len(page), ask.top, page[-1]["id"])
        windows.give_back(window, full, len(page))
        if not pages:
            break  # What was on its way is lost.
        pages -= 1
        read += [event["id"] for event in page]
        down_to = full.oldest if full else None
        unheard.read(covered(down_to, (ask.first, ask.last)), page)
    return read


@given(SECONDS, st.lists(st.integers(0, 6), max_size=6), st.randoms())
def test_each_event_is_read_and_none_twice_however_often_runs_are_stopped(
    seconds, stops, chance
):
    events = numbered(seconds)
    bookmark = Bookmark(watermark=0, listed=0)
    read = []

    for pages in [*stops, 10_000]:
        unheard = Unheard([bookmark], LAST)
        read += run(events, unheard, chance, pages)
        left, cursors = unheard.until(LAST + 1)
        bookmark = Bookmark(watermark=LAST + 1, listed=0, events=left, cursors=cursors)

    assert sorted(read) == sorted(event["id"] for event in events)
    assert not bookmark.events
    assert not bookmark.cursors


def test_a_second_that_another_collection_needs_whole_is_read_whole():
    ahead = Bookmark(watermark=20, listed=0, events=[(1, 9)], cursors=[(9, "evt_5")])
    behind = Bookmark(watermark=5, listed=0)

    assert Unheard([ahead], 30).stretches() == [([(1, 9)], "evt_5"), ([(20, 30)], None)]
    assert Unheard([ahead, behind], 30).stretches() == [([(1, 30)], None)]


def test_what_is_read_again_in_any_case_needs_no_cursor():
    unheard = Unheard([Bookmark(watermark=0, listed=0)], 30)

    unheard.read((26, 30), [{"id": "evt_1", "created": 25}])

    assert unheard.until(30) == ([(0, 25)], [(25, "evt_1")])
    assert unheard.until(20) == ([(0, 20)], [])
    assert unheard.until(25) == ([(0, 25)], []), "it may not have been over"
