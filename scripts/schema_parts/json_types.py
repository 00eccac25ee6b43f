"""Turns an annotation of the stripe package into a JSON schema.

What is on the wire decides, not what the package makes of it: a Decimal is a string,
an expandable reference is an id, an enum is a string, since Stripe adds words to it.
"""

from __future__ import annotations

import ast
from functools import partial
from typing import TYPE_CHECKING, Any

from scripts.schema_parts.stripe_classes import resolve

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from scripts.schema_parts.stripe_classes import StripeClass

Schema = dict[str, Any]


def nullable(json_type: str) -> Schema:
    """Give the schema of a value of this type, or null."""
    return {"type": [json_type, "null"]}


def described(schema: Schema, description: str) -> Schema:
    """Add a description to a schema, if there is one."""
    return schema | {"description": description} if description else schema


# An object whose properties the schema does not tell.
OPEN_OBJECT = nullable("object")

_PRIMITIVES = {
    "bool": nullable("boolean"),
    "Decimal": nullable("string"),
    "float": nullable("number"),
    "int": nullable("integer"),
    "str": nullable("string"),
}

# What a list that stands in an object looks like. The entries are left open: where they
# are a collection of ours, their properties are in its schema.
_LIST_OBJECT = OPEN_OBJECT | {
    "properties": {
        "data": nullable("array") | {"items": OPEN_OBJECT},
        "has_more": nullable("boolean"),
        "object": nullable("string"),
        "url": nullable("string"),
    }
}


def schema_of(
    annotation: ast.expr,
    *,
    seen_from: StripeClass,
    inside: tuple[StripeClass, ...] = (),
    without: Collection[str] = (),
) -> Schema:
    """Give the schema of what has this annotation; null is always allowed.

    Args:
        annotation: Of a property.
        seen_from: The class that declares the property.
        inside: The classes around that one, outermost first: where a class would hold
            itself again, the schema is left open.
        without: Properties of resources that no schema shows, as `object.property`.

    Raises:
        NotImplementedError: The stripe package has annotations of a new kind.
    """
    same_place = partial(schema_of, seen_from=seen_from, inside=inside, without=without)
    match annotation:
        case ast.Constant(value=str(quoted)):
            schema = same_place(ast.parse(quoted, mode="eval").body)
        case ast.Name() | ast.Attribute():
            schema = _named(ast.unparse(annotation), seen_from, inside, without)
        case ast.Subscript(value=ast.Name(id="Optional"), slice=some):
            schema = same_place(some)
        case ast.Subscript(value=ast.Name(id="ExpandableField")):
            schema = nullable("string")
        case ast.Subscript(value=ast.Name(id="List"), slice=entry):
            schema = nullable("array") | {"items": same_place(entry)}
        case ast.Subscript(value=ast.Name(id="ListObject")):
            schema = _LIST_OBJECT
        case ast.Subscript(value=ast.Name(id="UntypedStripeObject")):
            schema = OPEN_OBJECT
        case ast.Subscript(value=ast.Name(id="Literal"), slice=words):
            schema = _one_of([_literal(word) for word in _each(words)])
        case ast.Subscript(value=ast.Name(id="Union"), slice=choices):
            schema = _one_of([same_place(choice) for choice in _each(choices)])
        case _:
            message = f"No rule for the annotation {ast.unparse(annotation)}."
            raise NotImplementedError(message)
    return schema


def _named(
    name: str,
    seen_from: StripeClass,
    inside: tuple[StripeClass, ...],
    without: Collection[str],
) -> Schema:
    """Give the schema of a class with all of its properties, or of a primitive type."""
    if name in _PRIMITIVES:
        return _PRIMITIVES[name]
    found = resolve(name, seen_from=seen_from)
    inside = (*inside, seen_from)
    if any(outer is found for outer in inside) or not found.properties:
        return OPEN_OBJECT
    properties = {
        held.name: described(
            schema_of(held.annotation, seen_from=found, inside=inside, without=without),
            held.description,
        )
        for held in found.properties
        if f"{found.object_name}.{held.name}" not in without
    }
    return OPEN_OBJECT | {"properties": properties}


def _one_of(schemas: Sequence[Schema]) -> Schema:
    """Give one schema for a choice: objects of several classes are left open."""
    first = schemas[0]
    if all(schema == first for schema in schemas):
        return first
    if all(schema["type"] == OPEN_OBJECT["type"] for schema in schemas):
        return OPEN_OBJECT
    message = f"No one type fits all of {schemas}."
    raise NotImplementedError(message)


def _literal(word: ast.expr) -> Schema:
    kind = type(word.value).__name__ if isinstance(word, ast.Constant) else "?"
    return _PRIMITIVES[kind]


def _each(parameter: ast.expr) -> Sequence[ast.expr]:
    return parameter.elts if isinstance(parameter, ast.Tuple) else [parameter]
