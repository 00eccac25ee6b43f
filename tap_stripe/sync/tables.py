"""What comes of an account is written to its tables, and then counted as read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tap_stripe.api.body import Object, integer, text
from tap_stripe.errors import (
    PermissionMissing,
    RowError,
    SettingError,
    StripeError,
)
from tap_stripe.state.bookmarks import Failed
from tap_stripe.state.intervals import fewer, union
from tap_stripe.streams.base import embedded
from tap_stripe.sync.fetch import is_harmless
from tap_stripe.sync.routing import fits, items_in_lines

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from tap_stripe.output.writer import Writer
    from tap_stripe.report.report import Report
    from tap_stripe.state.bookmarks import AccountState
    from tap_stripe.state.intervals import Interval, Intervals
    from tap_stripe.streams.base import Collection
    from tap_stripe.streams.listing import Feed, Listing
    from tap_stripe.streams.shape import Row
    from tap_stripe.sync.changes import Changes, Recent, Wanted
    from tap_stripe.sync.plan import Plan
    from tap_stripe.sync.routing import ChildGone
    from tap_stripe.sync.source import Source

SMALL = 1000
"""Objects up to which a list whose changes raise no events is read whole each time."""
_MOST_UNSETTLED = 100
"""Up to so many they are known by their ids, each of which costs a request at most."""
_INVOICE, _INVOICE_ITEM, _CUSTOMER = "invoice", "invoiceitem", "customer"


class Tables:
    """Takes what comes of an account, and keeps its state.

    Args:
        plan: What is read of it.
        state: How far it is read: changes behind each row that is written.
        writer: Writes rows.
        report: Counts rows, and names what could not be read.
        clock: Gives Stripe's time, seconds since the epoch.
        livemode: Whether objects have to be live data; None where that is known.

    Attributes:
        changes: The objects that are to be read since events name them.
        short: Names of the collections of which something can't be read in any object.
        customers_gone: Ids of customers that are deleted: what becomes of their
            subscriptions is still to be read.
    """

    def __init__(
        self,
        plan: Plan,
        state: AccountState,
        writer: Writer,
        report: Report,
        *,
        changes: Changes,
        recent: Recent,
        clock: Callable[[], float],
        livemode: bool | None,
    ) -> None:
        self._plan = plan
        self._state = state
        self._writer = writer
        self._report = report
        self._clock = clock
        self._livemode = livemode
        self.changes = changes
        self._recent = recent
        self._failed = {(one.path, one.id): one for one in state.failed}
        self._unsettled = {
            name: dict(bookmark.unsettled) for name, bookmark in state.bookmarks.items()
        }
        self._unsettled_in = {
            name: list(bookmark.unsettled_in)
            for name, bookmark in state.bookmarks.items()
        }
        self._partial: dict[tuple[str, str], Mapping[str, Exception]] = {}
        self._gone: dict[Collection, dict[str, tuple[Object, int]]] = {}
        self._met: dict[str, set[str]] = {}
        self._inside: dict[tuple[str, str], set[str]] = {}
        self._failed_now: set[tuple[str, str]] = set()
        self.short: set[str] = set()
        self.customers_gone: dict[str, None] = {}

    # Objects

    def write(
        self,
        source: Source,
        objects: Sequence[Object],
        received_at: float,
        names: frozenset[str],
        *,
        by_id: bool = False,
    ) -> None:
        """Write the rows of objects, and note that they were read.

        Args:
            source: Where they are from.
            objects: The objects, lists inside them as complete as can be.
            received_at: When they came, seconds since the epoch.
            names: The collections that get their rows.
            by_id: Whether they were asked for because they have changed.
        """
        self._check_mode(objects)
        wanted = [one for one in objects if self._is_wanted(one, source.listing)]
        bad: dict[str, dict[str, Exception]] = {}
        for collection, feed in source.feeds:
            if collection.name in names and (by_id or not feed.changes_only):
                counter = self._report.changed if by_id else self._report.listed
                counter[collection.name] += self._write_rows(
                    collection, feed, wanted, received_at, bad
                )
        if source.listing.relisted:
            self._note_ids(source, objects)
        for found in objects:
            self._was_read(source, found, received_at, names, bad)

    def _write_rows(
        self,
        collection: Collection,
        feed: Feed,
        objects: list[Object],
        received_at: float,
        bad: dict[str, dict[str, Exception]],
    ) -> int:
        """Write the rows of one collection; gives their number."""
        rows: list[Row] = []
        holders: list[Object] = []

        def fail(holder: Object, error: Exception) -> None:
            bad.setdefault(text(holder.get("id")) or "", {})[collection.name] = error

        for found in objects:
            try:
                made = collection.rows_of(
                    found,
                    feed,
                    received_at=received_at,
                    account_id=self._plan.account_id,
                )
            except RowError as error:
                fail(found, error)
                made = error.rows
            rows += made
            holders += [found] * len(made)
        if not rows:
            return 0
        written = self._writer.rows(
            collection,
            rows,
            lambda place, error: fail(holders[place], error),
            version=self._state.bookmarks[collection.name].version,
            received_at=received_at,
        )
        # What is there was not deleted, whatever was said before.
        held = self._gone.get(collection)
        if held:
            for row in rows:
                held.pop(text(row.get("id")) or "", None)
        if collection.unsettled is not None and not feed.embedded:
            self._note_unsettled(collection, feed, objects)
        return written

    def _was_read(
        self,
        source: Source,
        found: Object,
        received_at: float,
        names: frozenset[str],
        bad: Mapping[str, Mapping[str, Exception]],
    ) -> None:
        """Note that an object was read, and what of it was not."""
        listing, id_ = source.listing, text(found.get("id")) or ""
        lacking = self._lacking(source, id_, names, bad)
        entry = self._failed.get((source.path, id_))
        if entry is not None:
            entry.collections = [n for n in entry.collections if n not in names]
        children: list[ChildGone] = []
        lines = False
        if self._owed(source) <= names:
            self._recent.note(source.path, id_, received_at)
            wanted = self.changes.take(listing, id_)
            if wanted is not None:
                children, lines = wanted.children, wanted.lines
                self._judge_children(source, found, children, lacking)
            if entry is not None:
                lines |= entry.lines
                entry.lines = False
                self._judge_kept_children(source, found, entry, lacking)
            if lines and listing.object == _INVOICE:
                self._look_at_items(found)
        for name, error in lacking.items():
            entry = self._note_failed(
                source, id_, [name], error, integer(found.get(listing.time))
            )
            entry.lines |= lines
            own = any(c.name == name and not f.embedded for c, f in source.feeds)
            what = f"{name} {id_}" if own else f"{name} of {id_}"
            self._report.unread(name, what, error, self._plan.name)
        if entry is not None:
            self._add_children(
                entry, [one for one in children if one.collection.name in lacking]
            )
            if not entry.collections and not entry.children:
                self._forget_failed(source, id_)

    def _lacking(
        self,
        source: Source,
        id_: str,
        names: frozenset[str],
        bad: Mapping[str, Mapping[str, Exception]],
    ) -> dict[str, Exception]:
        """Give the collections that lack rows of an object that was read, and why."""
        lacking = dict(bad.get(id_, {}))
        partial = self._partial.pop((source.path, id_), {})
        for collection, feed in source.feeds:
            for name, error in partial.items():
                if collection.name in names and (
                    feed.embedded.partition(".")[0] == name
                    or (not feed.embedded and collection.shaper.selects(name))
                ):
                    lacking.setdefault(collection.name, error)
        return lacking

    def wants(self, source: Source, id_: str) -> bool:
        """Tell whether an object is to be read that a page brings by the way."""
        return (source.path, id_) in self._failed or id_ in self.changes.wanted.get(
            source.listing, ()
        )

    def is_failed(self, source: Source, id_: str) -> bool:
        """Tell whether an object could not be read before: it is tried again, last."""
        return (source.path, id_) in self._failed

    def failed_now(self, source: Source, id_: str) -> bool:
        """Tell whether an object could not be read in this run."""
        return (source.path, id_) in self._failed_now

    def put_off(self, source: Source, wanted: Wanted) -> None:
        """Have an object that could not be read before tried with the others, last."""
        entry = self._failed[source.path, wanted.id]
        entry.itself |= wanted.itself
        entry.lines |= wanted.lines
        entry.collections = sorted({*entry.collections, *self._plan.names(source)})
        self._add_children(entry, wanted.children)

    def _add_children(self, entry: Failed, children: Iterable[ChildGone]) -> None:
        """Keep rows inside an object in mind that are gone unless it shows them."""
        known = {(name, id_) for name, id_, _ in entry.children}
        entry.children += [
            (child.collection.name, child.id, child.at)
            for child in children
            if (child.collection.name, child.id) not in known and not child.is_alive
        ]

    def _owed(self, source: Source) -> frozenset[str]:
        """Name the collections whose changes of an object are not in before a page."""
        return frozenset(
            c.name
            for c, feed in source.feeds
            if c.name in self._plan.kept and not feed.changes_only
        )

    def _check_mode(self, objects: Sequence[Object]) -> None:
        """Refuse data of the other mode, where the key doesn't say which it reads.

        Raises:
            SettingError: It is.
        """
        if self._livemode is None or not objects or "livemode" not in objects[0]:
            return
        shown = bytes(memoryview(objects[0]["livemode"])) == b"true"
        if shown is not self._livemode:
            message = (
                f"The key reads {'live' if shown else 'test'} data, and the setting "
                f"livemode or the state is about {'live' if self._livemode else 'test'}"
                " data: use another key, or another environment with a state and a "
                "schema of its own."
            )
            raise SettingError(message)

    def _is_wanted(self, found: Object, listing: Listing) -> bool:
        """Tell whether an object is not older than `start_date`."""
        if self._plan.times.start == 0:
            return True
        created = integer(found.get(listing.time))
        return created is None or created >= self._plan.times.start

    # Lists

    def listed(
        self,
        source: Source,
        names: frozenset[str],
        covers: Interval,
        holes: Iterable[Interval] = (),
    ) -> None:
        """Note that an interval of a list is read: all of it is written.

        Args:
            source: The list.
            names: The collections that got its rows.
            covers: The interval.
            holes: What of it stays unread.
        """
        if source.listing.later_only:
            return
        for name in names - source.short():
            bookmark = self._state.bookmarks[name]
            bookmark.read(source.path, covers)
            for hole in holes:
                bookmark.add(source.path, hole)

    def met(self, source: Source, objects: Iterable[Object], *, is_whole: bool) -> None:
        """Note what a list holds whose deletions no event tells."""
        if source.listing.relisted:
            held = self._met.setdefault(source.path, set())
            if len(held) <= SMALL or is_whole:
                held.update(text(one.get("id")) or "" for one in objects)

    def _note_ids(self, source: Source, objects: Iterable[Object]) -> None:
        """Note what is inside the objects of a list whose deletions no event tells."""
        for collection, feed in source.feeds:
            if not feed.embedded:
                continue
            held = self._inside.setdefault((collection.name, source.path), set())
            held.update(
                text(child.get("id")) or ""
                for found in objects
                for child in embedded(found, feed.embedded)
                if collection.is_mine(child)
            )

    def whole_list_read(self, source: Source, names: frozenset[str]) -> None:
        """Find out what is missing from a list that was read whole."""
        met = self._met.pop(source.path, set())
        failed = any(path == source.path for path, _ in self._failed)
        for collection, feed in source.feeds:
            name, path = collection.name, source.path
            if name not in names or feed.changes_only:
                continue
            inside = self._inside.pop((name, path), set())
            now = inside if feed.embedded else met
            bookmark = self._state.bookmarks[name]
            before = set(bookmark.ids.get(path, ()))
            for id_ in sorted(before - now) if name in self._plan.kept else ():
                if feed.embedded:
                    if not failed:
                        before.discard(id_)
                        shown = {"id": id_, "object": collection.stripe_object}
                        self._flag(collection, id_, shown, int(self._clock()))
                else:
                    # A list alone deletes nothing.
                    self.changes.want(source.listing, id_).itself = True
            few = len(now) <= SMALL or source.listing.of_platforms
            # What is missing is looked for at once, and until then stays.
            bookmark.ids[path] = sorted(now | before) if few else []
            bookmark.many = [one for one in bookmark.many if one != path]
            if not few:
                bookmark.many.append(path)

    # What changes without an event

    def _note_unsettled(
        self, collection: Collection, feed: Feed, objects: Iterable[Object]
    ) -> None:
        name, values = collection.unsettled or ("", ())
        held = self._unsettled.setdefault(collection.name, {})
        for found in objects:
            id_ = text(found.get("id")) or ""
            if text(found.get(name)) in values:
                held[id_] = integer(found.get(feed.listing.time))
            else:
                held.pop(id_, None)

    def unsettled(self, collection: Collection) -> dict[str, int | None]:
        """Give the objects of a collection that will change without an event."""
        return self._unsettled.get(collection.name, {})

    def take_unsettled_in(self, name: str) -> Intervals:
        """Give where many of them are; from now on that stands in what is unread."""
        return self._unsettled_in.pop(name, [])

    # What is gone

    def missing(self, source: Source, wanted: Wanted, names: frozenset[str]) -> None:
        """Note that an object is not there: Stripe has no object of this id.

        It is gone where it can be, and an event or a list said so or it was listed.
        """
        listing, id_ = source.listing, wanted.id
        if not wanted.itself or not fits(listing.object, id_):
            self.changes.take(listing, id_)
            self._gone_with(source, wanted)
            return
        if not listing.deletable and wanted.deletion is None:
            error = StripeError(
                f"GET {source.path}/{id_}: there is no such {listing.object}, and "
                "Stripe deletes none"
            )
            self.object_failed(source, wanted, error, names)
            return
        self.gone(source, wanted)

    def gone(self, source: Source, wanted: Wanted) -> None:
        """Flag an object, and what was inside it."""
        listing, id_ = source.listing, wanted.id
        self.changes.take(listing, id_)
        for bookmark in self._state.bookmarks.values():
            held = bookmark.ids.get(source.path)
            if held and id_ in held:
                held.remove(id_)
        at, shown = self._last_known(listing, wanted)
        if listing.object == _CUSTOMER:
            self.customers_gone[id_] = None
        for collection, feed in source.feeds:
            if collection.name not in self._plan.kept or feed.embedded:
                continue
            if self._is_wanted(shown, listing):
                self._flag(collection, id_, shown, at)
            self._unsettled.get(collection.name, {}).pop(id_, None)
        self._gone_with(source, wanted)
        self._recent.note(source.path, id_, self._clock())

    def _gone_with(self, source: Source, wanted: Wanted) -> None:
        """Flag what events call deleted of an object that is not there."""
        for child in wanted.children:
            child.unread -= 1
            if child.unread <= 0 and not child.is_alive:
                self._flag(child.collection, child.id, child.last_known, child.at)
        entry = self._failed.get((source.path, wanted.id))
        for name, child_id, since in entry.children if entry else ():
            self._flag_kept(source, name, child_id, since)
        self._forget_failed(source, wanted.id)

    def _last_known(self, listing: Listing, wanted: Wanted) -> tuple[int, Object]:
        """Give when an object was deleted, and what is known of it."""
        at = int(self._clock())
        shown: Object = {"id": wanted.id, "object": listing.object}
        if wanted.deletion is not None:
            at, shown = wanted.deletion.at, wanted.deletion.last_known
        if wanted.created is not None:
            shown = {listing.time: wanted.created, **shown}
        return at, shown

    def orphans(self, children: Iterable[ChildGone]) -> None:
        """Flag rows that events call deleted without saying what they were in."""
        for child in children:
            self._flag(child.collection, child.id, child.last_known, child.at)

    def flag(self, source: Source, id_: str, last_known: Object, at: int) -> None:
        """Flag an object that is gone together with another."""
        self.changes.take(source.listing, id_)
        for collection, feed in source.feeds:
            if not feed.embedded and collection.name in self._plan.kept:
                self._flag(collection, id_, last_known, at)
            elif feed.embedded and collection.name in self._plan.kept:
                for child in embedded(last_known, feed.embedded):
                    if collection.is_mine(child) and text(child.get("id")):
                        self._flag(collection, text(child["id"]) or "", child, at)

    def _judge_children(
        self,
        source: Source,
        found: Object,
        children: Iterable[ChildGone],
        lacking: Mapping[str, Exception],
    ) -> None:
        """Flag the rows inside an object that it does not show any more."""
        for child in children:
            if child.collection.name in lacking:
                continue  # What could not be read can't be missing either.
            child.unread -= 1
            if self._shows(source, found, child.collection, child.id):
                child.is_alive = True
                self._is_alive(child.collection.name, child.id)
            if child.unread <= 0 and not child.is_alive:
                self._flag(child.collection, child.id, child.last_known, child.at)

    def _judge_kept_children(
        self,
        source: Source,
        found: Object,
        entry: Failed,
        lacking: Mapping[str, Exception],
    ) -> None:
        left = []
        for name, id_, at in entry.children:
            if name in lacking:
                left.append((name, id_, at))
                continue
            if any(
                self._shows(source, found, collection, id_)
                for collection, _ in source.feeds
                if collection.name == name
            ):
                self._is_alive(name, id_)
            else:
                self._flag_kept(source, name, id_, at)
        entry.children = left

    def _is_alive(self, name: str, id_: str) -> None:
        """Note that an object shows a row: no other has to be asked for it."""
        for entry in self._failed.values():
            entry.children = [one for one in entry.children if one[:2] != (name, id_)]

    def _shows(
        self, source: Source, found: Object, collection: Collection, id_: str
    ) -> bool:
        return any(
            text(child.get("id")) == id_
            for one, feed in source.feeds
            if one is collection and feed.embedded
            for child in embedded(found, feed.embedded)
        )

    def _flag_kept(self, source: Source, name: str, id_: str, at: int) -> None:
        for collection, _ in source.feeds:
            if collection.name == name:
                shown = {"id": id_, "object": collection.stripe_object}
                self._flag(collection, id_, shown, at)
                return

    def _flag(
        self, collection: Collection, id_: str, last_known: Object, at: int
    ) -> None:
        if collection.name in self._plan.kept:
            self._gone.setdefault(collection, {})[id_] = (last_known, at)

    def write_gone(self) -> None:
        """Write the rows of what is gone.

        All together: rows of which little is known have a SCHEMA of their own, and
        targets load what they hold when another one comes.
        """
        gone, self._gone = self._gone, {}
        now = self._clock()
        for collection, held in gone.items():
            rows = [
                collection.deleted_row(
                    last_known,
                    deleted_at=at,
                    received_at=now,
                    account_id=self._plan.account_id,
                )
                for last_known, at in held.values()
            ]
            ids = list(held)

            def failed(
                place: int,
                error: RowError,
                collection: Collection = collection,
                ids: list[str] = ids,
            ) -> None:
                self._deletion_failed(collection, ids[place], error)

            self._report.deleted[collection.name] += self._writer.deleted(
                collection,
                rows,
                failed,
                version=self._state.bookmarks[collection.name].version,
                received_at=now,
            )

    def _deletion_failed(
        self, collection: Collection, id_: str, error: RowError
    ) -> None:
        for source in self._plan.sources.values():
            for one, feed in source.feeds:
                if one is collection and not feed.embedded:
                    self._note_failed(source, id_, [collection.name], error, None)
        self._report.unread(
            collection.name, f"{collection.name} {id_}", error, self._plan.name
        )

    def _look_at_items(self, invoice: Object) -> None:
        """Have the invoice items read again that an invoice's new lines name."""
        for listing, source in self._plan.sources.items():
            if listing.object == _INVOICE_ITEM and not listing.later_only:
                for id_ in items_in_lines(invoice):
                    if not self._recent.has(source.path, id_):
                        self.changes.want(listing, id_)

    # What can't be read

    def partial(
        self, source: Source, found: Object, failed: Mapping[str, Exception]
    ) -> None:
        """Note which lists inside an object that is about to be written are cut off."""
        mine = {}
        for name, error in failed.items():
            if isinstance(error, PermissionMissing):
                self.lack(source, (name,), error)
            else:
                mine[name] = error
        if mine:
            self._partial[source.path, text(found.get("id")) or ""] = mine

    def object_failed(
        self,
        source: Source,
        wanted: Wanted,
        error: Exception,
        names: frozenset[str],
    ) -> None:
        """Note that an object can't be read: it is tried again in the next run."""
        listing = source.listing
        self.changes.take(listing, wanted.id)
        entry = self._note_failed(
            source, wanted.id, sorted(names), error, wanted.created
        )
        entry.itself |= wanted.itself
        entry.lines |= wanted.lines
        self._add_children(entry, wanted.children)
        name = self._main(source, names)
        self._report.unread(name, f"{name} {wanted.id}", error, self._plan.name)

    def _main(self, source: Source, names: frozenset[str]) -> str:
        own = [c.name for c, f in source.feeds if c.name in names and not f.embedded]
        return next(iter([*own, *sorted(names)]), source.path)

    def customer_failed(
        self,
        source: Source,
        customer: Wanted,
        error: Exception,
        names: frozenset[str],
    ) -> None:
        """Note that it can't be read what a deleted customer has left behind."""
        for listing, other in self._plan.sources.items():
            if listing.object == _CUSTOMER:
                entry = self._note_failed(
                    other, customer.id, sorted(names), error, None
                )
                # It is not there: then they are read.
                entry.itself = True
        for name in names:
            what = f"{name} of {customer.id}"
            self._report.unread(name, what, error, self._plan.name)
        del source

    def no_events(self, source: Source, error: Exception) -> None:
        """Note that events can't be read: what is new is listed all the same."""
        for collection in self._plan.collections:
            self._report.refuse(collection.name, source.listing, error, self._plan.name)

    def page_failed(self, names: frozenset[str], error: Exception) -> None:
        """Note that some seconds of a list can't be read: they stay unread."""
        for name in names:
            self._report.unread(name, f"{name}, a page", error, self._plan.name)

    def garbled(self, source: Source, what: str) -> None:
        """Note that a list had an entry that can't be read."""
        name = self._main(source, source.names)
        error = StripeError(f"{source.path} listed {what}")
        self._report.unread(name, f"{name}, an entry", error, self._plan.name)

    def lack(self, source: Source, names: tuple[str, ...], error: Exception) -> None:
        """Note that something inside of each object of a list can't be read."""
        source.lacking |= set(names)
        source.complete = tuple(n for n in source.complete if n not in names)
        inside = set(names)
        fed = [c.name for c, feed in source.feeds if feed.inside & inside]
        for name in fed or source.names:
            self._report.refuse(
                name, source.listing, error, self._plan.name, expansions=names
            )
            self.short.add(name)

    def refuse(self, source: Source, error: Exception, names: Iterable[str]) -> None:
        """Note that an endpoint can't be read."""
        if is_harmless(error, source.listing):
            self._report.empty[source.path] = str(error)
            for name in names:
                if name in self._state.bookmarks:
                    self._state.bookmarks[name].unread[source.path] = []
            return
        for name in names:
            self._report.refuse(name, source.listing, error, self._plan.name)
            self._note_refused(name, source)
        self.changes.wanted.pop(source.listing, None)

    def _note_refused(self, name: str, source: Source) -> None:
        bookmark = self._state.bookmarks.get(name)
        if bookmark is not None and source.path not in bookmark.refused:
            bookmark.refused.append(source.path)

    def _note_failed(
        self,
        source: Source,
        id_: str,
        names: Iterable[str],
        error: Exception,
        created: int | None,
    ) -> Failed:
        del error
        entry = self._failed.setdefault(
            (source.path, id_), Failed(source.path, id_, [], created)
        )
        self._failed_now.add((source.path, id_))
        entry.collections = sorted({*entry.collections, *names})
        if created is not None:
            entry.created = created
        return entry

    def _forget_failed(self, source: Source, id_: str) -> None:
        self._failed.pop((source.path, id_), None)

    def failed(self) -> list[Failed]:
        """Give what is to be tried again."""
        return list(self._failed.values())

    # The state

    def state(self) -> AccountState:
        """Give how far the account is read, once all that it claims is written."""
        self.write_gone()
        self._state.failed = list(self._failed.values())
        for name, held in self._unsettled.items():
            bookmark = self._state.bookmarks.get(name)
            if bookmark is None:
                continue
            times = [at for at in held.values() if at is not None]
            if len(held) <= _MOST_UNSETTLED or len(times) < len(held):
                bookmark.unsettled = list(held.items())
                bookmark.unsettled_in = list(self._unsettled_in.get(name, ()))
                continue
            bookmark.unsettled = []
            among = [*((at, at) for at in times), *self._unsettled_in.get(name, ())]
            bookmark.unsettled_in = fewer(union(among), _MOST_UNSETTLED)
        return self._state
