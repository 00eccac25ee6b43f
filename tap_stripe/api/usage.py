"""What a run has asked of Stripe: its read allocation is counted by the month."""

from __future__ import annotations

import threading
import time
from collections import Counter

_LATENCY_S = 0.2
"""What is assumed before the first answer."""
_ANSWERS = 20
"""What the mean is of, about: the first ones count for more."""


class Usage:
    """Counts requests by endpoint, from any thread.

    Stripe allows an account 500 read requests for each transaction of the last 30
    days, and 10,000 a month at least. https://docs.stripe.com/rate-limits

    Attributes:
        requests: Requests sent, by endpoint.
        retries: Those of them that were sent again, by endpoint.
        throttles: 429s, by endpoint.
        latency_s: Running mean of the seconds from request to answer.
        answered_at: When Stripe last answered a request, monotonic seconds.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.requests: Counter[str] = Counter()
        self.retries: Counter[str] = Counter()
        self.throttles: Counter[str] = Counter()
        self.latency_s = _LATENCY_S
        self._answers = 0
        self.answered_at = time.monotonic()

    def sent(self, endpoint: str) -> None:
        """Count a request."""
        with self._lock:
            self.requests[endpoint] += 1

    def retried(self, endpoint: str) -> None:
        """Count a request that has to be sent again."""
        with self._lock:
            self.retries[endpoint] += 1

    def throttled(self, endpoint: str) -> None:
        """Count a 429."""
        with self._lock:
            self.throttles[endpoint] += 1

    def answered(self, seconds: float) -> None:
        """Take the time of an answer into the mean."""
        with self._lock:
            self._answers = min(_ANSWERS, self._answers + 1)
            self.latency_s += (seconds - self.latency_s) / self._answers
            self.answered_at = time.monotonic()
