"""Whether there is an event that a sync before has not seen."""

from __future__ import annotations

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from tap_stripe.sync.changes import LastEvents

EVENTS = st.dictionaries(st.text(min_size=1), st.integers(0, 100), max_size=8)


def mark(events, since):
    last = LastEvents(since)
    encode = msgspec.json.encode
    last.add(
        {"id": msgspec.Raw(encode(id_)), "created": msgspec.Raw(encode(created))}
        for id_, created in events
    )
    return last.mark


@given(EVENTS, st.integers(0, 100), st.randoms())
def test_the_same_events_in_any_order_have_the_same_mark(events, since, chance):
    pairs = list(events.items())
    shuffled = chance.sample(pairs, len(pairs))

    assert mark(pairs, since) == mark(shuffled, since)


@given(EVENTS, st.integers(0, 100))
def test_an_event_more_makes_another_mark(events, since):
    pairs = list(events.items())

    assert mark([*pairs, ("evt_new", since)], since) != mark(pairs, since)
    assert mark([*pairs, ("evt_old", since - 1)], since) == mark(pairs, since)


@given(EVENTS, st.integers(0, 100), st.integers(0, 100))
def test_no_event_is_no_mark_and_another_second_another_mark(events, since, other):
    pairs = [(id_, 200) for id_ in events]

    assert (mark(pairs, since) == 0) == (not pairs)
    assert (mark(pairs, since) == mark(pairs, other)) == (not pairs or since == other)
