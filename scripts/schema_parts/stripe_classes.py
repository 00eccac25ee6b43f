"""Reads the typed classes of the stripe package from their source.

Types and docstrings of attributes stand only in the source: at run time the docstrings
are gone, and the annotations name classes that are imported for type checkers alone.
So the modules are parsed and never run.
"""

from __future__ import annotations

import ast
import importlib.util
import re
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from stripe._object_classes import OBJECT_CLASSES

_MARKDOWN_LINK = re.compile(r"\[([^\]]*)\]\([^)]*\)")


@dataclass(frozen=True)
class Property:
    """A property of a Stripe object, as its class declares it."""

    name: str
    annotation: ast.expr
    docstring: str

    @property
    def description(self) -> str:
        """The docstring's first paragraph on one line, links left out."""
        paragraph = self.docstring.strip().split("\n\n")[0]
        return " ".join(_MARKDOWN_LINK.sub(r"\1", paragraph).split())


@dataclass(frozen=True)
class StripeClass:
    """A class of the stripe package: a resource or an object nested in one.

    Attributes:
        object_name: The `object` of a resource; empty for a nested object.
    """

    module: Module
    name: str
    object_name: str
    properties: tuple[Property, ...]
    nested: dict[str, StripeClass]


@dataclass
class Module:
    """A module of the stripe package: its classes and what it imports."""

    classes: dict[str, StripeClass] = field(default_factory=dict)
    imports: dict[str, tuple[str, str]] = field(default_factory=dict)


def is_resource(object_name: str) -> bool:
    """Whether Stripe has objects whose `object` property has this value."""
    return object_name in OBJECT_CLASSES


def resource(object_name: str) -> StripeClass:
    """Find the class of objects whose `object` property has this value."""
    module, name = OBJECT_CLASSES[object_name]
    return _module(module).classes[name]


def resolve(name: str, *, seen_from: StripeClass) -> StripeClass:
    """Find the class that a name in an annotation means.

    Args:
        name: As the annotation writes it, dots included.
        seen_from: The class that holds the annotation. Its own nested classes come
            first, then those of its module, then what the module imports: Python's
            scopes, in which the classes around a class do not count.

    Raises:
        LookupError: The name is no class of the stripe package.
    """
    first, *rest = name.split(".")
    module = seen_from.module
    found = seen_from.nested.get(first) or module.classes.get(first)
    if found is None and first in module.imports:
        origin, original_name = module.imports[first]
        found = _module(origin).classes.get(original_name)
    for part in rest:
        found = found.nested.get(part) if found else None
    if found is None:
        message = f"{name}, named by {seen_from.name}, is no class of stripe's."
        raise LookupError(message)
    return found


@cache
def _module(name: str) -> Module:
    spec = importlib.util.find_spec(name)
    if spec is None or spec.origin is None:
        message = f"The stripe package has no module {name}."
        raise ModuleNotFoundError(message)
    return parsed(Path(spec.origin).read_text(encoding="utf-8"))


def parsed(source: str) -> Module:
    """Read the classes and imports of a module's source."""
    tree = ast.parse(source)
    module = Module()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module:
            for imported in node.names:
                alias = imported.asname or imported.name
                module.imports[alias] = (node.module, imported.name)
    for statement in tree.body:
        if isinstance(statement, ast.ClassDef):
            module.classes[statement.name] = _class(statement, module)
    return module


def _class(definition: ast.ClassDef, module: Module) -> StripeClass:
    nested = {
        node.name: _class(node, module)
        for node in definition.body
        if isinstance(node, ast.ClassDef)
    }
    properties = tuple(
        Property(node.target.id, node.annotation, _docstring(following))
        for node, following in zip(
            definition.body, [*definition.body[1:], None], strict=True
        )
        if isinstance(node, ast.AnnAssign)
        and isinstance(node.target, ast.Name)
        and not ast.unparse(node.annotation).startswith("ClassVar")
    )
    return StripeClass(
        module, definition.name, _object_name(definition), properties, nested
    )


def _object_name(definition: ast.ClassDef) -> str:
    for node in definition.body:
        if (
            isinstance(node, ast.AnnAssign)
            and ast.unparse(node.target) == "OBJECT_NAME"
            and isinstance(node.value, ast.Constant)
        ):
            return str(node.value.value)
    return ""


def _docstring(statement: ast.stmt | None) -> str:
    if (
        isinstance(statement, ast.Expr)
        and isinstance(statement.value, ast.Constant)
        and isinstance(statement.value.value, str)
    ):
        return statement.value.value
    return ""
