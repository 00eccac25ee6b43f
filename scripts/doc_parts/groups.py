"""The groups of collections, as the docs and the picture of the schema show them."""

from __future__ import annotations

import inspect
import sys
from dataclasses import dataclass

from tap_stripe.streams import Collection

# As Stripe's reference has them; what is not named here follows by title.
_ORDER = ("core", "products", "checkout", "billing", "connect", "radar", "issuing")


@dataclass(frozen=True)
class Group:
    """Collections that Stripe's reference has under one heading.

    Attributes:
        name: Of the module that their classes stand in.
        title: The module's docstring up to the colon.
        about: The rest of its first line.
        collections: Their names, in order.
    """

    name: str
    title: str
    about: str
    collections: tuple[str, ...]


def groups() -> list[Group]:
    """Give all groups, in the order of Stripe's reference."""
    by_module: dict[str, list[str]] = {}
    for name, collection in sorted(Collection.registered.items()):
        by_module.setdefault(collection.__module__, []).append(name)
    found = [_group(module, tuple(names)) for module, names in by_module.items()]

    def place(group: Group) -> tuple[int, str]:
        known = group.name in _ORDER
        return (_ORDER.index(group.name) if known else len(_ORDER)), group.title

    return sorted(found, key=place)


def _group(module: str, names: tuple[str, ...]) -> Group:
    name = module.rpartition(".")[2]
    line = (inspect.getdoc(sys.modules[module]) or "").partition("\n")[0]
    title, colon, about = line.partition(": ")
    if not colon:
        title, about = name.replace("_", " ").capitalize(), line
    return Group(name, title, about[:1].upper() + about[1:], names)
