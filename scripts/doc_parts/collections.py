"""docs/collections.md: each collection, from its class."""

from __future__ import annotations

import inspect
import json
import tomllib
from typing import TYPE_CHECKING

from scripts.generate_schemas import SCHEMAS
from scripts.schema_parts.endpoints import LEFT_OUT, event_types
from tap_stripe import permissions
from tap_stripe.streams import Collection
from tap_stripe.streams.base import PARENT_CREATED

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tap_stripe.streams.listing import Feed, Listing

GROUPS = {
    "core": "Core",
    "products": "Products",
    "checkout": "Checkout",
    "billing": "Billing",
    "connect": "Connect",
    "radar": "Radar",
    "issuing": "Issuing",
    "payment_sources": "Payment sources",
}
# Which of them an event is about stands in the event only.
_SOURCES = ("bank_account", "card", "source")


def collections() -> str:
    """Give the sections of the page."""
    parts: list[str] = []
    for module, title in GROUPS.items():
        parts.append(f"## {title}\n")
        parts += [
            "\n".join(_section(name, collection))
            for name, collection in sorted(Collection.registered.items())
            if collection.__module__ == f"tap_stripe.streams.{module}"
        ]
    return "\n".join(parts)


def left_out() -> str:
    """Give what Stripe lists and no collection reads, by the reason."""
    by_reason: dict[str, list[str]] = {}
    for path, reason in tomllib.loads(LEFT_OUT.read_text(encoding="utf-8")).items():
        by_reason.setdefault(reason, []).append(f"`{path}`")
    lines = [f"- {', '.join(paths)}: {reason}" for reason, paths in by_reason.items()]
    return "\n".join(lines) + "\n"


def _section(name: str, collection: type[Collection]) -> Iterator[str]:
    *text, source = inspect.cleandoc(collection.__doc__ or "").splitlines()
    yield f"### {name}\n"
    yield "\n".join(text).strip() + f" [Stripe's reference]({source})\n"
    yield f"- Key: {', '.join(f'`{key}`' for key in collection.primary_keys)}"
    if all(feed.listing.removed for feed in collection.feeds):
        yield "- Not selected unless you ask for it, and always empty."
        yield ""
        return
    if not collection.selected_by_default:
        yield "- Not selected unless you ask for it."
    yield f"- From: {'; '.join(_sources(collection))}"
    yield f"- New rows: {_new(name, collection)}"
    yield f"- Changes: {_changes(collection)}"
    yield f"- Deletions: {_deletions(collection)}"
    needs = ", ".join(f"`{one}`" for one in permissions.needed([collection]))
    yield f"- Permissions: {needs}"
    yield ""


def _sources(collection: type[Collection]) -> Iterator[str]:
    seen: dict[Listing, list[Feed]] = {}
    for feed in collection.feeds:
        if not feed.listing.later_only:
            seen.setdefault(feed.listing, []).append(feed)
    for listing, feeds in seen.items():
        inside = [f"`{feed.embedded}`" for feed in feeds if feed.embedded]
        yield f"`{listing.path}`" + (f" ({', '.join(inside)})" if inside else "")


def _new(name: str, collection: type[Collection]) -> str:
    main = collection.feeds[0].listing
    whole = {
        feed.listing.path: feed.listing
        for feed in collection.feeds
        if not feed.listing.windowed and not feed.listing.later_only
    }
    if len(whole) == len({feed.listing.path for feed in collection.feeds}):
        return "the list has no filter by time, so it is read whole in each sync."
    placed = f"by `{main.time}`"
    if collection.feeds[0].embedded:
        owners = {feed.listing.path for feed in collection.feeds}
        owner = main.object.replace("_", " ") if len(owners) == 1 else "object"
        placed += f" of the {owner} that holds them"
        columns = PARENT_CREATED if PARENT_CREATED in _properties(name) else ""
        placed += f" (`{columns}` in the row)" if columns else ""
    rest = f"; `{'`, `'.join(whole)}` whole" if whole else ""
    return f"{placed}{rest}."


def _changes(collection: type[Collection]) -> str:
    told: list[str] = []
    types = _event_types(collection)
    if types:
        told.append("events " + ", ".join(f"`{one}`" for one in types))
    if collection.unsettled:
        name, values = collection.unsettled
        words = " or ".join(f"`{value}`" for value in values)
        told.append(f"rows whose `{name}` is {words} are read again in each sync")
    relisted = {
        feed.listing.path
        for feed in collection.feeds
        if feed.listing.relisted and not feed.listing.single
    }
    told += [f"`{path}` is read whole in each sync if it is small" for path in relisted]
    told.sort(key=lambda one: not one.startswith("events"))
    return "; ".join(told or ["Stripe tells of none"]) + "."


def _event_types(collection: type[Collection]) -> list[str]:
    return sorted(
        {
            f"{start}.*"
            for feed in collection.feeds
            for one in (
                feed.listing.object,
                *(other for other, _ in feed.listing.announced_by),
            )
            for start in event_names(one, of=feed.listing.object)
        }
    )


def event_names(stripe_object: str, *, of: str) -> tuple[str, ...]:
    """Give how the names of the events begin that hold objects of a type.

    Args:
        stripe_object: The type.
        of: The type of the object that the event is taken as a sign for.
    """
    if stripe_object in _SOURCES:
        return ("account.external_account" if of == "account" else "customer.source",)
    types = event_types().get(stripe_object, ())
    return tuple(dict.fromkeys(type_.rpartition(".")[0] for type_ in types))


def _deletions(collection: type[Collection]) -> str:
    if not _event_types(collection):
        return "Stripe tells of none."
    if collection.feeds[0].embedded:
        return (
            "flagged when the object that holds them is read again and no longer has "
            "them, as far as an event tells what it had before."
        )
    if any(
        feed.listing.relisted and not feed.listing.later_only
        for feed in collection.feeds
    ):
        return (
            "flagged by their event, and where the whole list is read by their absence "
            "from it."
        )
    return "flagged by their event, or when Stripe no longer has what an event names."


def _properties(name: str) -> set[str]:
    path = SCHEMAS / f"{name}.json"
    return set(json.loads(path.read_text(encoding="utf-8"))["properties"])
