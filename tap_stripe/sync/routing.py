"""What an event means: which objects to read again, and which are gone. Pure.

An event is a pointer: its payload has the form of the API version that was in force
when it was created, and may be older than the object. It is routed by the type of its
object, never by its own type's name alone, and used for deletions only.
https://docs.stripe.com/api/events
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import msgspec
from msgspec import Raw

from tap_stripe.api.body import Object, children, integer, plain, reference, text
from tap_stripe.streams.base import embedded

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tap_stripe.streams.base import Collection
    from tap_stripe.streams.listing import Feed, Listing


class _Data(msgspec.Struct):
    object: dict[str, Raw]
    previous_attributes: dict[str, Raw] | None = None


class Event(msgspec.Struct):
    """What is used of an event."""

    type: str
    created: int
    data: _Data
    account: str | None = None


@dataclass(frozen=True, slots=True)
class Changed:
    """An object that has to be read again.

    Attributes:
        listing: Where it is listed.
        id: Its id.
        created: Its own time, seconds since the epoch; None if the event doesn't tell.
        itself: Whether the event is about it, and not about something inside it.
        lines: Whether the invoice items in its lines may have changed with it.
    """

    listing: Listing
    id: str
    created: int | None
    itself: bool
    lines: bool = False


@dataclass(frozen=True, slots=True)
class Deleted:
    """A row that is gone, unless a later look finds it.

    Attributes:
        collection: Whose row.
        last_known: Its properties, perhaps in the form of an older API version.
        at: When, seconds since the epoch.
        listing: For an object of a list, its listing.
        final: Whether it is for good, whatever else is said of the object.
    """

    collection: Collection
    last_known: Object
    at: int
    listing: Listing | None = None
    final: bool = False


def read_event(found: Object) -> Event | None:
    """Read an event of a page; None if it is about nothing that can be named."""
    try:
        return msgspec.convert(
            {
                "type": text(found["type"]),
                "created": integer(found["created"]),
                "account": text(found.get("account")),
                "data": msgspec.json.decode(found["data"], type=_Data),
            },
            Event,
        )
    except (msgspec.ValidationError, KeyError):
        return None


_NAMED_INSIDE = {("invoice", "invoiceitem"), ("application", "account")}


class _Concerned(NamedTuple):
    listings: list[Listing]
    feeds: list[tuple[Collection, Feed]]


class Routes:
    """What events mean for the collections that are kept up to date.

    Args:
        feeds: The collections with all their feeds.
    """

    def __init__(self, feeds: Iterable[tuple[Collection, Feed]]) -> None:
        # Of two listings of the same objects one is enough.
        self._heard = [
            (one, feed) for one, feed in feeds if not feed.listing.later_only
        ]
        # A single object is read in each sync anyway, and others' events are none of
        # it.
        self._listings = [
            listing
            for listing in dict.fromkeys(feed.listing for _, feed in self._heard)
            if not listing.single
        ]
        self._concerned: dict[str, _Concerned] = {}

    def of(self, event: Event) -> Iterator[Changed | Deleted]:
        """Say what an event from `/v1/events` means."""
        about = event.data.object
        kind = text(about.get("object")) or ""
        # A subscription's deletion is its cancellation: it can still be read.
        deleted = event.type.endswith(".deleted") and kind != "subscription"
        concerned = self._concerned_by(kind)
        for listing in concerned.listings:
            if kind == listing.object and text(about.get("id")):
                if not deleted:
                    yield Changed(
                        listing,
                        text(about["id"]) or "",
                        integer(about.get(listing.time)),
                        itself=True,
                        lines=_lines_changed(event),
                    )
            else:
                yield from _announced(event, kind, listing, deleted=deleted)
            if listing.object == "invoiceitem" and kind == "invoice":
                yield from _items_of_lines(event, listing, deleted=deleted)
        for collection, feed in concerned.feeds:
            yield from _gone(event, kind, collection, feed, deleted=deleted)

    def _concerned_by(self, kind: str) -> _Concerned:
        """Give what events about a type of object can mean something for."""
        if kind not in self._concerned:
            self._concerned[kind] = _Concerned(
                [
                    listing
                    for listing in self._listings
                    if kind == listing.object
                    or any(kind == other for other, _ in listing.announced_by)
                    or (kind, listing.object) in _NAMED_INSIDE
                ],
                [
                    (collection, feed)
                    for collection, feed in self._heard
                    if kind in {feed.listing.object, collection.stripe_object}
                ],
            )
        return self._concerned[kind]


def _items_of_lines(
    event: Event, listing: Listing, *, deleted: bool
) -> Iterator[Changed]:
    """Give the invoice items that a draft took in or let go of, as far as it shows."""
    if not (deleted or _lines_changed(event)):
        return
    for shown in (event.data.object, event.data.previous_attributes or {}):
        for id_ in items_in_lines(shown):
            yield Changed(listing, id_, None, itself=False)


def _announced(
    event: Event, kind: str, listing: Listing, *, deleted: bool
) -> Iterator[Changed]:
    """Give the objects that an event about another one announces."""
    about = event.data.object
    for other, property_ in listing.announced_by:
        if kind != other or text(about.get("type")) == "one_time":
            continue
        if kind == "refund" and not deleted and not _gives_back(event):
            continue
        id_ = reference(about.get(property_))
        id_ = text(id_)
        if id_:
            yield Changed(listing, id_, None, itself=property_ == "id")
    if kind == "application" and listing.object == "account" and event.account:
        yield Changed(listing, event.account, None, itself=True)


def _gives_back(event: Event) -> bool:
    """Tell whether a refund's event changes its charge without a charge's event."""
    return text(event.data.object.get("status")) in {"failed", "canceled"}


def _lines_changed(event: Event) -> bool:
    if event.type == "invoice.created" or "lines" in (
        event.data.previous_attributes or {}
    ):
        return True
    # Only a draft's lines change. Older versions of an invoice have no status, and of
    # a list no more than the first ten entries are shown.
    status = text(event.data.object.get("status"))
    return event.type == "invoice.updated" and status in {"draft", None}


def _gone(
    event: Event, kind: str, collection: Collection, feed: Feed, *, deleted: bool
) -> Iterator[Deleted]:
    """Give the rows that an event shows as gone."""
    about, listing = event.data.object, feed.listing
    if kind == listing.object:
        if not deleted:
            yield from _left(event, collection, feed)
        elif feed.embedded:
            # With a parent its children are gone too.
            for child in _named(about, feed.embedded, collection):
                yield Deleted(collection, child, event.created)
        else:
            yield Deleted(
                collection, about, event.created, listing, final=listing.final
            )
    elif deleted and kind == collection.stripe_object and feed.embedded:
        yield Deleted(collection, about, event.created)


def _left(event: Event, collection: Collection, feed: Feed) -> Iterator[Deleted]:
    """Give children that the parent had before a change; it may have them still."""
    previous = event.data.previous_attributes
    if previous is None or not feed.embedded:
        return
    first = feed.embedded.partition(".")[0]
    if first not in previous:
        return
    for child in _named(previous, feed.embedded, collection):
        yield Deleted(collection, child, event.created)


def _named(found: Object, path: str, collection: Collection) -> Iterator[Object]:
    """Give the children at a path, those that are not expanded with their id alone."""
    above, _, last = path.rpartition(".")
    for owner in embedded(found, above) if above else (found,):
        held = plain(owner.get(last))
        for id_ in held if isinstance(held, list) else ():
            if isinstance(id_, str):
                yield {"id": id_, "object": collection.stripe_object}
        for child in children(owner.get(last)):
            if collection.is_mine(child):
                yield child


def items_in_lines(invoice: Object) -> Iterator[str]:
    """Give the ids of the invoice items that an invoice's lines name."""
    for line in children(invoice.get("lines")):
        old = text(line.get("invoice_item"))
        if old:
            yield old
        parent = plain(line.get("parent"))
        if not isinstance(parent, dict):
            continue
        for details in ("invoice_item_details", "subscription_item_details"):
            named = (parent.get(details) or {}).get("invoice_item")
            if isinstance(named, str):
                yield named
