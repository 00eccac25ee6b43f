"""Windows, with readers in any order against a list in memory."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tap_stripe.errors import ResponseError
from tap_stripe.state.intervals import covered, union, without
from tap_stripe.streams.listing import Listing
from tap_stripe.sync.source import Source
from tap_stripe.sync.windows import (
    MOST_PAGES,
    PAGE,
    FullPage,
    Window,
    Windows,
)

NOW = 1_000_000
CHARGES = Listing("/v1/charges", "charge")
PLANS = Listing("/v1/plans", "plan")


class ListInMemory:
    """Answers as a list endpoint does, and counts."""

    def __init__(self, times):
        # Newest first; the place is the id.
        self.objects = list(enumerate(sorted(times, reverse=True)))
        self.requests = 0

    def page(self, window):
        self.requests += 1
        start = 0 if window.cursor is None else int(window.cursor) + 1
        inside = [
            (id_, created)
            for id_, created in self.objects[start:]
            if window.unread[0][0] <= created <= window.top
        ]
        return inside[:PAGE], len(inside) > PAGE


def anything(_):
    return True


def read(times, unread, *, readers, seed):
    """Read all windows, several at a time, in random order."""
    server, chance = ListInMemory(times), random.Random(seed)
    charges = Source(None, CHARGES)
    unread = union(unread)
    windows = Windows(
        [Window(charges, frozenset(), list(unread), unread[-1][1])],
        may_ask=anything,
    )
    under_way: list[Window] = []
    seen, left = [], list(unread)
    while windows:
        while len(under_way) < readers and (window := windows.take()) is not None:
            under_way.append(window)
        window = under_way.pop(chance.randrange(len(under_way)))
        first, last = window.unread[0][0], window.unread[-1][1]
        found, has_more = server.page(window)
        seen += found
        full = None
        if has_more:
            id_, oldest = found[-1]
            full = FullPage(found[0][1], oldest, len(found), window.top, str(id_))
        ends_at = None if full is None else full.oldest
        left = without(left, covered(ends_at, (first, last)))
        windows.give_back(window, full, len(found))
    return server, seen, left


TIMES = st.one_of(
    st.lists(st.integers(0, NOW), max_size=600),
    st.lists(st.integers(NOW - 50, NOW), max_size=600),
    st.lists(st.integers(0, 3).map(lambda n: n * 100_000), max_size=600),
)
UNREAD = st.lists(
    st.tuples(st.integers(0, NOW), st.integers(0, NOW)).map(sorted).map(tuple),
    min_size=1,
    max_size=5,
)


@settings(max_examples=150, deadline=None)
@given(TIMES, UNREAD, st.integers(1, 12), st.integers())
def test_each_object_of_the_unread_seconds_is_read(times, unread, readers, seed):
    server, seen, left = read(times, unread, readers=readers, seed=seed)

    wanted = {
        (id_, created)
        for id_, created in server.objects
        if any(first <= created <= last for first, last in unread)
    }
    assert wanted <= set(seen)
    assert left == []


@pytest.mark.parametrize("density", ["even", "growing", "bursts"])
def test_a_large_list_costs_few_more_requests_than_its_pages(density):
    chance = random.Random(1)
    shapes = {
        "even": lambda: chance.uniform(0.5, 1),
        "growing": lambda: 1 - abs(chance.gauss(0, 0.15)) % 1,
        "bursts": lambda: round(chance.random(), 3),
    }
    times = [int(shapes[density]() * NOW) for _ in range(50_000)]

    server, seen, left = read(times, [(0, NOW)], readers=20, seed=2)

    assert len(set(seen)) == 50_000
    assert left == []
    assert 50_000 / server.requests >= 95


def test_a_list_of_fewer_objects_than_a_page_costs_one_request():
    server, seen, _ = read(range(1000, 1099), [(0, NOW)], readers=20, seed=1)

    assert len(seen) == 99
    assert server.requests == 1


def test_intervals_with_little_in_them_are_read_with_one_request():
    unread = [(100, 100), (5000, 5000), (NOW - 900, NOW)]

    server, _, left = read([100, 5000, 7000, NOW - 5], unread, readers=20, seed=1)

    assert server.requests == 1
    assert left == []


def test_a_gap_that_is_full_of_objects_is_jumped_over():
    times = [*range(1000, 9000), 10, 9990]

    server, seen, left = read(times, [(0, 20), (9980, 9999)], readers=1, seed=1)

    assert {created for _, created in seen} >= {10, 9990}
    assert left == []
    assert server.requests == 2


def test_a_list_that_may_not_be_asked_now_keeps_no_other_waiting():
    charges, plans = Source(None, CHARGES), Source(None, PLANS)
    windows = Windows(
        [
            *(Window(charges, frozenset(), [(n, n)], n) for n in range(5)),
            Window(plans, frozenset(), [(0, 9)], 9),
        ],
        may_ask=lambda path: path != CHARGES.path,
    )

    taken = [windows.take() for _ in range(3)]

    assert [window.source for window in taken if window] == [plans]


def test_a_list_that_is_refused_is_read_no_further():
    charges = Source(None, CHARGES)
    windows = Windows(
        [Window(charges, frozenset(), [(n, n + 9)], n + 9) for n in (0, 90)],
        may_ask=anything,
    )
    windows.take()

    windows.drop(charges)

    assert windows.take() is None
    assert not windows


def test_a_second_without_end_is_an_error():
    window = Window(Source(None, CHARGES), frozenset(), [(7, 7)], 7)

    for place in range(MOST_PAGES):
        window.go_on(FullPage(7, 7, PAGE, 7, str(place)))

    with pytest.raises(ResponseError, match="without end"):
        window.go_on(FullPage(7, 7, PAGE, 7, "one more"))


# What can't be had


def read_around(times, bad, *, has_pages=True):
    """Read a list of which some seconds can't be had; give what is given up."""
    server, given_up = ListInMemory(times), []
    seen: list[tuple[int, int]] = []
    charges = Source(None, CHARGES)
    windows = Windows([Window(charges, frozenset(), [(0, NOW)], NOW)], may_ask=anything)
    while windows:
        window = windows.take()
        assert window is not None
        first = window.unread[0][0]
        found, has_more = server.page(window)
        read_down_to = found[-1][1] if has_more else first
        if any(read_down_to <= one <= window.top for one in bad) or not has_pages:
            found_bad = windows.failed(window)
            if found_bad is None:
                return server, None, seen
            given_up += found_bad
            continue
        seen += found
        full = None
        if has_more:
            id_, oldest = found[-1]
            full = FullPage(found[0][1], oldest, len(found), window.top, str(id_))
        windows.give_back(window, full, len(found))
    return server, given_up, seen


