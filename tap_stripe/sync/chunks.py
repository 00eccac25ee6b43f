"""Which changed objects of a listing are read next: by id, or a page of them. Pure.

A page brings many where they lie close, and costs one request as an object does. One
reader goes through a chunk of them, newest first. A chunk is cut where more readers may
be at the listing: as late as can be, for its last page is not full.
"""

from __future__ import annotations

import math
import zlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

Wanted: TypeAlias = tuple[int | None, str]
"""`created` of an object, if known, and its id."""

_MOST_LOOKS = 8
"""After so many objects by their ids a page tells anew how close they lie. It brings
one of them anyway. It comes sooner where the last one brought several."""
_LEAST_PAGES = 6
"""Requests that a chunk has to take for a cut to cost little beside them."""
_SAMPLE = 200
"""So many objects tell how many requests a chunk takes."""


def place(id_: str) -> int:
    """Give the place of an object whose time is not known: a number of 32 bits."""
    return zlib.crc32(id_.encode())


@dataclass(slots=True)
class _Met:
    """What is known of a listing's objects, by id.

    Attributes:
        read: Those that are read.
        missing: Those that a page must have brought, were they still listed.
    """

    read: set[str] = field(default_factory=set)
    missing: set[str] = field(default_factory=set)


@dataclass(eq=False, slots=True)
class Chunk:
    """Changed objects that one reader at most is at.

    Attributes:
        wanted: The objects, the newest last: each is taken off at its end. Others may
            have read some of them.
        met: What is known of the listing's objects.
        is_listed: Whether their list can be read from a second down.
        page_s: How many seconds a page spans; None until one was read.
        looks: So many objects are read by id before a page tells how close they lie.
        looked: How many were since the last one.
        behind: `created[lte]` and the cursor, where more of a page's last second may
            follow.
        taken: Whether a reader is at it.
    """

    wanted: list[Wanted]
    met: _Met
    is_listed: bool
    page_s: float | None = None
    looks: int = 1
    looked: int = 0
    behind: tuple[int, str] | None = None
    taken: bool = False

    @property
    def first(self) -> Wanted:
        """The object that is read next."""
        return self.wanted[-1]

    @property
    def oldest(self) -> int | None:
        """`created` of the last object, if known."""
        return self.wanted[0][0]

    @property
    def asks_by_id(self) -> bool:
        """Whether the first object is to be read by its id, and not with a page."""
        created, id_ = self.first
        if created is None or not self.is_listed:
            return True
        if self.behind is not None:
            return False
        if id_ in self.met.missing:
            return True
        others = (one for one in reversed(self.wanted) if one[1] not in self.met.read)
        next(others)
        other, _ = next(others, (None, ""))
        if other is None:
            return True
        if self.page_s is None or self.looked >= self.looks:
            return False
        return other < created - self.page_s

    def requests_left(self) -> int:
        """Estimate how many requests it takes, from those for its newest objects."""
        if not self.is_listed or self.page_s is None:
            return len(self.wanted)
        sample = self.wanted[-_SAMPLE:]
        count = 0
        until = math.inf
        for created, _ in reversed(sample):
            if created is not None and created < until:
                count += 1
                until = created - self.page_s
        return math.ceil(count * len(self.wanted) / len(sample)) if sample else 0

    def forget_read(self) -> None:
        """Take off what is read, down to the first object that is not."""
        while self.wanted and self.wanted[-1][1] in self.met.read:
            self.wanted.pop()

    def listed(self, *, ends_at: int | None, last: str) -> None:
        """Note that a page was read, with the ids of its objects in `met`.

        Args:
            ends_at: `created` of its last object; None if nothing is behind it.
            last: The id of that one.
        """
        newest = self.first[0] or 0
        top = newest if self.behind is None else self.behind[0]
        self.looked = 0
        self.page_s = newest if ends_at is None else newest - ends_at
        self.behind = None
        brought = 0
        for created, id_ in reversed(self.wanted):
            if ends_at is not None and (created or 0) < ends_at:
                break
            if id_ in self.met.read:
                brought += 1
                continue
            if ends_at is None or created != ends_at:
                self.met.missing.add(id_)
            else:
                self.behind = top, last
        self.looks = 1 if brought > 1 else min(2 * self.looks, _MOST_LOOKS)


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
        timed.sort(key=lambda one: one[0] or 0)
        # In an order that the next run has too, if this one is killed.
        untimed.sort(key=lambda one: place(one[1]))
        self._met = _Met()
        # With how many requests it takes.
        self._chunks: dict[Chunk, int] = {}
        self._note(Chunk(timed, self._met, is_listed=is_listed))
        self._note(Chunk(untimed, self._met, is_listed=False))

    def __bool__(self) -> bool:
        """Tell whether anything is wanted."""
        return bool(self._chunks)

    def requests_left(self) -> int:
        """Estimate how many requests are still to be made."""
        return sum(self._chunks.values())

    def take(self, may_ask: Callable[[bool], bool]) -> Chunk | None:
        """Give a chunk to a reader.

        Args:
            may_ask: Tells whether there may be one more request for an object by its
                id, or if not, for a page.

        Returns:
            None if none is worth another reader.
        """
        # Those of which no time is known may be on the others' pages.
        timed = [chunk for chunk in self._chunks if chunk.first[0] is not None]
        chunks = timed or list(self._chunks)
        idle = [chunk for chunk in chunks if not chunk.taken]
        found: Chunk | None = None
        if idle:
            askable = [chunk for chunk in idle if may_ask(chunk.asks_by_id)]
            found = max(askable, key=self._chunks.__getitem__, default=None)
        elif chunks and all(map(may_ask, (True, False))):
            found = self._cut(max(chunks, key=self._chunks.__getitem__))
        if found is not None:
            found.taken = True
        return found

    def read(self, chunk: Chunk, id_: str) -> None:
        """Take a chunk back after its first object was asked for by its id."""
        self._met.read.add(id_)
        chunk.looked += 1
        self._take_back(chunk)

    def listed(
        self, chunk: Chunk, ids: Iterable[str], *, ends_at: int | None, last: str
    ) -> None:
        """Take a chunk back after a page.

        Args:
            chunk: The chunk.
            ids: Of the page's objects, whoever wants them.
            ends_at: As for `Chunk.listed`.
            last: As for `Chunk.listed`.
        """
        self._met.read.update(ids)
        chunk.listed(ends_at=ends_at, last=last)
        self._take_back(chunk)

    def not_listed(self, chunk: Chunk) -> None:
        """Take a chunk back whose page could not be had: each is read by its id."""
        chunk.is_listed = False
        chunk.behind = None
        self._take_back(chunk)

    def _take_back(self, chunk: Chunk) -> None:
        chunk.taken = False
        self._note(chunk)
        for other in list(self._chunks):
            if not other.taken and other.first[1] in self._met.read:
                self._note(other)

    def _note(self, chunk: Chunk) -> None:
        chunk.forget_read()
        if chunk.wanted:
            self._chunks[chunk] = chunk.requests_left()
        else:
            self._chunks.pop(chunk, None)

    def _cut(self, chunk: Chunk) -> Chunk | None:
        """Cut a chunk that a reader is at in two; give the older part."""
        if chunk.is_listed and chunk.page_s is None:
            return None  # Nobody knows yet how many requests it takes.
        count, requests = len(chunk.wanted), self._chunks[chunk]
        # The first one is being made. Where each object takes one a cut costs nothing.
        if requests <= 1 or (requests < count and requests < _LEAST_PAGES):
            return None
        place = count // 2
        older = Chunk(
            chunk.wanted[:place],
            self._met,
            is_listed=chunk.is_listed,
            page_s=chunk.page_s,
            looks=chunk.looks,
            looked=chunk.looks if place >= chunk.looks else chunk.looked,
        )
        # What another has read of it stays until its reader is back.
        chunk.wanted = chunk.wanted[place:]
        self._chunks[chunk] = chunk.requests_left()
        self._note(older)
        return older if older in self._chunks else None
