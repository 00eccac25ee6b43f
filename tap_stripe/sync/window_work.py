"""Windows of listings as pieces of work that readers do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tap_stripe.api.body import integer
from tap_stripe.sync.attempt import attempt, is_refused

if TYPE_CHECKING:
    from tap_stripe.sync.fetch import Fetch
    from tap_stripe.sync.readers import Give, Item
    from tap_stripe.sync.reading import Page
    from tap_stripe.sync.windows import FullPage, Window, Windows


class WindowWork:
    """Reads windows until none is left.

    Args:
        windows: What is to be read.
        fetch: Reads a page.
    """

    def __init__(self, windows: Windows, fetch: Fetch) -> None:
        self._windows = windows
        self._fetch = fetch

    def take(self) -> _WindowPiece | None:
        """Give the next page to read."""
        window = self._windows.take()
        if window is None:
            return None
        return _WindowPiece(window, self._windows, self._fetch)

    def __bool__(self) -> bool:
        """Tell whether anything is left."""
        return bool(self._windows)


class _WindowPiece:
    """One page."""

    def __init__(self, window: Window, windows: Windows, fetch: Fetch) -> None:
        self._window = window
        self._windows = windows
        self._fetch = fetch
        self._ask = window.ask()
        self._full: FullPage | None = None
        self._count = 0
        self._requests = 0
        self._oldest: int | None = None
        self._refused = False

    def run(self, give: Give) -> list[Item]:
        def count(page: Page) -> None:
            self._count += len(page.objects)
            self._requests += page.requests
            if page.objects:
                time = page.reading.listing.time
                self._oldest = integer(page.objects[-1].get(time))

        def give_part(page: Page) -> None:
            count(page)
            give([page])

        def read() -> list[Item]:
            if self._ask.reading.listing.single:
                page = self._fetch.single(self._ask)
            else:
                page, self._full = self._fetch.window(self._ask, give=give_part)
            count(page)
            return [page]

        items = attempt(self._ask.reading, read, self._fetch)
        self._refused = is_refused(items)
        return items

    def done(self) -> None:
        if self._refused:
            self._windows.drop(self._ask.reading)
        else:
            self._windows.give_back(
                self._window,
                self._full,
                self._count,
                self._requests,
                oldest=self._oldest,
            )
            if short := self._ask.reading.short():
                self._windows.spare(self._ask.reading, short)
