"""The state: how far each collection is read. Pure.

A bookmark always has all its keys, empty ones too: Meltano may merge a later STATE
into an earlier one, key by key, and would keep a key that was dropped.
https://docs.meltano.com/reference/command-line-interface#run
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from tap_stripe.errors import StateError
from tap_stripe.sync.unread import Interval, Intervals, union, without

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tap_stripe.sync.left import Left

FORMAT = 2


class Bookmark(msgspec.Struct, omit_defaults=False):
    """How far one collection of one account is read. Times are seconds since the epoch.

    Attributes:
        watermark: Up to here what changed is in, but for what `events` and the lists
            of objects name; events are read on from here. None until the first sync has
            begun.
        events: `created` intervals before of which the events are still to read.
        cursors: Last seconds of such intervals of which some events are read, each with
            the id of the last one.
        listed: Objects created before are in, but for `unread`; listings are read on
            from here.
        recent: What was created from here on each run looks at anew until a sync ends;
            None once one has.
        unread: `created` intervals that are still to read, by listing.
        waiting: Objects that are to be read again, by listing: id and own time.
        doubtful: Those of them of which more has to be known, with a number for it
            (`Pending.kind`).
        gone: Objects that an event calls deleted while others are still to read, by
            listing: id, own time, and when.
        canceled: Customers that are gone and whose subscriptions are to be read again.
        maybe_gone: Rows inside other objects that are gone unless these still show
            them: id and when.
        unsettled: `created` intervals that hold objects which will change without an
            event.
        version: Of the table. A full re-read takes a new one. 0 where a table has the
            rows of many accounts.
        activated: Whether the version was announced as complete.
        sizes: Objects in the lists that are too long to be read whole in each sync, by
            listing; 0 for the others.
        ids: The ids that such a list holds, by listing: what is missing from it the
            next time is gone, also where Stripe tells of no deletion.
    """

    watermark: int | None = None
    events: Intervals = []
    cursors: list[tuple[int, str]] = []
    listed: int | None = None
    recent: int | None = None
    unread: dict[str, Intervals] = {}
    waiting: dict[str, list[tuple[str, int | None]]] = {}
    doubtful: dict[str, list[tuple[str, int | None, int]]] = {}
    gone: dict[str, list[tuple[str, int | None, int]]] = {}
    canceled: list[str] = []
    maybe_gone: list[tuple[str, int]] = []
    unsettled: Intervals = []
    version: int = 0
    activated: bool = False
    sizes: dict[str, int] = {}
    ids: dict[str, list[str]] = {}
    format: int = FORMAT

    @property
    def is_complete(self) -> bool:
        """Whether nothing is left unread."""
        return not any(self.unread.values())

    @property
    def waits(self) -> bool:
        """Whether any changed object, or event, is still to be read."""
        by_listing = (self.waiting, self.doubtful, self.gone)
        return any(any(held.values()) for held in by_listing) or bool(
            self.events or self.canceled or self.maybe_gone
        )

    @property
    def heard(self) -> int:
        """Up to where all events are read; 0 if none are."""
        return min([self.watermark or 0, *(first for first, _ in self.events)])

    def start_over(
        self, *, start: int, now: int, ready: int, versioned: bool = True
    ) -> None:
        """Make everything unread, as a new version of the table.

        Args:
            start: First `created` second that is wanted.
            now: When the sync began.
            ready: What `watermark` and `listed` are once everything is read.
            versioned: Whether the table is this account's alone; a version of one that
                is not would do away with other accounts' rows.
        """
        self.unread = {listing: [(start, now)] for listing in self.unread}
        self.unsettled = []
        self.nothing_waits()
        self.watermark = self.listed = self.recent = ready
        self.version = max(now, self.version + 1) if versioned else 0
        self.activated = not versioned

    def read_again(self, *, start: int, now: int, ready: int, since: int) -> None:
        """Make everything unread, but keep what the table has.

        Args:
            start: First `created` second that is wanted.
            now: When the sync began.
            ready: What `listed` is.
            since: The oldest events that Stripe still has: they tell of deletions.
        """
        self.unread = {listing: [(start, now)] for listing in self.unread}
        self.unsettled = []
        self.nothing_waits()
        self.watermark, self.listed, self.recent = since, ready, ready

    def go_on(self, *, start: int, now: int, ready: int) -> None:
        """Add what may have been created since to what is unread."""
        since = max(start, self.listed or start)
        self.unread = {
            listing: union([*left, (since, now)])
            for listing, left in self.unread.items()
        }
        if self.recent is None:
            self.recent = self.watermark
        self.listed = ready

    def wait_as(self, before: Bookmark) -> None:
        """Go back to what was said before of the changed objects to be read."""
        self.watermark, self.events = before.watermark, list(before.events)
        self.cursors = list(before.cursors)
        self.waiting, self.doubtful = dict(before.waiting), dict(before.doubtful)
        self.gone, self.canceled = dict(before.gone), list(before.canceled)
        self.maybe_gone = list(before.maybe_gone)

    def wait_for(self, listing: str, left: Left) -> None:
        """Take over what is left to be read of a listing's changed objects."""
        self.waiting[listing] = left.waiting
        self.doubtful[listing] = left.doubtful
        self.gone[listing] = left.gone

    def nothing_waits(self) -> None:
        """Note that all events and all changed objects are read."""
        self.events, self.cursors = [], []
        self.waiting = {listing: [] for listing in self.waiting}
        self.doubtful = {listing: [] for listing in self.doubtful}
        self.gone = {listing: [] for listing in self.gone}
        self.canceled = []
        self.maybe_gone = []

    def shrink(self, listing: str, read: Interval) -> None:
        """Take from what is unread what a page has covered."""
        if listing in self.unread:
            self.unread[listing] = without(self.unread[listing], read)


