"""Reading listings one after the other, for one collection: singer-sdk's own way."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tap_stripe.api.body import text
from tap_stripe.errors import TapError
from tap_stripe.streams.listings import ACCOUNTS, OWN_ACCOUNT
from tap_stripe.sync.plan import Part, feeds_of, readings
from tap_stripe.sync.reading import Reading
from tap_stripe.sync.report import is_harmless
from tap_stripe.sync.windows import Ask

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tap_stripe.accounts import Accounts
    from tap_stripe.streams.base import Collection
    from tap_stripe.streams.listing import Feed
    from tap_stripe.sync.fetch import Fetch
    from tap_stripe.sync.reading import Page


def pages(
    fetch: Fetch, accounts: Accounts, collection: Collection, *, start: int, now: int
) -> Iterator[tuple[Feed, Page]]:
    """Read a collection of all accounts that are asked for.

    Args:
        fetch: Asks Stripe.
        accounts: What is asked for.
        collection: The collection.
        start: First `created` second that is wanted.
        now: Last one.

    Yields:
        Each page with each of the collection's feeds that it gives rows to.

    Raises:
        TapError: Something can't be read.
    """
    for account, account_id, part in _accounts(fetch, accounts, now=now):
        feeds = feeds_of([collection], part)
        found = readings(account, [collection], feeds, account_id=account_id)
        for reading in found.values():
            taken = [feed for _, feed in reading.feeds if not feed.changes_only]
            if not taken or reading.listing.later_only:
                continue
            try:
                for page in _pages(fetch, reading, start=start, now=now):
                    for feed in taken:
                        yield feed, page
            except TapError as error:
                if not is_harmless(error, reading.listing):
                    raise


def _accounts(
    fetch: Fetch, accounts: Accounts, *, now: int
) -> Iterator[tuple[str | None, str | None, Part]]:
    """Give each account for `Stripe-Account`, its id, and what is read of it."""
    if not accounts.several:
        yield None, None, Part.ALL
        return
    if accounts.shard.has_own:
        for page in _pages(fetch, Reading(None, OWN_ACCOUNT, ()), start=0, now=now):
            part = Part.ALL if accounts.own else Part.ACCOUNTS
            yield None, text(page.objects[0]["id"]), part
    ids = list(accounts.ids)
    if accounts.connected:
        for page in _pages(fetch, Reading(None, ACCOUNTS, ()), start=0, now=now):
            ids += [text(found["id"]) or "" for found in page.objects]
    for id_ in dict.fromkeys(ids):
        if accounts.shard.has(id_):
            yield id_, id_, Part.DATA


def _pages(fetch: Fetch, reading: Reading, *, start: int, now: int) -> Iterator[Page]:
    listing = reading.listing
    ask = Ask(reading, frozenset(), start, now, now, None, not listing.windowed)
    if listing.single:
        yield fetch.single(ask)
        return
    while True:
        page, full = fetch.window(ask)
        yield page
        if full is None:
            return
        ask = Ask(
            reading,
            ask.fed,
            ask.first,
            full.oldest,
            full.top,
            full.cursor,
            ask.whole,
        )
