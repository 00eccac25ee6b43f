"""What the sandbox has without behaviour of its own: a line each in resources.toml.

The rest comes from described.json, which scripts/generate_schemas.py makes of the
stripe package: properties, filters and events.
"""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterator

Properties = dict[str, Any]
"""How the values of an object are made, by property.

A name that ends with `?` may be null, one with `!` is absent unless expanded. Values
are `bool`, `int`, `num`, `str`, `decimal`, `time` or `map`; words as `=open|paid`; the
id of an object as `@customer`; an object that is described itself as `#price`; a list
that has an endpoint as `*item`; what a list holds in a list; and properties again.
"""


class Endpoint(msgspec.Struct):
    """A list endpoint, as the stripe package has it."""

    object: str
    created: bool
    filters: tuple[str, ...]


class Described(msgspec.Struct, rename={"comment": "$comment"}):
    """The content of `described.json`.

    Attributes:
        comment: Where it is from.
        endpoints: By path.
        events: Types of the events about an object.
        objects: By the value of `object`.
    """

    comment: str
    endpoints: dict[str, Endpoint]
    events: dict[str, tuple[str, ...]]
    objects: dict[str, Properties]


@cache
def described() -> Described:
    """Read what is generated."""
    path = files(__package__) / "described.json"
    return msgspec.json.decode(path.read_bytes(), type=Described)


class Resource(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A resource whose objects are made from their description alone.

    Attributes:
        prefix: How ids begin.
        permission: Read permission of a restricted key.
        size: Objects at scale 1.
        children: How ids begin in its lists, by their property.
        lists_only: Properties without whose values a list leaves an object out.
        effects: What an event does to an object beside setting `status`, by the last
            word of its type.
        unannounced: Values of properties with which an object changes without an event.
        path: Of its list, below /v1/.
        object: Value of `object`.
    """

    prefix: str
    permission: str
    size: int = 24
    children: dict[str, str] = {}
    lists_only: dict[str, Any] = {}
    effects: dict[str, dict[str, Any]] = {}
    unannounced: dict[str, tuple[str, ...]] = {}
    path: str = ""
    object: str = ""


def _resources() -> Iterator[Resource]:
    text = (files(__package__) / "resources.toml").read_text(encoding="utf-8")
    for path, line in tomllib.loads(text).items():
        object_ = described().endpoints[f"/v1/{path}"].object
        yield msgspec.convert({**line, "path": path, "object": object_}, Resource)


RESOURCES = tuple(_resources())
