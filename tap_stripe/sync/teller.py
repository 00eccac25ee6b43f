"""Tells how far a run is while it goes on, and what it did when it is over."""

from __future__ import annotations

import threading
import time
from collections import deque
from typing import TYPE_CHECKING

from tap_stripe.sync.metering import Metering
from tap_stripe.sync.progress import Moment, by_collection, in_all

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tap_stripe.api.usage import Usage
    from tap_stripe.streams.base import Collection
    from tap_stripe.sync.display import Display
    from tap_stripe.sync.progress import Limits
    from tap_stripe.sync.report import Report

_MEASURED_S = 10.0


class Teller:
    """Looks at a run from a thread of its own: also when nothing comes from Stripe.

    Args:
        collections: Those that are selected.
        report: Counts rows, and knows what is under way.
        usage: Counts requests.
        limits: The budget.
        display: Where it is shown.
    """

    def __init__(
        self,
        collections: Sequence[Collection],
        report: Report,
        usage: Usage,
        *,
        limits: Limits,
        display: Display,
    ) -> None:
        self._collections = collections
        self._report = report
        self._usage = usage
        self._limits = limits
        self._display = display
        self._metering = Metering(collections) if display.with_metrics else None
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._moments: deque[Moment] = deque()
        self._began = time.monotonic()

    def start(self) -> None:
        """Begin."""
        self._moments.append(self._look())
        self._thread.start()

    def close(self, *, is_early: bool) -> None:
        """Write the closing summary.

        Args:
            is_early: Whether the run ends before all was read.
        """
        self._over.set()
        self._thread.join()
        now = self._look()
        if self._metering is not None:
            self._metering.count(now.rows, now.requests)
            every = {collection.name for collection in self._collections}
            self._metering.close(every if is_early else self._report.refused_names())
        self._display.end(
            self._report.summary(self._usage, seconds=now.at, is_early=is_early)
        )

    def _watch(self) -> None:
        while not self._over.wait(self._display.every_s):
            now = self._look()
            if self._metering is not None:
                self._metering.count(now.rows, now.requests)
            # Paces are those of the last seconds; of a long pause, those since.
            while (
                len(self._moments) > 1 and now.at - self._moments[1].at >= _MEASURED_S
            ):
                self._moments.popleft()
            before = self._moments[0]
            self._moments.append(now)
            self._display.show(
                now,
                in_all(before, now, self._limits),
                by_collection(before, now, self._limits),
            )

    def _look(self) -> Moment:
        under_way = self._report.under_way
        return Moment(
            time.monotonic() - self._began,
            self._report.rows(),
            # Copied in one step each: others go on counting.
            dict(self._usage.requests),
            dict(self._usage.throttles),
            under_way.parts(),
            under_way.changed(),
            self._report.accounts_done,
            self._report.accounts,
        )
