"""The sync of one account: what changed, what is new, what is gone."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING

from tap_stripe.sync.at_once import AtOnce
from tap_stripe.sync.changes import EVENTS_KEPT_S, Changes, Pending
from tap_stripe.sync.known import Known
from tap_stripe.sync.plan import EVENTS, readings, unread_listings, windows
from tap_stripe.sync.reading import Gone, Page, Reading, Refused
from tap_stripe.sync.state import Bookmark, read_bookmark
from tap_stripe.sync.tables import Tables
from tap_stripe.sync.unread import union
from tap_stripe.sync.windows import Window, Windows
from tap_stripe.sync.work import ChangedWork, WindowWork

if TYPE_CHECKING:
    import logging
    from collections.abc import Iterator, Mapping, Sequence
    from typing import Any

    from tap_stripe.streams.base import Collection
    from tap_stripe.sync.fetch import Fetch
    from tap_stripe.sync.readers import Item, Readers
    from tap_stripe.sync.report import Report
    from tap_stripe.sync.writer import Writer
    from tap_stripe.usage import Usage

_MARGIN_S = 86400
_SUBSCRIPTION = "subscription"


class AccountSync:
    """Brings the selected collections of one account to Stripe's present state.

    Args:
        account: Connected account for `Stripe-Account`; None for the key's own.
        collections: Those that are selected.
        kept: What the state has, by collection.
        start: First `created` second that is wanted.
        now: When the sync began, seconds since the epoch.
        lookback_s: By how much the watermark trails `now`: an event may become visible
            after later ones.
    """

    def __init__(
        self,
        account: str | None,
        collections: Sequence[Collection],
        kept: Mapping[str, Mapping[str, Any]],
        *,
        start: int,
        now: int,
        lookback_s: int,
        logger: logging.Logger,
        report: Report,
    ) -> None:
        self._account = account
        self._logger = logger
        self._report = report
        self._are_ids_enough = False
        self._known = Known(
            collections,
            readings(account, collections),
            start=start,
            now=now,
            ready=max(start, now - lookback_s),
        )
        for collection in collections:
            name = collection.name
            bookmark = read_bookmark(
                name, kept.get(name, {}), unread_listings(collection)
            )
            self._known.before[name] = copy.deepcopy(bookmark)
            self._known.bookmarks[name] = bookmark

    @property
    def bookmarks(self) -> dict[str, Bookmark]:
        """How far each collection is read, by name."""
        return self._known.bookmarks

    # What is to be done

    def begin(self) -> None:
        """Work out what is unread, and say so in the bookmarks."""
        for collection in self._known.collections:
            bookmark = self._known.bookmarks[collection.name]
            if self._starts_over(collection, bookmark):
                bookmark.start_over(
                    start=self._known.start,
                    now=self._known.now,
                    ready=self._known.ready,
                )
            else:
                path = collection.feeds[0].listing.path
                self._known.unsettled[path] = union(
                    [*self._known.unsettled.get(path, ()), *bookmark.unsettled]
                )
                bookmark.go_on(
                    start=self._known.start,
                    now=self._known.now,
                    ready=self._known.ready,
                )
                self._known.kept.add(collection.name)
        self._known.changes = Changes(
            [
                (collection, feed)
                for collection in self._known.collections
                if collection.name in self._known.kept
                for feed in collection.feeds
            ]
        )

        for name in self._known.kept:
            bookmark = self._known.bookmarks[name]
            for listing in self._known.readings:
                # They stay in the bookmark until it can be said anew what is left.
                for id_, created in bookmark.waiting.get(listing.path, ()):
                    self._known.changes.add_left(listing, id_, created)

    def _starts_over(self, collection: Collection, bookmark: Bookmark) -> bool:
        if bookmark.watermark is None:
            return True
        gap_s = self._known.now - bookmark.watermark
        if gap_s < 0:
            self._logger.warning(
                "%s was last read %d seconds in the future, by a clock that was wrong: "
                "it is read again in full.",
                collection.name,
                -gap_s,
            )
            return True
        if gap_s > EVENTS_KEPT_S - _MARGIN_S:
            self._logger.warning(
                "%s was last read %.1f days ago, and Stripe keeps events for 30: it is "
                "read again in full.",
                collection.name,
                gap_s / 86400,
            )
            return True
        return collection.replication_method == "FULL_TABLE" and bookmark.activated

    # Doing it

    def run(self, readers: Readers, fetch: Fetch, writer: Writer, usage: Usage) -> None:
        """Read everything, and write it.

        Raises:
            TapError: The run can't go on; the bookmarks say how far it came.
        """
        self._tables = Tables(self._known, writer, self._report, usage, self._logger)
        at_once = AtOnce(fetch.budget, usage)
        for item in self._windowed(readers, fetch, self._event_windows(), at_once):
            self._take_events(item)
        listed = windows(
            self._known.readings.values(),
            self._known.bookmarks,
            frozenset(self._known.kept),
            self._known.unsettled,
            start=self._known.start,
            now=self._known.now,
        )
        for item in self._windowed(readers, fetch, listed, at_once):
            self._tables.take(item)
        # First what needs more than an id to be judged: from then on the state can say
        # by ids what is left, and a kill loses nothing of what was read.
        while (
            self._tables.write_gone()
            or self._waiting(first=True)
            or self._tables.customers_gone
        ):
            self._read_changed(readers, fetch, first=True)
        self._tables.write_children_gone()
        self._are_ids_enough = True
        while (
            self._tables.write_gone() or self._waiting() or self._tables.customers_gone
        ):
            self._read_changed(readers, fetch)
        self._tables.finish()

    def keep_waiting(self) -> None:
        """Say in the bookmarks which changed objects are still to be read."""
        if not self._are_ids_enough or not self._known.changes.is_certain:
            return
        if self._tables.customers_gone:
            return
        for collection in self._known.collections:
            if collection.name not in self._known.kept - self._known.incomplete:
                continue
            bookmark = self._known.bookmarks[collection.name]
            bookmark.watermark = self._known.ready
            bookmark.waiting = {
                feed.listing.path: [
                    (id_, pending.created)
                    for id_, pending in self._known.changes.waiting(
                        feed.listing
                    ).items()
                ]
                for feed in collection.feeds
                if not feed.listing.later_only
            }

    def _read_changed(
        self, readers: Readers, fetch: Fetch, *, first: bool = False
    ) -> None:
        waiting, fed = self._waiting(first=first), self._fed()
        canceled = [
            (reading, [("customer", id_) for id_ in self._tables.customers_gone])
            for reading in waiting.keys() | self._known.readings.values()
            if reading.listing.object == _SUBSCRIPTION and fed[reading]
        ]
        self._tables.customers_gone = []
        for item in readers.run(ChangedWork(waiting, canceled, fed, fetch)):
            self._tables.take(item)
        for reading, asked in waiting.items():
            for id_ in asked:
                # Whatever came of it, it is not asked for again.
                self._known.changes.waiting(reading.listing).pop(id_, None)

    def _windowed(
        self,
        readers: Readers,
        fetch: Fetch,
        found: list[Window],
        at_once: AtOnce,
    ) -> Iterator[Item]:
        if found:
            yield from readers.run(WindowWork(Windows(found, at_once=at_once), fetch))

    def _event_windows(self) -> list[Window]:
        marks = [
            self._known.bookmarks[name].watermark or 0 for name in self._known.kept
        ]
        if not marks:
            return []
        reading = Reading(self._account, EVENTS, ())
        # Events are read to the present: what happens meanwhile may come in too.
        last = self._known.now + _MARGIN_S
        return [
            Window(reading, frozenset(self._known.kept), [(min(marks), last)], last)
        ]

    def _waiting(self, *, first: bool = False) -> dict[Reading, dict[str, Pending]]:
        found = {}
        for listing, reading in self._known.readings.items():
            waiting = {
                id_: pending
                for id_, pending in self._known.changes.waiting(listing).items()
                if pending.is_first or not first
            }
            if waiting:
                found[reading] = waiting
        return found

    def _fed(self) -> dict[Reading, frozenset[str]]:
        return {
            reading: frozenset(self._known.kept & {c.name for c, _ in reading.feeds})
            for reading in self._known.readings.values()
        }

    # Events

    def _take_events(self, item: Item) -> None:
        match item:
            case Page():
                self._known.changes.add(item.objects)
            case Refused():
                self._tables.refuse(item, self._known.kept)
            case Gone():
                pass