@pytest.mark.parametrize("count", [3_000, 20])
@pytest.mark.parametrize("bad", [{500_000}, {0}, {NOW}, {3, 700_000}])
def test_the_seconds_that_can_not_be_had_are_the_only_ones_given_up(bad, count):
    times = random.Random(1).sample(range(1, NOW), count)

    server, given_up, seen = read_around([*times, *bad], bad)

    assert sorted(given_up) == sorted((one, one) for one in bad)
    assert {created for _, created in seen} >= set(times) - bad
    # 30 pages; half of a million seconds is found in 20 steps, some before a page.
    assert server.requests < 30 + 60 * len(bad)


def test_a_list_of_which_no_page_comes_is_given_up_whole_and_soon():
    server, given_up, seen = read_around(range(1000), set(), has_pages=False)

    assert given_up is None
    assert seen == []
    assert server.requests == 5


def test_a_list_that_is_read_as_one_can_not_be_halved():
    coupons = Source(None, Listing("/v1/coupons", "coupon", windowed=False))
    window = Window(coupons, frozenset(), [(0, NOW)], NOW, whole=True)
    windows = Windows([window], may_ask=anything)

    assert windows.take() is window
    assert windows.failed(window) is None
    assert not windows


def test_a_list_without_created_that_goes_round_is_an_error():
    coupons = Source(None, Listing("/v1/coupons", "coupon", windowed=False))
    window = Window(coupons, frozenset(), [(0, NOW)], NOW, whole=True)
    for cursor in "AB" * 6:
        window.go_on(FullPage(9, 1, PAGE, 0, cursor))

    with pytest.raises(ResponseError, match="without end"):
        window.go_on(FullPage(9, 1, PAGE, 0, "A"))


