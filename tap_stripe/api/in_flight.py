"""How many requests are under way at once: learned from what Stripe refuses.

Stripe bounds the requests that run at once, of an account and of an endpoint, and tells
neither number. https://docs.stripe.com/rate-limits#concurrency-limiter
"""

from __future__ import annotations

import math
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

from tap_stripe.errors import Stopped

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_START = 8
_START_AN_ENDPOINT = 4
_LEAST_PATIENCE_S = 1.0
_MOST_PATIENCE_S = 20.0
_SOON_S = 10.0
"""A second 429 within it makes a limit of what was chance."""


class Sent(NamedTuple):
    """How a request was sent.

    Attributes:
        running: How many were under way then, itself included.
        cuts: How often the bound had been lowered by then.
    """

    running: int
    cuts: int


class Bound:
    """How many requests may be under way at once, as far as Stripe lets it show.

    Until there is a limit to be seen twice as many may be as were answered. A 429 takes
    half away, later a quarter; with the second one within some seconds there is a
    limit. From then on one more is tried now and then: soon again where that holds;
    where it is refused it is taken back, and the next try waits twice as long. So a
    limit is run into less and less often, and found again where it moves.

    Not thread-safe.

    Args:
        most: Requests at once that are never exceeded.
        start: Requests at once to begin with.
        clock: Seconds, monotonic.

    Attributes:
        allowed: How many may be under way now.
    """

    def __init__(
        self, most: int, *, start: int, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._clock = clock
        self._most = most
        self.allowed = min(most, start)
        self._cuts = 0
        self._changed_at = clock()
        self._cut_at = -math.inf
        self._has_met_limit = False
        self._patience_s = _LEAST_PATIENCE_S
        self._has_held = self._is_try = False

    def sent(self, running: int) -> Sent:
        """Give what `answered` or `refused` is to be told of a request."""
        return Sent(running, self._cuts)

    def answered(self, sent: Sent) -> None:
        """Note that Stripe let a request through."""
        if sent.cuts != self._cuts:
            return  # Sent under an older bound.
        self._has_held |= sent.running >= self.allowed
        if not self._has_met_limit:
            # Twice at first; after a 429 half as much again.
            more = sent.running if not self._cuts else (sent.running + 1) // 2
            self.allowed = max(self.allowed, min(self._most, sent.running + more))
        elif sent.running >= self.allowed:
            now = self._clock()
            if now - self._changed_at >= self._patience_s and self.allowed < self._most:
                if self._is_try:
                    self._patience_s = max(_LEAST_PATIENCE_S, self._patience_s / 2)
                self.allowed += 1
                self._changed_at, self._is_try = now, True

    def refused(self, sent: Sent) -> None:
        """Note that Stripe answered 429 because too many were under way."""
        if sent.cuts != self._cuts:
            return  # The bound has been lowered since.
        if self._has_held or self._is_try:
            self._patience_s = min(_MOST_PATIENCE_S, self._patience_s * 2)
        if self._is_try:
            allowed = self.allowed - 1
        else:
            refused = min(self.allowed, sent.running)
            allowed = refused - max(1, refused // (4 if self._has_held else 2))
        self.allowed = max(1, allowed)
        self._cuts += 1
        now = self._clock()
        self._has_met_limit |= now - self._cut_at < _SOON_S
        self._changed_at = self._cut_at = now
        self._has_held = self._is_try = False


class InFlight:
    """Bounds the requests that are under way at once, in all and to each endpoint.

    A request is sent and judged by one thread.

    Args:
        limit: Requests at once that are never exceeded.
        clock: Seconds, monotonic.
    """

    def __init__(
        self, limit: int, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._clock = clock
        self._limit = limit
        self._all = _Places(Bound(limit, start=_START, clock=clock))
        self._endpoints: dict[str, _Places] = {}
        self._free = threading.Condition()
        self._own = threading.local()
        self._is_closed = False

    @contextmanager
    def place(self, endpoint: str) -> Iterator[None]:
        """Wait for a place, and give it back.

        Args:
            endpoint: As for `RateBudget.endpoint`.

        Raises:
            Stopped: It is closed.
        """
        with self._free:
            own = self._of(endpoint)
            # Both at once: who waits for an endpoint keeps no place from the others.
            self._free.wait_for(
                lambda: self._is_closed or (self._all.is_free and own.is_free)
            )
            if self._is_closed:
                raise Stopped
            self._own.sent = self._all.take(), own.take()
        try:
            yield
        finally:
            with self._free:
                self._all.running -= 1
                own.running -= 1
                self._free.notify_all()

    def close(self) -> None:
        """End all waiting for a place. From any thread."""
        with self._free:
            self._is_closed = True
            self._free.notify_all()

    def allowed(self, endpoint: str = "") -> int:
        """Tell how many requests may be under way, to an endpoint or in all."""
        with self._free:
            return (self._of(endpoint) if endpoint else self._all).bound.allowed

    def succeeded(self, endpoint: str) -> None:
        """Note that Stripe let this thread's last request through."""
        in_all, of_endpoint = self._own.sent
        with self._free:
            self._all.bound.answered(in_all)
            self._of(endpoint).bound.answered(of_endpoint)
            self._free.notify_all()

    def throttled(self) -> None:
        """Note a 429 to this thread's last request: too many at once in all."""
        with self._free:
            self._all.bound.refused(self._own.sent[0])

    def throttled_at(self, endpoint: str) -> None:
        """Note a 429 to this thread's last request: too many at once to an endpoint."""
        with self._free:
            self._of(endpoint).bound.refused(self._own.sent[1])

    def _of(self, endpoint: str) -> _Places:
        places = self._endpoints.get(endpoint)
        if places is None:
            bound = Bound(self._limit, start=_START_AN_ENDPOINT, clock=self._clock)
            places = self._endpoints[endpoint] = _Places(bound)
        return places


class _Places:
    """What is under way below a bound."""

    def __init__(self, bound: Bound) -> None:
        self.bound = bound
        self.running = 0

    @property
    def is_free(self) -> bool:
        return self.running < self.bound.allowed

    def take(self) -> Sent:
        self.running += 1
        return self.bound.sent(self.running)
