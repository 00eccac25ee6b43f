"""How many requests are under way at once, to use a budget up and not more."""

from __future__ import annotations

import math
from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tap_stripe.api.rate import RateBudget
    from tap_stripe.api.usage import Usage
    from tap_stripe.sync.pool import Task

# A request that waits for its endpoint's pace must not keep another endpoint waiting.
_ENDPOINT_MARGIN = 1.2
# What is under way when a run is killed is read again: no more than it takes.
_MARGIN = 1.3


class AtOnce:
    """Counts an account's requests; bounds them by Little's law, pace times latency.

    Args:
        budget: The paces.
        usage: Knows the latency.
        account: Connected account that is asked; None for the key's own.
    """

    def __init__(self, budget: RateBudget, usage: Usage, account: str | None) -> None:
        self._budget = budget
        self._usage = usage
        self.account = account
        self._running: Counter[str] = Counter()
        self._all = 0

    def may_ask(self, endpoint: str = "") -> bool:
        """Tell whether one more request may go to an endpoint, or to any if empty."""
        if self._all >= self._most(""):
            return False
        return not endpoint or self._running[endpoint] < self._most(endpoint)

    def most(self) -> int:
        """Tell how many may be under way in all."""
        return self._most("")

    def began(self, task: Task) -> None:
        """Count a request."""
        self._running[task.endpoint] += 1
        self._all += 1

    def ended(self, task: Task) -> None:
        """Count it no more."""
        self._running[task.endpoint] -= 1
        self._all -= 1

    def _most(self, endpoint: str) -> int:
        budget = self._budget.account(self.account)
        pace = budget.endpoint(endpoint) if endpoint else budget.pace
        margin = _ENDPOINT_MARGIN if endpoint else _MARGIN
        return min(
            max(1, math.ceil(pace.rate * self._usage.latency_s * margin)),
            self._budget.in_flight.allowed(endpoint),
        )
