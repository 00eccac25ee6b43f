"""Sets of seconds, against sets of integers."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from tap_stripe.state.intervals import (
    covered,
    fewer,
    pieces,
    seconds,
    split,
    union,
    without,
)

SECOND = st.integers(0, 60)
INTERVAL = st.tuples(SECOND, SECOND)
ANY = st.lists(INTERVAL, max_size=8)
SET = ANY.map(union)


def flat(intervals):
    return {second for first, last in intervals for second in range(first, last + 1)}


def is_set(intervals):
    ordered = all(first <= last for first, last in intervals)
    apart = all(a[1] + 1 < b[0] for a, b in pairwise(intervals))
    return ordered and apart


@given(ANY)
def test_a_union_has_each_second_and_is_sorted_and_apart(intervals):
    made = union(intervals)

    assert flat(made) == flat(intervals)
    assert is_set(made)


@given(SET, INTERVAL)
def test_what_was_read_is_taken_out_and_nothing_else(unread, read):
    left = without(unread, read)

    assert flat(left) == flat(unread) - flat([read])


@given(SET, SECOND)
def test_a_split_loses_no_second(unread, second):
    older, newer = split(unread, second)

    assert flat(older) | flat(newer) == flat(unread)
    assert all(one <= second for one in flat(older))
    assert all(one > second for one in flat(newer))


@given(SET, st.integers(1, 5))
def test_fewer_intervals_cover_at_least_the_same(unread, most):
    joined = fewer(unread, most)

    assert len(joined) <= most
    assert flat(joined) >= flat(unread)
    assert is_set(joined)
    assert joined == unread or len(unread) > most


@given(st.dictionaries(st.sampled_from("abc"), SET))
def test_pieces_give_each_collection_its_own_seconds_once(unread):
    cut = pieces(unread)

    for name, held in unread.items():
        mine = [interval for interval, fed in cut if name in fed]
        assert flat(mine) == flat(held)
    assert sum(seconds([interval]) for interval, _ in cut) == len(
        set().union(*map(flat, unread.values()))
    )
    assert cut == sorted(cut, reverse=True)


@given(SET)
def test_seconds_are_counted(unread):
    assert seconds(unread) == len(flat(unread))


@given(INTERVAL.filter(lambda pair: pair[0] <= pair[1]), st.data())
def test_the_second_of_a_full_pages_last_object_stays_unread(interval, data):
    oldest = data.draw(st.integers(*interval))

    read = covered(oldest, interval)

    assert oldest not in flat([read])
    assert flat([read]) == {s for s in flat([interval]) if s > oldest}
    assert covered(None, interval) == interval
