"""The present shape of each object, and fast rendering of many of one shape.

The files in `shapes/` have the properties of Stripe's published examples, brought to
API 2026-10-28.endive with the classes of `stripe` 16.1.0.
"""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files
from operator import itemgetter
from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from collections.abc import Sequence

Object = dict[str, Any]

_HOLE = re.compile(rb'"\{(\w+)\}"|"\{(\w+):d\}"|\{(\w+):(\w+)\}')


@cache
def _shape(name: str) -> bytes:
    path = files(__package__) / "shapes" / f"{name}.json"
    shape: object = msgspec.json.decode(path.read_bytes())
    return msgspec.json.encode(shape)


def shape(name: str) -> Object:
    """A new object of this type, with every property it has today."""
    new: Object = msgspec.json.decode(_shape(name))
    return new


def copied(thing: Object) -> Object:
    """A deep copy."""
    copy: Object = msgspec.json.decode(msgspec.json.encode(thing))
    return copy


class Template:
    """An object with holes, rendered to JSON by one bytes substitution.

    A hole is a string that is nothing but `{name}`, filled with JSON; one that is
    nothing but `{name:d}`, filled with a number; or `{name:format}` inside a longer
    string, with a printf format.
    """

    def __init__(self, drawing: Object, holes: Sequence[str]) -> None:
        self._places: list[int] = []
        self._holes = holes
        encoded = msgspec.json.encode(drawing).replace(b"%", b"%%")
        self._text = _HOLE.sub(self._opened, encoded)
        self._chosen = itemgetter(*self._places)

    def _opened(self, hole: re.Match[bytes]) -> bytes:
        bare, number, named, form = hole.groups()
        name = bare or number or named
        self._places.append(self._holes.index(name.decode()))
        if bare:
            return b"%b"
        return b"%d" if number else b"%" + form

    def render(self, values: tuple[int | bytes, ...]) -> bytes:
        """The JSON, with `values` in the order of the holes."""
        filled: bytes = self._text % self._chosen(values)
        return filled
