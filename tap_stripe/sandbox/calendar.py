"""When objects were created: a time for each rank, in constant memory."""

from __future__ import annotations

import math
from bisect import bisect_left
from typing import TYPE_CHECKING, Literal, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable

Density = Literal["uniform", "growing", "bursty"]

# Every eighth object is followed by two of the same second.
_GROUP, _TOGETHER = 8, 3
_WAVES = 24
_AMPLITUDE = 0.95


def _growing(share: float) -> float:
    return math.sqrt(share)


def _bursty(share: float) -> float:
    turn = 2 * math.pi * _WAVES
    return share - _AMPLITUDE * math.sin(turn * share) / turn


class Times(Protocol):
    """The `created` seconds of a collection's base objects, by rank."""

    def created(self, rank: int) -> int:
        """Second in which the object of this rank was created; never decreases."""

    def ranks_before(self, second: int) -> int:
        """How many objects were created before a second."""


class Following:
    """`created` seconds of objects that come of others: no curve of their own."""

    def __init__(self, *, count: int, created: Callable[[int], int]) -> None:
        self._count = count
        self.created = created

    def ranks_before(self, second: int) -> int:
        """How many objects were created before a second."""
        return bisect_left(range(self._count), second, key=self.created)


class Calendar:
    """`created` seconds of `count` objects, oldest first.

    Objects share seconds: three in every eight, and once in `burst_every` objects
    `burst` of them, so that a second can hold more than a page.
    """

    def __init__(
        self,
        *,
        count: int,
        start: int,
        span_seconds: int,
        density: Density,
        burst: int,
        burst_every: int,
    ) -> None:
        curves: dict[Density, Callable[[float], float] | None] = {
            "uniform": None,
            "growing": _growing,
            "bursty": _bursty,
        }
        self.count = count
        self._start = start
        self._span = span_seconds
        self._curve = curves[density]
        self._every = burst_every
        self._first = burst_every // 2
        self._last = self._first + burst

    def created(self, rank: int) -> int:
        """Second in which the object of this rank was created; never decreases."""
        place = rank % self._every
        burst = rank - place + self._first
        if self._first <= place < self._last:
            leader = burst
        else:
            leader = rank - min(rank % _GROUP, _TOGETHER - 1)
            if place >= self._last:
                leader = max(leader, burst)
        share = leader / self.count
        if self._curve is not None:
            share = self._curve(share)
        return self._start + int(self._span * share)

    def ranks_before(self, second: int) -> int:
        """How many objects were created before a second."""
        return bisect_left(range(self.count), second, key=self.created)
