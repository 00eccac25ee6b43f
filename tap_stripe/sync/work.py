"""The pieces of work that readers do: windows of listings, and changed objects."""

from __future__ import annotations

import math
import threading
from collections import deque
from typing import TYPE_CHECKING

from tap_stripe.body import integer, text
from tap_stripe.errors import CursorGone, ListRefused, PermissionMissing
from tap_stripe.sync.fetch import REFUSALS
from tap_stripe.sync.reading import Filtered, Page, Reading, Refused

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from tap_stripe.sync.changes import Pending
    from tap_stripe.sync.fetch import Fetch
    from tap_stripe.sync.readers import Give, Item
    from tap_stripe.sync.windows import FullPage, Window, Windows

_CHUNKS = 64
_LEAST_IN_CHUNK = 8
_WORTH_A_LIST = 2


def attempt(
    reading: Reading, ask: Callable[[], list[Item]], fetch: Fetch
) -> list[Item]:
    """Ask, and judge a refusal.

    A refusal of something that is expanded leaves the objects readable without it: what
    is refused is found out, and the rest asked for again.

    Returns:
        What came, with a `Refused` for what did not.
    """
    refused: list[Item] = []
    while True:
        expand = reading.expand
        try:
            return [*refused, *ask()]
        except PermissionMissing as error:
            with _judging:
                if reading.expand != expand:
                    continue  # Another reader has found out.
                paths = fetch.refused_expansions(reading)
                if not paths:
                    return [*refused, Refused(reading, error)]
                reading.lacking |= set(paths)
                reading.expand = tuple(path for path in expand if path not in paths)
                refused.append(Refused(reading, error, paths))
        except ListRefused as error:
            with _judging:
                if error.name in reading.complete:
                    reading.lacking |= {error.name}
                    reading.complete = tuple(
                        name for name in reading.complete if name != error.name
                    )
                    refused.append(Refused(reading, error.error, (error.name,)))
        except REFUSALS as error:
            return [*refused, Refused(reading, error)]


_judging = threading.Lock()


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
        self._refused = any(
            isinstance(item, Refused) and not item.expansions for item in items
        )
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


class ChangedWork:
    """Reads changed objects: each by its id, or many at once where they lie close.

    Args:
        changed: What is known of the objects, by id, for each listing.
        filtered: Listings to be read with filters: parameters that each stand alone.
        fed: Names of the collections that get rows, for each listing.
        fetch: Reads objects.
    """

    def __init__(
        self,
        changed: Mapping[Reading, Mapping[str, Pending]],
        filtered: Iterable[tuple[Reading, Iterable[tuple[str, str]]]],
        fed: Mapping[Reading, frozenset[str]],
        fetch: Fetch,
    ) -> None:
        self._pieces: deque[_ChangedPiece | _FilteredPiece] = deque()
        for reading, filters in filtered:
            for each in filters:
                self._pieces.append(_FilteredPiece(reading, each, fed[reading], fetch))
        for reading, pending in changed.items():
            timed: list[Wanted] = sorted(
                (
                    (p.created, id_)
                    for id_, p in pending.items()
                    if p.created is not None
                ),
                reverse=True,
            )
            untimed: list[Wanted] = [
                (None, id_) for id_, p in pending.items() if p.created is None
            ]
            for wanted in (*_chunks(timed), *_chunks(untimed)):
                self._pieces.append(
                    _ChangedPiece(reading, wanted, fed[reading], fetch, self)
                )

    def take(self) -> _ChangedPiece | _FilteredPiece | None:
        """Give the next objects to read."""
        return self._pieces.popleft() if self._pieces else None

    def __bool__(self) -> bool:
        """Tell whether anything is left to be taken."""
        return bool(self._pieces)

    def again(self, piece: _ChangedPiece) -> None:
        """Go on with a piece that is not finished."""
        self._pieces.append(piece)


Wanted = tuple[int | None, str]


