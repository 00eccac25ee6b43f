"""Lists are read, page by page and several at once."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from tap_stripe.api.body import Object, integer, text
from tap_stripe.errors import EndpointGone, ResponseError
from tap_stripe.sync.fetch import OF_AN_ENDPOINT, Page, concerns_more
from tap_stripe.sync.stage import Stage
from tap_stripe.sync.windows import FullPage, Windows

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from tap_stripe.state.intervals import Interval
    from tap_stripe.sync.at_once import AtOnce
    from tap_stripe.sync.fetch import Fetch
    from tap_stripe.sync.pool import Task
    from tap_stripe.sync.tables import Tables
    from tap_stripe.sync.windows import Window


class Lists(Stage):
    """Reads windows of lists until none is left.

    Args:
        fetch: As in `Stage`.
        at_once: As in `Stage`.
        tables: As in `Stage`.
        windows: What is to be read.
        by_halves: As for `Windows`.
    """

    def __init__(
        self,
        fetch: Fetch,
        at_once: AtOnce,
        tables: Tables,
        windows: Iterable[Window],
        *,
        by_halves: bool = True,
    ) -> None:
        super().__init__(fetch, at_once, tables)
        self.windows = Windows(windows, may_ask=at_once.may_ask, by_halves=by_halves)

    def has_more(self) -> bool:
        """Tell whether any window is open."""
        return bool(self.windows)

    def next_own(self) -> Task | None:
        """Give the next page to read."""
        window = self.windows.take()
        if window is None:
            return None
        source, between = window.source, window.between
        run: Callable[[], Page | None] = partial(
            self.fetch.page, source, between, top=window.top, cursor=window.cursor
        )
        if source.listing.single:
            run = partial(self.fetch.object, source, "")
        high = window.unread[-1][1]
        return self.task(source.path, run, partial(self._came, window, high))

    def _came(
        self, window: Window, high: int, page: Page | None, error: Exception | None
    ) -> None:
        source = window.source
        if error is not None:
            self._failed(window, error)
            return
        page = page or Page([], 0.0)
        low = window.unread[0][0] if window.unread else high
        if page.has_more and not window.whole:
            low = page.oldest + 1
        # The seconds in which the page before ended come again: what is written of them
        # is left out. What still waits there is not, for this page covers it too.
        fresh = [
            one for one in page.objects if text(one.get("id")) not in window.last_ids
        ]
        waiting = self.wrote(window, replace(page, objects=fresh), (low, high))
        window.last_ids = frozenset(
            text(one.get("id")) or "" for one in page.objects
        ) - {text(one.get("id")) or "" for one in waiting}
        full = None
        if page.has_more:
            newest, oldest = page.newest or high, page.oldest or high
            full = FullPage(newest, oldest, len(page.objects), page.top, page.cursor)
        try:
            self.windows.give_back(
                window, full, len(page.objects), oldest=page.oldest_seen(source)
            )
        except ResponseError as endless:
            self._failed(window, endless)
            return
        if short := source.short():
            self.windows.spare(source, short)

    def _failed(self, window: Window, error: Exception) -> None:
        """Judge a page that could not be had.

        Raises:
            Exception: It concerns all requests, or is a fault of the tap.
        """
        source = window.source
        if concerns_more(source, error):
            raise error
        # An endpoint that has given pages is not gone.
        is_gone = isinstance(error, EndpointGone) and self.windows.has_come(source)
        if isinstance(error, OF_AN_ENDPOINT) and not is_gone:
            self.windows.drop(source)
            self.refused(window, error)
            return
        given_up = self.windows.failed(window)
        if given_up is None:
            self.refused(window, error)
        elif given_up:
            self.tables.page_failed(window.fed, error)

    def refused(self, window: Window, error: Exception) -> None:
        """Note that a list can't be read."""
        self.tables.refuse(window.source, error, window.source.names)

    def wrote(self, window: Window, page: Page, covers: Interval) -> list[Object]:
        """Write a page; what it covers is read once all of it is written.

        Returns:
            The objects that wait for a list inside them.
        """
        source, names = window.source, window.fed
        low, high = covers
        time = source.listing.time

        def write(objects: list[Object]) -> None:
            self.tables.write(source, objects, page.received_at, names)

        waiting: dict[int, int] = {}

        def cover() -> None:
            # Newest first: down to the newest one that waits.
            down_to = max(waiting.values(), default=low - 1) + 1
            if waiting and window.whole:
                return
            if window.whole and page.holes:
                return
            self.tables.listed(source, names, (max(low, down_to), high), page.holes)

        def written(one: Object) -> None:
            waiting.pop(id(one), None)
            cover()

        for refusal in page.refused:
            self.tables.lack(source, refusal.names, refusal.error)
        for what in page.garbled:
            self.tables.garbled(source, what)
        self.tables.met(source, page.objects, is_whole=window.whole)
        held = self.take(source, page.objects, write, written)
        waiting.update({id(one): integer(one.get(time)) or high for one in held})
        cover()
        return held
