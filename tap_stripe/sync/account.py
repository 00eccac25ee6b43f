"""The sync of one account: what has changed, what is new, what is gone.

probes      what was refused the last time
changes     the change feed, oldest slice first: each named object is read once
lists       what is unread, what is new, what is listed each time
unsettled   what changes without an event
failed      what could not be read before, last
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from tap_stripe.state.bookmarks import Slice
from tap_stripe.state.intervals import fewer, pieces, union
from tap_stripe.streams.listings import EVENTS
from tap_stripe.sync.at_once import AtOnce
from tap_stripe.sync.changes import EVENTS_KEPT_S, Changes, LastEvents, Recent, Wanted
from tap_stripe.sync.chunks import place
from tap_stripe.sync.events import Events, EventsOfClock
from tap_stripe.sync.lists import Lists
from tap_stripe.sync.objects import Objects
from tap_stripe.sync.others import Probe, Subscriptions
from tap_stripe.sync.plan import LATE_S
from tap_stripe.sync.source import Source
from tap_stripe.sync.tables import Tables
from tap_stripe.sync.windows import Window

if TYPE_CHECKING:
    import logging
    from collections.abc import Callable, Iterator

    from tap_stripe.api.client import Client
    from tap_stripe.output.writer import Writer
    from tap_stripe.report.report import Report
    from tap_stripe.state.bookmarks import AccountState
    from tap_stripe.streams.base import Collection
    from tap_stripe.streams.listing import Feed, Listing
    from tap_stripe.sync.fetch import Fetch, Page
    from tap_stripe.sync.plan import Plan
    from tap_stripe.sync.pool import Task
    from tap_stripe.sync.stage import Stage

S = TypeVar("S", bound="Stage")
_DAY_S = 86400
_MOST_IN_SLICE = 10_000
"""Objects that the events of a slice name, about: each costs memory."""
_MOST_IN_SLICE_OF_MANY = 2_000
_MOST_INTERVALS = 32
_MONEY = "/v1/balance_transactions"
_INVOICE_ITEM = "invoiceitem"


@dataclass(frozen=True, slots=True)
class Shared:
    """What the syncs of all accounts of a run share.

    Attributes:
        client: The way to Stripe.
        fetch: Asks it.
        writer: Writes lines.
        report: Counts rows, and names what could not be read.
        logger: For what is worth a line at once.
        livemode: Whether objects have to be live data; None where that is known.
    """

    client: Client
    fetch: Fetch
    writer: Writer
    report: Report
    logger: logging.Logger
    livemode: bool | None


class AccountSync:
    """Brings the selected collections of one account to Stripe's present state.

    Args:
        plan: What is read of it.
        state: How far it is read; changes.
        shared: What all accounts share.
        most_in_slice: Objects that the events of a slice name, about; None for what
            suits the account.
    """

    def __init__(
        self,
        plan: Plan,
        state: AccountState,
        shared: Shared,
        *,
        most_in_slice: int | None = None,
    ) -> None:
        self.plan = plan
        usual = _MOST_IN_SLICE_OF_MANY if plan.account_id else _MOST_IN_SLICE
        self._most_in_slice = most_in_slice or usual
        self._state = state
        self._shared = shared
        self._at_once = AtOnce(shared.client.budget, shared.client.usage, plan.account)
        self._recent = Recent()
        self._seen_before = state.seen
        self._seen_again = LastEvents(self._latest())
        self._seen = LastEvents(plan.times.ready)
        self._given: list[tuple[Source, Page]] = []
        self._slice: Slice | None = None
        self._in_hand = state.slice
        self._tables = Tables(
            plan,
            state,
            shared.writer,
            shared.report,
            changes=Changes([]),
            recent=self._recent,
            clock=shared.client.clock.now,
            livemode=shared.livemode,
        )
        self._stages = self._all()
        self._stage: Stage | None = None
        self.is_over = False

    # For the run

    def next_task(self) -> Task | None:
        """Give the next request; None if there is none now, or all is done."""
        while not self.is_over:
            if self._stage is not None and not self._stage.is_over:
                return self._stage.next_task()
            self._stage = next(self._stages, None)
            self.is_over = self._stage is None
        return None

    def changed(self) -> int:
        """Count the changed objects that are still to be read."""
        return len(self._tables.changes)

    def state(self) -> AccountState:
        """Give how far the account is read; all that it claims is written."""
        state = self._tables.state()
        state.slice = self._slice
        if self._slice is not None:
            self._slice.left = {
                listing.path: fewer(
                    union(
                        (one.created, one.created)
                        for one in wanted.values()
                        if one.created is not None
                    ),
                    _MOST_INTERVALS,
                )
                for listing, wanted in self._tables.changes.wanted.items()
                if wanted
            }
            self._slice.others = {
                listing.path: fewer(
                    union(
                        (place(one.id), place(one.id))
                        for one in wanted.values()
                        if one.created is None
                    ),
                    _MOST_INTERVALS,
                )
                for listing, wanted in self._tables.changes.wanted.items()
                if wanted
            }
        elif self._in_hand is not None:
            state.slice = self._in_hand
        return state

    def take_list(self, listing: Listing, page: Page) -> None:
        """Take objects of a list that was read, whole, before the account's stages."""
        if listing in self.plan.sources:
            self._given.append((self.plan.sources[listing], page))

    # The stages

    def _all(self) -> Iterator[Stage]:
        if self._given:
            yield from self._write_given()
        yield from self._probes()
        yield from self._changes()
        rests = self._rests()
        if not rests:
            yield from self._lists()
            yield from self._named()
            yield from self._unsettled()
            yield from self._failed()
        self._finish(rests=rests)

    def _write_given(self) -> Iterator[Stage]:
        """Write what was read of the list of accounts while they were looked for."""
        stage = self._stage_of(Lists, windows=[])
        sources = dict.fromkeys(source for source, _ in self._given)
        for source, page in self._given:
            span = (0, self.plan.times.now)
            window = Window(source, source.names, [span], span[1], whole=True)
            stage.wrote(window, page, span)
        yield stage
        for source in sources:
            if source.listing.relisted:
                self._tables.whole_list_read(source, source.names)
        # What is missing from them is asked for.
        yield from self._named()

    def _probes(self) -> Iterator[Stage]:
        """Ask again for what was refused the last time: a request each.

        What is still refused is left alone, and its changes wait.
        """
        refused = {
            path
            for c in self.plan.collections
            for path in self._state.bookmarks[c.name].refused
        }
        by_path = {source.path: source for source in self.plan.sources.values()}
        found = [source for path, source in by_path.items() if path in refused]
        if self.plan.kept != {c.name for c in self.plan.collections}:
            # Whoever lacks events is told at the first run, and not when it is late.
            found.append(Source(self.plan.account, EVENTS))
        if not found:
            return
        stage = self._stage_of(Probe, sources=found)
        yield stage
        for path in refused - stage.refused:
            for collection in self.plan.collections:
                bookmark = self._state.bookmarks[collection.name]
                bookmark.refused = [one for one in bookmark.refused if one != path]

    # What has changed

    def _changes(self) -> Iterator[Stage]:
        """Follow the change feed, oldest slice first."""
        kept = {
            name: self._state.bookmarks[name]
            for name in sorted(self.plan.kept)
            if not self._state.bookmarks[name].refused
        }
        if not kept:
            return
        first = min(bookmark.watermark or 0 for bookmark in kept.values())
        end = self.plan.times.now + _DAY_S
        span = end - first
        most = self._most_in_slice
        while first <= end:
            last = min(first + span, end)
            if self._in_hand is not None and first <= self._in_hand.last < end:
                last = self._in_hand.last
            changes = Changes(self._followed())
            stage = self._stage_of(
                Events,
                changes=changes,
                between=(first, last),
                most=most,
                heard=self._hear,
            )
            yield stage
            if stage.error is not None:
                self._tables.no_events(stage.source, stage.error)
                return
            if stage.fits_in is not None and last > first:
                span = max(0, stage.fits_in)
                self._in_hand = None
                continue
            yield from self._slice_of(changes, last)
            for name in kept.keys() - self._tables.short:
                bookmark = kept[name]
                if not bookmark.refused:
                    mark = min(last, self.plan.times.ready)
                    bookmark.watermark = max(bookmark.watermark or 0, mark)
            named = stage.named
            # Of a second with many events nothing follows for the next one.
            span = 4 * (span + 1) if named * 4 < most else max(1, last - first)
            first = last + 1
        self._slice = self._in_hand = None

    def _followed(self) -> list[tuple[Collection, Feed]]:
        """Give the feeds of what events are followed for in this run."""
        return [
            (collection, feed)
            for collection, feed in self.plan.followed()
            if not self._state.bookmarks[collection.name].refused
        ]

    def _hear(self, events: list[object]) -> None:
        self._seen.add(events)  # type: ignore[arg-type] # objects
        self._seen_again.add(events)  # type: ignore[arg-type] # objects

    def _slice_of(self, changes: Changes, last: int) -> Iterator[Stage]:
        """Read what the events of a slice name, and write what is gone."""
        for id_ in changes.unreadable:
            self._shared.report.unread_event(id_, self.plan.name)
        before, self._in_hand = self._in_hand, None
        ready = self.plan.times.ready
        for listing, wanted in changes.wanted.items():
            for id_ in [
                id_
                for id_, one in wanted.items()
                if self._needs_no_look(listing, one, before)
            ]:
                del wanted[id_]
        self._tables.changes = changes
        self._slice = Slice(last, before.ready if before else ready)
        yield from self._named()
        self._tables.orphans(changes.orphans)
        for clock_id, at in changes.clocks:
            yield from self._gone_with_clock(clock_id, at)
        self._slice = None
        self._tables.changes = Changes(self._followed())

    def _needs_no_look(
        self,
        listing: Listing,
        wanted: Wanted,
        before: Slice | None,
    ) -> bool:
        """Tell whether an object has been read since what a slice says of it."""
        source = self.plan.sources[listing]
        if self._tables.is_failed(source, wanted.id) and not wanted.is_gone:
            self._tables.put_off(source, wanted)
            return True
        if wanted.children or wanted.lines or wanted.deletion is not None:
            return False
        if self._recent.has(source.path, wanted.id, since=wanted.at):
            return True
        if before is not None and wanted.at <= before.ready:
            at, where = wanted.created, before.left
            if at is None:
                at, where = place(wanted.id), before.others
            return not any(a <= at <= b for a, b in where.get(listing.path, ()))
        if wanted.created is None:
            return False
        return self._is_to_be_listed(source, wanted.created)

    def _is_to_be_listed(self, source: Source, created: int) -> bool:
        """Tell whether lists will bring an object in any case."""
        names = self.plan.names(source) & source.names
        return bool(names) and all(
            any(a <= created <= b for a, b in bookmark.unread.get(source.path, ()))
            for bookmark in (self._state.bookmarks[name] for name in names)
        )

    def _named(self) -> Iterator[Stage]:
        """Read the objects that are wanted, and those that they bring up.

        Invoice items come behind the invoices that name them.
        """
        tables = self._tables
        asked: set[tuple[str, str]] = set()
        while True:
            for listing, wanted in list(tables.changes.take_gone()):
                tables.gone(self.plan.sources[listing], wanted)
            gone = list(tables.customers_gone)
            if gone:
                yield self._stage_of(
                    Subscriptions, customers=gone, sources=self._subscriptions()
                )
                for id_ in gone:
                    tables.customers_gone.pop(id_, None)
            left = {
                self.plan.sources[listing]: {
                    id_: one
                    for id_, one in wanted.items()
                    if (listing.path, id_) not in asked
                }
                for listing, wanted in tables.changes.wanted.items()
            }
            left = {source: wanted for source, wanted in left.items() if wanted}
            first = {
                source: wanted
                for source, wanted in left.items()
                if source.listing.object != _INVOICE_ITEM
            }
            now = first or left
            if not now:
                break
            asked |= {(s.path, id_) for s, wanted in now.items() for id_ in wanted}
            yield self._objects(now)
        for wanted_by_id in tables.changes.wanted.values():
            wanted_by_id.clear()

    def _objects(
        self, wanted: dict[Source, dict[str, Wanted]], *, by_id: bool = False
    ) -> Objects:
        return self._stage_of(
            Objects,
            wanted=wanted,
            names={source: self.plan.names(source) for source in wanted},
            by_id=by_id,
        )

    def _subscriptions(self) -> list[tuple[Source, frozenset[str]]]:
        return [
            (source, self.plan.names(source))
            for listing, source in self.plan.sources.items()
            if listing.object == "subscription" and self.plan.names(source)
        ]

    def _gone_with_clock(self, clock_id: str, at: int) -> Iterator[Stage]:
        """Flag what was on a test clock: Stripe says of nothing else that it is gone.

        Clocks are deleted after 30 days at the latest, so that the change feed still
        has what was created on it.
        """
        first = max(0, at - EVENTS_KEPT_S)
        stage = self._stage_of(
            EventsOfClock, clock_id=clock_id, between=(first, self.plan.times.now)
        )
        yield stage
        for listing, source in self.plan.sources.items():
            for id_, shown in stage.found.get(listing.object, {}).items():
                self._tables.flag(source, id_, shown, at)

    # Lists

    def _rests(self) -> bool:
        """Tell whether the account needs no further look: nothing has happened."""
        times, kept = self.plan.times, self.plan.kept
        marks = [self._state.bookmarks[name] for name in kept]
        return (
            bool(kept)
            and kept == {c.name for c in self.plan.collections}
            and self._seen_again.mark == self._seen_before
            and not self._tables.failed()
            and self._state.slice is None
            and all(
                mark.is_complete
                and not mark.refused
                and times.now - mark.looked < times.full_look_s
                for mark in marks
            )
        )

    def _latest(self) -> int:
        """Give the time behind which the last run has seen all events."""
        marks = [
            bookmark.watermark or 0
            for name in self.plan.kept
            if (bookmark := self._state.bookmarks.get(name))
        ]
        return max(marks, default=0)

    def _lists(self) -> Iterator[Stage]:
        """Read what is unread, what is new, and what is listed each time."""
        windows: list[Window] = []
        whole: list[tuple[Source, frozenset[str]]] = []
        given = {source for source, _ in self._given}
        for source in self.plan.sources.values():
            if source in given:
                self._cover(source, (0, self.plan.times.now))
                continue
            names = frozenset(
                name
                for name in source.names
                if (not source.listing.later_only or name in self.plan.kept)
                and source.path not in self._state.bookmarks[name].refused
            )
            if not names:
                continue
            found = self._windows(source, names)
            windows += found
            if (
                source.listing.relisted
                and not source.listing.later_only
                and any(window.fed == names for window in found)
            ):
                whole.append((source, names))
        for name in self.plan.kept:
            bookmark = self._state.bookmarks[name]
            bookmark.listed = max(bookmark.listed or 0, self.plan.times.ready)
        stage = self._stage_of(Lists, windows=windows)
        with self._shared.report.under_way.reading(stage.windows):
            yield stage
        for source, names in whole:
            if all(
                source.path not in self._state.bookmarks[name].refused
                and not self._state.bookmarks[name].unread.get(source.path)
                for name in names
            ):
                self._tables.whole_list_read(source, names)

    def _windows(self, source: Source, names: frozenset[str]) -> list[Window]:
        """Cut what is to be read of a list into windows."""
        times, listing, path = self.plan.times, source.listing, source.path
        kept = names & self.plan.kept
        marks = {name: self._state.bookmarks[name] for name in names}
        for name in kept:
            if not listing.later_only and path in marks[name].unread:
                self._add_new(name, path)
        again = {
            name for name in kept if listing.relisted and path not in marks[name].many
        }
        everything = [(times.start if listing.windowed else 0, times.now)]
        is_whole = not listing.windowed and (bool(again) or not names <= kept)
        if again or is_whole:
            fed = names if is_whole or again == names else frozenset(again)
            if not listing.later_only:
                for name in fed:
                    marks[name].add(path, everything[0])
            if is_whole or fed == names:
                return [Window(source, fed, everything, times.now, whole=is_whole)]
        alike: dict[frozenset[str], list[tuple[int, int]]] = {}
        for interval, fed_by in pieces(
            {name: mark.unread.get(path, []) for name, mark in marks.items()}
        ):
            alike.setdefault(fed_by, []).append(interval)
        return [
            Window(source, fed, union(held), union(held)[-1][1])
            for fed, held in alike.items()
        ]

    def _add_new(self, name: str, path: str) -> None:
        """Have listed what is new since, and what is listed instead of read by id."""
        times, mark = self.plan.times, self._state.bookmarks[name]
        late = LATE_S if path == _MONEY else 0
        since = max(times.start, (mark.listed or times.start) - late)
        if since <= times.now:
            mark.add(path, (since, times.now))
        if path == self._first_path(name):
            for interval in self._tables.take_unsettled_in(name):
                mark.add(path, interval)

    def _first_path(self, name: str) -> str:
        [collection] = [c for c in self.plan.collections if c.name == name]
        return collection.feeds[0].listing.path

    def _cover(self, source: Source, interval: tuple[int, int]) -> None:
        for name in source.names:
            self._state.bookmarks[name].read(source.path, interval)

    # The rest

    def _unsettled(self) -> Iterator[Stage]:
        """Read again what changes without an event."""
        wanted: dict[Source, dict[str, Wanted]] = {}
        for collection in self.plan.collections:
            if collection.name not in self.plan.kept:
                continue
            source = self.plan.sources[collection.feeds[0].listing]
            if source.path in self._state.bookmarks[collection.name].refused:
                continue
            held = {
                id_: Wanted(id_, created=created)
                for id_, created in self._tables.unsettled(collection).items()
                if not self._recent.has(source.path, id_)
                and not self._tables.is_failed(source, id_)
            }
            if held:
                wanted.setdefault(source, {}).update(held)
        if wanted:
            yield self._objects(wanted)

    def _failed(self) -> Iterator[Stage]:
        """Try again what could not be read before: a request each."""
        wanted: dict[Source, dict[str, Wanted]] = {}
        for source in self.plan.sources.values():
            held = {
                entry.id: Wanted(entry.id, created=entry.created, itself=entry.itself)
                for entry in self._tables.failed()
                if entry.path == source.path
                and not source.listing.later_only
                and not self._recent.has(source.path, entry.id)
                and not self._tables.failed_now(source, entry.id)
            }
            if held:
                wanted[source] = held
        if wanted:
            yield self._stage_of(
                Objects,
                wanted=wanted,
                names={
                    source: frozenset(c.name for c, _ in source.feeds)
                    for source in wanted
                },
                by_id=True,
            )
            yield from self._named()

    def _finish(self, *, rests: bool) -> None:
        """Say that what was read is read."""
        self._tables.write_gone()
        times = self.plan.times
        for collection in self.plan.collections:
            bookmark = self._state.bookmarks[collection.name]
            if bookmark.refused or not bookmark.is_complete:
                continue
            if not rests:
                bookmark.looked = times.now
            if not bookmark.activated:
                self._shared.writer.activate(collection, bookmark.version)
                bookmark.activated = True
        self._state.seen = self._seen.mark

    def _stage_of(self, kind: Callable[..., S], **details: object) -> S:
        return kind(self._shared.fetch, self._at_once, self._tables, **details)
