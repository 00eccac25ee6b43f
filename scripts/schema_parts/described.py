"""Describes objects and endpoints to the sandbox, which has no stripe package.

How a description reads is told in tap_stripe/sandbox/resources.py.
"""

from __future__ import annotations

import ast
import json
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scripts.schema_parts.collection_schema import overrides
from scripts.schema_parts.endpoints import endpoints, event_types
from scripts.schema_parts.stripe_classes import StripeClass, resolve, resource
from scripts.schema_parts.times import is_time

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scripts.schema_parts.stripe_classes import Property

# Read as a file: the sandbox itself needs what is generated here.
RESOURCES = Path(__file__).parents[2] / "tap_stripe" / "sandbox" / "resources.toml"

_PRIMITIVES = {
    "Decimal": "decimal",
    "bool": "bool",
    "float": "num",
    "int": "int",
    "str": "str",
}
# What is deeper is left out where it may be.
_DEEPEST = 4
# Some enums have hundreds.
_MOST_WORDS = 12


def described_text(comment: str) -> str:
    """Give the file's text, a line for each endpoint and object."""
    whole = {
        "endpoints": _endpoints(),
        "events": event_types(),
        "objects": dict(sorted(_objects().items())),
    }
    parts = [f'"$comment": {json.dumps(comment)}']
    for name, held in whole.items():
        lines = ",\n".join(
            f"{json.dumps(key)}: {json.dumps(value, separators=(',', ':'))}"
            for key, value in held.items()
        )
        parts.append(f'"{name}": {{\n{lines}\n}}')
    return "{\n" + ",\n".join(parts) + "\n}\n"


def _endpoints() -> dict[str, Any]:
    return {
        path: {
            "object": endpoint.objects[0],
            "created": endpoint.created,
            "filters": endpoint.filters,
        }
        for path, endpoint in endpoints().items()
        if len(endpoint.objects) == 1
    }


def _objects() -> dict[str, Any]:
    """Describe the sandbox's resources, and what is in them."""
    found: dict[str, Any] = {}
    lines = tomllib.loads(RESOURCES.read_text(encoding="utf-8"))
    pending = [endpoints()[f"/v1/{path}"].objects[0] for path in lines]
    while pending:
        name = pending.pop()
        if name not in found:
            description = _class(resource(name), ())
            found[name] = description
            pending += _held_in(description)
    return found


def _held_in(description: Any) -> Iterator[str]:
    """Name the objects whose own descriptions one needs."""
    match description:
        case dict():
            for value in description.values():
                yield from _held_in(value)
        case [inner]:
            yield from _held_in(inner)
        case str() if description[0] in "#*":
            yield description[1:]
        case _:
            pass


def _class(found: StripeClass, inside: tuple[StripeClass, ...]) -> dict[str, Any]:
    properties: dict[str, Any] = {}
    for held in found.properties:
        name = f"{found.object_name}.{held.name}"
        is_optional = ast.unparse(held.annotation).startswith("Optional")
        value = None
        if not is_optional or len(inside) < _DEEPEST:
            value = _property(held, found, inside)
        if held.name == "deleted" or (value is None and is_optional):
            continue
        mark = "?" if is_optional else ""
        if name in overrides()["expansions"]:
            mark = "!"
        properties[held.name + mark] = {} if value is None else value
    return properties


def _property(
    held: Property, found: StripeClass, inside: tuple[StripeClass, ...]
) -> Any:
    value = _value(held.annotation, found, inside)
    return "time" if value == "int" and is_time(held.name, held.docstring) else value


def _value(
    annotation: ast.expr, found: StripeClass, inside: tuple[StripeClass, ...]
) -> Any:
    value: Any = None
    match annotation:
        case ast.Constant(value=str(quoted)):
            value = _value(ast.parse(quoted, mode="eval").body, found, inside)
        case ast.Subscript(value=ast.Name(id="Optional"), slice=inner):
            value = _value(inner, found, inside)
        case ast.Subscript(value=ast.Name(id="ExpandableField"), slice=inner):
            value = "@" + "|".join(_object_names(inner, found))
        case ast.Subscript(value=ast.Name(id="ListObject"), slice=inner):
            value = "*" + "|".join(_object_names(inner, found))
        case ast.Subscript(value=ast.Name(id="List"), slice=inner):
            entry = _value(inner, found, inside)
            value = None if entry is None else [entry]
        case ast.Subscript(value=ast.Name(id="UntypedStripeObject"), slice=inner):
            of_each = _value(inner, found, inside)
            # The others are by currency.
            value = "map" if of_each == "str" else {"eur": of_each}
        case ast.Subscript(value=ast.Name(id="Literal" | "Union")):
            value = _words(annotation)
        case ast.Name() | ast.Attribute():
            value = _named(ast.unparse(annotation), found, inside)
        case _:
            pass
    return value


def _words(annotation: ast.expr) -> str | None:
    """Give some of an enum's words; None where its values are none.

    A choice of classes names them as texts, too.
    """
    if "Literal" not in ast.unparse(annotation):
        return None
    values = [
        node.value for node in ast.walk(annotation) if isinstance(node, ast.Constant)
    ]
    words = [value for value in values if isinstance(value, str)]
    return "=" + "|".join(words[:_MOST_WORDS]) if words == values else None


def _named(name: str, found: StripeClass, inside: tuple[StripeClass, ...]) -> Any:
    if name in _PRIMITIVES:
        return _PRIMITIVES[name]
    held = resolve(name, seen_from=found)
    inside = (*inside, found)
    if any(outer is held for outer in inside):
        return None
    if held.object_name and found.name.endswith("Error"):
        # What an error was about: intents would hold each other without end.
        return None
    if held.object_name:
        return f"#{held.object_name}"
    return _class(held, inside)


def _object_names(annotation: ast.expr, found: StripeClass) -> list[str]:
    match annotation:
        case ast.Constant(value=str(quoted)):
            return _object_names(ast.parse(quoted, mode="eval").body, found)
        case ast.Subscript(slice=ast.Tuple(elts=names)):
            return [one for name in names for one in _object_names(name, found)]
        case _:
            return [resolve(ast.unparse(annotation), seen_from=found).object_name]
