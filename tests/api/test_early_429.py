"""What 429s that come early cost a run, in simulated time."""

from __future__ import annotations

import heapq
import random

from hypothesis import given, settings
from hypothesis import strategies as st

from tap_stripe.api.in_flight import Bound
from tap_stripe.api.rate import Pace

LATENCY_S = 0.15
PAGES = 200  # 20,000 charges
AN_ENDPOINT = 25
REASONS = ("rate", "concurrency", "lock timeout")


class Run:
    """A run that reads one endpoint's pages as fast as the paces and bounds let it.

    Args:
        refused: Numbers of the requests that Stripe answers with 429.
        reason: Why.
        pages: How many there are to read.
        budget: Requests/s for all.
        start: Requests/s that the endpoint starts with.
        latency_s: Seconds to an answer, give or take a third.
    """

    def __init__(
        self, refused, reason, *, pages=PAGES, budget=100, start=25, latency_s=LATENCY_S
    ):
        self.now = 1000.0
        self._refused, self._reason = refused, reason
        self._pages = pages
        self._latency_s = latency_s
        self._chance = random.Random(1)

        def clock():
            return self.now

        self.all = Pace(budget, clock=clock)
        self.endpoint = Pace(budget, start=start, clock=clock)
        self._bounds = [Bound(32, start=size, clock=clock) for size in (8, 4)]
        self._running = self._sent = self._order = 0
        self._events = []

    def seconds(self):
        began, left, answered = self.now, self._pages, 0
        ready: list[int] = []  # Requests that have their slots and wait for a place.
        for _ in range(min(32, left)):
            self._reserve()
            left -= 1
        while answered < self._pages:
            while ready and all(self._running < one.allowed for one in self._bounds):
                ready.pop()
                self._send()
            self.now, _, what, sent = heapq.heappop(self._events)
            if what == "ready":
                ready.append(1)
                continue
            if what == "again":
                self._reserve()
                continue
            self._running -= 1
            if what == "refused":
                self._refuse(sent)
                continue
            answered += 1
            self.all.succeeded()
            self.endpoint.succeeded()
            for bound, its in zip(self._bounds, sent, strict=True):
                bound.answered(its)
            if left:
                left -= 1
                self._reserve()
        return self.now - began

    def _in(self, seconds, what, sent=None):
        self._order += 1
        heapq.heappush(self._events, (self.now + seconds, self._order, what, sent))

    def _reserve(self):
        waits = self.endpoint.reserve()
        if waits > 0 and self.all.busy() < 0.6:
            self.endpoint.double()
        self._in(waits + self.all.reserve(), "ready")

    def _send(self):
        self._running += 1
        sent = [bound.sent(self._running) for bound in self._bounds]
        took_s = self._latency_s * self._chance.uniform(0.7, 1.3)
        if self._sent in self._refused:
            self._in(took_s / 5, "refused", sent)
        else:
            self._in(took_s, "answered", sent)
        self._sent += 1

    def _refuse(self, sent):
        if self._reason == "rate":
            self.endpoint.throttled()
            self.all.throttled()
        elif self._reason == "concurrency":
            for bound, its in zip(self._bounds, sent, strict=True):
                bound.refused(its)
        self._in(0.5 * self._chance.uniform(0.5, 1), "again")


UNDISTURBED_S = {
    latency_s: Run(set(), "", latency_s=latency_s).seconds()
    for latency_s in (0.05, 0.15, 0.6)
}


def most_s(latency_s=LATENCY_S):
    return 1.5 * UNDISTURBED_S[latency_s] + 1


@settings(max_examples=200)
@given(
    number=st.integers(0, 60),
    reason=st.sampled_from(REASONS),
    latency_s=st.sampled_from(sorted(UNDISTURBED_S)),
)
def test_one_early_429_costs_a_second_at_most(number, reason, latency_s):
    run = Run({number}, reason, latency_s=latency_s)

    assert run.seconds() <= most_s(latency_s)


@settings(max_examples=100)
@given(burst=st.integers(1, 32), reason=st.sampled_from(REASONS))
def test_a_first_burst_of_which_all_is_refused_costs_little_more(burst, reason):
    run = Run(set(range(burst)), reason)

    assert run.seconds() <= most_s() + 3


@settings(max_examples=200)
@given(numbers=st.sets(st.integers(0, 60), max_size=2), reason=st.sampled_from(REASONS))
def test_two_early_429s_cost_a_few_seconds(numbers, reason):
    run = Run(numbers, reason)

    # Two of a rate of 25 a second may be a limit of 25: it is not doubled any more.
    assert run.seconds() <= most_s() + 5


def test_one_late_429_after_a_pause_costs_a_second_at_most():
    run = Run(set(), "")
    run.seconds()
    run.now += 30
    run.endpoint.throttled()
    run.all.throttled()

    assert run.seconds() <= most_s()


def test_the_pace_alone_takes_a_second_longer_after_a_first_429():
    now = [1000.0]
    pace = Pace(100, clock=lambda: now[0])
    pace.throttled()

    for _ in range(10_000):
        now[0] += pace.reserve()
        pace.succeeded()

    assert now[0] - 1000 <= 101


def test_a_pace_is_back_soon_when_stripe_has_refused_all_for_some_seconds():
    now = [1000.0]
    pace = Pace(100, clock=lambda: now[0])
    while now[0] < 1010:
        now[0] += pace.reserve()
        pace.throttled()

    while now[0] < 1085:
        now[0] += pace.reserve()
        pace.succeeded()

    assert pace.rate == 100
