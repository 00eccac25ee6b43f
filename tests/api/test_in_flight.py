"""Requests at once, against a limiter in simulated time."""

from __future__ import annotations

import heapq
import random
import threading
import time

from hypothesis import given, settings
from hypothesis import strategies as st

from tap_stripe.api.in_flight import Bound, InFlight

MOST = 32
LATENCY_S = 0.15
ON_THE_WAY_S = 0.01


class Stripe:
    """Readers that always have a next request, and a server that bounds them.

    Requests may overtake each other on the way, and the server may take note of an
    answer's end only after the client has it (`late_s`).
    """

    def __init__(self, *, limit, seed=1, readers=MOST, late_s=0.0, start=8):
        self.now = 1000.0
        self.limit = limit
        self.bound = Bound(MOST, start=start, clock=lambda: self.now)
        self.served = self.refused = 0
        self._late_s = late_s
        self._chance = random.Random(seed)
        self._idle = readers
        self._running = self._judged = self._order = 0
        self._events = []

    def run(self, seconds):
        """Go on; give the answers and the 429s of this time."""
        before = self.served, self.refused
        end = self.now + seconds
        self._send()
        while self._events and self._events[0][0] <= end:
            self.now, _, happens, sent = heapq.heappop(self._events)
            happens(sent)
            self._send()
        self.now = end
        return self.served - before[0], self.refused - before[1]

    def _send(self):
        while self._idle and self._running < self.bound.allowed:
            self._idle -= 1
            self._running += 1
            self._in(self._way(), self._arrive, self.bound.sent(self._running))

    def _way(self):
        return ON_THE_WAY_S * self._chance.uniform(0.5, 1.5)

    def _in(self, seconds, happens, sent):
        self._order += 1
        heapq.heappush(self._events, (self.now + seconds, self._order, happens, sent))

    def _arrive(self, sent):
        if self._judged >= self.limit:
            self._in(self._way(), self._is_refused, sent)
            return
        self._judged += 1
        took_s = LATENCY_S * self._chance.uniform(0.5, 1.5)
        self._in(took_s + self._late_s * self._chance.random(), self._leave, sent)
        self._in(took_s + self._way(), self._is_answered, sent)

    def _leave(self, _):
        self._judged -= 1

    def _is_answered(self, sent):
        self._running -= 1
        self._idle += 1
        self.served += 1
        self.bound.answered(sent)

    def _is_refused(self, sent):
        self._running -= 1
        self.refused += 1
        self.bound.refused(sent)
        self._in(0.4 * self._chance.uniform(0.5, 1), self._wants_again, sent)

    def _wants_again(self, _):
        self._idle += 1


def most_served(limit, seconds):
    return limit * seconds / (LATENCY_S + 2 * ON_THE_WAY_S)


LIMITS = st.integers(1, MOST + 8)
SEEDS = st.integers(0, 1000)


@settings(max_examples=30)
@given(limit=LIMITS, seed=SEEDS, start=st.sampled_from([4, 8]))
def test_a_limit_is_used_up_and_run_into_rarely(limit, seed, start):
    stripe = Stripe(limit=limit, seed=seed, start=start)
    stripe.run(30)

    served, refused = stripe.run(60)

    assert refused <= 0.015 * served
    assert served >= 0.95 * most_served(min(limit, MOST), 60)


@settings(max_examples=30)
@given(limit=st.integers(2, MOST), seed=SEEDS)
def test_a_server_that_counts_a_request_for_longer_is_not_run_into_again_and_again(
    limit, seed
):
    stripe = Stripe(limit=limit, seed=seed, late_s=0.02)
    stripe.run(30)

    served, refused = stripe.run(60)

    assert refused <= 0.02 * served
    # With two at once, one is all that it bears without a 429.
    assert served >= 0.45 * most_served(limit, 60)


@settings(max_examples=30)
@given(limit=LIMITS, seed=SEEDS)
def test_a_limit_is_found_at_the_cost_of_a_few_429s(limit, seed):
    stripe = Stripe(limit=limit, seed=seed)

    _, refused = stripe.run(10)

    assert refused <= 20


@settings(max_examples=30)
@given(seed=SEEDS)
def test_a_limit_that_shrinks_is_kept_and_one_that_grows_is_used_again(seed):
    stripe = Stripe(limit=30, seed=seed)
    stripe.run(60)
    stripe.limit = 4

    served, refused = stripe.run(60)
    stripe.limit = 30
    stripe.run(240)

    assert refused <= 0.05 * served
    assert served >= 0.9 * most_served(4, 60)
    assert stripe.bound.allowed >= 24


def test_without_a_limit_the_most_is_reached_at_once():
    stripe = Stripe(limit=1000)

    stripe.run(3 * LATENCY_S)

    assert stripe.bound.allowed == MOST


def test_requests_sent_before_a_cut_do_not_cut_again():
    bound = Bound(MOST, start=8)
    burst = [bound.sent(number) for number in range(1, 9)]

    for sent in burst[4:]:
        bound.refused(sent)

    assert bound.allowed == 3


def refuse_until_one_is_left(in_flight, endpoint):
    while in_flight.allowed(endpoint) > 1:
        with in_flight.place(endpoint):
            pass
        in_flight.throttled_at(endpoint)


def test_an_endpoint_with_too_many_at_once_slows_down_alone():
    in_flight = InFlight(MOST)
    refuse_until_one_is_left(in_flight, "/v1/charges")
    waiting = threading.Thread(target=enter, args=(in_flight, "/v1/charges"))

    with in_flight.place("/v1/charges"):
        waiting.start()
        for _ in range(3 * MOST):  # The one that waits keeps no place from others.
            with in_flight.place("/v1/invoices"):
                in_flight.succeeded("/v1/invoices")
        waits = waiting.is_alive()
    waiting.join(10)

    assert waits
    assert not waiting.is_alive()
    assert in_flight.allowed("/v1/invoices") > 1
    assert in_flight.allowed() >= 8


def enter(in_flight, endpoint):
    with in_flight.place(endpoint):
        pass


def test_too_many_at_once_in_all_slow_down_all():
    in_flight = InFlight(MOST)
    before = in_flight.allowed()

    with in_flight.place("/v1/charges"):
        pass
    in_flight.throttled()

    assert in_flight.allowed() < before
    assert in_flight.allowed("/v1/charges") == in_flight.allowed("/v1/invoices")


def test_no_more_are_under_way_than_allowed():
    in_flight, lock = InFlight(3), threading.Lock()
    running, most = 0, 0

    def ask():
        nonlocal running, most
        for _ in range(20):
            with in_flight.place("/v1/charges"):
                with lock:
                    running += 1
                    most = max(most, running)
                time.sleep(0.001)
                with lock:
                    running -= 1
            in_flight.succeeded("/v1/charges")

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)

    assert most == 3
