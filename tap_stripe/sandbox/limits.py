"""Stripe's rate and concurrency limiters, https://docs.stripe.com/rate-limits."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

Reason = Literal[
    "global-rate", "endpoint-rate", "global-concurrency", "endpoint-concurrency"
]


@dataclass(frozen=True, kw_only=True)
class Limits:
    """Limits in force; None is no limit.

    Attributes:
        requests_per_second: Of the key; a second's worth may come at once.
        account_requests_per_second: Of each account.
        endpoint_requests_per_second: Of each endpoint; a list and a GET by id of the
            same resource count apart, different ids together.
        endpoints: Requests per second of single endpoints, which replace the above,
            as `{"GET /v1/charges": 5}` or `{"GET /v1/charges/:id": 5}`.
        concurrency: Requests in flight at once.
        endpoint_concurrency: Requests in flight at once, of each endpoint.
        retry_after_seconds: What `Retry-After` says on a 429; None leaves it out.
        should_retry: What `Stripe-Should-Retry` says on a 429; None leaves it out.
    """

    requests_per_second: float | None = None
    account_requests_per_second: float | None = None
    endpoint_requests_per_second: float | None = None
    endpoints: Mapping[str, float] = field(default_factory=dict)
    concurrency: int | None = None
    endpoint_concurrency: int | None = None
    retry_after_seconds: int | None = None
    should_retry: bool | None = None

    def endpoint_rate(self, endpoint: str) -> float | None:
        """Requests per second that an endpoint allows."""
        return self.endpoints.get(endpoint, self.endpoint_requests_per_second)


class _Bucket:
    def __init__(self) -> None:
        self.tokens: float | None = None
        self.filled_at = 0.0

    def holds_one(self, *, rate: float, now: float) -> bool:
        full = max(1.0, rate)
        if self.tokens is None:
            self.tokens = full
        else:
            grown = self.tokens + (now - self.filled_at) * rate
            self.tokens = min(full, grown)
        self.filled_at = now
        return self.tokens >= 1.0

    def take(self) -> None:
        if self.tokens is not None:
            self.tokens -= 1.0


class Limiter:
    """Judges requests against the limits and knows those in flight.

    `limits` may be replaced at any time. Only the server's thread calls the rest.

    Attributes:
        most_in_flight: The most requests that were in flight at once.
    """

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self._buckets: defaultdict[str, _Bucket] = defaultdict(_Bucket)
        self._in_flight: defaultdict[str, int] = defaultdict(int)
        self.most_in_flight = 0

    def refusal(self, endpoint: str, *, now: float, account: str = "") -> Reason | None:
        """Why a request that arrives now is refused, None when it may pass.

        Args:
            endpoint: Method and path pattern.
            account: The connected account that it is for; empty for the key's own.
            now: Seconds of a clock that never goes back.
        """
        limits = self.limits
        if _reached(limits.concurrency, self._in_flight[""]):
            return "global-concurrency"
        if _reached(limits.endpoint_concurrency, self._in_flight[endpoint]):
            return "endpoint-concurrency"
        taken = []
        rates: tuple[tuple[Reason, str, float | None], ...] = (
            ("global-rate", "", limits.requests_per_second),
            ("global-rate", f"of {account}", limits.account_requests_per_second),
            ("endpoint-rate", endpoint, limits.endpoint_rate(endpoint)),
        )
        for reason, name, rate in rates:
            if rate is not None:
                bucket = self._buckets[name]
                if not bucket.holds_one(rate=rate, now=now):
                    return reason
                taken.append(bucket)
        for bucket in taken:
            bucket.take()
        return None

    def enter(self, endpoint: str) -> None:
        """Count a request as in flight."""
        self._in_flight[""] += 1
        self._in_flight[endpoint] += 1
        self.most_in_flight = max(self.most_in_flight, self._in_flight[""])

    def leave(self, endpoint: str) -> None:
        """Count a request as answered."""
        self._in_flight[""] -= 1
        self._in_flight[endpoint] -= 1


def _reached(limit: int | None, number: int) -> bool:
    return limit is not None and number >= limit
