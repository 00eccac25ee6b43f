"""From a Stripe object to a row: what is done to each property, worked out once."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any, TypeAlias

import msgspec
from msgspec import Raw

from tap_stripe.api.body import (
    Object,
    Sublist,
    children,
    is_null,
    plain,
    reference,
    references,
)
from tap_stripe.errors import ResponseError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from tap_stripe.streams.old_names import OldName

Row: TypeAlias = dict[str, Any]
"""A record: property name to value, some of them still JSON text."""

Breadcrumb: TypeAlias = tuple[str, ...]
Change: TypeAlias = "Callable[[Any], Any]"


class Shaper:
    """Turns the objects of a collection into rows.

    Properties keep Stripe's names and values, but for these rules: top-level times
    (integer seconds) become date-times, expanded references become ids, deselected
    properties are left out, as singer-sdk leaves them out, and so is what the schema
    lacks, which is reported.

    Args:
        schema: The collection's JSON schema.
        mask: Selection by breadcrumb, as singer-sdk resolves it.
        hidden: Paths that are expanded for other collections' sake. They must not show
            in a row, which would then depend on what else is selected.
        old_names: Columns that are computed where Stripe does not send them.
        report: Called with the name of a property that the schema lacks.
    """

    def __init__(
        self,
        schema: Mapping[str, Any],
        mask: Mapping[Breadcrumb, bool],
        *,
        hidden: Iterable[str] = (),
        old_names: Iterable[OldName] = (),
        report: Callable[[str], None],
    ) -> None:
        self._types: dict[str, tuple[str, ...]] = {}
        self._changes: dict[str, Change | None] = {}
        self._left_out: set[str] = set()
        self._report = report
        deselected = _deselected_below(mask)
        hidden_below = _by_first_step(hidden)
        for name, definition in schema["properties"].items():
            self._types[name] = _types(definition)
            if not mask[("properties", name)]:
                self._left_out.add(name)
                continue
            change = _change(
                name, definition, hidden_below.get(name, ()), deselected.get(name)
            )
            if change is _leave_out:
                self._left_out.add(name)
            else:
                self._changes[name] = change
        # What the schema lacks and is expanded for others is nothing to report.
        self._left_out |= {name for name, below in hidden_below.items() if "" in below}
        self._references = [
            name for name, change in self._changes.items() if change is reference
        ]
        self._active = [
            (name, change)
            for name, change in self._changes.items()
            if change and change is not reference
        ]
        self._old_names: dict[str, list[OldName]] = {}
        for old in old_names:
            if old.name in self._changes:
                self._old_names.setdefault(old.root, []).append(old)

    def selects(self, name: str) -> bool:
        """Tell whether a row shows a property."""
        return name in self._changes

    def row(self, obj: Object) -> Row:
        """Shape an object.

        Raises:
            ResponseError: A time is outside of what a date-time can say.
        """
        if self._left_out or obj.keys() - self._changes.keys():
            row = self._shown(obj)
        else:
            row = obj.copy()
        if _has_object(row, self._references):
            for name in self._references:
                if name in row:
                    row[name] = reference(row[name])
        for name, change in self._active:
            if name in row:
                row[name] = change(row[name])
        for root, names in self._old_names.items():
            if root in obj:
                self._add_old_names(row, names, obj)
        return row

    def row_of_payload(self, obj: Object) -> Row:
        """Shape an object that may have the form of another API version.

        Values that don't fit the schema's types, or can't be shaped, are left out.
        """
        fitting = {
            name: value
            for name, value in obj.items()
            if name in self._types and _fits(value, self._types[name])
        }
        try:
            return self.row(fitting)
        except ResponseError:
            shaped = {n: v for n, v in fitting.items() if self._can_shape(n, v)}
            return self.row(shaped)

    def _can_shape(self, name: str, value: Any) -> bool:
        try:
            self.row({name: value})
        except ResponseError:
            return False
        return True

    def _shown(self, obj: Object) -> Object:
        """Take out what is not selected, and report what is not in the schema."""
        for name in obj.keys() - self._changes.keys() - self._left_out:
            self._report(name)
            self._left_out.add(name)
        return {name: value for name, value in obj.items() if name in self._changes}

    def _add_old_names(self, row: Row, names: list[OldName], obj: Object) -> None:
        """Fill the columns of one root that Stripe leaves out or sends as null."""
        wanted = [old for old in names if is_null(row.get(old.name))]
        if not wanted:
            return
        if is_null(obj[wanted[0].root]):
            row.update({old.name: None for old in wanted})
            return
        root = plain(obj[wanted[0].root])
        for old in wanted:
            value = old.value(root)
            change = self._changes[old.name]
            row[old.name] = value if change is None else change(value)


def iso(seconds: float) -> str:
    """Write a time as Singer's targets read it.

    Args:
        seconds: Since the Unix epoch, UTC.
    """
    if not isinstance(seconds, int):
        return datetime.fromtimestamp(seconds, UTC).isoformat()
    day, second = divmod(seconds, 86400)
    minute, second = divmod(second, 60)
    return f"{_day(day)}T{minute // 60:02}:{minute % 60:02}:{second:02}+00:00"


@lru_cache(maxsize=4096)
def _day(day: int) -> str:
    return datetime.fromtimestamp(day * 86400, UTC).date().isoformat()


def _has_object(row: Row, names: list[str]) -> bool:
    """Tell whether a value may be an object: all in one look, for speed."""
    try:
        return b"{" in b"".join([row[name] for name in names if name in row])
    except TypeError:
        return True  # Not all are text.


def _leave_out(value: Any) -> Any:
    return value


def _types(definition: Mapping[str, Any]) -> tuple[str, ...]:
    if definition.get("format") == "date-time":
        return ("null", "string", "integer")
    types = definition.get("type", ())
    found = (types,) if isinstance(types, str) else tuple(types)
    # A reference may come expanded, and is then made an id.
    return (*found, "object") if "string" in found else found


def _change(
    name: str,
    definition: Mapping[str, Any],
    hidden: Iterable[str],
    deselected: Mapping[str, Any] | None,
) -> Change | None:
    """Work out what is done to a property; None if nothing."""
    if definition.get("format") == "date-time":
        return lambda value: _time(name, value)
    types = definition.get("type", ())
    if "string" in types:
        return reference
    if "array" in types and "string" in definition.get("items", {}).get("type", ()):
        return references
    paths = tuple(hidden)
    if "" in paths:
        return _leave_out
    if not paths and deselected is None:
        return None

    def change(value: Any) -> Any:
        for path in paths:
            value = _collapse(value, path.split("."))
        return value if deselected is None else _prune(plain(value), deselected)

    return change


def _time(name: str, value: Any) -> Any:
    if isinstance(value, Raw):
        value = plain(value)
    if not isinstance(value, int) or isinstance(value, bool):
        return value
    try:
        return iso(value)
    except (OverflowError, ValueError, OSError):
        message = (
            f"Stripe sent {value} as the time {name}, which no date can say; "
            "deselect the property to go on without it."
        )
        raise ResponseError(message) from None


def _collapse(value: Any, steps: list[str]) -> Any:
    """Make ids of the references below a list that were expanded for others."""
    if steps[0] == "data":
        steps = steps[1:]
    found = children(value)
    if not found:
        return value
    collapsed = [_collapse_below(child, steps) for child in found]
    if isinstance(value, Sublist):
        return Sublist(collapsed, value.url)
    whole = msgspec.json.decode(value, type=dict[str, Raw])
    if "data" in whole:
        return {**whole, "data": collapsed}
    return collapsed[0]


def _collapse_below(child: Object, steps: list[str]) -> Object:
    name, *rest = steps
    if name not in child:
        return child
    if rest:
        return {**child, name: _collapse(child[name], rest)}
    return {**child, name: references(reference(child[name]))}


def _prune(value: Any, deselected: Mapping[str, Any]) -> Any:
    """Take deselected properties out of objects inside objects, not inside arrays."""
    if not isinstance(value, dict):
        return value
    return {
        name: _prune(inner, below) if (below := deselected.get(name)) else inner
        for name, inner in value.items()
        if deselected.get(name, True) is not False
    }


def _deselected_below(mask: Mapping[Breadcrumb, bool]) -> dict[str, dict[str, Any]]:
    """Arrange the deselected nested breadcrumbs as a tree by top-level property."""
    tree: dict[str, Any] = {}
    for breadcrumb in sorted(mask, key=len):
        names = breadcrumb[1::2]
        if len(names) > 1 and not mask[breadcrumb]:
            branch = tree
            for name in names[:-1]:
                branch = branch.setdefault(name, {})
                if branch is False:
                    break
            else:
                branch[names[-1]] = False
    return tree


def _by_first_step(paths: Iterable[str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for path in paths:
        first, _, rest = path.partition(".")
        found.setdefault(first, []).append(rest)
    return found


_JSON_TYPES = {
    ord("{"): "object",
    ord("["): "array",
    ord('"'): "string",
    ord("t"): "boolean",
    ord("f"): "boolean",
    ord("n"): "null",
}


def _fits(value: Any, types: tuple[str, ...]) -> bool:
    if not types or not isinstance(value, Raw):
        return True
    raw = bytes(memoryview(value)[:32])
    kind = _JSON_TYPES.get(raw[0])
    if kind is None:
        whole = raw.lstrip(b"-").isdigit()
        return "number" in types or (whole and "integer" in types)
    return kind in types
