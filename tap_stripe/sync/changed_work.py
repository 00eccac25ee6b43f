"""Changed objects as pieces of work that readers do."""

from __future__ import annotations

import threading
from collections import Counter, deque
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from tap_stripe.api.body import integer, text
from tap_stripe.errors import CursorGone
from tap_stripe.sync.attempt import attempt, is_refused
from tap_stripe.sync.chunks import Chunks
from tap_stripe.sync.reading import Filtered, Page

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterable, Mapping

    from tap_stripe.sync.changes import Pending
    from tap_stripe.sync.chunks import Chunk
    from tap_stripe.sync.fetch import Fetch
    from tap_stripe.sync.readers import Give, Item
    from tap_stripe.sync.reading import Reading


class ChangedWork:
    """Reads changed objects: each by its id, or many at once where they lie close.

    Args:
        changed: What is known of the objects, by id, for each listing; and all of it
            that wait to be read, up to date: a page brings those that are on it too.
        filtered: Listings to be read with filters: parameters that each stand alone.
        fed: Names of the collections that get rows, for each listing.
        fetch: Reads objects.
        at_once: As for `Windows`. What is under way when a run is killed is read again,
            so that no more is than it takes.
    """

    def __init__(
        self,
        changed: Mapping[Reading, tuple[Mapping[str, Pending], Container[str]]],
        filtered: Iterable[tuple[Reading, Iterable[tuple[str, str]]]],
        fed: Mapping[Reading, frozenset[str]],
        fetch: Fetch,
        *,
        at_once: Callable[[str], int],
    ) -> None:
        self.fetch = fetch
        self.fed = fed
        self._at_once = at_once
        self._running: Counter[str] = Counter()
        self._filtered = deque(
            (reading, each) for reading, filters in filtered for each in filters
        )
        self._chunks = {
            reading: Chunks(
                ((one.created, id_) for id_, one in pending.items()),
                is_listed=reading.listing.windowed,
            )
            for reading, (pending, _) in changed.items()
        }
        self._claimed: dict[Reading, set[str]] = {reading: set() for reading in changed}
        self._claiming = threading.Lock()
        self._tallies = {reading: _Tally() for reading in changed}
        self.waiting = {reading: waiting for reading, (_, waiting) in changed.items()}

    def take(self) -> _ChangedPiece | _FilteredPiece | None:
        """Give the next objects to read; None if there are none right now."""
        at_once = self._at_once("")
        if self._running.total() >= at_once:
            return None
        if self._filtered:
            reading, filter_ = self._filtered.popleft()
            self._running[reading.listing.path] += 1
            return _FilteredPiece(self, reading, filter_)
        left = {
            reading: chunks.requests_left() * self._tallies[reading].requests_a_piece
            for reading, chunks in self._chunks.items()
        }
        a_reader = sum(left.values()) / at_once
        # The listing with most left first: it decides when the run ends.
        for reading in sorted(left, key=left.__getitem__, reverse=True):
            # What one reader gets done as soon as all is done is not worth a cut.
            if self._tallies[reading].running * a_reader >= left[reading]:
                continue
            chunks = self._chunks[reading]
            chunk = chunks.take(partial(self._may_ask, reading))
            if chunk is not None:
                piece = _ChangedPiece(self, reading, chunks, chunk)
                self._running[piece.endpoint] += 1
                self._tallies[reading].running += 1
                return piece
        return None

    def _may_ask(self, reading: Reading, by_id: bool) -> bool:  # noqa: FBT001
        """Tell whether an endpoint may be asked by one more reader."""
        endpoint = _endpoint(reading, by_id=by_id)
        return self._running[endpoint] < self._at_once(endpoint)

    def __bool__(self) -> bool:
        """Tell whether anything is left."""
        return bool(self._filtered or self._chunks)

    def claim(self, reading: Reading, ids: Iterable[str]) -> set[str]:
        """Give those ids that no other piece brings: each object is written once."""
        with self._claiming:
            mine = set(ids) - self._claimed[reading]
            self._claimed[reading] |= mine
        return mine

    def done(
        self, endpoint: str, reading: Reading | None = None, count: int = 0
    ) -> None:
        """Note that a piece is over.

        Args:
            endpoint: That it asked.
            reading: Of which changed objects; None if it was others.
            count: How many requests it took.
        """
        self._running[endpoint] -= 1
        if reading is not None:
            tally = self._tallies[reading]
            tally.running -= 1
            tally.pieces += 1
            tally.requests += count
        self._chunks = {
            reading: chunks for reading, chunks in self._chunks.items() if chunks
        }

    def drop(self, reading: Reading) -> None:
        """Read no more of a listing."""
        self._chunks.pop(reading, None)


