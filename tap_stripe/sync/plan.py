"""What a run reads of an account: worked out before the first request, then fixed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tap_stripe.state.bookmarks import Bookmark
from tap_stripe.sync.changes import EVENTS_KEPT_S
from tap_stripe.sync.source import sources

if TYPE_CHECKING:
    import logging
    from collections.abc import Callable, Iterable, Sequence

    from tap_stripe.state.bookmarks import AccountState
    from tap_stripe.streams.base import Collection
    from tap_stripe.streams.listing import Feed, Listing
    from tap_stripe.sync.source import Source

_DAY_S = 86400
SMALL = 1000
"""Objects up to which a list whose changes raise no events is read whole each time."""
LATE_S = 7200
"""Balance transactions can show up so much later than their `created` says."""


@dataclass(frozen=True, slots=True)
class Times:
    """When a run is, by Stripe's clock. Seconds since the epoch.

    Attributes:
        start: What was created before is not wanted.
        now: When it began.
        ready: What happened before is in once it is over: events may become visible
            after later ones, so it trails `now`.
        full_look_s: Seconds after which an account without events is looked at in full.
    """

    start: int
    now: int
    ready: int
    full_look_s: int


@dataclass(frozen=True, slots=True)
class Plan:
    """What a run reads of an account.

    Attributes:
        account: For `Stripe-Account`; None for the key's own.
        account_id: Whose the rows are, where they say so.
        times: When it is.
        collections: Those that are selected, and read from this account.
        sources: The endpoints that feed them.
        kept: Names of those that were read before, and are brought up to date.
    """

    account: str | None
    account_id: str | None
    times: Times
    collections: tuple[Collection, ...]
    sources: dict[Listing, Source]
    kept: frozenset[str]

    @property
    def name(self) -> str:
        """The account as messages name it; empty where there is but one."""
        return self.account_id or ""

    def followed(self) -> list[tuple[Collection, Feed]]:
        """Give the feeds of what is brought up to date by events."""
        return [
            pair
            for source in self.sources.values()
            for pair in source.feeds
            if pair[0].name in self.kept
        ]

    def names(self, source: Source) -> frozenset[str]:
        """Name the collections of a source that are brought up to date."""
        return frozenset(c.name for c, _ in source.feeds if c.name in self.kept)


def make_plan(
    state: AccountState,
    collections: Sequence[Collection],
    *,
    account: str | None,
    account_id: str | None,
    times: Times,
    wanted: Callable[[Listing], bool],
    logger: logging.Logger,
) -> Plan:
    """Work out what is read, and say in the bookmarks what is unread now.

    Args:
        state: How far the account is read; changes.
        collections: Those that are selected.
        account: As in `Plan`.
        account_id: As in `Plan`.
        times: When the run is.
        wanted: Tells which endpoints are read.
        logger: Of the tap.
    """
    found = sources(account, collections, wanted)
    mine = tuple(c for c in collections if any(wanted(f.listing) for f in c.feeds))
    kept = set()
    for collection in mine:
        bookmark = state.bookmarks.setdefault(collection.name, Bookmark())
        paths = unread_paths(f for f in collection.feeds if wanted(f.listing))
        if bookmark.watermark is None:
            _begin(bookmark, paths, times, versioned=account_id is None)
            bookmark.deselected = _deselected(collection)
            continue
        if why := _starts_over(collection, bookmark, times):
            of = f" of {account_id}" if account_id else ""
            if why != _ASKED:
                logger.warning("%s%s %s: it is read again.", collection.name, of, why)
            if account_id is None:
                _begin(bookmark, paths, times, versioned=True)
                bookmark.deselected = _deselected(collection)
                continue
            # No new version tells what is gone of one account: events do.
            bookmark.unread = {path: [] for path in paths}
            bookmark.read_anew(start=times.start, now=times.now)
            bookmark.watermark = times.now - EVENTS_KEPT_S + 2 * _DAY_S
            bookmark.listed = times.ready
        _go_on(collection, bookmark, paths, times)
        kept.add(collection.name)
    return Plan(account, account_id, times, mine, found, frozenset(kept))


_ASKED = "asked"


def unread_paths(feeds: Iterable[Feed]) -> list[str]:
    """Name the endpoints of which a collection's bookmark has unread seconds."""
    return list(
        dict.fromkeys(
            feed.listing.path
            for feed in feeds
            if not feed.changes_only and not feed.listing.later_only
        )
    )


def _begin(
    bookmark: Bookmark, paths: list[str], times: Times, *, versioned: bool
) -> None:
    """Make everything unread; as a new version of the table, if it has versions."""
    version = max(times.now, bookmark.version + 1) if versioned else 0
    bookmark.unread = {path: [] for path in paths}
    bookmark.read_anew(start=times.start, now=times.now)
    bookmark.watermark = bookmark.listed = times.ready
    bookmark.looked = times.now
    bookmark.unsettled, bookmark.ids, bookmark.refused = [], {}, []
    bookmark.version, bookmark.activated = version, not versioned


def _go_on(
    collection: Collection, bookmark: Bookmark, paths: list[str], times: Times
) -> None:
    """Apply what has been changed in settings and catalog since."""
    listed = bookmark.listed or times.start
    bookmark.unread = {
        # An endpoint that an earlier version of the tap did not read for it.
        path: bookmark.unread.get(path, [(times.start, listed)])
        for path in paths
    }
    if times.start < bookmark.start:
        for path in paths:
            bookmark.add(path, (times.start, bookmark.start - 1))
    bookmark.start = times.start
    deselected = _deselected(collection)
    if set(bookmark.deselected) - set(deselected):
        bookmark.read_anew(start=times.start, now=times.now)
    bookmark.deselected = deselected


def _starts_over(collection: Collection, bookmark: Bookmark, times: Times) -> str:
    """Say why a collection can't go on from where it was; empty if it can."""
    gap_s = times.now - (bookmark.watermark or 0)
    if gap_s < -_DAY_S:
        return f"was last read {-gap_s} seconds in the future, by a wrong clock"
    if gap_s > EVENTS_KEPT_S - _DAY_S:
        days = gap_s / _DAY_S
        return f"was last read {days:.1f} days ago, and Stripe keeps events for 30"
    is_whole = collection.replication_method == "FULL_TABLE" and bookmark.activated
    return _ASKED if is_whole and bookmark.is_complete else ""


def _deselected(collection: Collection) -> list[str]:
    properties = collection.effective_schema["properties"]
    return sorted(name for name in properties if not collection.shaper.selects(name))
