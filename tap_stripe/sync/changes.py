"""What has changed since the last sync, gathered from the events."""

from __future__ import annotations

import zlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tap_stripe.api.body import Object, integer, text
from tap_stripe.sync.left import Entries, Sorted
from tap_stripe.sync.routing import Changed, Deleted, Routes, read_event

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from tap_stripe.streams.base import Collection
    from tap_stripe.streams.listing import Feed, Listing
    from tap_stripe.sync.left import Left

EVENTS_KEPT_S = 30 * 86400
"""Stripe keeps events for 30 days. https://docs.stripe.com/api/events/list"""


class LastEvents:
    """Tells whether there is an event that a sync before has not seen.

    Args:
        since: Only events from this second on count, seconds since the epoch.

    Attributes:
        mark: The same for the same events, in any order, since the same second; 0 for
            none. What was seen since another second was not seen by all collections.
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


_LINES, _DOUBTFUL, _BY = 1, 2, 4


@dataclass(slots=True)
class Pending:
    """An object that is to be read again.

    Attributes:
        created: Its own time, seconds since the epoch, if known.
        lines: Whether its lines' invoice items are to be read again too.
        alive_at: When it was last seen not to be deleted, seconds since the epoch.
        deletion: The last event that says it is gone.
        doubtful: Whether what an event says of things inside it has to be checked.
        itself: Whether an event was about the object itself, and not just about
            something inside it: only then does its absence mean a deletion.
    """

    created: int | None = None
    lines: bool = False
    doubtful: bool = False
    alive_at: int = -1
    itself: bool = False
    deletions: list[Deleted] = field(default_factory=list)

    @property
    def kind(self) -> int:
        """What has to be known of it besides its id, for the state; 0 if nothing."""
        return self.lines * _LINES + self.doubtful * _DOUBTFUL + (not self.itself) * _BY

    @property
    def is_first(self) -> bool:
        """Whether it says what becomes of other objects, or of rows inside it."""
        return bool(self.kind or self.deletions)

    @property
    def deleted_at(self) -> int:
        """When it was last announced as deleted; -1 if never."""
        return max((deletion.at for deletion in self.deletions), default=-1)

    @property
    def is_gone(self) -> bool:
        """Whether it needs no look: nothing can speak of it after its deletion."""
        return self.deleted_at > self.alive_at or any(
            deletion.final for deletion in self.deletions
        )


class Changes:
    """The changed objects of one account in one run.

    Args:
        feeds: The collections that are kept up to date, with all their feeds.
    """

    def __init__(self, feeds: Sequence[tuple[Collection, Feed]]) -> None:
        self._feeds = feeds
        self._routes = Routes(feeds)
        self._pending: dict[Listing, dict[str, Pending]] = {}
        self._seen: dict[Listing, set[str]] = {}
        self._sorted: dict[Listing, Sorted] = {}
        # Ids of which the state has to say something else than before.
        self._touched: dict[Listing, dict[str, None]] = {}
        self._children: dict[str, dict[str, Deleted]] = {}
        self._maybe_gone: dict[str, Entries] = {}

    def add(self, events: Iterable[Object]) -> None:
        """Take in a page of events, in whatever order they come."""
        for found in events:
            event = read_event(found)
            if event is None:
                continue
            meanings = list(self._routes.of(event))
            doubtful = any(isinstance(one, Deleted) for one in meanings)
            for meaning in meanings:
                if isinstance(meaning, Changed):
                    pending = self._add_changed(meaning, event.created)
                    pending.doubtful |= doubtful
                else:
                    self._add_deleted(meaning)

    def add_id(self, listing: Listing, id_: str) -> None:
        """Have an object read again that no event was about, unless this run has.

        What has changed since is told by an event that the next run reads.
        """
        if id_ in self._seen.get(listing, ()):
            return
        self._touch(listing, [id_])
        self._pending.setdefault(listing, {}).setdefault(id_, Pending())

    def add_left(
        self,
        listing: Listing,
        id_: str,
        created: int | None,
        kind: int = 0,
        *,
        alive_at: int = -1,
    ) -> None:
        """Have an object read again that the run before did not get to.

        Args:
            listing: Where it is listed.
            id_: Its id.
            created: Its own time, seconds since the epoch, if known.
            kind: What else is known of it (`Pending.kind`).
            alive_at: A deletion up to then, seconds since the epoch, is looked into.
        """
        self._touch(listing, [id_])
        left = Pending(
            created=created,
            lines=bool(kind & _LINES),
            doubtful=bool(kind & _DOUBTFUL),
            itself=not kind & _BY,
            alive_at=alive_at,
        )
        self._pending.setdefault(listing, {}).setdefault(id_, left)

    def add_gone(
        self,
        collection: Collection,
        listing: Listing,
        id_: str,
        created: int | None,
        at: int,
    ) -> None:
        """Take an object for gone as the run before did, unless an event says else."""
        last_known: Object = {"id": id_, "object": collection.stripe_object}
        if created is not None:
            last_known[listing.time] = created
        self._add_deleted(Deleted(collection, last_known, at, listing))

    def add_maybe_gone(self, collection: Collection, id_: str, at: int) -> None:
        """Take a row for gone that the run before did, unless it is seen."""
        last_known: Object = {"id": id_, "object": collection.stripe_object}
        self._add_deleted(Deleted(collection, last_known, at))

    def maybe_gone(self, collection: Collection) -> list[Any]:
        """Give the rows inside other objects that are gone unless they are seen.

        Returns:
            Entries for the state, as JSON.
        """
        return self._maybe_gone.setdefault(collection.name, Entries()).listed()

    def saw(self, listing: Listing, id_: str) -> Pending | None:
        """Note that an object was read: it needs no further look.

        Returns:
            What was known of it, if it was waited for.
        """
        pending = self._pending.get(listing, {}).pop(id_, None)
        if pending is not None:
            self._touch(listing, [id_])
            self._seen.setdefault(listing, set()).add(id_)
        return pending

    def missed(self, listing: Listing, id_: str, at: int) -> bool:
        """Note that an object is not there.

        It is gone if an event was about it. An absence says nothing of an object whose
        insides an event was about.

        Args:
            listing: Where it was listed.
            id_: Its id.
            at: When it was looked for, seconds since the epoch.

        Returns:
            Whether it is gone.
        """
        pending = self._pending.get(listing, {}).get(id_)
        if pending is None or not pending.itself:
            self.saw(listing, id_)
            return False
        self._touch(listing, [id_])
        pending.alive_at = -1
        known = {deletion.collection.name for deletion in pending.deletions}
        for collection, feed in self._feeds:
            is_its = feed.listing == listing and not feed.embedded
            if is_its and collection.name not in known:
                self.add_gone(collection, listing, id_, pending.created, at)
        if not pending.deletions:
            self.saw(listing, id_)  # No collection has a row of it.
        return True

    def saw_row(self, collection: Collection, id_: str) -> None:
        """Note that a row exists: whatever said otherwise is past."""
        if self._children.get(collection.name, {}).pop(id_, None) is not None:
            self._maybe_gone[collection.name].drop(id_)

    def doubts(self, collection: Collection) -> bool:
        """Tell whether any row of a collection may be gone."""
        return bool(self._children.get(collection.name))

    def waiting(self, listing: Listing) -> dict[str, Pending]:
        """Give the objects of a listing that are to be read again, by id."""
        return self._pending.get(listing, {})

    def has_first(self, listing: Listing) -> bool:
        """Tell whether an object of a listing says more than of itself."""
        return any(pending.is_first for pending in self.waiting(listing).values())

    def count(self) -> int:
        """Count the objects that are to be read again. From any thread, about."""
        return sum(map(len, list(self._pending.values())))

    def left(self, listing: Listing) -> Left:
        """Give what is left to be read of a listing, or is gone, for the state."""
        held = self._sorted.setdefault(listing, Sorted())
        waiting = self.waiting(listing)
        for id_ in self._touched.pop(listing, ()):
            held.note(id_, waiting.get(id_))
        return held.left()

    def drop(self, listing: Listing) -> None:
        """Ask for nothing more of a listing."""
        self._touch(listing, self._pending.pop(listing, ()))

    def forget(self, listing: Listing, ids: Iterable[str]) -> None:
        """Ask no more for objects, but for those that turned out to be gone."""
        waiting = self._pending.get(listing, {})
        for id_ in ids:
            if id_ in waiting and not waiting[id_].is_gone:
                del waiting[id_]
                self._touch(listing, [id_])

    def take_gone(self) -> Iterator[tuple[Listing, str, Pending]]:
        """Give the objects that are gone without a further look."""
        for listing, waiting in self._pending.items():
            gone = [id_ for id_, pending in waiting.items() if pending.is_gone]
            self._seen.setdefault(listing, set()).update(gone)
            self._touch(listing, gone)
            for id_ in gone:
                yield listing, id_, waiting.pop(id_)

    def take_children(self) -> list[Deleted]:
        """Give the rows inside other objects that are gone and were not seen since."""
        gone = [one for held in self._children.values() for one in held.values()]
        self._children.clear()
        self._maybe_gone.clear()
        return gone

    def _touch(self, listing: Listing, ids: Iterable[str]) -> None:
        self._touched.setdefault(listing, {}).update(dict.fromkeys(ids))

    def _add_changed(self, changed: Changed, at: int) -> Pending:
        self._touch(changed.listing, [changed.id])
        waiting = self._pending.setdefault(changed.listing, {})
        pending = waiting.setdefault(changed.id, Pending())
        pending.alive_at = max(pending.alive_at, at if changed.itself else -1)
        pending.itself |= changed.itself
        pending.lines |= changed.lines
        if changed.created is not None:
            pending.created = changed.created
        return pending

    def _add_deleted(self, deleted: Deleted) -> None:
        id_ = text(deleted.last_known.get("id"))
        if not id_:
            return
        if deleted.listing is None:
            name = deleted.collection.name
            gone = self._children.setdefault(name, {})
            if id_ not in gone:
                gone[id_] = deleted
                self._maybe_gone.setdefault(name, Entries()).put(id_, deleted.at)
            return
        self._touch(deleted.listing, [id_])
        waiting = self._pending.setdefault(deleted.listing, {})
        pending = waiting.setdefault(id_, Pending())
        pending.itself = True
        pending.deletions.append(deleted)
        if pending.created is None:
            pending.created = integer(deleted.last_known.get(deleted.listing.time))
