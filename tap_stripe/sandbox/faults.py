"""What goes wrong on purpose."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tap_stripe.sandbox.dice import Dice

Fault = Literal[
    "server_error",
    "unavailable",
    "conflict",
    "lock_timeout",
    "reset",
    "cut",
    "cut_unannounced",
    "hang",
]

_KINDS: tuple[Fault, ...] = (
    "server_error",
    "unavailable",
    "conflict",
    "lock_timeout",
    "reset",
    "cut",
    "cut_unannounced",
    "hang",
)


@dataclass(frozen=True, kw_only=True)
class Faults:
    """Shares of the requests, from 0 to 1, that go wrong in each way.

    Attributes:
        server_error: 500.
        unavailable: 503.
        conflict: 409.
        lock_timeout: 429 with code `lock_timeout` and no reason header.
        reset: The connection is reset before any byte.
        cut: The body ends at a random byte, under 200 and its full Content-Length.
        cut_unannounced: The same without Content-Length, closed by the server.
        hang: Nothing comes for `hang_seconds`, then the connection closes.
        hang_seconds: Longer than the client's timeout, to be of use.
        heavy: Largest `limit` by path (`{"/v1/charges": 50}`): a list page that asks
            for more always comes cut.
        should_retry: What `Stripe-Should-Retry` says on 409, 500 and 503.
    """

    server_error: float = 0.0
    unavailable: float = 0.0
    conflict: float = 0.0
    lock_timeout: float = 0.0
    reset: float = 0.0
    cut: float = 0.0
    cut_unannounced: float = 0.0
    hang: float = 0.0
    hang_seconds: float = 60.0
    heavy: Mapping[str, int] = field(default_factory=dict)
    should_retry: bool | None = None

    @classmethod
    def evenly(cls, rate: float, *, hang_seconds: float = 60.0) -> Faults:
        """Faults of every kind, at this rate in all."""
        each = rate / len(_KINDS)
        return cls(
            server_error=each,
            unavailable=each,
            conflict=each,
            lock_timeout=each,
            reset=each,
            cut=each,
            cut_unannounced=each,
            hang=each,
            hang_seconds=hang_seconds,
        )

    def drawn(self, dice: Dice) -> Fault | None:
        """The fault that the next request meets."""
        share = dice.share()
        for kind in _KINDS:
            rate: float = getattr(self, kind)
            if share < rate:
                return kind
            share -= rate
        return None

    def is_too_heavy(self, path: str, limit: int) -> bool:
        """Whether a list page of this limit always comes cut."""
        largest = self.heavy.get(path)
        return largest is not None and limit > largest
