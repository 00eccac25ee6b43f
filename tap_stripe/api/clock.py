"""Stripe's clock, as its answers tell it."""

from __future__ import annotations

import logging
import threading
import time
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_FAR_OFF_S = 30.0
_logger = logging.getLogger("tap-stripe")


class Clock:
    """Goes by the `Date` of Stripe's answers, and in between by the monotonic clock.

    A machine's own clock may be hours off, and may jump in mid-run: it counts only
    while Stripe has not told the time. Stripe tells it in whole seconds, so `now`
    trails it, by less than a second and an answer's way; it is never ahead of it.

    `Date: 12:00:00` in an answer asked for at 7.0 and there at 7.2 (monotonic): at 7.2
    it was at least 12:00:00, and at 7.0 it was not yet 12:00:01.

    Args:
        monotonic: Seconds that never jump.
        machine: The machine's clock, seconds since the epoch.
    """

    def __init__(
        self,
        *,
        monotonic: Callable[[], float] = time.monotonic,
        machine: Callable[[], float] = time.time,
    ) -> None:
        self._monotonic = monotonic
        self._machine = machine
        self._lock = threading.Lock()
        # Stripe's clock less the monotonic one: at least, and less than.
        self._bounds: tuple[float, float] | None = None
        self._last = ""
        self._has_warned = False

    def now(self) -> float:
        """Give seconds since the epoch: Stripe's, and before its first answer ours."""
        bounds = self._bounds
        if bounds is None:
            return self._machine()
        return self._monotonic() + bounds[0]

    @property
    def offset(self) -> float:
        """Seconds by which Stripe's clock is ahead of this machine's."""
        return self.now() - self._machine()

    def note(self, headers: Mapping[str, str], sent: float, came: float) -> None:
        """Take in an answer.

        Args:
            headers: Its headers.
            sent: When it was asked for, in monotonic seconds.
            came: When it was there.
        """
        date = headers.get("Date", "")
        # Of one second the first answer tells the most.
        if date == self._last or (told := date_of(date)) is None:
            return
        with self._lock:
            self._last = date
            least, most = told - came, told + 1 - sent
            if self._bounds is not None:
                known_least, known_most = self._bounds
                # Else a clock was set, or this machine has slept.
                if known_least < most and least < known_most:
                    least, most = max(least, known_least), min(most, known_most)
            self._bounds = least, most
            ahead = -self.offset
            if self._has_warned or abs(ahead) <= _FAR_OFF_S:
                return
            self._has_warned = True
        _logger.warning(
            "The clock of this machine is %s s %s Stripe's: the tap goes by Stripe's.",
            f"{abs(ahead):,.0f}",
            "ahead of" if ahead > 0 else "behind",
        )


def date_of(text: str) -> float | None:
    """Read a date of HTTP: seconds since the epoch; None if it is none."""
    try:
        return parsedate_to_datetime(text).timestamp()
    except (OverflowError, ValueError):
        return None
