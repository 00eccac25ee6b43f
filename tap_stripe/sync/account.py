"""The sync of one account: what changed, what is new, what is gone."""

from __future__ import annotations

import copy
from dataclasses import replace
from enum import Enum
from typing import TYPE_CHECKING

from tap_stripe.sync.at_once import AtOnce
from tap_stripe.sync.changes import EVENTS_KEPT_S, Changes, LastEvents
from tap_stripe.sync.known import Known
from tap_stripe.sync.plan import (
    EVENTS,
    Part,
    feeds_of,
    readings,
    unread_listings,
    windows,
)
from tap_stripe.sync.reading import Page, Reading, Refused
from tap_stripe.sync.rereading import Rereading
from tap_stripe.sync.syncs import Phase
from tap_stripe.sync.tables import Tables
from tap_stripe.sync.unheard import Unheard
from tap_stripe.sync.unread import union
from tap_stripe.sync.window_work import WindowWork
from tap_stripe.sync.windows import Window, Windows

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from tap_stripe.streams.base import Collection
    from tap_stripe.sync.readers import Item
    from tap_stripe.sync.shared import Shared
    from tap_stripe.sync.state import Bookmark

_MARGIN_S = 86400
_INVOICE_ITEM = "invoiceitem"


class _Last(Enum):
    """What each run looks at anew, in this order.

    Invoice items are behind the invoices that name them, and what costs most is at the
    end: a run that goes on after a kill begins with it again.
    """

    NEW = 0
    INVOICE_ITEMS = 1
    AGAIN = 2