def read_bookmark(name: str, kept: Mapping[str, Any], listings: list[str]) -> Bookmark:
    """Read a collection's bookmark from the state.

    Args:
        name: Of the collection.
        kept: What the state has for it. A bookmark that singer-sdk's own way of
            reading wrote has none of our keys and claims nothing.
        listings: The listings that the collection has unread seconds of.

    Raises:
        StateError: It is of a later version, or broken.
    """
    if "format" not in kept and "watermark" not in kept:
        return Bookmark(unread={listing: [] for listing in listings})
    if isinstance(kept.get("format"), int) and kept["format"] > FORMAT:
        message = (
            f"The state of {name} was written by a later version of tap-stripe; "
            "upgrade the tap, or drop the state to read everything again."
        )
        raise StateError(message)
    known = {key: kept[key] for key in Bookmark.__struct_fields__ if key in kept}
    try:
        bookmark = msgspec.convert(known, Bookmark)
        _check(bookmark)
    except (msgspec.ValidationError, ValueError) as error:
        message = (
            f"The state of {name} can't be used ({error}); restore an earlier state, "
            "or drop it to read everything again."
        )
        raise StateError(message) from None
    whole: Intervals = []
    if bookmark.watermark is not None:
        # A listing that an earlier version of the tap did not read for it.
        whole = [(0, bookmark.listed or bookmark.watermark)]
    bookmark.unread = {
        listing: union(bookmark.unread.get(listing, whole)) for listing in listings
    }
    return bookmark


def _check(bookmark: Bookmark) -> None:
    if (bookmark.watermark is None) != (bookmark.listed is None):
        message = "only one of watermark and listed is set"
        raise ValueError(message)
    for held in (bookmark.unsettled, bookmark.events, *bookmark.unread.values()):
        for first, last in held:
            if first > last or first < 0:
                message = f"[{first}, {last}] is no interval"
                raise ValueError(message)


def write_bookmark(bookmark: Bookmark) -> dict[str, Any]:
    """Give the bookmark for a STATE line; its lists, which may be long, as they are."""
    return {
        key: dict(value) if isinstance(value, dict) else value
        for key, value in msgspec.structs.asdict(bookmark).items()
    }
