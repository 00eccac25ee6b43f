"""What a run knows of an account."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tap_stripe.sync.changes import Changes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tap_stripe.streams.base import Collection
    from tap_stripe.streams.listing import Feed, Listing
    from tap_stripe.sync.reading import Reading
    from tap_stripe.sync.state import Bookmark
    from tap_stripe.sync.unread import Intervals


@dataclass
class Known:
    """What planning, reading and writing share.

    Attributes:
        collections: Those that are selected.
        feeds: Where each gets its rows from in this account, by name.
        readings: The listings that feed them.
        account_id: Whose the rows are, where they say so.
        start: First `created` second that is wanted.
        now: When the sync began, seconds since the epoch.
        ready: What a collection's watermark is once it is read.
        bookmarks: How far each collection is read, by name.
        before: What the bookmarks were when the run began.
        kept: Names of the collections that were read before.
        resting: Those of them that are read no further if no event speaks of the
            account.
        done: Lists that are read already, whole, however long.
        incomplete: Names of those that could not be read, or not wholly.
        changes: The objects that have changed.
        unsettled: Intervals that are read again, by listing.
    """

    collections: Sequence[Collection]
    feeds: dict[str, tuple[Feed, ...]]
    readings: dict[Listing, Reading]
    start: int
    now: int
    ready: int
    account_id: str | None = None
    bookmarks: dict[str, Bookmark] = field(default_factory=dict)
    before: dict[str, Bookmark] = field(default_factory=dict)
    kept: set[str] = field(default_factory=set)
    resting: set[str] = field(default_factory=set)
    done: set[Listing] = field(default_factory=set)
    incomplete: set[str] = field(default_factory=set)
    changes: Changes = field(default_factory=lambda: Changes(()))
    unsettled: dict[str, Intervals] = field(default_factory=dict)
