"""What is asked of Stripe: a page, an object, the rest of a list inside one.

Runs in the pool's threads. What comes back is plain data; what is wrong with a part of
it is named in it, what is wrong with all of it is raised.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import quote

from tap_stripe.api.body import (
    Object,
    ObjectList,
    Sublist,
    decode_object,
    decode_page,
    integer,
    reference,
    sublist,
    text,
)
from tap_stripe.errors import (
    AccountRefused,
    CursorGone,
    Down,
    EndpointGone,
    KeyRefused,
    NotAPlatform,
    NotFound,
    PermissionMissing,
    ResponseError,
    StripeError,
)
from tap_stripe.sync.source import PAGE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from tap_stripe.api.client import Answer, Client, Params
    from tap_stripe.state.intervals import Interval
    from tap_stripe.streams.listing import Listing
    from tap_stripe.sync.source import Source

T = TypeVar("T")
MOST_PAGES = 1000
"""More pages of one second, or of one list inside an object, are taken for a fault."""
_LIGHT_PAGES = 50
"""After so many smaller pages larger ones are tried again."""
_OUT_OF_ORDER_S = 1
"""By how much an object on the next page may be newer than the last one on a page."""
RUN_ENDS = (KeyRefused, Down)
"""What concerns all requests."""


def concerns_more(source: Source, error: Exception) -> bool:
    """Tell whether an error is not an endpoint's alone: the account's, or everyone's.

    Or none of Stripe's at all, but a fault of the tap.
    """
    return (
        not isinstance(error, StripeError | ResponseError)
        or isinstance(error, RUN_ENDS)
        or (isinstance(error, AccountRefused) and source.account is not None)
    )


OF_AN_ENDPOINT = (EndpointGone, NotAPlatform, PermissionMissing)
"""What concerns a whole endpoint, and not the request."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """Something of each of an endpoint's objects that can't be read.

    Attributes:
        names: Expansions, or a list inside.
        error: Why.
    """

    names: tuple[str, ...]
    error: StripeError


@dataclass(frozen=True, slots=True)
class Page:
    """Objects that Stripe sent together.

    Attributes:
        objects: The objects; lists inside them as they came.
        received_at: When they came, seconds since the epoch.
        has_more: Whether the list goes on behind them.
        newest: `created` of the first one; 0 where the list has none.
        oldest: `created` of the last one, likewise.
        cursor: Id of the one behind which the list goes on; empty if there is none.
        top: `created[lte]` of the request.
        garbled: What was wrong with entries that are left out.
        holes: `created` seconds in which those may lie.
        refused: What the key may not read of them.
    """

    objects: list[Object]
    received_at: float
    has_more: bool = False
    newest: int = 0
    oldest: int = 0
    cursor: str = ""
    top: int = 0
    garbled: tuple[str, ...] = ()
    holes: tuple[Interval, ...] = ()
    refused: tuple[Refusal, ...] = ()

    def oldest_seen(self, source: Source) -> int | None:
        """Give `created` of the last object; None if there is none."""
        if not self.objects:
            return None
        return integer(self.objects[-1].get(source.listing.time))


@dataclass(frozen=True, slots=True)
class Completed:
    """An object whose inner lists were read to their end, as far as could be.

    Attributes:
        object: The object.
        failed: Lists that show what came at first, each with the reason.
        requests: How many it took.
    """

    object: Object
    failed: dict[str, StripeError | ResponseError]
    requests: int


class Fetch:
    """Asks a client.

    Args:
        client: The way to Stripe.
    """

    def __init__(self, client: Client) -> None:
        self._client = client
        self._judging = threading.Lock()

    # Pages

    def page(
        self,
        source: Source,
        between: tuple[int, int] | None = None,
        *,
        top: int = 0,
        cursor: str | None = None,
        params: Sequence[tuple[str, str]] = (),
    ) -> Page:
        """Read a page of a list, newest first.

        Args:
            source: Which list.
            between: `created` seconds of the objects, both included; None for all.
            top: `created[lte]` of the page that the cursor is from.
            cursor: Id for `starting_after`. If it is gone from the list, the page
                begins with the last second of `between` again.
            params: Others that are sent.

        Raises:
            StripeError: Stripe refused.
            ResponseError: The page can't be what Stripe documents.
        """
        top = (top or between[1]) if between else 0
        try:
            return self._page(source, between, top, cursor, params)
        except CursorGone:
            if cursor is None:
                raise
        # Deleted, or the filter no longer lets it pass.
        return self._page(source, between, between[1] if between else 0, None, params)

    def _page(
        self,
        source: Source,
        between: tuple[int, int] | None,
        top: int,
        cursor: str | None,
        more: Sequence[tuple[str, str]],
    ) -> Page:
        # The bounds stay as they are while a cursor is in use.
        params = list(more)
        if between is not None:
            params += [("created[gte]", str(between[0])), ("created[lte]", str(top))]
        if cursor is not None:
            params.append(("starting_after", cursor))

        def ask() -> Answer[ObjectList]:
            return self._list(source, source.path, [*source.params("data."), *params])

        answer, refused = self._less(source, ask)
        data = answer.value.data
        # Stripe has said `has_more` in front of nothing: an empty page is the end.
        has_more = answer.value.has_more and bool(data)
        good, garbled, holes = _sorted_out(source, data, between and (between[0], top))
        last = _cursor(good, source.listing.time)
        newest = oldest = 0
        if between is not None:
            newest, oldest = _ends(source, good, top)
        if has_more and not good:
            raise _impossible(source, "a page of which no entry can be read")
        if last and last == cursor:
            raise _impossible(source, "the same page again and again")
        return Page(
            good,
            answer.received_at,
            has_more,
            newest,
            oldest,
            last,
            top,
            garbled,
            holes,
            refused,
        )

    def _list(
        self, source: Source, path: str, params: Sequence[tuple[str, str]]
    ) -> Answer[ObjectList]:
        """Ask for a page as large as Stripe gives, or as it could be had last."""
        asked = [source.limit]

        def lighter(failures: int) -> Params:
            # Twice as it is: a single failure says nothing of the page's weight.
            asked.append(max(1, asked[0] >> (failures - 1)))
            return (("limit", str(asked[-1])), *params)

        answer = self._client.get(
            path,
            (("limit", str(asked[0])), *params),
            decode=decode_page,
            account=source.account,
            lighter=lighter,
        )
        if asked[-1] < asked[0]:
            source.limit = asked[-1]
        elif source.limit < PAGE:
            source.light += 1
            if source.light % _LIGHT_PAGES == 0:
                source.limit = min(PAGE, source.limit * 2)
        return answer

    def probe(self, source: Source) -> Page:
        """Ask for one object, with all that is expanded."""

        def ask() -> Answer[ObjectList]:
            params = (("limit", "1"), *source.params("data."))
            return self._client.get(
                source.path, params, decode=decode_page, account=source.account
            )

        answer, refused = self._less(source, ask)
        return Page([], answer.received_at, refused=refused)

    # Objects

    def object(self, source: Source, id_: str) -> Page | None:
        """Retrieve an object; None if it is gone.

        Raises:
            StripeError: Stripe refused.
            ResponseError: The answer can't be what Stripe documents.
        """
        path = source.path if source.listing.single else f"{source.path}/{in_path(id_)}"

        def ask() -> Answer[Object]:
            return self._client.get(
                path, source.params(), decode=decode_object, account=source.account
            )

        try:
            try:
                answer, refused = self._less(source, ask)
            except NotFound:
                # Its row would be flagged for good: a second look is cheap.
                answer, refused = self._less(source, ask)
        except NotFound:
            return None
        except AccountRefused:
            if source.listing.object == "account" and source.account is None:
                return None  # It has left the platform.
            raise
        found = answer.value
        if source.listing.single and not id_:
            id_ = text(found.get("id")) or ""
        kind, told = text(found.get("object")), text(found.get("id"))
        if kind != source.listing.object or told != id_ or not id_:
            raise _impossible(source, f"the {kind} {told} for {id_}")
        if "deleted" in found and not source.listing.single:
            return None
        return Page([found], answer.received_at, refused=refused)

    def complete(self, source: Source, found: Object) -> Completed:
        """Read the lists inside an object, which show ten entries at most, to the end.

        Raises:
            NotFound: The object has gone meanwhile.
        """
        failed: dict[str, StripeError | ResponseError] = {}
        requests = 0
        for name in source.complete:
            shown = sublist(found.get(name))
            if shown is None or not shown.has_more:
                continue
            try:
                found[name], asked = self._to_the_end(source, name, found, shown)
                requests += asked
            except (StripeError, ResponseError) as error:
                if concerns_more(source, error):
                    raise
                requests += 1
                failed[name] = error
                # One 404 of a list deletes nothing: the object itself is asked for.
                if (
                    isinstance(error, NotFound)
                    and self.object(source, text(found.get("id")) or "") is None
                ):
                    raise
        return Completed(found, failed, requests)

    def _to_the_end(
        self, source: Source, name: str, parent: Object, shown: ObjectList
    ) -> tuple[Sublist, int]:
        id_ = text(parent.get("id")) or ""
        path, filter_ = source.listing.list_inside(name, in_path(id_))
        params = [
            *([(filter_, id_)] if filter_ else ()),
            # Entries after the first page are expanded only if that is asked for.
            *(
                ("expand[]", path.partition(".")[2])
                for path in source.expand
                if path.startswith(f"{name}.data.")
            ),
        ]
        owners = source.owners(name)
        entries: list[Object] = list(shown.data)
        known = {text(entry.get("id")) for entry in entries}
        last = text(entries[-1].get("id")) if entries else None
        for count in range(MOST_PAGES):
            cursor = [("starting_after", last)] if last else []
            try:
                answer = self._list(source, path, [*params, *cursor])
            except CursorGone:
                entries, known, last = [], set(), None
                continue
            fresh = []
            for entry in answer.value.data:
                for owner in owners:
                    other = text(reference(entry.get(owner)))
                    if other is not None and other != id_:
                        raise _impossible(source, f"{name} of {other} for {id_}")
                if not text(entry.get("id")):
                    raise _impossible(source, f"{name} of {id_} without ids")
                if text(entry.get("id")) not in known:
                    fresh.append(entry)
            known |= {text(entry.get("id")) for entry in fresh}
            entries += fresh
            last = text(entries[-1].get("id")) if entries else None
            if not answer.value.has_more or not answer.value.data:
                return Sublist(entries, shown.url), count + 1
            if not fresh:
                break
        raise _impossible(source, f"{name} of {id_} that don't end")

    # What the key may not read of objects

    def _less(
        self, source: Source, ask: Callable[[], T]
    ) -> tuple[T, tuple[Refusal, ...]]:
        """Ask, without the expansions that the key may not read."""
        refused: list[Refusal] = []
        while True:
            expand = source.expand
            try:
                return ask(), tuple(refused)
            except PermissionMissing as error:
                with self._judging:
                    if source.expand != expand:
                        continue  # Another thread has found out.
                    paths = self._refused_expansions(source)
                    if not paths:
                        raise
                    source.lacking |= set(paths)
                    source.expand = tuple(p for p in expand if p not in paths)
                    refused.append(Refusal(paths, error))

    def _refused_expansions(self, source: Source) -> tuple[str, ...]:
        """Find out which expansions the key may not read.

        Returns:
            Their paths; none if the objects can't be read without them either.
        """
        refused: list[str] = []
        if not source.expand:
            return ()
        for path in ("", *source.expand):
            expand = [("expand[]", f"data.{path}")] if path else []
            try:
                self._client.get(
                    source.path,
                    [("limit", "1"), *source.listing.params, *expand],
                    decode=decode_page,
                    account=source.account,
                )
            except PermissionMissing:
                if not path:
                    return ()
                refused.append(path)
        return tuple(refused)


def is_cut_off(source: Source, found: Object) -> bool:
    """Tell whether an object shows a list that has more entries."""
    for name in source.complete:
        shown = sublist(found.get(name))
        if shown is not None and shown.has_more:
            return True
    return False


def is_harmless(error: Exception, listing: Listing) -> bool:
    """Tell whether a refusal means that there is nothing to read."""
    return (isinstance(error, EndpointGone) and listing.removed) or (
        isinstance(error, NotAPlatform) and listing.of_platforms
    )


def in_path(id_: str) -> str:
    """Write an id, which merchants may have chosen, as a step of a path.

    Raises:
        ResponseError: No address can name it.
    """
    if id_ in {".", ".."}:
        message = f"The id {id_!r} can stand in no address."
        raise ResponseError(message)
    return quote(id_, safe="")


def _sorted_out(
    source: Source, data: Iterable[Object], between: Interval | None
) -> tuple[list[Object], tuple[str, ...], tuple[Interval, ...]]:
    """Part a page's entries in those that can be placed, and the rest.

    Returns:
        The good ones, what was wrong with the others, and the seconds in which those
        may lie: between their neighbours.
    """
    good: list[Object] = []
    garbled: list[str] = []
    holes: list[Interval] = []
    first, top = between or (0, 0)
    above, is_open = top, False
    for one in data:
        wrong = _wrong(source, one, between)
        if wrong:
            garbled.append(wrong)
            if not is_open:
                holes.append((first, above))
                is_open = True
            continue
        good.append(one)
        above = integer(one.get(source.listing.time)) or above
        if is_open:
            holes[-1] = (min(above, holes[-1][1]), holes[-1][1])
            is_open = False
    return good, tuple(garbled), tuple(holes)


def _wrong(source: Source, found: Object, between: Interval | None) -> str:
    """Say what is wrong with an entry of a list; empty if nothing is."""
    id_, kind = text(found.get("id")), text(found.get("object"))
    if not id_:
        return "an object without an id"
    if kind != source.listing.object:
        return f"{id_}, an object of type {kind}"
    if between is not None:
        placed = integer(found.get(source.listing.time))
        if placed is None or not between[0] <= placed <= between[1]:
            return f"{id_}, outside of created {between[0]} to {between[1]}"
    return ""


def _cursor(found: Sequence[Object], time: str) -> str:
    """Give the id of the object behind which a list is read on; empty for none.

    Not the last one: objects of a second may stand in another order the next time, and
    one may stand a second off, so that the seconds in which a page ends are read again
    as a whole. Where a page has no others it is the last one after all.
    """
    times = [integer(one.get(time)) for one in found]
    placed = [at for at in times if at is not None]
    for off in (_OUT_OF_ORDER_S, 0):
        for one, at in zip(reversed(found), reversed(times), strict=True):
            if len(placed) == len(times) and at is not None and at > min(placed) + off:
                return text(one.get("id")) or ""
    return text(found[-1].get("id")) or "" if found else ""


def _ends(source: Source, found: Iterable[Object], top: int) -> tuple[int, int]:
    """Find out how far down a page covers its interval.

    Returns:
        `created` of the newest object, and of the oldest one or a later second: what is
        older than that may come behind the page. Stripe lists the newest first; one
        that does not stand in order says by how much others may be off too.
    """
    newest, oldest, off = 0, top, _OUT_OF_ORDER_S
    for one in found:
        placed = integer(one.get(source.listing.time)) or 0
        off = max(off, placed - oldest)
        oldest, newest = min(oldest, placed), max(newest, placed)
    return newest, min(oldest + off, top)


def _impossible(source: Source, what: str) -> ResponseError:
    return ResponseError(
        f"Stripe sent {what} at {source.path}, which its documentation rules out."
    )
