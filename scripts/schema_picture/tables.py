"""What the pictures show: each collection's properties and the ids that lead on.

Nothing here is kept by hand. A property is the id of another collection's objects where
the stripe package's class says so (an expandable field), where a feed gives a row its
parent's id, or where it is a string with the name that Stripe gives such objects.
"""

from __future__ import annotations

import ast
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from scripts.generate_schemas import COLLECTIONS, SCHEMAS
from scripts.schema_parts.collection_schema import rows_class
from scripts.schema_parts.stripe_classes import is_resource, resolve, resource
from tap_stripe.streams import Collection

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scripts.schema_parts.json_types import Schema
    from scripts.schema_parts.stripe_classes import StripeClass

_EPOCH = "Measured in seconds since the Unix epoch."


@dataclass(frozen=True)
class Property:
    """A property of a collection's rows.

    Attributes:
        path: Its name; of a nested one the path, `[]` behind each list on the way.
        type: In a word: text, integer, time, list, …
        description: Stripe's, or the tap's.
        links: Collections whose ids it holds.
    """

    path: str
    type: str
    description: str
    links: tuple[str, ...] = ()


@dataclass(frozen=True)
class Table:
    """A collection.

    Attributes:
        name: Its name.
        group: The module that its class stands in, as Stripe's reference groups them.
        about: The first sentence of its docstring.
        keys: Its key.
        properties: At the top level.
        nested: Below, by name of the property at the top level.
    """

    name: str
    group: str
    about: str
    keys: tuple[str, ...]
    properties: tuple[Property, ...]
    nested: dict[str, tuple[Property, ...]] = field(default_factory=dict)

    def all_properties(self) -> Iterator[Property]:
        """Give all properties, each with those nested in it behind it."""
        for top in self.properties:
            yield top
            yield from self.nested.get(top.path, ())

    def links(self) -> list[Property]:
        """Give the properties that lead to other rows, those at the top level first.

        Of several that lead to the same collections only the first is given:
        `on_behalf_of` stands for `transfer_data.destination` too.
        """
        found: dict[tuple[str, ...], Property] = {}
        linked = [one for one in self.all_properties() if one.links]
        for one in sorted(linked, key=lambda one: one.path.count(".")):
            found.setdefault(one.links, one)
        return list(found.values())


def tables() -> list[Table]:
    """Give all collections, by name."""
    return [_table(name) for name in COLLECTIONS]


def _table(name: str) -> Table:
    collection = Collection.registered[name]
    schema = json.loads((SCHEMAS / f"{name}.json").read_text(encoding="utf-8"))
    links = _links(name)
    properties, nested = [], {}
    for top, definition in sorted(schema["properties"].items(), key=_order(collection)):
        properties.append(_property(top, definition, links))
        if below := tuple(_below(top, definition, links)):
            nested[top] = below
    about = (collection.__doc__ or "").split("\n\n")[0]
    return Table(
        name,
        collection.__module__.rpartition(".")[2],
        " ".join(about.split()),
        tuple(collection.primary_keys),
        tuple(properties),
        nested,
    )


def _order(collection: type[Collection]) -> Any:
    """Sort the key to the front and the tap's own columns to the end."""
    keys = tuple(collection.primary_keys)
    own = ("received_at", "is_deleted", "_sdc_deleted_at")

    def place(item: tuple[str, Any]) -> tuple[int, str]:
        name = item[0]
        if name in keys:
            return keys.index(name) - len(keys), ""
        return (1 + own.index(name), "") if name in own else (0, name)

    return place


def _below(path: str, definition: Schema, links: dict[str, Any]) -> Iterator[Property]:
    if "items" in definition:
        path, definition = f"{path}[]", definition["items"]
        if "string" in definition.get("type", ()) and path in links:
            yield _property(path, definition, links)
    for name, held in definition.get("properties", {}).items():
        found = _property(f"{path}.{name}", held, links)
        yield found
        yield from _below(found.path, held, links)


