"""How fast requests may go: a budget shared by all readers.

Stripe allows an account 100 requests/s in live mode and 25 in test mode, and each
endpoint 25 by default, listing and retrieving apart. The merchant's own checkout
draws on the same limits. https://docs.stripe.com/rate-limits
"""

from __future__ import annotations

import math
import threading
import time
from collections import deque
from typing import TYPE_CHECKING

from tap_stripe.api.in_flight import InFlight
from tap_stripe.errors import Stopped

if TYPE_CHECKING:
    from collections.abc import Callable

_BURST = 2.0
_MEASURED_S = 1.0
_RECOVERED = 0.95
_IDLE = 0.6
_SOON_S = 10.0
"""A second 429 within it makes a limit of what was chance."""
_A_FLOOD = 40
"""More 429s than requests can have been under way."""
_CREEP = 0.005
_CALM_S = 15.0
_CREEP_WHEN_CALM = 0.1


class Pace:
    """A rate of requests that falls when Stripe objects and recovers.

    One 429 halves the pace for a moment: it comes back within a second. Where 429s go
    on, what Stripe let through in the last second shows its limit: the pace falls to
    half of that, comes back to just below it within about a second, and creeps up from
    there by 0.5 % a second, so that a limit is found again without being run into. What
    is crept from for 15 s without a 429 was no limit, and 10 % a second leave it soon.

    Args:
        limit: Requests/s that are never exceeded; an attribute too.
        start: Requests/s to start with; `double` brings it up to `limit`.
        clock: Seconds, monotonic.
    """

    def __init__(
        self,
        limit: float,
        *,
        start: float | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._clock = clock
        self.limit = limit
        self._lock = threading.Lock()
        self.rate = self._usual = min(limit, start or limit)
        self._has_met_limit = False
        self._next = 0.0
        self._grown = clock()
        self._cut = -math.inf
        self._refused = 0  # Since then.
        # Since when it is used without a pause, and when it was used last.
        self._used_since = self._used = -math.inf
        self._successes: deque[float] = deque()

    def reserve(self) -> float:
        """Take the next free slot.

        Returns:
            Seconds to wait before the request may be sent.
        """
        with self._lock:
            now = self._clock()
            slot = max(self._next, now - (_BURST - 1) / self.rate)
            self._next = slot + 1 / self.rate
            return max(0.0, slot - now)

    def busy(self) -> float:
        """Tell which share of the pace the last second has used, from 0 to about 1."""
        with self._lock:
            self._forget(self._clock())
            return len(self._successes) / _MEASURED_S / self.rate

    def double(self) -> None:
        """Try twice the pace, unless a 429 has shown where the limit is.

        At most twice a second.
        """
        with self._lock:
            now = self._clock()
            is_free = not self._has_met_limit and self.rate >= self._usual
            if is_free and now - self._grown >= _MEASURED_S / 2:
                self.rate = self._usual = min(self.limit, self.rate * 2)
                self._grown = now

    def succeeded(self) -> None:
        """Note that Stripe answered a request."""
        with self._lock:
            now = self._clock()
            self._note_use(now)
            self._successes.append(now)
            self._forget(now)
            if self._has_met_limit or self.rate < self._usual:
                self._recover(now)

    def throttled(self) -> None:
        """Note that Stripe answered 429 because of this pace."""
        with self._lock:
            now = self._clock()
            self._note_use(now)
            self._forget(now)
            self._refused += 1
            since_cut = now - self._cut
            let_through = self._let_through(now)
            if let_through is not None:
                ceiling = min(self.rate, max(1.0, let_through))
                self._usual = _RECOVERED * ceiling
                self._has_met_limit = True
            elif since_cut >= _MEASURED_S / 2:
                ceiling = self.rate
                self._usual = max(self._usual, ceiling)
            else:
                return  # The other requests of the same burst.
            self.rate = max(0.2, ceiling / 2)
            # Slots already given out at the old rate would keep all waiting.
            self._next = min(self._next, now + 1 / self.rate)
            self._cut = self._grown = now
            self._refused = 0

    def _let_through(self, now: float) -> float | None:
        """Tell what Stripe lets through a second; None if 429s may be chance.

        No limit is so low that nothing passes: where all is refused, it passes by.
        """
        if not self._successes:
            return None
        since_cut = now - self._cut
        is_measured = now - self._used_since >= _MEASURED_S
        is_known = self._has_met_limit or since_cut < _SOON_S
        if is_known and is_measured and since_cut >= _MEASURED_S / 2:
            return len(self._successes) / _MEASURED_S
        if _MEASURED_S / 5 <= since_cut < _MEASURED_S and self._refused >= _A_FLOOD:
            return sum(at > self._cut for at in self._successes) / since_cut
        return None

    def _recover(self, now: float) -> None:
        elapsed, self._grown = now - self._grown, now
        if self.rate < self._usual:
            rate = min(self.rate + self._usual * elapsed / 2, self._usual)
        else:
            creep = _CREEP if now - self._cut < _CALM_S else _CREEP_WHEN_CALM
            rate = self.rate * (1 + creep * elapsed)
        self.rate = min(self.limit, rate)

    def _note_use(self, now: float) -> None:
        if now - self._used > _MEASURED_S:
            self._used_since = now
        self._used = now

    def _forget(self, now: float) -> None:
        while self._successes and self._successes[0] < now - _MEASURED_S:
            self._successes.popleft()


class RateBudget:
    """The budget of one key: a pace for all requests, and for each account its own.

    Whose limit a request for a connected account counts on is not documented (limits
    are "per Stripe account"): both are held.

    Args:
        requests_per_second: For all accounts together.
        endpoint_requests_per_second: For each endpoint of an account. None starts with
            what Stripe allows by default, and tries for more (Stripe grants some
            accounts more) only where the budget for all is otherwise left unused.
        account_requests_per_second: For each connected account.
        in_flight: Requests at once.
        clock: Seconds, monotonic.

    Attributes:
        all: The pace of all requests together.
    """

    def __init__(
        self,
        requests_per_second: float,
        *,
        endpoint_requests_per_second: float | None = None,
        account_requests_per_second: float | None = None,
        in_flight: int = 32,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._endpoint_limit = endpoint_requests_per_second
        self._account_limit = account_requests_per_second or requests_per_second
        self._clock = clock
        self.all = Pace(requests_per_second, clock=clock)
        self.in_flight = InFlight(in_flight)
        self._closed = threading.Event()
        self._accounts: dict[str | None, _AccountBudget] = {}
        self._throttled: dict[str | None, float] = {}
        self._lock = threading.Lock()

    def account(self, account: str | None) -> _AccountBudget:
        """Give the budget of a connected account; of the key's own if None."""
        with self._lock:
            found = self._accounts.get(account)
            if found is None:
                pace = self.all
                if account is not None:
                    pace = Pace(self._account_limit, clock=self._clock)
                found = _AccountBudget(pace, self._endpoint_limit, self._clock)
                self._accounts[account] = found
            return found

    def forget(self, account: str | None) -> None:
        """Let go of an account that is asked no more."""
        with self._lock:
            self._accounts.pop(account, None)

    def wait(self, endpoint: str, account: str | None = None) -> None:
        """Sleep until a request to an endpoint may be sent.

        Raises:
            Stopped: The budget is closed.
        """
        # The endpoint first: a slot of all is not held while waiting for it.
        budget = self.account(account)
        own = budget.endpoint(endpoint)
        waiting = own.reserve()
        if waiting > 0:
            if self.all.busy() < _IDLE:
                own.double()
            self.pause(waiting)
        if budget.pace is not self.all:
            self.pause(budget.pace.reserve())
        self.pause(self.all.reserve())

    def pause(self, seconds: float) -> None:
        """Sleep.

        Raises:
            Stopped: The budget is closed.
        """
        if self._closed.is_set() or (seconds > 0 and self._closed.wait(seconds)):
            raise Stopped

    @property
    def is_closed(self) -> bool:
        """Whether nobody may ask any more."""
        return self._closed.is_set()

    def close(self) -> None:
        """End all waiting, here and for a place. From any thread."""
        self._closed.set()
        self.in_flight.close()

    def succeeded(self, endpoint: str, account: str | None = None) -> None:
        """Note that Stripe answered."""
        budget = self.account(account)
        budget.endpoint(endpoint).succeeded()
        if budget.pace is not self.all:
            budget.pace.succeeded()
        self.all.succeeded()
        self.in_flight.succeeded(endpoint)

    def throttled(self, endpoint: str, reason: str, account: str | None = None) -> None:
        """Slow down after a 429: the account that it came for.

        Or all, where it came for the key's own account, or for several within a second:
        then it is the platform's limit that was met.

        Args:
            endpoint: As for `wait`.
            reason: Header `Stripe-Rate-Limited-Reason`. Without one it is a lock
                timeout, which is no matter of pace.
            account: Connected account that was asked; None for the key's own.
        """
        budget = self.account(account)
        match reason:
            case "global-rate":
                budget.pace.throttled()
                if self._others_too(account):
                    self.all.throttled()
            case "endpoint-rate" | "resource-specific":
                budget.endpoint(endpoint).throttled()
                if self._others_too(account):
                    self.all.throttled()
            case "global-concurrency":
                self.in_flight.throttled()
            case "endpoint-concurrency":
                self.in_flight.throttled_at(endpoint)
            case _:
                pass

    def _others_too(self, account: str | None) -> bool:
        """Tell whether another account was throttled within the last second."""
        with self._lock:
            now = self._clock()
            self._throttled[account] = now
            self._throttled = {
                name: at
                for name, at in self._throttled.items()
                if now - at < _MEASURED_S
            }
            return len(self._throttled) > 1


class _AccountBudget:
    """What one account is asked at most.

    Attributes:
        pace: Of all its requests.
    """

    def __init__(
        self, pace: Pace, endpoint_limit: float | None, clock: Callable[[], float]
    ) -> None:
        self.pace = pace
        self._endpoint_limit = endpoint_limit
        self._clock = clock
        self._endpoints: dict[str, Pace] = {}
        self._lock = threading.Lock()

    def endpoint(self, name: str) -> Pace:
        """Give the pace of an endpoint.

        Args:
            name: Path with `{id}` in place of ids, because Stripe counts all ids of
                an endpoint together.
        """
        with self._lock:
            pace = self._endpoints.get(name)
            if pace is None:
                limit = self.pace.limit
                if self._endpoint_limit:
                    limit = min(limit, self._endpoint_limit)
                    pace = Pace(limit, clock=self._clock)
                else:
                    usual = 20 if name.startswith("/v1/files") else 25
                    pace = Pace(limit, start=usual, clock=self._clock)
                self._endpoints[name] = pace
            return pace
