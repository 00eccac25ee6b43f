"""What an event means: which objects to read again, and which are gone. Pure.

An event is a pointer: its payload has the form of the API version that was in force
when it was created, and may be older than the object. It is routed by the type of its
object and an id that fits it, never by its own type's name alone, and its payload is
used for deletions only. https://docs.stripe.com/api/events
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

_PREFIXES = {
    "account": ("acct_",),
    "application_fee": ("fee_",),
    "balance_transaction": ("txn_",),
    "bank_account": ("ba_",),
    "card": ("card_",),
    "charge": ("ch_", "py_"),
    "checkout.session": ("cs_",),
    "credit_note": ("cn_",),
    "credit_note_line_item": ("cnli_",),
    "customer": ("cus_",),
    "discount": ("di_",),
    "dispute": ("dp_", "du_", "pdp_"),
    "fee_refund": ("fr_",),
    "file": ("file_",),
    "invoice": ("in_",),
    "invoice_payment": ("inpay_",),
    "invoiceitem": ("ii_",),
    "issuing.authorization": ("iauth_",),
    "issuing.card": ("ic_",),
    "issuing.cardholder": ("ich_",),
    "issuing.transaction": ("ipi_",),
    "item": ("li_",),
    "line_item": ("il_",),
    "payment_intent": ("pi_",),
    "payment_link": ("plink_",),
    "payout": ("po_",),
    "promotion_code": ("promo_",),
    "quote": ("qt_",),
    "radar.early_fraud_warning": ("issfr_",),
    "refund": ("re_", "pyr_"),
    "setup_intent": ("seti_",),
    "shipping_rate": ("shr_",),
    "subscription": ("sub_",),
    "subscription_item": ("si_",),
    "tax_id": ("txi_",),
    "tax_rate": ("txr_",),
    "topup": ("tu_",),
    "transfer": ("tr_",),
    "transfer_reversal": ("trr_",),
}
"""How ids begin.

