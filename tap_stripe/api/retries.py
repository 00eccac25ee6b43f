"""How long a failing request is tried again. Pure, but for chance."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tap_stripe.api.refusals import Failed

FURTHER_TRIES = 5
"""While other requests are answered: about ten seconds."""
UNREACHED_S = 60.0
"""The most while nothing has been reached at all: a setting may be wrong."""
_FIRST_DELAY_S = 0.5
_LONGEST_DELAY_S = 8.0


@dataclass(slots=True)
class Retries:
    """Says of one request whether it is tried again, and when.

    While Stripe fails for all, a request is tried for the whole retry time: the run
    waits until Stripe is back. While Stripe answers others, it is that request which
    fails: after five further tries it is given up. A 429 because of the pace is no
    failure of the request, and counts for the time only.

    Attributes:
        began: When the request was first sent, monotonic seconds.
        retry_s: The retry time.
        tries: How often it has failed.
    """

    began: float
    retry_s: float
    tries: int = 0
    _delay_s: float = _FIRST_DELAY_S

    def failed(self, failed: Failed) -> None:
        """Count a failure."""
        self.tries += not failed.is_of_pace

    @property
    def is_enough(self) -> bool:
        """Whether so many tries are enough if others are answered."""
        return self.tries > FURTHER_TRIES

    def time_s(self, *, is_reached: bool) -> float:
        """Give the seconds for which it may be tried."""
        return self.retry_s if is_reached else min(self.retry_s, UNREACHED_S)

    def wait_s(
        self, failed: Failed, now: float, *, is_up: bool, is_reached: bool
    ) -> float | None:
        """Give the seconds to wait before the next try; None to give up.

        Half a second, doubling to 8 s, or what `Retry-After` says if that is longer.
        https://docs.stripe.com/error-low-level

        Args:
            failed: The last try.
            now: Monotonic seconds.
            is_up: Whether Stripe has answered another request since `began`.
            is_reached: Whether there ever was an answer, of whatever kind.
        """
        left = self.began + self.time_s(is_reached=is_reached) - now
        if not failed.again or left <= 0:
            return None
        if self.is_enough and (is_up or failed.is_unreadable):
            return None
        # Half of it at random, so that readers don't come back all at once.
        wait = self._delay_s * (0.5 + random.random() / 2)  # noqa: S311 - no secret
        self._delay_s = min(_LONGEST_DELAY_S, self._delay_s * 2)
        return min(left, max(wait, failed.retry_after or 0.0))
