"""What a run reads: a listing of an account, and the collections that it feeds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tap_stripe.api.body import Object
    from tap_stripe.streams.base import Collection
    from tap_stripe.streams.listing import Feed, Listing
    from tap_stripe.sync.unread import Interval


@dataclass(eq=False, slots=True)
class Reading:
    """A listing of one account in one run.

    Attributes:
        account: Connected account for `Stripe-Account`; None for the key's own.
        account_id: Whose the rows are, where they say so.
        listing: What is read.
        feeds: The selected collections that it feeds, and how.
        expand: Paths that are expanded, without `data.`; fewer once one was refused.
        complete: Paths of embedded lists that have to be read to their end.
        lacking: What of `expand` and `complete` was refused.
        limit: Objects to ask for at once: fewer where full pages came cut.
        light: Smaller pages that came.
    """

    account: str | None
    listing: Listing
    feeds: tuple[tuple[Collection, Feed], ...]
    expand: tuple[str, ...] = ()
    complete: tuple[str, ...] = ()
    lacking: frozenset[str] = frozenset()
    limit: int = 100
    light: int = 0
    account_id: str | None = None

    def short(self) -> frozenset[str]:
        """Name the collections whose rows are inside of what was refused."""
        return frozenset(
            collection.name
            for collection, feed in self.feeds
            if feed.embedded and self.lacking & feed.inside
        )

    def params(self, prefix: str = "") -> tuple[tuple[str, str], ...]:
        """Give the query parameters that each request has.

        Args:
            prefix: `data.` for lists.
        """
        expand = tuple(("expand[]", prefix + path) for path in self.expand)
        return (*self.listing.params, *expand) if prefix else expand


@dataclass(frozen=True, slots=True)
class Page:
    """Objects that Stripe sent together.

    Attributes:
        reading: Where they are from.
        objects: The objects, embedded lists read to their end.
        received_at: When they came, seconds since the epoch.
        fed: Names of the collections that get rows of them.
        covers: What has been read of the listing with this page, both seconds included;
            None where it is no part of a list.
        lacking: What of the reading's `expand` and `complete` is missing in it.
        requests: How many requests it took, lists inside its objects included.
        by_id: Whether the objects were asked for because they have changed.
    """

    reading: Reading
    objects: list[Object]
    received_at: float
    fed: frozenset[str]
    covers: Interval | None = None
    lacking: frozenset[str] = frozenset()
    requests: int = 1
    by_id: bool = False


@dataclass(frozen=True, slots=True)
class Gone:
    """An object that is not there any more.

    Attributes:
        reading: Where it was.
        id: Its id.
        received_at: When Stripe said so, seconds since the epoch.
    """

    reading: Reading
    id: str
    received_at: float


@dataclass(frozen=True, slots=True)
class Filtered:
    """All objects of a listing that a filter lets pass were read.

    Attributes:
        reading: Of what.
        value: Of the filter's parameter.
    """

    reading: Reading
    value: str


@dataclass(frozen=True, slots=True)
class Refused:
    """A listing that can't be read, or an expansion of it.

    Attributes:
        reading: What is refused.
        error: Why.
        expansions: The paths that are refused; empty if it is the whole listing.
    """

    reading: Reading
    error: Exception
    expansions: tuple[str, ...] = ()
