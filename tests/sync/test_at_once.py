"""As many requests at once as use the budget up, fewer where the writer is behind."""

from __future__ import annotations

import pytest

from tap_stripe.api.rate import RateBudget
from tap_stripe.api.usage import Usage
from tap_stripe.sync.at_once import AtOnce
from tap_stripe.sync.readers import UNWRITTEN


def at_once(*, per_second, latencies, unwritten=0):
    usage = Usage()
    for seconds in latencies:
        usage.answered(seconds)
    return AtOnce(RateBudget(per_second), usage, unwritten=lambda: unwritten)


def test_it_is_pace_times_latency_and_something_over():
    assert at_once(per_second=20, latencies=[0.1] * 50)("") == 3
    assert at_once(per_second=20, latencies=[0.1] * 50)("/v1/charges") == 3


def test_the_first_answers_tell_the_latency():
    # Before them 0.2 seconds are assumed.
    assert at_once(per_second=20, latencies=[])("") == 6
    assert at_once(per_second=20, latencies=[0.05] * 3)("") == 2


def test_one_request_is_under_way_whatever_the_clock_says():
    assert at_once(per_second=20, latencies=[0.0])("") == 1


@pytest.mark.parametrize("per_second", [2, 10, 25])
def test_fewer_are_under_way_the_more_wait_for_the_writer(per_second):
    counts = [
        at_once(per_second=per_second, latencies=[0.15] * 9, unwritten=unwritten)("")
        for unwritten in range(UNWRITTEN + 2)
    ]

    assert counts == sorted(counts, reverse=True)
    # One is always being written.
    assert counts[1] >= counts[0] * 0.8
    assert counts[-3] > 0
    assert counts[-2:] == [0, 0]
