"""The change feed is read: the events of a stretch of time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tap_stripe.api.body import Object, text
from tap_stripe.streams.listings import EVENTS
from tap_stripe.sync.lists import Lists
from tap_stripe.sync.routing import fits, read_event
from tap_stripe.sync.source import PAGE, Source
from tap_stripe.sync.windows import Window

if TYPE_CHECKING:
    from collections.abc import Callable

    from tap_stripe.state.intervals import Interval
    from tap_stripe.sync.at_once import AtOnce
    from tap_stripe.sync.changes import Changes
    from tap_stripe.sync.fetch import Fetch, Page
    from tap_stripe.sync.tables import Tables

_EVENTS_AN_OBJECT = 2
"""So many events name the same object, about, while nothing better is known."""


class _Stretch(Lists):
    """Reads all events of a stretch of time."""

    def __init__(
        self, fetch: Fetch, at_once: AtOnce, tables: Tables, between: Interval
    ) -> None:
        source = Source(at_once.account, EVENTS)
        window = Window(source, frozenset(), [between], between[1])
        super().__init__(fetch, at_once, tables, [window], by_halves=False)
        self.source = source
        self.error: Exception | None = None

    def refused(self, window: Window, error: Exception) -> None:
        """Note that events can't be read."""
        del window
        self.error = error

    def wrote(self, window: Window, page: Page, covers: Interval) -> list[Object]:
        """Take the events of a page."""
        del window, covers
        self.take_events(page)
        return []

    def take_events(self, page: Page) -> None:
        """Take the events of a page."""
        raise NotImplementedError


class Events(_Stretch):
    """Gathers what the events of a stretch name.

    Args:
        fetch: As in `Stage`.
        at_once: As in `Stage`.
        tables: As in `Stage`.
        changes: Takes the events.
        between: The stretch, both seconds included.
        most: How many objects they may name, about.
        heard: Called with the events of each page.

    Attributes:
        error: Why they can't be read; None if they can.
        fits_in: Where they name too many objects: how many seconds from the first one
            on are likely to name few enough. The rest of the stretch is not read then.
        named: How many objects they name.
    """

    def __init__(
        self,
        fetch: Fetch,
        at_once: AtOnce,
        tables: Tables,
        *,
        changes: Changes,
        between: Interval,
        most: int,
        heard: Callable[[list[Object]], None],
    ) -> None:
        super().__init__(fetch, at_once, tables, between)
        self._changes = changes
        self._between = between
        self._most = most
        self._heard = heard
        self.fits_in: int | None = None
        self._pages = 0

    @property
    def named(self) -> int:
        """How many objects the events name."""
        return len(self._changes)

    def take_events(self, page: Page) -> None:
        """Take the events of a page."""
        if self.fits_in is not None:
            return
        self._pages += 1
        first, last = self._between
        span = last - first
        if span > 0 and self.named + PAGE > 2 * self._most:
            # Found out late: what was gathered is gathered again, of less. A second in
            # which very much has happened is read by itself.
            oldest = page.oldest_seen(self.source) or first
            self._stop(min(span // 4, max(0, oldest - 1 - first)))
            return
        if self._pages == 1 and page.has_more:
            events_s = max(1, page.newest - page.oldest) / len(page.objects)
            seconds = int(events_s * self._most * _EVENTS_AN_OBJECT)
            if seconds * 4 < page.newest - first:
                self._stop(seconds)
                return
        self._heard(page.objects)
        self._changes.add(page.objects)
        if page.garbled:
            self._changes.unreadable += [
                f"in {self.source.path}: {what}" for what in page.garbled
            ]

    def _stop(self, seconds: int) -> None:
        self.fits_in = seconds
        self.windows.drop(self.source)


class EventsOfClock(_Stretch):
    """Finds what was on a test clock, in the events of its time.

    Args:
        fetch: As in `Stage`.
        at_once: As in `Stage`.
        tables: As in `Stage`.
        clock_id: Of the clock.
        between: As in `Events`.

    Attributes:
        found: What was on it, by type and id.
    """

    def __init__(
        self,
        fetch: Fetch,
        at_once: AtOnce,
        tables: Tables,
        *,
        clock_id: str,
        between: Interval,
    ) -> None:
        super().__init__(fetch, at_once, tables, between)
        self._clock_id = clock_id
        self.found: dict[str, dict[str, Object]] = {}

    def take_events(self, page: Page) -> None:
        """Take the events of a page."""
        for found in page.objects:
            event = read_event(found)
            if event is None or not fits(event.kind, event.id):
                continue
            shown = event.data.object
            if text(shown.get("test_clock")) == self._clock_id:
                held = self.found.setdefault(event.kind, {})
                held.setdefault(event.id, shown)
