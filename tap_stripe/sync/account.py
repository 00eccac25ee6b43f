"""The sync of one account: what changed, what is new, what is gone."""

from __future__ import annotations

import copy
import math
from typing import TYPE_CHECKING

from tap_stripe.body import Object, integer, text
from tap_stripe.sync.changes import EVENTS_KEPT_S, Changes, Pending
from tap_stripe.sync.plan import EVENTS, SMALL, readings, unread_listings, windows
from tap_stripe.sync.reading import Gone, Page, Reading, Refused
from tap_stripe.sync.report import is_final, is_harmless
from tap_stripe.sync.routing import Deleted, items_in_lines
from tap_stripe.sync.state import Bookmark, read_bookmark
from tap_stripe.sync.unread import fewer, union
from tap_stripe.sync.windows import Window, Windows
from tap_stripe.sync.work import ChangedWork, WindowWork

if TYPE_CHECKING:
    import logging
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from typing import Any

    from tap_stripe.streams.base import Collection
    from tap_stripe.streams.listing import Feed, Listing
    from tap_stripe.streams.shape import Row
    from tap_stripe.sync.fetch import Fetch
    from tap_stripe.sync.readers import Item, Readers
    from tap_stripe.sync.report import Report
    from tap_stripe.sync.unread import Intervals
    from tap_stripe.sync.writer import Writer
    from tap_stripe.usage import Usage