@dataclass(slots=True)
class _Tally:
    """What was asked for a listing."""

    running: int = 0
    pieces: int = 0
    requests: int = 0

    @property
    def requests_a_piece(self) -> float:
        """Tell how many requests a piece takes, for lists inside its objects too."""
        return self.requests / self.pieces if self.pieces else 1.0


class _FilteredPiece:
    """The objects that a filter lets pass."""

    def __init__(
        self, work: ChangedWork, reading: Reading, filter_: tuple[str, str]
    ) -> None:
        self._work = work
        self._reading = reading
        self._filter = filter_

    def run(self, _: Give) -> list[Item]:
        return attempt(self._reading, self._ask, self._work.fetch)

    def _ask(self) -> list[Item]:
        fed = self._work.fed[self._reading]
        read = self._work.fetch.filtered(self._reading, self._filter, fed)
        return [*read, Filtered(self._reading, self._filter[1])]

    def done(self) -> None:
        self._work.done(self._reading.listing.path)


class _ChangedPiece:
    """One request for some changed objects, and those for the lists inside them."""

    def __init__(
        self,
        work: ChangedWork,
        reading: Reading,
        chunks: Chunks,
        chunk: Chunk,
    ) -> None:
        self._work = work
        self._reading = reading
        self._chunks = chunks
        self._chunk = chunk
        # The chunk may be cut meanwhile.
        self._first, self._oldest = chunk.first, chunk.oldest
        self._behind = chunk.behind
        self._by_id = chunk.asks_by_id
        self.endpoint = _endpoint(reading, by_id=self._by_id)
        self._ids: set[str] = set()
        self._mine = work.claim(reading, [self._first[1]]) if self._by_id else set()
        self._ends_at: int | None = None
        self._last = ""
        self._refused = False
        self._count = 0

    def run(self, give: Give) -> list[Item]:
        def ask() -> list[Item]:
            if self._by_id:
                _, id_ = self._first
                fed = self._work.fed[self._reading]
                item = self._work.fetch.object(self._reading, id_, fed)
                self._count += item.requests if isinstance(item, Page) else 1
                return [item]
            return [self._list(give)]

        items = attempt(self._reading, ask, self._work.fetch)
        self._refused = is_refused(items)
        return items

    def done(self) -> None:
        if self._refused:
            self._work.drop(self._reading)
        elif self._by_id:
            self._chunks.read(self._chunk, self._first[1])
        else:
            self._chunks.listed(
                self._chunk, self._ids, ends_at=self._ends_at, last=self._last
            )
        self._work.done(self.endpoint, self._reading, self._count)

    def _list(self, give: Give) -> Item:
        """Read a page of the list, for all wanted objects that are on it."""
        page, has_more = self._page()
        found = {text(one.get("id")) or "": one for one in page.objects}
        self._ends_at, self._last = None, ""
        if has_more and page.objects:
            last = page.objects[-1]
            self._ends_at = integer(last.get(self._reading.listing.time))
            self._last = text(last.get("id")) or ""
        self._ids = set(found)
        waiting = self._work.waiting[self._reading]
        self._mine |= self._work.claim(
            self._reading, [id_ for id_ in found if id_ in waiting]
        )
        wanted = [one for id_, one in found.items() if id_ in self._mine]

        def give_part(part: Page) -> None:
            self._count += part.requests
            give([part])

        rest = self._work.fetch.complete(page, wanted, give_part)
        self._count += rest.requests
        return rest

    def _page(self) -> tuple[Page, bool]:
        fed = self._work.fed[self._reading]
        newest, oldest = self._first[0] or 0, self._oldest or 0
        if self._behind is not None:
            top, cursor = self._behind
            try:
                return self._work.fetch.changed_between(
                    self._reading, (oldest, top), fed, cursor=cursor
                )
            except CursorGone:
                pass  # Begin with the second of what is wanted next.
        return self._work.fetch.changed_between(self._reading, (oldest, newest), fed)


def _endpoint(reading: Reading, *, by_id: bool) -> str:
    return reading.listing.path + ("/{id}" if by_id else "")
