"""What events name: the objects of one slice of the change feed that are to be read."""

from __future__ import annotations

import zlib
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tap_stripe.api.body import Object, integer, text
from tap_stripe.sync.routing import Changed, ChildGone, Deleted, Routes, read_event

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from tap_stripe.state.bookmarks import Failed
    from tap_stripe.streams.base import Collection
    from tap_stripe.streams.listing import Feed, Listing

EVENTS_KEPT_S = 30 * 86400
"""Stripe keeps events for 30 days. https://docs.stripe.com/api/events/list"""
_MOST_RECENT = 50_000


class LastEvents:
    """Tells whether there is an event that the run before has not seen.

    Args:
        since: Only events from this second on count, seconds since the epoch.

    Attributes:
        mark: The same for the same events, in any order; 0 for none.
    """

    def __init__(self, since: int) -> None:
        self._since = since
        self._events = 0
        self._ids = zlib.crc32(str(since).encode())

    @property
    def mark(self) -> int:
        """The number, above it what tells one set of events from others."""
        return (self._events << 32) + self._ids if self._events else 0

    def add(self, events: Iterable[Object]) -> None:
        """Take in a page of events."""
        for found in events:
            if (integer(found.get("created")) or 0) >= self._since:
                self._ids ^= zlib.crc32((text(found.get("id")) or "").encode())
                self._events += 1


@dataclass(slots=True)
class Wanted:
    """An object that is to be read, and what is known of it.

    Attributes:
        id: Its id.
        created: Its own time, seconds since the epoch, if known.
        itself: Whether its absence means that it was deleted; not where an event was
            just about something inside it.
        at: When an event last spoke of it.
        alive_at: When an event last showed it alive.
        deletion: The last event that says it is gone.
        lines: Whether the invoice items in its lines may have changed with it.
        children: Rows inside it that are gone unless it shows them.
        failed: What the state has of it, where it could not be read before.
    """

    id: str
    created: int | None = None
    itself: bool = False
    at: int = 0
    alive_at: int = -1
    deletion: Deleted | None = None
    lines: bool = False
    children: list[ChildGone] = field(default_factory=list)
    failed: Failed | None = None

    @property
    def is_gone(self) -> bool:
        """Whether it needs no look: nothing speaks of it after its deletion."""
        gone = self.deletion
        return gone is not None and (gone.final or gone.at > self.alive_at)


class Recent:
    """When objects were last read in this run: older events say nothing new of them.

    Remembers some 50,000.
    """

    def __init__(self) -> None:
        self._read: OrderedDict[tuple[str, str], float] = OrderedDict()

    def note(self, path: str, id_: str, at: float) -> None:
        """Note that an object was read."""
        self._read[path, id_] = at
        self._read.move_to_end((path, id_))
        if len(self._read) > _MOST_RECENT:
            self._read.popitem(last=False)

    def has(self, path: str, id_: str, *, since: float = 0) -> bool:
        """Tell whether it was, behind some second."""
        return self._read.get((path, id_), -1) > since


class Changes:
    """The objects that the events of a slice name.

    Args:
        feeds: The collections that are kept up to date, with all their feeds.
    """

    def __init__(self, feeds: Sequence[tuple[Collection, Feed]]) -> None:
        self._routes = Routes(feeds)
        self.wanted: dict[Listing, dict[str, Wanted]] = {}
        self.orphans: list[ChildGone] = []
        self.clocks: list[tuple[str, int]] = []
        self.unreadable: list[str] = []
        self.oldest = self.newest = 0

    def __len__(self) -> int:
        """Count the objects that are to be read."""
        return sum(map(len, self.wanted.values()))

    def add(self, events: Iterable[Object]) -> None:
        """Take in a page of events, in whatever order they come."""
        for found in events:
            event = read_event(found)
            if event is None:
                self.unreadable.append(text(found.get("id")) or "without an id")
                continue
            if event.is_clock_deleted:
                self.clocks.append((event.id, event.created))
            for meaning in self._routes.of(event):
                match meaning:
                    case Changed():
                        self._add_changed(meaning, event.created)
                    case Deleted():
                        self._add_deleted(meaning)
                    case ChildGone():
                        self._add_child(meaning)

    def want(self, listing: Listing, id_: str) -> Wanted:
        """Have an object read; gives what is known of it."""
        return self.wanted.setdefault(listing, {}).setdefault(id_, Wanted(id_))

    def take(self, listing: Listing, id_: str) -> Wanted | None:
        """Take an object off: it has been read, or is gone."""
        return self.wanted.get(listing, {}).pop(id_, None)

    def take_gone(self) -> Iterator[tuple[Listing, Wanted]]:
        """Take the objects off that are gone without a further look."""
        for listing, wanted in self.wanted.items():
            for id_ in [id_ for id_, one in wanted.items() if one.is_gone]:
                yield listing, wanted.pop(id_)

    def _add_changed(self, changed: Changed, at: int) -> None:
        wanted = self.want(changed.listing, changed.id)
        wanted.at = max(wanted.at, at)
        if changed.itself:
            wanted.itself = True
            wanted.alive_at = max(wanted.alive_at, at)
        wanted.lines |= changed.lines
        if changed.created is not None:
            wanted.created = changed.created

    def _add_deleted(self, deleted: Deleted) -> None:
        wanted = self.want(deleted.listing, deleted.id)
        wanted.at = max(wanted.at, deleted.at)
        wanted.itself = True
        if wanted.deletion is None or deleted.at >= wanted.deletion.at:
            wanted.deletion = deleted
        if wanted.created is None:
            wanted.created = integer(deleted.last_known.get(deleted.listing.time))

    def _add_child(self, child: ChildGone) -> None:
        for listing, id_ in child.parents:
            wanted = self.want(listing, id_)
            wanted.at = max(wanted.at, child.at)
            wanted.children.append(child)
        if not child.parents:
            self.orphans.append(child)
