"""Which changed objects of a listing are read next: by id, or a page of them. Pure.

A page brings many where they lie close, and costs one request as an object does. One
reader goes through a chunk of them, newest first. A chunk is cut where more readers may
be at the listing: as late as can be, for its last page is not full.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterable

Wanted: TypeAlias = tuple[int | None, str]
"""`created` of an object, if known, and its id."""

_WORTH_A_LIST = 2
_LOOK_AGAIN = 8
"""After so many objects by their ids a page tells anew how close they lie. It brings
one of them anyway."""
_LEAST_PAGES = 6
"""Requests that a chunk has to take for a cut to cost little beside them."""


@dataclass(eq=False, slots=True)
class Chunk:
    """Changed objects that one reader at most is at.

    Attributes:
        wanted: The objects, newest first.
        is_listed: Whether their list can be read from a second down.
        page_s: How many seconds a page spans; None until one was read.
        looked: How many objects were read by id since.
        missing: Ids that a page must have brought, were they still listed.
        behind: `created[lte]` and the cursor, where more of a page's last second may
            follow.
        taken: Whether a reader is at it.
    """

    wanted: list[Wanted]
    is_listed: bool
    page_s: float | None = None
    looked: int = 0
    missing: set[str] = field(default_factory=set)
    behind: tuple[int, str] | None = None
    taken: bool = False

    @property
    def asks_by_id(self) -> bool:
        """Whether the first object is to be read by its id, and not with a page."""
        created, id_ = self.wanted[0]
        if created is None or not self.is_listed:
            return True
        if self.behind is not None:
            return False
        if id_ in self.missing:
            return True
        if self.page_s is None or self.looked >= _LOOK_AGAIN:
            return False
        close = sum(
            other is not None and other >= created - self.page_s
            for other, _ in self.wanted[:_WORTH_A_LIST]
        )
        return close < _WORTH_A_LIST

    def requests(self) -> list[int]:
        """Give the places in `wanted` at which a request is likely to begin."""
        begin = list(range(len(self.wanted)))
        if not self.is_listed or self.page_s is None:
            return begin
        found = []
        until = math.inf
        for place in begin:
            created = self.wanted[place][0]
            if created is None or created < until:
                found.append(place)
                until = math.inf if created is None else created - self.page_s
        return found

    def drop(self, ids: set[str]) -> None:
        """Want some objects no more."""
        self.wanted = [one for one in self.wanted if one[1] not in ids]

    def read(self, id_: str) -> None:
        """Note that an object was asked for by its id."""
        self.drop({id_})
        self.looked += 1

    def listed(self, ids: set[str], *, ends_at: int | None, last: str) -> None:
        """Note that a page was read.

        Args:
            ids: Of its objects.
            ends_at: `created` of its last object; None if nothing is behind it.
            last: The id of that one.
        """
        newest = self.wanted[0][0] or 0
        top = newest if self.behind is None else self.behind[0]
        self.drop(ids)
        self.looked = 0
        self.page_s = newest if ends_at is None else newest - ends_at
        self.missing |= {
            id_
            for created, id_ in self.wanted
            if created is not None and (ends_at is None or created > ends_at)
        }
        self.behind = None
        if ends_at is not None and any(at == ends_at for at, _ in self.wanted):
            self.behind = top, last


class Chunks:
    """The changed objects of a listing. Not thread-safe.

    Args:
        wanted: The objects.
        is_listed: Whether their list can be read from a second down.
    """

    def __init__(self, wanted: Iterable[Wanted], *, is_listed: bool) -> None:
        timed: list[Wanted] = []
        untimed: list[Wanted] = []
        for one in wanted:
            (untimed if one[0] is None else timed).append(one)
        timed.sort(key=lambda one: (one[0] or 0, one[1]), reverse=True)
        self._chunks = {
            chunk: len(chunk.wanted)
            for chunk in (Chunk(timed, is_listed), Chunk(untimed, is_listed=False))
            if chunk.wanted
        }

    def __bool__(self) -> bool:
        """Tell whether anything is wanted."""
        return bool(self._chunks)

    def requests_left(self) -> int:
        """Estimate how many requests are still to be made."""
        return sum(self._chunks.values())

    def next(self) -> Chunk | None:
        """Give a chunk that no reader is at; None if none is worth another reader."""
        # Those of which no time is known may be on the others' pages.
        timed = [chunk for chunk in self._chunks if chunk.wanted[0][0] is not None]
        chunks = timed or list(self._chunks)
        idle = [chunk for chunk in chunks if not chunk.taken]
        if idle:
            return max(idle, key=self._chunks.__getitem__)
        largest = max(chunks, key=self._chunks.__getitem__, default=None)
        return None if largest is None else self._cut(largest)

    def read(self, chunk: Chunk, id_: str) -> None:
        """Take a chunk back after its first object was asked for by its id."""
        chunk.read(id_)
        self._take_back(chunk)

    def listed(
        self, chunk: Chunk, ids: set[str], *, ends_at: int | None, last: str
    ) -> None:
        """Take a chunk back after a page; the arguments are those of `Chunk.listed`."""
        chunk.listed(ids, ends_at=ends_at, last=last)
        for other in list(self._chunks):
            if not other.taken and any(id_ in ids for _, id_ in other.wanted):
                other.drop(ids)
                self._note(other)
        self._take_back(chunk)

    def _take_back(self, chunk: Chunk) -> None:
        chunk.taken = False
        self._note(chunk)

    def _note(self, chunk: Chunk) -> None:
        if chunk.wanted:
            self._chunks[chunk] = len(chunk.requests())
        else:
            del self._chunks[chunk]

    def _cut(self, chunk: Chunk) -> Chunk | None:
        """Cut a chunk that a reader is at in two; give the older part."""
        if chunk.is_listed and chunk.page_s is None:
            return None  # Nobody knows yet how many requests it takes.
        begin = [*chunk.requests(), len(chunk.wanted)]
        requests = len(begin) - 1
        # The first one is being made.
        if requests <= 1:
            return None
        middle = (requests + 1) // 2
        before, place, behind = begin[middle - 1 : middle + 2]
        are_alone = place - before == behind - place == 1
        if not are_alone and requests < _LEAST_PAGES:
            return None
        wanted = chunk.wanted[place:]
        older = Chunk(
            wanted,
            chunk.is_listed,
            page_s=chunk.page_s,
            looked=_LOOK_AGAIN if len(wanted) >= _LOOK_AGAIN else chunk.looked,
            missing={id_ for _, id_ in wanted if id_ in chunk.missing},
        )
        chunk.wanted = chunk.wanted[:place]
        self._note(chunk)
        self._note(older)
        return older