class AccountSync:
    """Brings the selected collections of one account to Stripe's present state.

    Args:
        account: Connected account for `Stripe-Account`; None for the key's own.
        collections: Those that are selected.
        kept: Gives what the state has, for collections and the listings of which each
            has unread seconds.
        run: What all accounts of the run share.
        account_id: Whose rows these are, where they say so.
        part: What is read of the account.
        seen: What the last sync said of its last events.
    """

    def __init__(
        self,
        account: str | None,
        collections: Sequence[Collection],
        kept: Callable[[Mapping[str, list[str]]], dict[str, Bookmark]],
        run: Shared,
        *,
        account_id: str | None = None,
        part: Part = Part.ALL,
        seen: int = 0,
    ) -> None:
        self.account = account
        self.account_id = account_id
        self._shared = run
        self._unheard = Unheard([], 0)
        self._has_heard = False
        self._is_over = False
        self._seen_before = seen
        feeds = feeds_of(collections, part)
        mine = [collection for collection in collections if collection.name in feeds]
        self._known = Known(
            mine,
            feeds,
            readings(account, mine, feeds, account_id=account_id),
            start=run.start,
            now=run.now,
            ready=max(run.start, run.ready),
            account_id=account_id,
        )
        self._seen = LastEvents(self._known.ready)
        self._seen_since = LastEvents(0)
        self._known.bookmarks = kept(
            {name: unread_listings(held) for name, held in feeds.items()}
        )
        self._known.before = copy.deepcopy(self._known.bookmarks)
        self._tables = Tables(self._known, run)
        self._at_once = AtOnce(
            run.fetch.budget, run.usage, account, unwritten=run.unwritten
        )
        self._rereading = Rereading(
            self._known, self._tables, run.fetch, at_once=self._at_once
        )

    @property
    def bookmarks(self) -> dict[str, Bookmark]:
        """How far each collection is read, by name."""
        return self._known.bookmarks

    @property
    def seen(self) -> int:
        """What tells the account's last events from others, once the sync is over."""
        return self._seen.mark if self._is_over else 0

    # What is to be done

    def begin(self) -> None:
        """Work out what is unread, and say so in the bookmarks."""
        again = set()
        for collection in self._known.collections:
            bookmark = self._known.bookmarks[collection.name]
            if bookmark.watermark is not None and not self._starts_over(
                collection, bookmark
            ):
                self._known.kept.add(collection.name)
            elif bookmark.watermark is None or self.account_id is None:
                bookmark.start_over(
                    start=self._known.start,
                    now=self._known.now,
                    ready=self._known.ready,
                    versioned=self.account_id is None,
                )
            else:
                # No new version tells what is gone of one account: events do.
                bookmark.read_again(
                    start=self._known.start,
                    now=self._known.now,
                    ready=self._known.ready,
                    since=self._known.now - EVENTS_KEPT_S + 2 * _MARGIN_S,
                )
                self._known.kept.add(collection.name)
                again.add(collection.name)
        self._known.resting = self._resting(self._known.kept - again)
        self._go_on(self._known.kept - again - self._known.resting)
        self._known.changes = Changes(
            [
                (collection, feed)
                for collection in self._known.collections
                if collection.name in self._known.kept
                for feed in self._known.feeds[collection.name]
            ]
        )
        self._take_over()
        # Events are read to the present: what happens meanwhile may come in too.
        last = self._known.now + _MARGIN_S
        held = [self._known.bookmarks[name] for name in self._known.kept]
        self._unheard = Unheard(held, last)

    def _take_over(self) -> None:
        """Take over what the run before has left to be read again."""
        changes = self._known.changes
        for collection in self._known.collections:
            if collection.name not in self._known.kept:
                continue
            bookmark = self._known.bookmarks[collection.name]
            for feed in self._known.feeds[collection.name]:
                listing = feed.listing
                if listing.later_only:
                    continue
                pairs = bookmark.waiting.get(listing.path, ())
                for id_, created, kind in (
                    *((id_, created, 0) for id_, created in pairs),
                    *bookmark.doubtful.get(listing.path, ()),
                ):
                    # It may have been seen after a deletion of which an older event,
                    # still unread, tells.
                    alive_at = bookmark.watermark or 0
                    changes.add_left(listing, id_, created, kind, alive_at=alive_at)
                for id_, created, at in bookmark.gone.get(listing.path, ()):
                    if not feed.embedded:
                        changes.add_gone(collection, listing, id_, created, at)
            for id_, at in bookmark.maybe_gone:
                changes.add_maybe_gone(collection, id_, at)
            self._tables.customers_gone |= dict.fromkeys(bookmark.canceled)

    def _starts_over(self, collection: Collection, bookmark: Bookmark) -> bool:
        gap_s = self._known.now - bookmark.heard
        name = collection.name + (f" of {self.account_id}" if self.account_id else "")
        if gap_s < 0:
            self._shared.logger.warning(
                "%s was last read %d seconds in the future, by a clock that was wrong: "
                "it is read again in full.",
                name,
                -gap_s,
            )
            return True
        if gap_s > EVENTS_KEPT_S - _MARGIN_S:
            self._shared.logger.warning(
                "%s was last read %.1f days ago, and Stripe keeps events for 30: it is "
                "read again in full.",
                name,
                gap_s / 86400,
            )
            return True
        return collection.replication_method == "FULL_TABLE" and bookmark.activated

    def _resting(self, names: set[str]) -> set[str]:
        """Name the collections that need no look unless an event asks for one."""
        complete = {
            name: bookmark.watermark
            for name in names
            if (bookmark := self._known.bookmarks[name]).is_complete
            and not bookmark.waits
            and bookmark.listed is not None
            and self._known.now - bookmark.listed < self._shared.full_look_s
        }
        if not complete:
            return set()
        # What was last seen of the events was seen up to the latest watermark.
        latest = max(filter(None, complete.values()))
        self._seen_since = LastEvents(latest)
        resting = {name for name, at in complete.items() if at == latest}
        # Events that one of them has to go by are not told from others'.
        return resting if resting == self._known.kept else set()

    def _go_on(self, names: set[str]) -> None:
        for collection in self._known.collections:
            if collection.name not in names:
                continue
            bookmark = self._known.bookmarks[collection.name]
            path = self._known.feeds[collection.name][0].listing.path
            self._known.unsettled[path] = union(
                [*self._known.unsettled.get(path, ()), *bookmark.unsettled]
            )
            bookmark.go_on(
                start=self._known.start, now=self._known.now, ready=self._known.ready
            )

    # Doing it

    def take(self, page: Page) -> None:
        """Take in a list that was read before the account's own phases, whole."""
        fed = {collection.name for collection, _ in page.reading.feeds}
        self._known.done.add(page.reading.listing)
        self._tables.take(replace(page, fed=frozenset(fed)))

    def phases(self) -> Iterator[Phase]:
        """Read everything, and write it.

        Raises:
            TapError: The account can't be read on; the bookmarks say how far it came.
        """
        yield from self._windowed(self._event_windows(), self._take_events)
        self._rest_or_go_on()
        self._shared.report.under_way.rereading(self._known.changes)
        # What no list will bring comes before the lists, and what a run before has left
        # before those at which each run looks anew: of a run that is killed until then
        # little was read in vain.
        yield from self._rereading.unlisted()
        left, last = windows(
            (
                reading
                for listing, reading in self._known.readings.items()
                if listing not in self._known.done
            ),
            self._known.bookmarks,
            frozenset(self._known.kept - self._known.resting),
            self._known.unsettled,
            start=self._known.start,
            now=self._known.now,
        )
        yield from self._windowed(left, self._tables.take)
        yield from self._rereading.unlisted()
        for kind in _Last:
            if kind == _Last.AGAIN:
                yield from self._rereading.unlisted()
            some = [
                window
                for window in last
                if self._kind(window) == kind
                and not window.fed <= self._known.incomplete
            ]
            yield from self._windowed(some, self._tables.take)
        # First what says more than of itself.
        yield from self._rereading.first()
        self._tables.write_children_gone()
        yield from self._rereading.rest()
        self._tables.finish()
        self._is_over = True

    def _kind(self, window: Window) -> _Last:
        listing = window.reading.listing
        if listing.object == _INVOICE_ITEM:
            return _Last.INVOICE_ITEMS
        is_again = listing.relisted or self._known.unsettled.get(listing.path)
        return _Last.AGAIN if is_again else _Last.NEW

    def _rest_or_go_on(self) -> None:
        """Look no further at what rests, unless there was an event since."""
        resting = self._known.resting
        if not resting:
            return
        if self._seen_since.mark == self._seen_before and not (
            resting & self._known.incomplete
        ):
            for name in resting:
                self._known.bookmarks[name].watermark = self._known.ready
            # They were seen by the last sync already.
            self._known.changes = Changes(())
            return
        self._known.resting = set()
        self._go_on(resting)
        for name in resting:
            for listing in self._known.done:
                bookmark = self._known.bookmarks[name]
                bookmark.shrink(listing.path, (self._known.start, self._known.now))

    def keep_waiting(self) -> None:
        """Say in the bookmarks which changed objects are still to be read."""
        if not self._has_heard:
            return  # It stands as the run before has left it.
        unheard, cursors = self._unheard.until(self._known.ready)
        changes = self._known.changes
        left = {
            listing: changes.left(listing)
            for listing in self._known.readings
            if not listing.later_only
        }
        for collection in self._known.collections:
            name = collection.name
            if name not in self._known.kept - self._known.incomplete:
                continue
            bookmark = self._known.bookmarks[name]
            bookmark.watermark = self._known.ready
            bookmark.events, bookmark.cursors = unheard, cursors
            bookmark.maybe_gone = changes.maybe_gone(collection)
            bookmark.canceled = list(self._tables.customers_gone)
            for feed in self._known.feeds[name]:
                if feed.listing in left:
                    bookmark.wait_for(feed.listing.path, left[feed.listing])

    def _windowed(
        self, found: list[Window], take: Callable[[Item], None]
    ) -> Iterator[Phase]:
        left = Windows(found, at_once=self._at_once)
        with self._shared.report.under_way.reading(left):
            yield Phase(WindowWork(left, self._shared.fetch), take)

    def _event_windows(self) -> list[Window]:
        reading, kept = Reading(self.account, EVENTS, ()), frozenset(self._known.kept)
        return [
            Window(reading, kept, unread, unread[-1][1], cursor=cursor)
            for unread, cursor in self._unheard.stretches()
        ]

    # Events

    def _take_events(self, item: Item) -> None:
        match item:
            case Page():
                self._seen.add(item.objects)
                self._seen_since.add(item.objects)
                self._known.changes.add(item.objects)
                self._has_heard = True
                if item.covers is not None:
                    self._unheard.read(item.covers, item.objects)
                self._shared.writer.state(requests=item.requests)
            case Refused():
                self._tables.refuse(item, self._known.kept)
            case _:
                pass
