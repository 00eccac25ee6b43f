"""Pages of lists: https://docs.stripe.com/api/pagination."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tap_stripe.sandbox.dice import mix
from tap_stripe.sandbox.errors import BadRequest, no_such, unknown_parameter

if TYPE_CHECKING:
    from collections.abc import Collection as Names
    from collections.abc import Iterator, Mapping, Sequence

    from tap_stripe.sandbox.collection import Collection
    from tap_stripe.sandbox.shapes import Object

MOST = 100
DEFAULT = 10
MOST_TYPES = 20

_EXPAND = re.compile(r"expand(\[\d*\])?")
_CREATED = re.compile(r"created(?:\[(gt|gte|lt|lte)\])?")
_TYPES = re.compile(r"types(\[\d*\])?")
_FOREVER = 1 << 62


@dataclass(frozen=True, kw_only=True)
class Query:
    """The parameters of a request, judged.

    Attributes:
        first: First `created` second asked for.
        last: Last `created` second asked for, included.
    """

    limit: int = DEFAULT
    starting_after: str | None = None
    ending_before: str | None = None
    first: int = -_FOREVER
    last: int = _FOREVER
    filters: Mapping[str, str] = field(default_factory=dict)
    types: tuple[str, ...] = ()
    expand: tuple[str, ...] = ()


def query_of_get(parameters: Sequence[tuple[str, str]]) -> Query:
    """Judge the parameters of a GET by id, which only expands."""
    expand = []
    for name, value in parameters:
        if not _EXPAND.fullmatch(name):
            raise unknown_parameter(name)
        expand.append(value)
    return Query(expand=tuple(expand))


def query_of_list(
    parameters: Sequence[tuple[str, str]],
    *,
    filters: Names[str],
    has_created: bool,
) -> Query:
    """Judge the parameters of a list.

    Raises:
        BadRequest: A parameter is unknown, or its value can't be.
    """
    reading = _Reading(filters, has_created=has_created)
    for name, value in parameters:
        reading.take(name, value)
    if reading.starting_after and reading.ending_before:
        message = "You cannot parameterize both starting_after and ending_before."
        raise BadRequest(message)
    if len(reading.types) > MOST_TYPES:
        message = f"Array types exceeded maximum {MOST_TYPES} allowed elements."
        raise BadRequest(message, param="types")
    return Query(
        limit=reading.limit,
        starting_after=reading.starting_after,
        ending_before=reading.ending_before,
        first=reading.first,
        last=reading.last,
        filters=reading.filters,
        types=tuple(reading.types),
        expand=tuple(reading.expand),
    )


class _Reading:
    """A query that is being read, parameter by parameter."""

    def __init__(self, known: Names[str], *, has_created: bool) -> None:
        self._known = known
        self._has_created = has_created
        self.limit = DEFAULT
        self.starting_after: str | None = None
        self.ending_before: str | None = None
        self.first, self.last = -_FOREVER, _FOREVER
        self.filters: dict[str, str] = {}
        self.types: list[str] = []
        self.expand: list[str] = []

    def take(self, name: str, value: str) -> None:
        created = _CREATED.fullmatch(name) if self._has_created else None
        if name == "limit":
            self.limit = _limit(value)
        elif name == "starting_after":
            self.starting_after = value
        elif name == "ending_before":
            self.ending_before = value
        elif created is not None:
            self._take_created(created[1], _whole(name, value))
        elif _EXPAND.fullmatch(name):
            self.expand.append(value)
        elif "types" in self._known and _TYPES.fullmatch(name):
            self.types.append(value)
        elif name in self._known:
            self.filters[name] = value
        else:
            raise unknown_parameter(name)

    def _take_created(self, operator: str | None, second: int) -> None:
        if operator in {None, "gt", "gte"}:
            self.first = max(self.first, second + (operator == "gt"))
        if operator in {None, "lt", "lte"}:
            self.last = min(self.last, second - (operator == "lt"))


def _limit(value: str) -> int:
    limit = _whole("limit", value)
    if limit < 1:
        message = "This value must be greater than or equal to 1."
        raise BadRequest(message, param="limit")
    if limit > MOST:
        message = f"This value must be less than or equal to {MOST}."
        raise BadRequest(message, param="limit")
    return limit


def _whole(name: str, value: str) -> int:
    try:
        return int(value)
    except ValueError:
        message = f"Invalid integer: {value}"
        raise BadRequest(
            message, code="parameter_invalid_integer", param=name
        ) from None


def below_data(paths: Sequence[str]) -> Iterator[str]:
    """What a list is asked to expand in each of its objects.

    Raises:
        BadRequest: A path does not begin with `data`.
    """
    for path in paths:
        head, _, rest = path.partition(".")
        if head != "data" or not rest:
            message = f"This property cannot be expanded ({head})."
            raise BadRequest(message, param="expand")
        yield rest


def matching(
    collection: Collection,
    filters: Mapping[str, str],
    ranks: range | None = None,
    *,
    oldest_first: bool = False,
) -> Iterator[int]:
    """Living ranks that pass the filters, newest first unless told otherwise."""
    span = range(collection.total) if ranks is None else ranks
    narrowed = collection.narrowed(filters)
    candidates = span if narrowed is None else [r for r in narrowed if r in span]
    judged = bool(filters) or collection.hides_some
    for rank in candidates if oldest_first else reversed(candidates):
        if rank not in collection.deleted and (
            not judged or collection.passes(collection.record(rank), filters)
        ):
            yield rank


def page_of(collection: Collection, query: Query) -> tuple[list[int], bool]:
    """Ranks of a page, newest first, and whether there are more.

    Raises:
        BadRequest: The cursor's object is gone or is not in the list. The latter for
            filters as Stripe does; for `created` it is this sandbox being strict.
    """
    options = collection.universe.options
    # What is misplaced is sorted by the second before its own.
    first = collection.ranks_before(query.first - options.misplaced)
    end = collection.ranks_before(query.last + 1)
    cursor = query.starting_after or query.ending_before
    rank = None
    if cursor is not None:
        param = "starting_after" if query.starting_after else "ending_before"
        rank = collection.living(cursor)
        here = range(0) if rank is None else range(rank, rank + 1)
        if (
            rank is None
            or not query.first <= collection.created(rank) <= query.last
            or not list(matching(collection, query.filters, here))
        ):
            words = collection.kind.words or collection.kind.object
            raise BadRequest(**no_such(words, cursor, param=param))
    forward = query.ending_before is not None
    if options.shuffled_seconds:
        return _shuffled_page(collection, query, range(first, end))
    if cursor is not None and rank is not None:
        first, end = (first, rank) if query.starting_after else (rank + 1, end)
    found: list[int] = []
    for each in matching(
        collection, query.filters, range(first, end), oldest_first=forward
    ):
        if not query.first <= collection.created(each) <= query.last:
            continue
        found.append(each)
        if len(found) > query.limit:
            break
    has_more = len(found) > query.limit
    del found[query.limit :]
    if forward:
        found.reverse()
    return found, has_more


def _shuffled_page(
    collection: Collection, query: Query, span: range
) -> tuple[list[int], bool]:
    """A page of a list that sorts each second anew with each request."""
    bits = collection.universe.shuffle()
    found = sorted(
        (
            rank
            for rank in matching(collection, query.filters, span)
            if query.first <= collection.created(rank) <= query.last
        ),
        key=lambda rank: (-collection.order(rank), mix(bits + rank)),
    )
    start, stop = 0, len(found)
    if query.starting_after:
        rank = collection.rank(query.starting_after)
        start = next(n for n, each in enumerate(found) if each == rank) + 1
    if query.ending_before:
        rank = collection.rank(query.ending_before)
        stop = next(n for n, each in enumerate(found) if each == rank)
        start = max(0, stop - query.limit)
        return found[start:stop], start > 0
    return found[start : start + query.limit], start + query.limit < stop


def page_of_children(
    children: Sequence[Object], query: Query, *, words: str
) -> tuple[Sequence[Object], bool]:
    """A page of a list inside an object, and whether there are more.

    Raises:
        BadRequest: The cursor's object is not in the list.
    """
    cursor = query.starting_after or query.ending_before
    start, stop = 0, len(children)
    if cursor is not None:
        param = "starting_after" if query.starting_after else "ending_before"
        place = next(
            (n for n, child in enumerate(children) if child["id"] == cursor), None
        )
        if place is None:
            raise BadRequest(**no_such(words, cursor, param=param))
        if query.starting_after:
            start = place + 1
        else:
            stop = place
    if query.ending_before:
        start = max(start, stop - query.limit)
        return children[start:stop], start > 0
    return children[start : start + query.limit], start + query.limit < stop
