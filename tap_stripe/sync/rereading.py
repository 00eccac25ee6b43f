"""The changed objects of an account are read again: in what order."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from tap_stripe.sync.changed_work import ChangedWork
from tap_stripe.sync.syncs import Phase
from tap_stripe.sync.unread import union

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tap_stripe.streams.listing import Listing
    from tap_stripe.sync.changes import Pending
    from tap_stripe.sync.fetch import Fetch
    from tap_stripe.sync.known import Known
    from tap_stripe.sync.reading import Reading
    from tap_stripe.sync.tables import Tables

Which: TypeAlias = "Callable[[Listing], Callable[[Pending], bool]]"
"""Tells which of a listing's changed objects."""

_SUBSCRIPTION = "subscription"
_INVOICE = "invoice"
_INVOICE_ITEM = "invoiceitem"


def _all_or_none(*, is_all: bool) -> Callable[[Pending], bool]:
    return lambda _: is_all


def _any(_: Listing) -> Callable[[Pending], bool]:
    return _all_or_none(is_all=True)


def _both(one: Which, other: Which) -> Which:
    def which(listing: Listing) -> Callable[[Pending], bool]:
        is_one, is_other = one(listing), other(listing)
        return lambda pending: is_one(pending) and is_other(pending)

    return which


class Rereading:
    """Reads what events speak of.

    Args:
        known: What the run knows of the account.
        tables: Takes what comes.
        fetch: Asks Stripe.
        at_once: As for `Windows`.
    """

    def __init__(
        self,
        known: Known,
        tables: Tables,
        fetch: Fetch,
        *,
        at_once: Callable[[str], int],
    ) -> None:
        self._known = known
        self._tables = tables
        self._fetch = fetch
        self._at_once = at_once

    def unlisted(self) -> Iterator[Phase]:
        """Read the changed objects that no list will bring."""
        unlisted = self._are_unlisted()
        yield from self._read_until_none(_both(unlisted, self._naming_lists))
        yield from self._read_until_none(_both(unlisted, self._are_all_named()))

    def first(self) -> Iterator[Phase]:
        """Read what says more than of itself."""
        yield from self._read_until_none(self._naming_lists)
        yield from self._read_until_none(self._first_lists)

    def rest(self) -> Iterator[Phase]:
        """Read all that is left."""
        yield from self._read_until_none(_any)

    def _first_lists(self, listing: Listing) -> Callable[[Pending], bool]:
        """Tell what is read first: lists with objects that say more than of themselves.

        The others of such a list are read with them: they may be on the same pages.
        """
        return _all_or_none(is_all=self._known.changes.has_first(listing))

    def _naming_lists(self, listing: Listing) -> Callable[[Pending], bool]:
        """Tell what is read before all else: invoices name items changed with them."""
        if listing.object == _INVOICE_ITEM:
            return _all_or_none(is_all=False)
        return self._first_lists(listing)

    def _are_all_named(self) -> Which:
        """Give what tells that nothing else will have an object read again.

        An invoice item is read once all invoices are that may name it.
        """
        changes = self._known.changes
        invoices_wait = any(
            pending.lines
            for listing in self._known.readings
            if listing.object == _INVOICE
            for pending in changes.waiting(listing).values()
        )
        return lambda listing: _all_or_none(
            is_all=listing.object != _INVOICE_ITEM or not invoices_wait
        )

    def _are_unlisted(self) -> Which:
        """Give what tells that no list will bring an object that has changed."""
        bookmarks = [self._known.bookmarks[name] for name in self._known.kept]
        unread = {
            listing: union(
                interval
                for bookmark in bookmarks
                for interval in bookmark.unread.get(listing.path, ())
            )
            for listing in self._known.readings
        }

        def which(listing: Listing) -> Callable[[Pending], bool]:
            listed = unread[listing]

            def is_unlisted(pending: Pending) -> bool:
                created = pending.created
                return created is None or not any(
                    first <= created <= last for first, last in listed
                )

            return is_unlisted if not listing.relisted else _all_or_none(is_all=False)

        return which

    def _read_until_none(self, which: Which) -> Iterator[Phase]:
        """Read changed objects, and those that they bring up."""
        while (
            self._tables.write_gone()
            or self._waiting(which)
            or self._tables.customers_gone
        ):
            yield from self._read_changed(which)

    def _read_changed(self, which: Which) -> Iterator[Phase]:
        waiting, fed = self._waiting(which), self._fed()
        gone = tuple(self._tables.customers_gone)
        canceled = [
            (reading, [("customer", id_) for id_ in gone])
            for reading in waiting.keys() | self._known.readings.values()
            if reading.listing.object == _SUBSCRIPTION and fed[reading]
        ]
        changes = self._known.changes
        work = ChangedWork(
            {
                reading: (asked, changes.waiting(reading.listing))
                for reading, asked in waiting.items()
            },
            canceled,
            fed,
            self._fetch,
            at_once=self._at_once,
        )
        yield Phase(work, self._tables.take)
        for id_ in gone:
            self._tables.customers_gone.pop(id_, None)
        for reading, asked in waiting.items():
            # Whatever came of it, it is not asked for again.
            changes.forget(reading.listing, asked)

    def _waiting(self, which: Which) -> dict[Reading, dict[str, Pending]]:
        found = {}
        for listing, reading in self._known.readings.items():
            is_wanted = which(listing)
            waiting = {
                id_: pending
                for id_, pending in self._known.changes.waiting(listing).items()
                if is_wanted(pending)
            }
            if waiting:
                found[reading] = waiting
        return found

    def _fed(self) -> dict[Reading, frozenset[str]]:
        return {
            reading: frozenset(self._known.kept & {c.name for c, _ in reading.feeds})
            for reading in self._known.readings.values()
        }
