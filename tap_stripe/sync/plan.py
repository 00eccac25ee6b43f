"""What a run has to read of an account."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING

from tap_stripe.streams.listing import Listing
from tap_stripe.streams.listings import ACCOUNTS, OWN_ACCOUNT
from tap_stripe.sync.reading import Reading
from tap_stripe.sync.unread import pieces, split, union, without
from tap_stripe.sync.windows import Window

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from tap_stripe.streams.base import Collection
    from tap_stripe.streams.listing import Feed
    from tap_stripe.sync.state import Bookmark
    from tap_stripe.sync.unread import Intervals

EVENTS = Listing("/v1/events", "event", permission="event_read")
SMALL = 1000
"""Objects up to which a list whose changes raise no events is read whole each time."""


class Part(Enum):
    """What is read of an account.

    The list of accounts is the platform's: it is read once, with the key's own account.
    """

    ALL = "everything"
    ACCOUNTS = "the list of accounts"
    DATA = "everything but the list of accounts"

    def has(self, listing: Listing) -> bool:
        """Tell whether a listing belongs to it."""
        of_the_key = listing in {ACCOUNTS, OWN_ACCOUNT}
        return self is Part.ALL or (self is Part.ACCOUNTS) == of_the_key


def feeds_of(
    collections: Iterable[Collection], part: Part
) -> dict[str, tuple[Feed, ...]]:
    """Give where collections get their rows from; those that get none are left out."""
    found = {
        collection.name: tuple(f for f in collection.feeds if part.has(f.listing))
        for collection in collections
    }
    return {name: feeds for name, feeds in found.items() if feeds}


def unread_listings(feeds: Iterable[Feed]) -> list[str]:
    """Name the listings of which a collection's bookmark has unread seconds."""
    return list(
        dict.fromkeys(
            feed.listing.path
            for feed in feeds
            if not feed.changes_only and not feed.listing.later_only
        )
    )


def readings(
    account: str | None,
    collections: Iterable[Collection],
    feeds: Mapping[str, Iterable[Feed]],
    *,
    account_id: str | None = None,
) -> dict[Listing, Reading]:
    """Give the listings that feed the collections.

    Args:
        account: Connected account for `Stripe-Account`; None for the key's own.
        collections: Those that are selected.
        feeds: What `feeds_of` gives for them.
        account_id: Whose the rows are, where they say so.
    """
    fed: dict[Listing, list[tuple[Collection, Feed]]] = {}
    for collection in collections:
        for feed in feeds.get(collection.name, ()):
            fed.setdefault(feed.listing, []).append((collection, feed))
    return {
        listing: Reading(
            account,
            listing,
            tuple(feeds_here),
            account_id=account_id,
            expand=tuple(
                dict.fromkeys(p for _, feed in feeds_here for p in feed.expand)
            ),
            complete=tuple(dict.fromkeys(_lists_inside(feeds_here))),
        )
        for listing, feeds_here in fed.items()
    }


def _lists_inside(feeds: Iterable[tuple[Collection, Feed]]) -> Iterable[str]:
    """Name the embedded lists that show in rows, their own or their parent's."""
    for collection, feed in feeds:
        if feed.embedded:
            yield feed.embedded.partition(".")[0]
            continue
        for name, definition in collection.effective_schema["properties"].items():
            is_list = "has_more" in definition.get("properties", {})
            if is_list and collection.shaper.selects(name):
                yield name


def windows(
    found: Iterable[Reading],
    bookmarks: Mapping[str, Bookmark],
    kept: frozenset[str],
    unsettled: Mapping[str, Intervals],
    *,
    start: int,
    now: int,
) -> tuple[list[Window], list[Window]]:
    """Cut what is unread into windows.

    Args:
        found: The listings.
        bookmarks: By collection, with what is unread.
        kept: Names of the collections that were read before, but for those that rest.
        unsettled: Intervals that are read again, by listing. All collections that it
            feeds get them, so that they are read in as few requests as can be.
        start: First `created` second that is wanted.
        now: When the sync began.

    Returns:
        What was left to be read, and what each run has to look at, one that goes on
        with a sync that was killed too. That is to be read at the end: a kill before
        costs nothing of it.
    """
    cut: list[Window] = []
    last: list[Window] = []
    for reading in found:
        listing = reading.listing
        names = {
            collection.name
            for collection, feed in reading.feeds
            if not feed.changes_only
        }
        again_too = unsettled.get(listing.path, [])
        again = {
            name for name in names & kept if _is_relisted(listing, bookmarks[name])
        }
        left: dict[str, Intervals] = {}
        recent: dict[str, Intervals] = {}
        for name in () if listing.later_only else names:
            unread = bookmarks[name].unread.get(listing.path, [])
            left[name], recent[name] = (
                _parted(unread, again_too, bookmarks[name].recent or 0, now)
                if name in kept
                else (unread, [])
            )
        fed = again | {name for name in left if left[name] or recent[name]}
        whole = not listing.windowed and (bool(again) or not names <= kept)
        if fed and (again or whole):
            held = [(start if listing.windowed else 0, now)]
            where = cut if any(left.values()) else last
            where.append(Window(reading, frozenset(fed), held, now, whole=whole))
            continue
        for part, where in ((left, cut), (recent, last)):
            alike: dict[frozenset[str], Intervals] = {}
            for interval, fed_by in pieces(part):
                alike.setdefault(fed_by, []).append(interval)
            for fed_by, intervals in alike.items():
                held = union(intervals)
                where.append(Window(reading, fed_by, held, held[-1][1]))
    return cut, last


def _parted(
    unread: Intervals, again_too: Intervals, recent_from: int, now: int
) -> tuple[Intervals, Intervals]:
    """Part what is unread in what an earlier run has left and what each run reads."""
    left = unread
    for interval in again_too:
        left = without(left, interval)
    if left and left[-1][1] >= now:
        # Each run adds what is new: it reaches down to what was not begun before.
        older, _ = split(left[-1:], recent_from - 1)
        left = [*left[:-1], *older]
    recent = union([*unread, *again_too])
    for interval in left:
        recent = without(recent, interval)
    return left, recent


def _is_relisted(listing: Listing, bookmark: Bookmark) -> bool:
    return listing.relisted and bookmark.sizes.get(listing.path, 0) <= SMALL
