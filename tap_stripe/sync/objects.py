"""Objects that have changed are read: by their ids, or by page where they lie close."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from tap_stripe.api.body import Object, text
from tap_stripe.errors import EndpointGone
from tap_stripe.sync.chunks import Chunks
from tap_stripe.sync.fetch import OF_AN_ENDPOINT, Page, concerns_more
from tap_stripe.sync.stage import Stage

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tap_stripe.sync.at_once import AtOnce
    from tap_stripe.sync.changes import Wanted
    from tap_stripe.sync.chunks import Chunk
    from tap_stripe.sync.fetch import Fetch
    from tap_stripe.sync.pool import Task
    from tap_stripe.sync.source import Source
    from tap_stripe.sync.tables import Tables

_FAILURES_AT_FIRST = 10
"""After so many failures in a row an endpoint is taken to be refused."""


@dataclass(slots=True)
class _Tally:
    """What was asked of an endpoint."""

    running: int = 0
    failed: int = 0


class Objects(Stage):
    """Reads objects until none is left.

    Args:
        fetch: As in `Stage`.
        at_once: As in `Stage`.
        tables: As in `Stage`.
        wanted: What is to be read, by id.
        names: The collections that get rows of each source.
        by_id: Whether each is asked for by its id.
    """

    def __init__(
        self,
        fetch: Fetch,
        at_once: AtOnce,
        tables: Tables,
        wanted: Mapping[Source, Mapping[str, Wanted]],
        names: Mapping[Source, frozenset[str]],
        *,
        by_id: bool = False,
    ) -> None:
        super().__init__(fetch, at_once, tables)
        self._names = names
        self._chunks = {
            source: Chunks(
                ((one.created, id_) for id_, one in held.items()),
                is_listed=source.listing.windowed and not by_id,
            )
            for source, held in wanted.items()
        }
        self._wanted = {source: dict(held) for source, held in wanted.items()}
        self._tallies = {source: _Tally() for source in wanted}
        self._refused: set[Source] = set()

    def has_more(self) -> bool:
        """Tell whether any object is still to be read."""
        return any(self._chunks.values())

    def next_own(self) -> Task | None:
        """Give the next request."""
        left = {source: c.requests_left() for source, c in self._chunks.items()}
        # What one request after the other gets done as soon as all is done is not
        # worth a cut.
        share = sum(left.values()) / max(1, self.at_once.most())
        for source in sorted(left, key=left.__getitem__, reverse=True):
            running = self._tallies[source].running
            if running and running * share >= left[source]:
                continue
            chunk = self._chunks[source].take(partial(self._may_ask, source))
            if chunk is not None:
                self._tallies[source].running += 1
                return self._ask(source, chunk)
        return None

    def _may_ask(self, source: Source, by_id: bool) -> bool:  # noqa: FBT001
        return self.at_once.may_ask(_endpoint(source, by_id=by_id))

    def _ask(self, source: Source, chunk: Chunk) -> Task:
        by_id, (created, id_) = chunk.asks_by_id, chunk.first
        endpoint = _endpoint(source, by_id=by_id)
        if by_id:
            return self.task(
                endpoint,
                partial(self.fetch.object, source, id_),
                partial(self._object, source, chunk, id_),
            )
        oldest, top, cursor = chunk.oldest or 0, created or 0, None
        if chunk.behind is not None:
            top, cursor = chunk.behind
        return self.task(
            endpoint,
            partial(
                self.fetch.page, source, (oldest, created or 0), top=top, cursor=cursor
            ),
            partial(self._page, source, chunk),
        )

    # What comes

    def _object(
        self,
        source: Source,
        chunk: Chunk,
        id_: str,
        page: Page | None,
        error: Exception | None,
    ) -> None:
        self._tallies[source].running -= 1
        wanted = self._wanted[source].pop(id_, None)
        chunks = self._chunks[source]
        if error is not None:
            if wanted is not None:
                self._failed(source, wanted, error)
        elif page is None:
            if wanted is not None:
                self.tables.missing(source, wanted, self._names[source])
        elif wanted is not None:  # Else a page has brought it meanwhile.
            self._tallies[source].failed = 0
            self._write(source, page, page.objects)
        if source not in self._refused:
            chunks.read(chunk, id_)

    def _page(
        self, source: Source, chunk: Chunk, page: Page | None, error: Exception | None
    ) -> None:
        self._tallies[source].running -= 1
        chunks = self._chunks[source]
        if error is not None or page is None:
            self._judge(source, error)
            if source not in self._refused:
                # Each by itself: then what is bad is one object.
                chunks.not_listed(chunk)
            return
        ids = {text(one.get("id")) or "" for one in page.objects}
        held = self._wanted[source]
        mine = [
            one
            for one in page.objects
            if (id_ := text(one.get("id")) or "") in held
            or self.tables.wants(source, id_)
        ]
        for id_ in ids:
            held.pop(id_, None)
        self._write(source, page, mine)
        if source not in self._refused:
            ends_at = page.oldest_seen(source) if page.has_more else None
            chunks.listed(chunk, ids, ends_at=ends_at, last=page.cursor)

    def _write(self, source: Source, page: Page, objects: list[Object]) -> None:
        names = self._names[source]
        for refusal in page.refused:
            self.tables.lack(source, refusal.names, refusal.error)

        def write(some: list[Object]) -> None:
            self.tables.write(source, some, page.received_at, names, by_id=True)

        self.take(source, objects, write)

    def _failed(self, source: Source, wanted: Wanted, error: Exception) -> None:
        if self._judge(source, error):
            return
        tally = self._tallies[source]
        tally.failed += 1
        self.tables.object_failed(source, wanted, error, self._names[source])
        if (
            tally.failed >= _FAILURES_AT_FIRST
            and len(self._wanted[source]) > tally.failed
        ):
            self._refuse(source, error)

    def _judge(self, source: Source, error: Exception | None) -> bool:
        """Tell whether an error is the whole endpoint's.

        Raises:
            Exception: It concerns all requests, or is a fault of the tap.
        """
        if error is None:
            return False
        if concerns_more(source, error):
            raise error
        if not isinstance(error, OF_AN_ENDPOINT) or isinstance(error, EndpointGone):
            return False  # A single address may be refused like that.
        self._refuse(source, error)
        return True

    def _refuse(self, source: Source, error: Exception) -> None:
        self._wanted[source].clear()
        self._refused.add(source)
        self._chunks[source] = Chunks((), is_listed=False)
        self.tables.refuse(source, error, self._names[source])


def _endpoint(source: Source, *, by_id: bool) -> str:
    return source.path + ("/{id}" if by_id else "")
