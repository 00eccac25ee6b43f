"""What `tap-stripe --test` asks Stripe: can the key read what is selected?

One request for each listing, of one object, with the expansions that a sync asks for;
a few more where one is refused.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from tap_stripe import permissions
from tap_stripe.api.body import decode_object, decode_page, text
from tap_stripe.api.client import API_VERSION
from tap_stripe.api.text import visible
from tap_stripe.errors import (
    AccountRefused,
    KeyRefused,
    PermissionMissing,
    StripeError,
    Unavailable,
)
from tap_stripe.streams import listings
from tap_stripe.sync.plan import EVENTS, Part, feeds_of, readings
from tap_stripe.sync.reading import Reading
from tap_stripe.sync.report import is_harmless

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from tap_stripe.accounts import Accounts
    from tap_stripe.api.client import Answer, Client
    from tap_stripe.streams import Collection
    from tap_stripe.streams.listing import Feed, Listing

# From here on Stripe raises an event for each change of a refund.
# https://docs.stripe.com/changelog/acacia/2024-10-28/new-refund-event
_REFUND_EVENTS = "2024-10-28"
_READABLE = "readable"
_NOT_OF_A_LISTING = (AccountRefused, KeyRefused, Unavailable)


@dataclass
class Found:
    """What the requests brought.

    Attributes:
        account: The account's id, where the key may read it.
        others: How many further accounts are asked for, which were not tried.
        version: The account's own API version, in which Stripe writes its events.
        refused: Errors, by the listing's path and the path expanded; that is empty
            where the whole listing is refused.
        empty: Why a listing has nothing to read, by its path.
    """

    account: str = ""
    others: int = 0
    version: str = ""
    refused: dict[tuple[str, str], StripeError] = field(default_factory=dict)
    empty: dict[str, str] = field(default_factory=dict)


def ask(client: Client, accounts: Accounts, collections: Sequence[Collection]) -> Found:
    """Ask Stripe for one object of each listing that collections need.

    Of many accounts the first one is tried.

    Args:
        client: The way to Stripe.
        accounts: What is asked for.
        collections: Those that are selected.

    Raises:
        StripeError: The key or the account is refused, or Stripe can't be reached.
    """
    found = Found()
    account = _first(client, accounts, found)
    feeds = feeds_of(collections, Part.ALL)
    wanted = {
        listing.path: replace(
            reading, account=account if Part.DATA.has(listing) else None
        )
        for listing, reading in readings(account, collections, feeds).items()
        if not listing.later_only
    }
    own = wanted.pop(listings.OWN_ACCOUNT.path, None)
    _ask_who(client, account, found, wanted=own is not None)
    for reading in (*wanted.values(), Reading(account, EVENTS, ())):
        _ask_for_one(client, reading, found)
    return found


def _first(client: Client, accounts: Accounts, found: Found) -> str | None:
    """Give the account that is tried, for `Stripe-Account`."""
    ids = list(accounts.ids)
    if accounts.connected:
        listing = listings.ACCOUNTS
        params = (("limit", "100"), *listing.params)
        answer = client.get(listing.path, params, decode=decode_page)
        ids += [text(one.get("id")) or "" for one in answer.value.data]
    tried = None if accounts.own or not ids else ids[0]
    found.others = len(ids) - (0 if tried is None else 1)
    return tried


def _note_version(answer: Answer[Any], found: Found) -> None:
    """Note the account's own version, in which Stripe answers if asked without one."""
    found.version = answer.headers.get("Stripe-Version", found.version)


def _ask_who(
    client: Client, account: str | None, found: Found, *, wanted: bool
) -> None:
    path = listings.OWN_ACCOUNT.path
    try:
        answer = client.get(path, decode=decode_object, account=account, pinned=False)
    except _NOT_OF_A_LISTING:
        raise
    except StripeError as error:
        if wanted:
            found.refused[path, ""] = error
        return
    found.account = text(answer.value.get("id")) or ""
    _note_version(answer, found)


def _ask_for_one(client: Client, reading: Reading, found: Found) -> None:
    listing = reading.listing
    # The key need not be able to read the account: events tell its version as well.
    pinned = listing is not EVENTS
    try:
        answer = _get(client, reading, reading.expand, pinned=pinned)
    except _NOT_OF_A_LISTING:
        raise
    except StripeError as error:
        if is_harmless(error, listing):
            why = "Stripe has removed it" if listing.removed else "no Connect platform"
            found.empty[listing.path] = f"nothing to read: {why}"
        elif reading.expand and isinstance(error, PermissionMissing):
            _ask_piece_by_piece(client, reading, found)
        else:
            found.refused[listing.path, ""] = error
    else:
        if not pinned:
            _note_version(answer, found)


