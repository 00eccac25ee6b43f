"""Columns under the names that Stripe used before, and where their values are now.

Queries written for Stripe's old API, or for Segment's tables of it, name properties
that Stripe has moved since. old_names.toml says of each where it is today; this module
makes the columns that are kept under their old name. It knows nothing of Singer.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

Kind = Literal["same", "kept", "gone"]


@dataclass(frozen=True)
class OldName:
    """A column that keeps a property under Stripe's old name.

    Attributes:
        name: The column.
        root: The one top-level property of Stripe's object that it is computed from.
        type: `string`, `integer`, `number`, `boolean`, `object` or `time` (integer
            seconds, as on the wire).
        since: The API version since which Stripe has the value elsewhere; empty where
            its changelog does not tell.
        remark: What a reader of the column should know; may be empty.
        source: Where the value comes from, in words.
    """

    name: str
    root: str
    type: str
    since: str
    remark: str
    source: str
    _rule: str = field(repr=False)
    _below_root: tuple[tuple[str, ...], ...] = field(repr=False)
    _word: str = field(repr=False)
    _words: Mapping[str, str] = field(repr=False, hash=False)

    @property
    def description(self) -> str:
        """What the column's description in the schema says."""
        until = f" until {self.since}" if self.since else ""
        now = "" if self.source == f"`{self.name}`" else f" Now {self.source}."
        return f"Old name{until}.{now} {self.remark}".strip()

    def value(self, root_value: object) -> object:
        """Compute the column from the decoded value of the property `root`.

        Args:
            root_value: Of any shape: Stripe's objects differ between API versions.

        Returns:
            A value of the column's type; None where there is none or it does not fit.
        """
        found = [
            value for steps in self._below_root for value in _follow(root_value, steps)
        ]
        if self._rule == "only":
            value = found[0] if len(found) == 1 else None
        else:
            known = [value for value in found if value is not None]
            value = self._reduced(known) if known else None
        if self.type == "string" and isinstance(value, dict):
            value = value.get("id")
        return value if _FITS[self.type](value) else None

    def _reduced(self, known: Sequence[object]) -> object:
        first = known[0]
        if self._rule == "equals":
            return first == self._word
        if self._rule in _REDUCE:
            numbers = [value for value in known if _is_integer(value)]
            return _REDUCE[self._rule](numbers) if numbers else None
        return self._words.get(first, first) if isinstance(first, str) else first


@dataclass(frozen=True)
class Entry:
    """What old_names.toml says of one old column, for the docs.

    Attributes:
        now: Where the value is today; where the column is gone, where to look instead.
        since: The API version since which that is so; may be empty.
        remark: What a reader of the column should know; may be empty.
    """

    collection: str
    column: str
    kind: Kind
    now: str
    since: str = ""
    remark: str = ""


def old_names(collection: str) -> tuple[OldName, ...]:
    """Give the columns that a collection keeps under Stripe's old names."""
    return _read()[0].get(collection, ())


def entries() -> tuple[Entry, ...]:
    """Give every old column of every collection, in the order of the file."""
    return _read()[1]


@cache
def _read() -> tuple[dict[str, tuple[OldName, ...]], tuple[Entry, ...]]:
    text = Path(__file__).with_suffix(".toml").read_text(encoding="utf-8")
    columns: dict[str, tuple[OldName, ...]] = {}
    described: list[Entry] = []
    for collection, said in tomllib.loads(text).items():
        kept = tuple(
            _compiled(name, line) for name, line in said.get("kept", {}).items()
        )
        columns[collection] = kept
        described += _entries(collection, said, kept)
    return columns, tuple(described)


def _compiled(name: str, said: Mapping[str, Any]) -> OldName:
    """Make a column of its lines in old_names.toml: one rule and what it reads."""
    (rule,) = _SOURCES.keys() & said.keys()
    paths = [said[rule]] if isinstance(said[rule], str) else said[rule]
    steps = [tuple(path.replace("[", ".[").split(".")) for path in paths]
    (root,) = {first for first, *_ in steps}
    word = said.get("word", "")
    return OldName(
        name=name,
        root=root,
        type=said["type"],
        since=said.get("since", ""),
        remark=said.get("remark", ""),
        source=_SOURCES[rule].format(paths="` or `".join(paths), word=word),
        _rule=rule,
        _below_root=tuple(path[1:] for path in steps),
        _word=word,
        _words=said.get("words", {}),
    )


def _entries(
    collection: str, said: Mapping[str, Any], kept: Sequence[OldName]
) -> Iterator[Entry]:
    kept_names = {column.name for column in kept}
    for column, now in said.get("same", {}).items():
        kind: Kind = "kept" if now.split(".")[0] in kept_names else "same"
        yield Entry(collection, column, kind, now)
    for old in kept:
        yield Entry(collection, old.name, "kept", old.source, old.since, old.remark)
    for column, gone in said.get("gone", {}).items():
        yield Entry(collection, column, "gone", gone["instead"], gone.get("since", ""))


def _follow(value: object, steps: Sequence[str]) -> list[object]:
    """Give what a path leads to: one value, or one for each entry of its list.

    Null stands for what is missing; entries of a list count even where they are null.
    """
    found = [value]
    for step in steps:
        if step.startswith("["):
            flag = step[1:-1]
            found = [
                entry
                for outer in found
                if isinstance(outer, list)
                for entry in outer
                if not flag or (isinstance(entry, dict) and entry.get(flag) is True)
            ]
        else:
            found = [
                outer.get(step) if isinstance(outer, dict) else None for outer in found
            ]
    return found


def _is_integer(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


# The rules, and how the source of a column with each reads.
_SOURCES = {
    "path": "`{paths}`",
    "first": "the first of `{paths}`",
    "only": "`{paths}` where there is exactly one",
    "sum": "the sum of `{paths}`",
    "min": "the smallest of `{paths}`",
    "max": "the largest of `{paths}`",
    "equals": "whether `{paths}` is `{word}`",
}

_REDUCE: dict[str, Callable[[Any], object]] = {"max": max, "min": min, "sum": sum}

_FITS: dict[str, Callable[[object], bool]] = {
    "boolean": lambda value: isinstance(value, bool),
    "integer": _is_integer,
    "number": lambda value: _is_integer(value) or isinstance(value, float | Decimal),
    "object": lambda value: isinstance(value, dict),
    "string": lambda value: isinstance(value, str),
    "time": _is_integer,
}
