"""Puts a collection's schema together.

Stripe's own properties come from the stripe package's classes, corrections to them from
overrides.toml, the tap's own columns from tap_columns.toml, and the columns under old
names from tap_stripe/streams/old_names.toml.
"""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scripts.schema_parts.json_types import (
    OPEN_OBJECT,
    Schema,
    described,
    nullable,
    schema_of,
)
from scripts.schema_parts.stripe_classes import StripeClass, is_resource, resource
from scripts.schema_parts.times import is_time
from tap_stripe.streams import Collection
from tap_stripe.streams.old_names import old_names

if TYPE_CHECKING:
    from collections.abc import Mapping

# The types that the TOML files name.
_TYPES: dict[str, Schema] = {
    name: nullable(name)
    for name in ("boolean", "integer", "number", "object", "string")
} | {"time": nullable("string") | {"format": "date-time"}}


def collection_schema(collection: str, object_name: str) -> Schema:
    """Give the schema of a collection's rows, nothing sorted yet.

    Args:
        collection: Its name.
        object_name: The `object` of what Stripe sends.
    """
    properties: dict[str, Schema] = {}
    stripe_class = rows_class(collection, object_name)
    if stripe_class is not None:
        properties = _stripe_properties(collection, stripe_class)
    for old in old_names(collection):
        column = {"type": old.type, "description": old.description}
        properties[old.name] = _column(column)
    columns = _toml("tap_columns.toml")
    for added in (
        overrides()["added"].get(collection, {}),
        columns["every"],
        columns.get(collection, {}),
    ):
        properties |= {name: _column(column) for name, column in added.items()}
    return {"type": "object", "properties": properties}


def times(schema: Schema) -> list[str]:
    """Name the top-level times of a schema, for review."""
    properties: dict[str, Schema] = schema["properties"]
    return sorted(name for name, found in properties.items() if "format" in found)


def overrides() -> dict[str, Any]:
    """Give the corrections to the stripe package's classes."""
    return _toml("overrides.toml")


def rows_class(collection: str, object_name: str) -> StripeClass | None:
    """Find the class that a collection's rows have, if the package has one.

    Args:
        collection: Its name.
        object_name: The `object` of what Stripe sends.
    """
    path = overrides()["classes"].get(collection, object_name)
    if not path:
        return None
    if is_resource(path):
        return resource(path)
    # Behind a dot stands a class that is nested in a resource's.
    holder, _, nested = path.rpartition(".")
    return resource(holder).nested[nested]


def _stripe_properties(collection: str, stripe_class: StripeClass) -> dict[str, Schema]:
    properties: dict[str, Schema] = {}
    without = overrides()["expansions"].keys()
    expanded = Collection.registered[collection].expand
    for found in stripe_class.properties:
        is_expansion = f"{stripe_class.object_name}.{found.name}" in without
        if is_expansion and found.name not in expanded:
            continue
        schema = schema_of(found.annotation, seen_from=stripe_class, without=without)
        if "integer" in schema["type"] and (
            is_time(found.name, found.docstring)
            or f"{collection}.{found.name}" in overrides()["times"]
        ):
            schema = _TYPES["time"]
        if found.name == "id":
            schema = {"type": "string"}
        properties[found.name] = described(schema, found.description)
    for path in overrides()["open"]:
        owner, *outer, name = path.split(".")
        if owner == collection:
            held_in = properties
            for step in outer:
                held_in = held_in[step]["properties"]
            held_in[name] = described(OPEN_OBJECT, held_in[name].get("description", ""))
    return properties


def _column(column: Mapping[str, Any]) -> Schema:
    """Give the schema of a column that a TOML file describes."""
    schema = described(_TYPES[column["type"]], column["description"])
    if column.get("null", True):
        return schema
    return schema | {"type": schema["type"][0]}


@cache
def _toml(name: str) -> dict[str, Any]:
    text = Path(__file__).with_name(name).read_text(encoding="utf-8")
    return tomllib.loads(text)