Merchants choose those of coupons, plans, with them of prices, and products. That of a
subscription schedule, sub_sched_, begins like a subscription's.
"""
_TYPES = {prefix: kind for kind, prefixes in _PREFIXES.items() for prefix in prefixes}


class _Data(msgspec.Struct):
    object: dict[str, Raw]
    previous_attributes: dict[str, Raw] | None = None


class Event(msgspec.Struct):
    """What is used of an event.

    Attributes:
        type: Of the event.
        kind: What it is about, by the type of its object and its id.
        id: Of its object; empty if it has none.
        created: When, seconds since the epoch.
    """

    type: str
    kind: str
    id: str
    created: int
    data: _Data
    account: str | None = None

    @property
    def deleted(self) -> bool:
        """Whether its object is gone. A deleted subscription can still be read."""
        return self.type.endswith(".deleted") and self.kind != "subscription"

    @property
    def is_clock_deleted(self) -> bool:
        """Whether a test clock is gone, and all that was on it, without a word."""
        return self.deleted and self.kind == "test_helpers.test_clock"


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
    """An object of a list that is gone, unless a later look finds it.

    Attributes:
        listing: Where it was listed.
        id: Its id.
        last_known: Its properties, perhaps in the form of an older API version.
        at: When, seconds since the epoch.
        final: Whether it is for good, whatever else is said of the object.
    """

    listing: Listing
    id: str
    last_known: Object
    at: int
    final: bool = False


@dataclass(slots=True)
class ChildGone:
    """A row inside other objects that is gone unless one of them shows it.

    Attributes:
        collection: Whose row.
        id: Its id.
        last_known: Its properties, as for `Deleted`.
        at: When, seconds since the epoch.
        parents: What it was in: the endpoint and the id of each.
        unread: How many of them are still to be read.
        is_alive: Whether one of them has shown it.
    """

    collection: Collection
    id: str
    last_known: Object
    at: int
    parents: tuple[tuple[Listing, str], ...] = ()
    unread: int = 0
    is_alive: bool = False

    def __post_init__(self) -> None:
        self.unread = len(self.parents)


def read_event(found: Object) -> Event | None:
    """Read an event of a page; None if it has not the form of one."""
    try:
        data = msgspec.json.decode(found["data"], type=_Data)
        kind, id_ = text(data.object.get("object")) or "", text(data.object.get("id"))
        return msgspec.convert(
            {
                "type": text(found["type"]),
                "kind": _kind(kind, id_ or ""),
                "id": id_ or "",
                "created": integer(found["created"]),
                "account": text(found.get("account")),
                "data": data,
            },
            Event,
        )
    except (msgspec.MsgspecError, KeyError, TypeError):
        return None


def _kind(kind: str, id_: str) -> str:
    """Give the type that an id belongs to: old events call a payout a transfer."""
    named = _TYPES.get(id_[: id_.find("_") + 1])
    return kind if named is None or kind not in _PREFIXES else named


def fits(kind: str, id_: str) -> bool:
    """Tell whether a type of object can have an id."""
    prefixes = _PREFIXES.get(kind)
    return bool(id_) and (prefixes is None or id_.startswith(prefixes))


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

    def of(self, event: Event) -> Iterator[Changed | Deleted | ChildGone]:
        """Say what an event means."""
        about, kind = event.data.object, event.kind
        concerned = self._concerned_by(kind)
        for listing in concerned.listings:
            if kind == listing.object and event.id:
                yield from _itself(event, listing)
            else:
                yield from _announced(event, listing)
            if listing.object == "invoiceitem" and kind == "invoice":
                yield from _items_of_lines(event, listing)
            if listing.object == "balance_transaction":
                yield from _late_transaction(event, listing)
        for collection, feed in concerned.feeds:
            if feed.embedded and kind == feed.listing.object:
                yield from _children_gone(event, about, collection, feed)
        if event.deleted and fits(kind, event.id):
            yield from self._child_itself(event)

    def _child_itself(self, event: Event) -> Iterator[ChildGone]:
        """Give the row inside other objects that an event says is deleted."""
        parents: dict[Collection, list[tuple[Listing, str]]] = {}
        for collection, feed in self._concerned_by(event.kind).feeds:
            if not feed.embedded or event.kind != collection.stripe_object:
                continue
            named = parents.setdefault(collection, [])
            for other, property_ in feed.listing.announced_by:
                id_ = text(reference(event.data.object.get(property_)))
                if other == event.kind and id_:
                    named.append((feed.listing, id_))
        for collection, held in parents.items():
            yield ChildGone(
                collection,
                event.id,
                event.data.object,
                event.created,
                tuple(dict.fromkeys(held)),
            )

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
                    or (
                        listing.object == "balance_transaction"
                        and kind in _WITH_TRANSACTION
                    )
                ],
                [
                    (collection, feed)
                    for collection, feed in self._heard
                    if kind in {feed.listing.object, collection.stripe_object}
                ],
            )
        return self._concerned[kind]


_WITH_TRANSACTION = {
    "application_fee",
    "charge",
    "dispute",
    "fee_refund",
    "payout",
    "refund",
    "topup",
    "transfer",
    "transfer_reversal",
}


def _itself(event: Event, listing: Listing) -> Iterator[Changed | Deleted]:
    """Say what an event about an object means for it."""
    about, is_its = event.data.object, fits(event.kind, event.id)
    if not event.deleted:
        created = integer(about.get(listing.time))
        lines = _lines_changed(event)
        yield Changed(listing, event.id, created, itself=is_its, lines=lines)
    elif is_its:
        yield Deleted(listing, event.id, about, event.created, final=listing.final)


def _late_transaction(event: Event, listing: Listing) -> Iterator[Changed]:
    """Give the balance transaction that an object has got after its creation.

    It can show up in the list late, with a time before others that were read already.
    """
    id_ = text(reference(event.data.object.get("balance_transaction")))
    if id_ and "balance_transaction" in (event.data.previous_attributes or {}):
        yield Changed(listing, id_, None, itself=False)


def _items_of_lines(event: Event, listing: Listing) -> Iterator[Changed]:
    """Give the invoice items that a draft took in or let go of, as far as it shows."""
    if not (event.deleted or _lines_changed(event)):
        return
    for shown in (event.data.object, event.data.previous_attributes or {}):
        for id_ in items_in_lines(shown):
            # Those of a deleted draft are deleted with it, or wait again.
            yield Changed(listing, id_, None, itself=event.deleted)


def _announced(event: Event, listing: Listing) -> Iterator[Changed]:
    """Give the objects that an event about another one announces."""
    about, kind = event.data.object, event.kind
    for other, property_ in listing.announced_by:
        if kind != other or text(about.get("type")) == "one_time":
            continue
        if kind == "refund" and not event.deleted and not _gives_back(event):
            continue
        id_ = text(reference(about.get(property_)))
        if id_:
            itself = property_ == "id" and not event.deleted
            yield Changed(listing, id_, None, itself=itself)
    if kind == "application" and listing.object == "account" and event.account:
        yield Changed(listing, event.account, None, itself=True)


def _gives_back(event: Event) -> bool:
    """Tell whether a refund's event changes its charge without a charge's event."""
    return text(event.data.object.get("status")) in {"failed", "canceled"}


def _lines_changed(event: Event) -> bool:
    if event.kind != "invoice":
        return False
    if event.type == "invoice.created" or "lines" in (
        event.data.previous_attributes or {}
    ):
        return True
    # Only a draft's lines change. Older versions of an invoice have no status, and of
    # a list no more than the first ten entries are shown.
    status = text(event.data.object.get("status"))
    return event.type == "invoice.updated" and status in {"draft", None}


def _children_gone(
    event: Event, about: Object, collection: Collection, feed: Feed
) -> Iterator[ChildGone]:
    """Give the rows inside an object that an event shows as gone."""
    parents = ((feed.listing, event.id),) if event.id else ()
    before, shown = event.data.previous_attributes or {}, {}
    if event.deleted:
        shown = about  # With a parent its children are gone too.
    elif feed.embedded.partition(".")[0] in before:
        shown = before  # It may have them still.
    named = {
        text(child.get("id")) or "": child
        for child in _named(shown, feed.embedded, collection)
    }
    default = text(reference(about.get("default_source"))) or ""
    if event.deleted and fits(collection.stripe_object, default):
        named.setdefault(default, {"id": default, "object": collection.stripe_object})
    for id_, child in named.items():
        if id_:
            yield ChildGone(collection, id_, child, event.created, parents)


def _named(found: Object, path: str, collection: Collection) -> Iterator[Object]:
    """Give the children at a path, those that are not expanded with their id alone.

    Old versions show lines by the ids of what they are about: those are no lines'.
    """
    kind = collection.stripe_object
    above, _, last = path.rpartition(".")
    for owner in embedded(found, above) if above else (found,):
        held = plain(owner.get(last))
        for id_ in held if isinstance(held, list) else ():
            if isinstance(id_, str) and fits(kind, id_):
                yield {"id": id_, "object": kind}
        for child in children(owner.get(last)):
            if collection.is_mine(child) and fits(kind, text(child.get("id")) or ""):
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
