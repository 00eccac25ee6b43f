"""What comes from Stripe is written to its tables, and counted as read."""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING

from tap_stripe.api.body import Object, integer, text
from tap_stripe.sync.plan import SMALL
from tap_stripe.sync.reading import Filtered, Gone, Page, Refused
from tap_stripe.sync.report import is_final, is_harmless
from tap_stripe.sync.routing import Deleted, items_in_lines
from tap_stripe.sync.unread import fewer, union

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from tap_stripe.streams.base import Collection
    from tap_stripe.streams.listing import Feed, Listing
    from tap_stripe.streams.shape import Row
    from tap_stripe.sync.changes import Pending
    from tap_stripe.sync.known import Known
    from tap_stripe.sync.readers import Item
    from tap_stripe.sync.shared import Shared
    from tap_stripe.sync.state import Bookmark
    from tap_stripe.sync.unread import Intervals

_MOST_UNSETTLED = 32
_CUSTOMER = "customer"
_INVOICE = "invoice"
_INVOICE_ITEM = "invoiceitem"


class Tables:
    """Takes what readers bring, in the order in which it stands on stdout.

    Args:
        known: What the run knows of the account.
        shared: What all accounts share.

    Attributes:
        customers_gone: Ids of deleted customers whose subscriptions are to be read, in
            order.
    """

    def __init__(self, known: Known, shared: Shared) -> None:
        self._known = known
        self._writer = shared.writer
        self._report = shared.report
        self._counted: dict[tuple[str, str], int] = {}
        self._ids: dict[tuple[str, str], list[str]] = {}
        self._older: dict[tuple[str, str], set[str]] = {}
        self._unsettled: dict[str, Intervals] = {}
        self._flagged: set[tuple[str, str]] = set()
        self._wrote: set[str] = set()
        self._single: set[str] = set()
        self.customers_gone: dict[str, None] = {}

    def take(self, item: Item) -> None:
        """Write what a reader brings."""
        match item:
            case Page():
                self._write_page(item)
            case Gone():
                self._note_missing(item)
            case Filtered():
                self.customers_gone.pop(item.value, None)
            case Refused():
                self.refuse(item, {c.name for c, _ in item.reading.feeds})

    def _write_page(self, page: Page) -> None:
        listing = page.reading.listing
        wanted = [found for found in page.objects if self._is_wanted(found, listing)]
        self._note_seen(page)
        if listing.silent and len(wanted) < len(page.objects):
            self._note_older(page)
        if listing.single:
            self._single |= {text(found.get("id")) or "" for found in wanted}
        for collection, feed in page.reading.feeds:
            if collection.name in page.fed and (page.by_id or not feed.changes_only):
                self._write_rows(collection, feed, wanted, page)
        # What is read beside a main listing of the same path says nothing of that one.
        if page.covers is not None and not listing.later_only:
            for name in page.fed - _lacking(page):
                key = (name, listing.path)
                self._counted[key] = self._counted.get(key, 0) + len(page.objects)
                self._known.bookmarks[name].shrink(listing.path, page.covers)
        self._writer.state(requests=page.requests)

    def _write_rows(
        self, collection: Collection, feed: Feed, wanted: list[Object], page: Page
    ) -> None:
        rows: Iterable[Row] = collection.rows(
            wanted,
            feed,
            received_at=page.received_at,
            account_id=self._known.account_id,
        )
        if feed.listing.relisted or self._known.changes.doubts(collection):
            rows = self._seen_rows(collection, feed, rows)
        count = self._writer.rows(
            collection,
            rows,
            version=self._known.bookmarks[collection.name].version,
            received_at=page.received_at,
        )
        counter = self._report.changed if page.by_id else self._report.listed
        counter[collection.name] += count
        if not page.by_id and count:
            self._wrote.add(collection.name)
        if not feed.embedded:
            self._note_unsettled(collection, feed, wanted)

    def _seen_rows(
        self, collection: Collection, feed: Feed, rows: Iterable[Row]
    ) -> Iterator[Row]:
        ids = self._ids.setdefault((collection.name, feed.listing.path), [])
        for row in rows:
            id_ = text(row.get("id")) or ""
            if "_sdc_deleted_at" not in row:
                self._known.changes.saw_row(collection, id_)
            # The own account is readable by its id, but in no list of accounts.
            is_listed = feed.listing.silent and id_ not in self._single
            if is_listed and len(ids) <= self._most_ids(feed):
                ids.append(id_)
            yield row

    def _note_older(self, page: Page) -> None:
        """Note what a list holds besides what is wanted: it is not gone.

        A table has it from a time when `start_date` was earlier.
        """
        listing = page.reading.listing
        older = [one for one in page.objects if not self._is_wanted(one, listing)]
        for collection, feed in page.reading.feeds:
            ids = self._older.setdefault((collection.name, listing.path), set())
            rows = collection.rows(
                older,
                feed,
                received_at=page.received_at,
                account_id=self._known.account_id,
            )
            ids.update(text(row.get("id")) or "" for row in rows)

    def _most_ids(self, feed: Feed) -> float:
        """Tell how many ids of a list are kept, to know what is gone the next time."""
        is_whole = feed.listing in self._known.done and not feed.embedded
        return math.inf if is_whole else SMALL

    def _note_seen(self, page: Page) -> None:
        """Take objects off the list of those that are to be read again."""
        listing = page.reading.listing
        owed = {
            collection.name
            for collection, feed in page.reading.feeds
            if collection.name in self._known.kept and not feed.changes_only
        }
        # A page that is read for a collection that is new brings the others nothing.
        if not self._known.changes.waiting(listing) or not owed <= page.fed:
            return
        for found in page.objects:
            pending = self._known.changes.saw(listing, text(found.get("id")) or "")
            if pending is not None and pending.lines and listing.object == _INVOICE:
                self._look_at_items(found)

    def _look_at_items(self, invoice: Object) -> None:
        """Have the invoice items read again that an invoice's new lines name."""
        for listing in self._known.readings:
            if listing.object == _INVOICE_ITEM and not listing.later_only:
                for id_ in items_in_lines(invoice):
                    self._known.changes.add_id(listing, id_)

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
            bookmark = self._known.bookmarks[collection.name]
            found = self._unsettled.get(collection.name, [])
            self._unsettled[collection.name] = _few([*found, *times])
            bookmark.unsettled = _few([*bookmark.unsettled, *times])

    def _is_wanted(self, found: Object, listing: Listing) -> bool:
        """Tell whether an object is not older than `start_date`."""
        if self._known.start == 0:
            return True
        created = integer(found.get(listing.time))
        return created is None or created >= self._known.start

    # What is gone

    def _note_missing(self, gone: Gone) -> None:
        listing, at = gone.reading.listing, math.floor(gone.received_at)
        if self._known.changes.missed(listing, gone.id, at):
            self._note_canceled(listing, gone.id)
        self._writer.state(requests=1)

    def _note_canceled(self, listing: Listing, id_: str) -> None:
        """Stripe cancels the subscriptions of a customer that is deleted."""
        if listing.object == _CUSTOMER:
            self.customers_gone[id_] = None

    def write_gone(self) -> bool:
        """Write the objects that need no further look; tells whether there were any.

        All together: rows of which little is known have a SCHEMA of their own, and
        targets load what they hold when another one comes.
        """
        found = list(self._known.changes.take_gone())
        by_collection: dict[str, list[Deleted]] = {}
        for listing, id_, pending in found:
            self._note_canceled(listing, id_)
            for deletion in self._deletions(listing, id_, pending):
                by_collection.setdefault(deletion.collection.name, []).append(deletion)
        self._write_all(by_collection)
        return bool(found)

    def _deletions(
        self, listing: Listing, id_: str, pending: Pending
    ) -> Iterator[Deleted]:
        """Give the rows that are gone with an object."""
        known = {deletion.collection.name: deletion for deletion in pending.deletions}
        for collection, feed in self._known.readings[listing].feeds:
            if feed.embedded or collection.name not in self._known.kept:
                continue
            deletion = known.get(collection.name) or Deleted(
                collection,
                {"id": id_, "object": listing.object},
                pending.deleted_at,
                listing,
            )
            if self._is_wanted(deletion.last_known, listing):
                yield deletion

    def _write_all(self, by_collection: Mapping[str, list[Deleted]]) -> None:
        for collection in self._known.collections:
            if gone := by_collection.get(collection.name):
                self._write_deletions(collection, gone)

    def _write_deletions(self, collection: Collection, gone: list[Deleted]) -> None:
        rows, received_at = [], time.time()
        for deletion in gone:
            key = (collection.name, text(deletion.last_known.get("id")) or "")
            if key in self._flagged:
                continue
            self._flagged.add(key)
            rows.append(
                collection.deleted_row(
                    deletion.last_known,
                    deleted_at=deletion.at,
                    received_at=received_at,
                    account_id=self._known.account_id,
                )
            )
        self._report.deleted[collection.name] += self._writer.deleted(
            collection,
            rows,
            version=self._known.bookmarks[collection.name].version,
            received_at=received_at,
        )

    # What can't be read

    def refuse(self, refused: Refused, names: Iterable[str]) -> None:
        """Note that a listing can't be read.

        Args:
            refused: The listing, or what is refused of it.
            names: The collections that it concerns.

        Raises:
            Exception: The refusal, where it is none of that listing alone.
        """
        listing = refused.reading.listing
        harmless = is_harmless(refused.error, listing)
        if is_final(refused.error) and not harmless and not refused.expansions:
            raise refused.error
        if harmless and not refused.expansions:
            self._report.empty[listing.path] = str(refused.error)
            for name in names:
                if name in self._known.bookmarks:
                    self._known.bookmarks[name].shrink(
                        listing.path, (0, self._known.now)
                    )
            return
        if refused.expansions:
            inside = set(refused.expansions)
            names = {
                collection.name
                for collection, feed in refused.reading.feeds
                if feed.inside & inside
            } or names
        self._report.refuse(refused, names, self._known.account_id)
        self._known.incomplete |= set(names)
        for name in self._known.kept & set(names):
            self._known.bookmarks[name].wait_as(self._known.before[name])
        if not refused.expansions:
            self._known.changes.drop(listing)

    # The end

    def finish(self) -> None:
        """Say that what was read is read: watermarks, versions, a STATE."""
        self.write_children_gone()
        for collection in self._known.collections:
            name = collection.name
            bookmark = self._known.bookmarks[name]
            if name in self._known.incomplete:
                if name not in self._wrote:
                    self._known.bookmarks[name] = self._known.before[name]
                continue
            if not bookmark.is_complete:
                continue
            self._note_sizes(collection, bookmark)
            bookmark.watermark = self._known.ready
            bookmark.recent = None
            bookmark.nothing_waits()
            if name not in self._known.resting:
                # All that was unsettled before has been read again.
                bookmark.unsettled = self._unsettled.get(name, [])
            if not bookmark.activated:
                self._writer.activate(collection, bookmark.version)
                bookmark.activated = True
        self._writer.state()

    def write_children_gone(self) -> None:
        """Write the rows inside other objects that are gone and were not seen since."""
        by_collection: dict[str, list[Deleted]] = {}
        for deletion in self._known.changes.take_children():
            name = deletion.collection.name
            # What could not be read can't be missing either.
            if name not in self._known.incomplete:
                by_collection.setdefault(name, []).append(deletion)
        self._write_all(by_collection)

    def _note_sizes(self, collection: Collection, bookmark: Bookmark) -> None:
        """Keep how large the lists are that are read whole, and what is in them."""
        for feed in self._known.feeds[collection.name]:
            path, key = feed.listing.path, (collection.name, feed.listing.path)
            if not feed.listing.relisted or feed.listing.later_only:
                continue
            rests = collection.name in self._known.resting
            if rests and feed.listing not in self._known.done:
                continue
            before = bookmark.sizes.get(path, 0)
            whole = (
                collection.name not in self._known.kept
                or feed.listing in self._known.done
                or before <= SMALL
            )
            size = self._counted.get(key, 0) + (0 if whole else before)
            bookmark.sizes[path] = size if size > SMALL else 0
            ids = self._ids.get(key, [])
            if not whole or len(ids) > self._most_ids(feed):
                ids = []
            elif collection.name in self._known.kept:
                self._write_missing_ids(
                    collection,
                    set(bookmark.ids.get(path, [])) - self._older.get(key, set()),
                    ids,
                )
            bookmark.ids[path] = sorted(set(ids))

    def _write_missing_ids(
        self, collection: Collection, before: set[str], now: list[str]
    ) -> None:
        gone = before - set(now)
        found = [
            Deleted(
                collection,
                {"id": id_, "object": collection.stripe_object},
                self._known.now,
            )
            for id_ in sorted(gone)
        ]
        self._write_deletions(collection, found)


def _few(intervals: Intervals) -> Intervals:
    return fewer(union(intervals), _MOST_UNSETTLED)


def _lacking(page: Page) -> set[str]:
    """Name the collections whose rows a page does not wholly bring."""
    return {
        collection.name
        for collection, feed in page.reading.feeds
        if page.lacking & feed.inside
    }
