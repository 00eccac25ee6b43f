"""Reading lists one after the other, for one collection: singer-sdk's own way."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tap_stripe.errors import TapError
from tap_stripe.sync.discovery import Discovery
from tap_stripe.sync.fetch import Fetch, Page, is_harmless
from tap_stripe.sync.source import is_of_the_key, sources

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tap_stripe.accounts import Accounts
    from tap_stripe.api.client import Client
    from tap_stripe.settings import Settings
    from tap_stripe.streams.base import Collection
    from tap_stripe.streams.listing import Feed
    from tap_stripe.sync.source import Source


def pages(
    client: Client, settings: Settings, collection: Collection
) -> Iterator[tuple[Feed, Page, str | None]]:
    """Read a collection of all accounts that are asked for.

    Args:
        client: The way to Stripe.
        settings: Of the tap.
        collection: The collection.

    Yields:
        Each page with each of the collection's feeds that it gives rows to, and the
        account, where rows say whose they are.

    Raises:
        TapError: Something can't be read.
    """
    fetch, asks = Fetch(client), settings.accounts
    found = Discovery(fetch, asks, [collection])
    found.own()
    now = int(client.clock.now())
    accounts: list[tuple[str | None, str | None]] = [
        (None, found.own_id if asks.several else None)
    ]
    if asks.several:
        found.connected()
        accounts += [(id_, id_) for id_ in found.ids]
    for account, account_id in accounts:
        for listing, source in sources(account, [collection]).items():
            feeds = [feed for _, feed in source.feeds if not feed.changes_only]
            if not feeds or listing.later_only or not _is_asked_for(asks, source):
                continue
            try:
                for page in _pages(fetch, source, settings.start, now):
                    for feed in feeds:
                        yield feed, page, account_id
            except TapError as error:
                if not is_harmless(error, listing):
                    raise


def _is_asked_for(asks: Accounts, source: Source) -> bool:
    """Tell whether a list of an account is read: of some, only what is of the key."""
    if source.account is not None:
        return not is_of_the_key(source.listing)
    return not asks.several or asks.own or is_of_the_key(source.listing)


def _pages(fetch: Fetch, source: Source, start: int, now: int) -> Iterator[Page]:
    if source.listing.single:
        single = fetch.object(source, "")
        if single is not None:
            yield single
        return
    between = (start, now) if source.listing.windowed else None
    cursor = None
    while True:
        page = fetch.page(source, between, cursor=cursor)
        for found in page.objects:
            fetch.complete(source, found)
        yield page
        if not page.has_more:
            return
        cursor = page.cursor