_MARGIN_S = 86400
# A reader that waits for its endpoint's pace must not keep another endpoint waiting.
_ENDPOINT_MARGIN = 1.2
_MARGIN = 1.6
_MOST_UNSETTLED = 32
_CUSTOMER = "customer"
_SUBSCRIPTION = "subscription"
_INVOICE = "invoice"
_INVOICE_ITEM = "invoiceitem"


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
        self._collections = collections
        self._start = start
        self._now = now
        self._ready = max(start, now - lookback_s)
        self._logger = logger
        self._report = report
        self.bookmarks: dict[str, Bookmark] = {}
        self._before: dict[str, Bookmark] = {}
        self._kept: set[str] = set()
        self._incomplete: set[str] = set()
        self._counted: dict[tuple[str, str], int] = {}
        self._ids: dict[tuple[str, str], list[str]] = {}
        self._customers_gone: list[str] = []
        self._flagged: set[tuple[str, str]] = set()
        self._are_ids_enough = False
        self._unsettled: dict[str, Intervals] = {}
        for collection in collections:
            name = collection.name
            bookmark = read_bookmark(
                name, kept.get(name, {}), unread_listings(collection)
            )
            self._before[name] = copy.deepcopy(bookmark)
            self.bookmarks[name] = bookmark
        self._readings = readings(account, collections)
        self._changes = Changes(())

    # What is to be done

    def begin(self) -> None:
        """Work out what is unread, and say so in the bookmarks."""
        for collection in self._collections:
            bookmark = self.bookmarks[collection.name]
            if self._starts_over(collection, bookmark):
                bookmark.start_over(start=self._start, now=self._now, ready=self._ready)
            else:
                path = collection.feeds[0].listing.path
                self._unsettled[path] = union(
                    [*self._unsettled.get(path, ()), *bookmark.unsettled]
                )
                bookmark.go_on(start=self._start, now=self._now, ready=self._ready)
                self._kept.add(collection.name)
        self._changes = Changes(
            [
                (collection, feed)
                for collection in self._collections
                if collection.name in self._kept
                for feed in collection.feeds
            ]
        )

        for name in self._kept:
            bookmark = self.bookmarks[name]
            for listing in self._readings:
                for id_, created in bookmark.waiting.pop(listing.path, ()):
                    self._changes.add_left(listing, id_, created)

    def _starts_over(self, collection: Collection, bookmark: Bookmark) -> bool:
        if bookmark.watermark is None:
            return True
        gap_s = self._now - bookmark.watermark
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
        self._writer = writer
        at_once = _AtOnce(fetch, usage)
        for item in self._windowed(readers, fetch, self._event_windows(), at_once):
            self._take_events(item)
        listed = windows(
            self._readings.values(),
            self.bookmarks,
            frozenset(self._kept),
            self._unsettled,
            start=self._start,
            now=self._now,
        )
        for item in self._windowed(readers, fetch, listed, at_once):
            self._take(item)
        # First what needs more than an id to be judged: from then on the state can say
        # by ids what is left, and a kill loses nothing of what was read.
        while self._write_gone() or self._waiting(first=True) or self._customers_gone:
            self._read_changed(readers, fetch, first=True)
        self._write_children_gone()
        self._are_ids_enough = True
        while self._write_gone() or self._waiting() or self._customers_gone:
            self._read_changed(readers, fetch)
        self._finish()

    def keep_waiting(self) -> None:
        """Say in the bookmarks which changed objects are still to be read."""
        if not self._are_ids_enough or not self._changes.is_certain:
            return
        if self._customers_gone:
            return
        for collection in self._collections:
            if collection.name not in self._kept - self._incomplete:
                continue
            bookmark = self.bookmarks[collection.name]
            bookmark.watermark = self._ready
            bookmark.waiting = {
                feed.listing.path: [
                    (id_, pending.created)
                    for id_, pending in self._changes.waiting(feed.listing).items()
                ]
                for feed in collection.feeds
                if not feed.listing.later_only
            }

    def _read_changed(
        self, readers: Readers, fetch: Fetch, *, first: bool = False
    ) -> None:
        waiting, fed = self._waiting(first=first), self._fed()
        canceled = [
            (reading, [("customer", id_) for id_ in self._customers_gone])
            for reading in waiting.keys() | self._readings.values()
            if reading.listing.object == _SUBSCRIPTION and fed[reading]
        ]
        self._customers_gone = []
        for item in readers.run(ChangedWork(waiting, canceled, fed, fetch)):
            self._take(item)
        for reading, asked in waiting.items():
            for id_ in asked:
                # Whatever came of it, it is not asked for again.
                self._changes.waiting(reading.listing).pop(id_, None)

    def _windowed(
        self,
        readers: Readers,
        fetch: Fetch,
        found: list[Window],
        at_once: _AtOnce,
    ) -> Iterator[Item]:
        if found:
            yield from readers.run(WindowWork(Windows(found, at_once=at_once), fetch))

    def _event_windows(self) -> list[Window]:
        marks = [self.bookmarks[name].watermark or 0 for name in self._kept]
        if not marks:
            return []
        reading = Reading(self._account, EVENTS, ())
        # Events are read to the present: what happens meanwhile may come in too.
        last = self._now + _MARGIN_S
        return [Window(reading, frozenset(self._kept), [(min(marks), last)], last)]

    def _waiting(self, *, first: bool = False) -> dict[Reading, dict[str, Pending]]:
        found = {}
        for listing, reading in self._readings.items():
            waiting = {
                id_: pending
                for id_, pending in self._changes.waiting(listing).items()
                if pending.is_first or not first
            }
            if waiting:
                found[reading] = waiting
        return found

    def _fed(self) -> dict[Reading, frozenset[str]]:
        return {
            reading: frozenset(self._kept & {c.name for c, _ in reading.feeds})
            for reading in self._readings.values()
        }

    # Taking what comes

    def _take_events(self, item: Item) -> None:
        match item:
            case Page():
                self._changes.add(item.objects)
            case Refused():
                self._refuse(item, self._kept)
            case Gone():
                pass

    def _take(self, item: Item) -> None:
        match item:
            case Page():
                self._write_page(item)
            case Gone():
                self._write_missing(item)
            case Refused():
                self._refuse(item, {c.name for c, _ in item.reading.feeds})

    def _write_page(self, page: Page) -> None:
        listing = page.reading.listing
        wanted = [found for found in page.objects if self._is_wanted(found, listing)]
        self._note_seen(page)
        for collection, feed in page.reading.feeds:
            if collection.name in page.fed and (page.by_id or not feed.changes_only):
                self._write_rows(collection, feed, wanted, page)
        if page.covers is not None:
            for name in page.fed:
                key = (name, listing.path)
                self._counted[key] = self._counted.get(key, 0) + len(page.objects)
                self.bookmarks[name].shrink(listing.path, page.covers)
        self._writer.state()

    def _write_rows(
        self, collection: Collection, feed: Feed, wanted: list[Object], page: Page
    ) -> None:
        rows: Iterable[Row] = collection.rows(
            wanted, feed, received_at=page.received_at
        )
        if feed.listing.relisted or self._changes.doubts(collection):
            ids = self._ids.setdefault((collection.name, feed.listing.path), [])
            rows = self._seen_rows(collection, rows, ids)
        count = self._writer.rows(
            collection,
            rows,
            version=self.bookmarks[collection.name].version,
            received_at=page.received_at,
        )
        counter = self._report.changed if page.by_id else self._report.listed
        counter[collection.name] += count
        if not feed.embedded:
            self._note_unsettled(collection, feed, wanted)

    def _seen_rows(
        self, collection: Collection, rows: Iterable[Row], ids: list[str]
    ) -> Iterator[Row]:
        for row in rows:
            id_ = text(row.get("id")) or ""
            if "_sdc_deleted_at" not in row:
                self._changes.saw_row(collection, id_)
            if len(ids) <= SMALL:
                ids.append(id_)
            yield row

    def _note_seen(self, page: Page) -> None:
        """Take objects off the list of those that are to be read again."""
        listing = page.reading.listing
        owed = {
            collection.name
            for collection, feed in page.reading.feeds
            if collection.name in self._kept and not feed.changes_only
        }
        # A page that is read for a collection that is new brings the others nothing.
        if not self._changes.waiting(listing) or not owed <= page.fed:
            return
        for found in page.objects:
            pending = self._changes.saw(listing, found)
            if pending is not None and pending.lines and listing.object == _INVOICE:
                self._look_at_items(found)

    def _look_at_items(self, invoice: Object) -> None:
        """Have the invoice items read again that an invoice's new lines name."""
        for listing in self._readings:
            if listing.object == _INVOICE_ITEM and not listing.later_only:
                for id_ in items_in_lines(invoice):
                    self._changes.add_id(listing, id_)

    def _note_unsettled(
        self, collection: Collection, feed: Feed, wanted: Iterable[Object]
    ) -> None:
        if collection.unsettled is None:
            return
        name, values = collection.unsettled
        times = [
            (created, created)
            for found in wanted
            if text(found.get(name)) in values
            and (created := integer(found.get(feed.listing.time))) is not None
        ]
        if times:
            bookmark = self.bookmarks[collection.name]
            bookmark.unsettled = fewer(
                union([*bookmark.unsettled, *times]), _MOST_UNSETTLED
            )

    def _is_wanted(self, found: Object, listing: Listing) -> bool:
        """Tell whether an object is not older than `start_date`."""
        if self._start == 0:
            return True
        created = integer(found.get(listing.time))
        return created is None or created >= self._start

    # What is gone

    def _write_missing(self, gone: Gone) -> None:
        listing = gone.reading.listing
        pending = self._changes.waiting(listing).pop(gone.id, None)
        if pending is not None and pending.itself:
            self._write_deleted(listing, gone.id, pending, gone.received_at)

    def _write_gone(self) -> bool:
        """Write the rows that need no further look; tells whether there were any."""
        found = list(self._changes.take_gone())
        for listing, id_, pending in found:
            self._write_deleted(listing, id_, pending, self._now)
        return bool(found)

    def _write_deleted(
        self, listing: Listing, id_: str, pending: Pending, received_at: float
    ) -> None:
        known = {deletion.collection.name: deletion for deletion in pending.deletions}
        if listing.object == _CUSTOMER:
            # Stripe cancels the subscriptions of a customer that is deleted.
            self._customers_gone.append(id_)
        if listing.object == _INVOICE:
            for deletion in pending.deletions:
                self._look_at_items(deletion.last_known)
        for collection, feed in self._readings[listing].feeds:
            if feed.embedded or collection.name not in self._kept:
                continue
            deletion = known.get(collection.name) or Deleted(
                collection,
                {"id": id_, "object": listing.object},
                math.floor(received_at),
                listing,
            )
            if self._is_wanted(deletion.last_known, listing):
                self._write_deletions(collection, [deletion], received_at)

    def _write_deletions(
        self, collection: Collection, gone: list[Deleted], received_at: float
    ) -> None:
        rows = []
        for deletion in gone:
            key = (collection.name, text(deletion.last_known.get("id")) or "")
            if key in self._flagged:
                continue
            self._flagged.add(key)
            rows.append(
                collection.deleted_row(
                    deletion.last_known, deleted_at=deletion.at, received_at=received_at
                )
            )
        self._report.deleted[collection.name] += self._writer.deleted(
            collection,
            rows,
            version=self.bookmarks[collection.name].version,
            received_at=received_at,
        )

    # What can't be read

    def _refuse(self, refused: Refused, names: Iterable[str]) -> None:
        listing = refused.reading.listing
        harmless = is_harmless(refused.error, listing)
        if is_final(refused.error) and not harmless and not refused.expansions:
            raise refused.error
        if harmless and not refused.expansions:
            self._logger.info("Nothing to read at %s: %s", listing.path, refused.error)
            for name in names:
                if name in self.bookmarks:
                    self.bookmarks[name].shrink(listing.path, (0, self._now))
            return
        if refused.expansions:
            inside = set(refused.expansions)
            names = {
                collection.name
                for collection, feed in refused.reading.feeds
                if {*feed.expand, feed.embedded.partition(".")[0]} & inside
            } or names
        self._report.refuse(refused, names)
        self._incomplete |= set(names)
        if not refused.expansions:
            self._changes.waiting(listing).clear()

    # The end

    def _finish(self) -> None:
        self._write_children_gone()
        for collection in self._collections:
            name = collection.name
            bookmark = self.bookmarks[name]
            if name in self._incomplete:
                if name not in self._report.listed:
                    self.bookmarks[name] = self._before[name]
                continue
            if not bookmark.is_complete:
                continue
            self._note_sizes(collection, bookmark)
            bookmark.watermark = self._ready
            bookmark.waiting = {}
            if not bookmark.activated:
                self._writer.activate(collection, bookmark.version)
                bookmark.activated = True
        self._writer.state(now=True)

    def _write_children_gone(self) -> None:
        by_collection: dict[str, list[Deleted]] = {}
        for deletion in self._changes.take_children():
            by_collection.setdefault(deletion.collection.name, []).append(deletion)
        for collection in self._collections:
            gone = by_collection.get(collection.name)
            if gone:
                self._write_deletions(collection, gone, self._now)

    def _note_sizes(self, collection: Collection, bookmark: Bookmark) -> None:
        """Keep how large the lists are that are read whole, and what is in them."""
        for feed in collection.feeds:
            path, key = feed.listing.path, (collection.name, feed.listing.path)
            if not feed.listing.relisted or feed.listing.later_only:
                continue
            before = bookmark.sizes.get(path, 0)
            whole = collection.name not in self._kept or before <= SMALL
            bookmark.sizes[path] = self._counted.get(key, 0) + (0 if whole else before)
            ids = self._ids.get(key, [])
            if not whole or len(ids) > SMALL:
                ids = []
            elif collection.name in self._kept:
                self._write_missing_ids(collection, bookmark.ids.get(path, []), ids)
            bookmark.ids[path] = sorted(set(ids))

    def _write_missing_ids(
        self, collection: Collection, before: list[str], now: list[str]
    ) -> None:
        gone = set(before) - set(now)
        found = [
            Deleted(
                collection, {"id": id_, "object": collection.stripe_object}, self._now
            )
            for id_ in sorted(gone)
        ]
        self._write_deletions(collection, found, self._now)


class _AtOnce:
    """How many requests use a budget up, by Little's law."""

    def __init__(self, fetch: Fetch, usage: Usage) -> None:
        self._budget = fetch.budget
        self._usage = usage

    def __call__(self, path: str) -> int:
        """Give the number for an endpoint, or for all if the path is empty."""
        pace = self._budget.endpoint(path) if path else self._budget.all
        margin = _ENDPOINT_MARGIN if path else _MARGIN
        return math.ceil(pace.rate * self._usage.latency_s * margin)