# How far it is

BEGAN, SPAN = 1_500_000_000, 50_000_000


def standings(times, unread, *, readers=4, began=None):
    """Read all windows, one page after the other; give what they told meanwhile.

    Args:
        times: Of the objects.
        unread: What is to be read.
        readers: How many windows are read at once.
        began: Time of the only object of another list.
    """
    server = ListInMemory(times)
    charges = Source(None, CHARGES)
    plans = Source(None, PLANS)
    last = unread[-1][1]
    found = [Window(charges, frozenset(), list(unread), last)]
    if began is not None:
        found.append(Window(plans, frozenset(), [(0, last)], last))
    windows = Windows(found, may_ask=anything)
    told: list[tuple[int, float | None]] = []
    under_way: list[Window] = []
    while windows:
        while len(under_way) < readers and (window := windows.take()) is not None:
            under_way.append(window)
        window = under_way.pop(0)
        if window.source is plans:
            windows.give_back(window, None, 1, oldest=began)
        else:
            objects, has_more = server.page(window)
            full = None
            if has_more:
                id_, oldest = objects[-1]
                full = FullPage(objects[0][1], oldest, PAGE, window.top, str(id_))
            oldest = objects[-1][1] if objects else None
            windows.give_back(window, full, len(objects), oldest=oldest)
        [standing] = [one for one in windows.standing() if one[0] is charges]
        told.append(standing[1:])
    return server, told


def spread(count):
    chance = random.Random(1)
    return [BEGAN + chance.randrange(SPAN) for _ in range(count)]


@pytest.mark.parametrize("began", [None, BEGAN])
def test_all_requests_are_told_and_none_are_left_at_the_end(began):
    server, told = standings(spread(20_000), [(0, BEGAN + SPAN)], began=began)

    assert told[-1] == (server.requests, 0)
    assert [taken for taken, _ in told] == sorted(taken for taken, _ in told)


def test_nothing_is_foreseen_of_a_first_read_before_something_tells_where_it_ends():
    _, told = standings(spread(20_000), [(0, BEGAN + SPAN)])

    assert [left for _, left in told[:10]] == [None] * 10


@pytest.mark.parametrize(
    ("unread", "began"),
    [
        pytest.param([(0, BEGAN + SPAN)], BEGAN, id="another list tells"),
        pytest.param([(BEGAN, BEGAN + SPAN)], None, id="start_date, or a later sync"),
    ],
)
def test_what_is_left_is_foreseen_well(unread, began):
    server, told = standings(spread(20_000), unread, began=began)

    for taken, left in told[3:]:
        assert left is not None
        assert taken + left == pytest.approx(server.requests, rel=0.2)


def test_a_list_of_which_nothing_is_read_is_not_foreseen():
    windows = Windows(
        [Window(Source(None, CHARGES), frozenset(), [(BEGAN, BEGAN + 9)], BEGAN)],
        may_ask=anything,
    )

    [(_, taken, left)] = windows.standing()

    assert (taken, left) == (0, None)


def test_a_list_that_is_refused_has_nothing_left():
    charges = Source(None, CHARGES)
    windows = Windows([Window(charges, frozenset(), [(0, 9)], 9)], may_ask=anything)

    windows.drop(charges)

    assert windows.standing() == [(charges, 0, 0)]
