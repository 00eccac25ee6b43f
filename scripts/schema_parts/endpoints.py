"""Reads from the stripe package what Stripe lists, and which events are about what.

Its services name each endpoint with its parameters; its event notifications name the
class of the object that an event is about. Like the classes they are parsed, not run.
"""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import stripe
from stripe._object_classes import OBJECT_CLASSES

from scripts.schema_parts.stripe_classes import resource

if TYPE_CHECKING:
    from collections.abc import Iterator

LEFT_OUT = Path(__file__).with_name("left_out.toml")

_PACKAGE = Path(stripe.__file__).parent
# A file has an older name, too; the first one counts.
_OBJECTS = {origin: name for name, origin in reversed(OBJECT_CLASSES.items())}
_ONE_VALUE = re.compile(r"^[^L]*\b(str|bool|int)['\]]*$|Literal.*\|str'\]*$")
# https://docs.stripe.com/api/pagination
_OF_ALL_LISTS = {"ending_before", "expand", "limit", "starting_after"}


@dataclass(frozen=True)
class Endpoint:
    """A list endpoint.

    Attributes:
        path: With the parents' ids as names in braces.
        objects: The `object` of what it lists; several where they are mixed.
        filters: Its parameters that take one value, but for those of all lists.
        required: Those without which Stripe refuses the request.
        created: Whether it can be filtered by `created`.
        paged: Whether it has pages.
    """

    path: str
    objects: tuple[str, ...]
    filters: tuple[str, ...]
    required: tuple[str, ...]
    created: bool
    paged: bool


@cache
def endpoints() -> dict[str, Endpoint]:
    """Give every list endpoint of v1 by its path."""
    found = {
        one.path: one
        for path in _PACKAGE.rglob("*_service.py")
        if "v2" not in path.relative_to(_PACKAGE).parts
        for one in _listed_by(_parsed(path))
    }
    return dict(sorted(found.items()))


@cache
def event_types() -> dict[str, tuple[str, ...]]:
    """Give the types of the events about an object, by its `object`.

    Where there is no notification of a type, its name begins with the object's.
    """
    known = _known_types()
    found: dict[str, set[str]] = {}
    for path in (_PACKAGE / "events").glob("_v1_*_event.py"):
        tree = _parsed(path)
        type_, about = "", ""
        for node in ast.walk(tree):
            match node:
                case ast.Assign(
                    targets=[ast.Name(id="LOOKUP_TYPE")],
                    value=ast.Constant(value=str(t)),
                ):
                    type_ = t.removeprefix("v1.")
                case ast.FunctionDef(
                    name="fetch_related_object", returns=ast.Constant(value=str(name))
                ):
                    about = _object(name, _imports(tree))
                case _:
                    pass
        if about and type_ in known:
            found.setdefault(about, set()).add(type_)
    for type_ in known.difference(*found.values()):
        about, _, _ = type_.rpartition(".")
        if about in OBJECT_CLASSES:
            found.setdefault(about, set()).add(type_)
    return {name: tuple(sorted(types)) for name, types in sorted(found.items())}


def _known_types() -> set[str]:
    """Give the types that events of v1 have: a notification may be of v2 alone."""
    return {
        node.value
        for held in resource("event").properties
        if held.name == "type"
        for node in ast.walk(held.annotation)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }


def _listed_by(tree: ast.Module) -> Iterator[Endpoint]:
    imports = _imports(tree)
    for node in ast.walk(tree):
        match node:
            case ast.FunctionDef(
                name="list", returns=ast.Constant(value=str(returned))
            ):
                required, optional = _parameters(node, imports)
                every = required | optional
                yield Endpoint(
                    path=_path(node),
                    objects=tuple(_object(n, imports) for n in _listed(returned)),
                    filters=tuple(
                        sorted(
                            name
                            for name, takes_one in every.items()
                            if takes_one and name not in {*_OF_ALL_LISTS, "created"}
                        )
                    ),
                    required=tuple(sorted(required)),
                    created="created" in every,
                    paged="starting_after" in every,
                )
            case _:
                pass


def _path(method: ast.FunctionDef) -> str:
    """Find the path that a service's method asks for."""
    (path,) = {
        node.value
        for node in ast.walk(method)
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and node.value.startswith("/v1/")
    }
    return path


def _listed(annotation: str) -> list[str]:
    """Name the classes in `ListObject[…]`."""
    match ast.parse(annotation, mode="eval").body:
        case ast.Subscript(slice=ast.Name(id=name)):
            return [name]
        case ast.Subscript(slice=ast.Subscript(slice=ast.Tuple(elts=names))):
            return [ast.unparse(name) for name in names]
        case _:
            message = f"No rule for the annotation {annotation}."
            raise NotImplementedError(message)


def _parameters(
    method: ast.FunctionDef, imports: dict[str, tuple[str, str]]
) -> tuple[dict[str, bool], dict[str, bool]]:
    """Give the required and the optional parameters: whether they take one value."""
    (annotation,) = (
        ast.unparse(argument.annotation)
        for argument in method.args.args
        if argument.arg == "params" and argument.annotation
    )
    name = annotation.removeprefix("Optional[").strip("]'\"")
    origin, _ = imports[name]
    tree = _parsed(_PACKAGE.parent / f"{origin.replace('.', '/')}.py")
    (params,) = (
        node
        for node in tree.body
        if isinstance(node, ast.ClassDef) and node.name == name
    )
    required: dict[str, bool] = {}
    optional: dict[str, bool] = {}
    for node in params.body:
        if isinstance(node, ast.AnnAssign):
            written = ast.unparse(node.annotation).replace('"', "'")
            held = optional if written.startswith("NotRequired") else required
            held[ast.unparse(node.target)] = bool(_ONE_VALUE.search(written))
    return required, optional


def _object(class_name: str, imports: dict[str, tuple[str, str]]) -> str:
    return _OBJECTS[imports[class_name]]


def _parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def _imports(tree: ast.Module) -> dict[str, tuple[str, str]]:
    return {
        imported.asname or imported.name: (node.module, imported.name)
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module
        for imported in node.names
    }
