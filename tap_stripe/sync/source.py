"""A list endpoint of one account, and the collections that it feeds in this run."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tap_stripe.streams.listings import ACCOUNTS, OWN_ACCOUNT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from tap_stripe.streams.base import Collection
    from tap_stripe.streams.listing import Feed, Listing

PAGE = 100


@dataclass(eq=False, slots=True)
class Source:
    """A list endpoint of one account in one run.

    Attributes:
        account: Connected account for `Stripe-Account`; None for the key's own.
        listing: The endpoint.
        feeds: The selected collections that it feeds, and how.
        expand: Paths that are expanded, without `data.`; fewer once one was refused.
        complete: Lists inside its objects that have to be read to their end; fewer
            once one was refused.
        lacking: What of both was refused.
        limit: Objects to ask for at once: fewer where full pages came cut.
        light: Smaller pages that came.
    """

    account: str | None
    listing: Listing
    feeds: tuple[tuple[Collection, Feed], ...] = ()
    expand: tuple[str, ...] = ()
    complete: tuple[str, ...] = ()
    lacking: set[str] = field(default_factory=set)
    limit: int = PAGE
    light: int = 0

    @property
    def path(self) -> str:
        """The path of the endpoint."""
        return self.listing.path

    @property
    def names(self) -> frozenset[str]:
        """The collections that its lists feed."""
        return frozenset(c.name for c, feed in self.feeds if not feed.changes_only)

    def owners(self, name: str) -> frozenset[str]:
        """Name the properties by which an entry of a list inside says whose it is."""
        named = {feed.parent for _, feed in self.feeds if feed.embedded == name}
        return frozenset({*named, self.listing.object} - {""})

    def params(self, prefix: str = "") -> tuple[tuple[str, str], ...]:
        """Give the query parameters that each request has.

        Args:
            prefix: `data.` for lists.
        """
        expand = tuple(("expand[]", prefix + path) for path in self.expand)
        return (*self.listing.params, *expand) if prefix else expand

    def short(self) -> frozenset[str]:
        """Name the collections that don't get all their rows: of what was refused."""
        return frozenset(c.name for c, feed in self.feeds if self.lacking & feed.inside)


def sources(
    account: str | None,
    collections: Iterable[Collection],
    wanted: Callable[[Listing], bool] = lambda _: True,
) -> dict[Listing, Source]:
    """Give the endpoints that feed collections.

    Args:
        account: Connected account for `Stripe-Account`; None for the key's own.
        collections: The collections.
        wanted: Tells which endpoints are read.
    """
    fed: dict[Listing, list[tuple[Collection, Feed]]] = {}
    for collection in collections:
        for feed in collection.feeds:
            if wanted(feed.listing):
                fed.setdefault(feed.listing, []).append((collection, feed))
    return {
        listing: Source(
            account,
            listing,
            tuple(feeds),
            expand=tuple(dict.fromkeys(p for _, feed in feeds for p in feed.expand)),
            complete=tuple(dict.fromkeys(_lists_inside(feeds))),
        )
        for listing, feeds in fed.items()
    }


def is_of_the_key(listing: Listing) -> bool:
    """Tell whether an endpoint is the platform's own: the accounts themselves."""
    return listing in {ACCOUNTS, OWN_ACCOUNT}


def _lists_inside(feeds: Iterable[tuple[Collection, Feed]]) -> Iterator[str]:
    """Name the lists that show in rows, their own or their parent's."""
    for collection, feed in feeds:
        if feed.embedded:
            yield feed.embedded.partition(".")[0]
            continue
        for name, definition in collection.effective_schema["properties"].items():
            is_list = "has_more" in definition.get("properties", {})
            if is_list and collection.shaper.selects(name):
                yield name