def _ask_piece_by_piece(client: Client, reading: Reading, found: Found) -> None:
    for expanded in ("", *reading.expand):
        try:
            _get(client, reading, (expanded,) if expanded else ())
        except PermissionMissing as error:
            found.refused[reading.listing.path, expanded] = error
            if not expanded:
                return


def _get(
    client: Client, reading: Reading, expand: Iterable[str], *, pinned: bool = True
) -> Answer[Any]:
    listing = reading.listing
    expanded = (("expand[]", f"data.{path}") for path in expand)
    params = [("limit", "1"), *listing.params, *expanded]
    return client.get(
        listing.path,
        params,
        decode=decode_page,
        account=reading.account,
        pinned=pinned,
    )


@dataclass(frozen=True)
class Line:
    """What is known of one collection and one of its listings.

    Attributes:
        collection: Its name.
        source: The listing, with what is expanded.
        said: Whether it can be read, else why not.
        permission: What the key lacks; empty if nothing, or if it has no name.
    """

    collection: str
    source: str
    said: str = _READABLE
    permission: str = ""


def lines(found: Found, collections: Iterable[Collection]) -> Iterator[Line]:
    """Give what is known, a line for each collection and listing. Pure."""
    for collection in sorted(collections, key=lambda one: one.name):
        by_listing: dict[Listing, list[Feed]] = {}
        for feed in collection.feeds:
            if not feed.listing.later_only:
                by_listing.setdefault(feed.listing, []).append(feed)
        for listing, feeds in by_listing.items():
            expand = [path for feed in feeds for path in feed.expand]
            needs = {
                path: permissions.of_expansion(collection, feed)
                for feed in feeds
                for path in feed.expand
            }
            yield _line(found, collection.name, listing, expand, needs)
    yield _line(found, "(what changed)", EVENTS, (), {})


def _line(
    found: Found,
    name: str,
    listing: Listing,
    expand: Sequence[str],
    needs: Mapping[str, str],
) -> Line:
    source = listing.path + (f" with {', '.join(expand)}" if expand else "")
    if listing.path in found.empty:
        return Line(name, source, found.empty[listing.path])
    for path in ("", *expand):
        error = found.refused.get((listing.path, path))
        if isinstance(error, PermissionMissing):
            lacking = error.permission or needs.get(path) or listing.permission
            return Line(name, source, f"the key lacks {lacking}", lacking)
        if error is not None:
            return Line(name, source, f"refused: {error}")
    return Line(name, source)


def is_complete(told: Iterable[Line]) -> bool:
    """Tell whether everything that is selected can be read."""
    return all(
        line.said == _READABLE or line.said.startswith("nothing to read")
        for line in told
    )


def table(
    found: Found, told: Sequence[Line], wanted: Iterable[str], *, api_key: str
) -> str:
    """Write it out. Pure.

    Args:
        found: What the requests brought.
        told: The lines of the table.
        wanted: The permissions that the selected collections need.
        api_key: Only what kind of key it is gets written.
    """
    head = ("Collection", "Read from", "")
    rows = [head, *((line.collection, line.source, line.said) for line in told)]
    widths = [max(len(row[column]) for row in rows) for column in (0, 1)]
    written = [
        f"{name:<{widths[0]}}  {source:<{widths[1]}}  {visible(said)}".rstrip()
        for name, source, said in rows
    ]
    text_ = [*_about(found, api_key), "", *written, ""]
    missing = {line.permission for line in told} - {""}
    if missing:
        lacks = (
            f"The key lacks {', '.join(sorted(missing))}. This opens the form for a "
            "key with all that the selected collections need, and nothing more:"
        )
        text_ += [lacks, permissions.link(sorted({*wanted, *missing}))]
    elif is_complete(told):
        text_.append("Everything that is selected can be read.")
    else:
        text_.append("Not everything that is selected can be read.")
    return "\n".join(text_) + "\n"


def _about(found: Found, api_key: str) -> Iterator[str]:
    kinds = {"rk": "restricted key", "sk": "secret key"}
    kind = kinds.get(api_key.partition("_")[0], "access token")
    mode = next((f" of {m} mode" for m in ("test", "live") if f"_{m}_" in api_key), "")
    yield f"Key          {kind}{mode}, taken by Stripe"
    others = f", tried in place of {found.others} more" if found.others else ""
    account = visible(found.account) or "not readable with this key"
    yield f"Account      {account}{others}"
    yield f"API version  {API_VERSION}, taken by Stripe"
    if found.version:
        few = (
            "; before 2024-10-28 Stripe raises few for refunds, so pending ones are "
            "read again in each sync"
            if found.version < _REFUND_EVENTS
            else ""
        )
        version = visible(found.version)
        yield f"Events       in {version}, the account's own version{few}"