def _property(path: str, definition: Schema, links: dict[str, Any]) -> Property:
    text = "string" in definition["type"]
    return Property(
        path,
        _word(definition),
        _description(definition),
        tuple(sorted(links.get(path, ()))) if text else (),
    )


def _description(definition: Schema) -> str:
    text = str(definition.get("description", ""))
    if definition.get("format") == "date-time":
        # Stripe's words; the tap has made a time of the seconds.
        text = text.replace(_EPOCH, "")
    return text.strip()


def _word(definition: Schema) -> str:
    if definition.get("format") == "date-time":
        return "time"
    types = definition["type"]
    kind = types if isinstance(types, str) else next(t for t in types if t != "null")
    return {"array": "list", "string": "text"}.get(kind, str(kind))


# Links


def _links(name: str) -> dict[str, set[str]]:
    """Give the collections that each path may hold an id of."""
    found: dict[str, set[str]] = {}
    collection = Collection.registered[name]
    schema = json.loads((SCHEMAS / f"{name}.json").read_text(encoding="utf-8"))
    for column in schema["properties"]:
        if target := _named_like(column):
            found.setdefault(column, set()).add(target)
    for feed in collection.feeds:
        parents = _collection_of(feed.listing.object)
        if feed.parent and parents:
            found.setdefault(feed.parent, set()).add(parents)
    stripe_class = rows_class(name, COLLECTIONS[name])
    if stripe_class is not None:
        for path, named in _of_class(stripe_class):
            found.setdefault(path, set()).add(named)
    return found


def _of_class(
    stripe_class: StripeClass,
    inside: tuple[StripeClass, ...] = (),
    before: str = "",
) -> Iterator[tuple[str, str]]:
    """Walk a class of the stripe package to the ids in it."""
    around = (*inside, stripe_class)
    for held in stripe_class.properties:
        for annotation, suffix in _parts(held.annotation):
            path = before + held.name + suffix
            match annotation:
                case ast.Subscript(value=ast.Name(id="ExpandableField"), slice=to):
                    for target in _expandable(to, stripe_class):
                        yield path, target
                case ast.Name(id="str"):
                    if alike := _named_like(held.name):
                        yield path, alike
                case ast.Name() | ast.Attribute():
                    nested = _class_named(annotation, stripe_class)
                    if nested is not None and not any(nested is one for one in around):
                        yield from _of_class(nested, around, f"{path}.")
                case _:
                    pass


def _parts(annotation: ast.expr) -> Iterator[tuple[ast.expr, str]]:
    """Give what may stand in a property, with `[]` for each list around it."""
    match annotation:
        case ast.Constant(value=str(quoted)):
            yield from _parts(ast.parse(quoted, mode="eval").body)
        case ast.Subscript(value=ast.Name(id="Optional"), slice=inner):
            yield from _parts(inner)
        case ast.Subscript(value=ast.Name(id="List"), slice=inner):
            for part, suffix in _parts(inner):
                yield part, f"[]{suffix}"
        case _:
            yield annotation, ""


def _expandable(to: ast.expr, seen_from: StripeClass) -> Iterator[str]:
    """Give the collections that an expandable field may name an object of."""
    match to:
        case ast.Constant(value=str(quoted)):
            yield from _expandable(ast.parse(quoted, mode="eval").body, seen_from)
        case ast.Subscript(value=ast.Name(id="Union"), slice=ast.Tuple(elts=choices)):
            for choice in choices:
                yield from _expandable(choice, seen_from)
        case _:
            found = _class_named(to, seen_from)
            for name, object_name in COLLECTIONS.items():
                if is_resource(object_name) and resource(object_name) is found:
                    yield name


def _class_named(annotation: ast.expr, seen_from: StripeClass) -> StripeClass | None:
    try:
        return resolve(ast.unparse(annotation), seen_from=seen_from)
    except LookupError:
        return None


def _named_like(name: str) -> str | None:
    """Find the collection whose objects a property is named after."""
    return f"{name}s" if f"{name}s" in COLLECTIONS else _collection_of(name)


def _collection_of(object_name: str) -> str | None:
    return next(
        (name for name, held in COLLECTIONS.items() if held == object_name), None
    )
