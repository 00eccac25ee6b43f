"""How many requests are under way at once, to use a budget up and not more."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from tap_stripe.sync.readers import UNWRITTEN

if TYPE_CHECKING:
    from collections.abc import Callable

    from tap_stripe.api.rate import RateBudget
    from tap_stripe.api.usage import Usage

# A reader that waits for its endpoint's pace must not keep another endpoint waiting.
_ENDPOINT_MARGIN = 1.2
# What is under way when a run is killed is read again: no more than it takes.
_MARGIN = 1.3


class AtOnce:
    """Works the number out by Little's law: pace times latency.

    Args:
        budget: The paces.
        usage: Knows the latency.
        account: Connected account that is asked; None for the key's own.
        unwritten: Tells how many answers wait for the writer. A kill loses them, and
            where it is the writer that is slow, more requests at once gain nothing.
    """

    def __init__(
        self,
        budget: RateBudget,
        usage: Usage,
        account: str | None = None,
        *,
        unwritten: Callable[[], int],
    ) -> None:
        self._budget = budget
        self._usage = usage
        self._account = account
        self._unwritten = unwritten

    def __call__(self, path: str) -> int:
        """Give the number for an endpoint, or for all if the path is empty."""
        budget = self._budget.account(self._account)
        pace = budget.endpoint(path) if path else budget.pace
        margin = _ENDPOINT_MARGIN if path else _MARGIN
        # A reader that waits for a place is one that another endpoint lacks.
        count = min(
            max(1, math.ceil(pace.rate * self._usage.latency_s * margin)),
            self._budget.in_flight.allowed(path),
        )
        if path:
            return count
        room = max(0, UNWRITTEN - self._unwritten())
        return math.ceil(count * room / UNWRITTEN)