def _chunks(wanted: list[Wanted]) -> Iterable[list[Wanted]]:
    size = max(_LEAST_IN_CHUNK, math.ceil(len(wanted) / _CHUNKS))
    return [wanted[place : place + size] for place in range(0, len(wanted), size)]


class _FilteredPiece:
    """The objects that a filter lets pass."""

    def __init__(
        self,
        reading: Reading,
        filter_: tuple[str, str],
        fed: frozenset[str],
        fetch: Fetch,
    ) -> None:
        self._reading = reading
        self._filter = filter_
        self._fed = fed
        self._fetch = fetch

    def run(self, _: Give) -> list[Item]:
        return attempt(self._reading, self._ask, self._fetch)

    def _ask(self) -> list[Item]:
        read = self._fetch.filtered(self._reading, self._filter, self._fed)
        return [*read, Filtered(self._reading, self._filter[1])]

    def done(self) -> None:
        """Nothing is left of it."""


class _ChangedPiece:
    """Some changed objects, newest first; one request at a time."""

    def __init__(
        self,
        reading: Reading,
        wanted: list[Wanted],
        fed: frozenset[str],
        fetch: Fetch,
        work: ChangedWork,
    ) -> None:
        self._reading = reading
        self._wanted = wanted
        self._fed = fed
        self._fetch = fetch
        self._work = work
        self._page_span_s: float | None = None if reading.listing.windowed else 0
        self._by_id: set[str] = set()
        self._behind: tuple[int, str] | None = None

    def run(self, _: Give) -> list[Item]:
        items = attempt(self._reading, self._ask, self._fetch)
        if any(isinstance(item, Refused) and not item.expansions for item in items):
            self._wanted = []
        return items

    def done(self) -> None:
        if self._wanted:
            self._work.again(self)

    def _ask(self) -> list[Item]:
        created, id_ = self._wanted[0]
        if self._behind is not None and created is not None:
            return [self._list(created)]
        if (
            created is None
            or id_ in self._by_id
            or self._within(created) < _WORTH_A_LIST
        ):
            item = self._fetch.object(self._reading, id_, self._fed)
            self._wanted = self._wanted[1:]
            return [item]
        return [self._list(created)]

    def _within(self, newest: int) -> int:
        """Count the wanted objects that a page from a second down would bring."""
        if self._page_span_s is None:
            # A first look tells how dense the list is, and brings one of them anyway.
            return len(self._wanted)
        return sum(
            created is not None and created >= newest - self._page_span_s
            for created, _ in self._wanted
        )

    def _list(self, newest: int) -> Item:
        """Read a page of the list, for all wanted objects that are on it."""
        oldest = self._wanted[-1][0] or 0
        top = newest if self._behind is None else self._behind[0]
        params = [("created[lte]", str(top)), ("created[gte]", str(oldest))]
        if self._behind is not None:
            params.append(("starting_after", self._behind[1]))
        try:
            page, has_more = self._fetch.changed(self._reading, params, self._fed)
        except CursorGone:
            self._behind = None
            return self._list(newest)
        found = {text(one.get("id")): one for one in page.objects}
        time = self._reading.listing.time
        ends_at = integer(page.objects[-1].get(time)) if page.objects else None
        if not has_more or ends_at is None:
            ends_at = -1
        self._page_span_s = newest - ends_at if has_more else newest
        wanted = [one for _, id_ in self._wanted if (one := found.get(id_)) is not None]
        self._wanted = [pair for pair in self._wanted if pair[1] not in found]
        # Those that the page must have brought, were they still listed, are asked for
        # by their id.
        self._by_id |= {
            id_ for created, id_ in self._wanted if (created or 0) > ends_at
        }
        # More of the page's last second may be behind it.
        self._behind = None
        if self._wanted and ends_at in {created for created, _ in self._wanted}:
            self._behind = top, text(page.objects[-1].get("id")) or ""
        self._fetch.complete(page, wanted)
        return Page(page.reading, wanted, page.received_at, page.fed, by_id=True)
