"""Single requests for pages and objects, and the completion of embedded lists."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, quote, urlsplit

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
    EndpointGone,
    ListRefused,
    NotAPlatform,
    NotFound,
    PermissionMissing,
    ResponseError,
)
from tap_stripe.sync.reading import Gone, Page
from tap_stripe.sync.unread import covered
from tap_stripe.sync.windows import MOST_PAGES, PAGE, FullPage

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from tap_stripe.api.client import Answer, Client, Params
    from tap_stripe.sync.reading import Reading
    from tap_stripe.sync.windows import Ask


REFUSALS = (AccountRefused, EndpointGone, NotAPlatform, PermissionMissing)
"""What concerns a whole endpoint, and not the request."""


_LIGHT_PAGES = 50
"""After so many smaller pages larger ones are tried again."""


class Fetch:
    """Asks a client for what the readers want.

    Args:
        client: The way to Stripe.
    """

    def __init__(self, client: Client) -> None:
        self._client = client
        self.budget = client.budget

    def window(
        self, ask: Ask, *, give: Callable[[Page], None] | None = None
    ) -> tuple[Page, FullPage | None]:
        """Read the next page of a window.

        Args:
            ask: For what.
            give: Gets what of the page is complete while lists inside its objects are
                read, so that a run that is killed meanwhile has not read it in vain.

        Returns:
            The page, or the rest of it, and where it ends; None if nothing is behind
            it.

        Raises:
            StripeError: Stripe refused.
            ResponseError: The page can't be what Stripe documents.
        """
        reading, lacking = ask.reading, ask.reading.lacking
        top, answer = self._behind_cursor(ask)
        found = _checked(reading, answer.value.data)
        full = None
        if found:
            newest, oldest = _placed(ask, found)
            full = FullPage(newest, oldest, len(found), top, _id(reading, found[-1]))
        elif answer.value.has_more:
            raise _impossible(reading, "an empty page that has more behind it")
        if not answer.value.has_more:
            full = None

        def page(objects: list[Object], requests: int, down_to: int | None) -> Page:
            return Page(
                reading,
                objects,
                answer.received_at,
                ask.fed,
                lacking=lacking,
                requests=requests,
                covers=covered(down_to, (ask.first, ask.last)),
            )

        def part(objects: list[Object], requests: int) -> Page:
            last = integer(objects[-1].get(reading.listing.time))
            return page(objects, requests, ask.last if ask.whole else last)

        rest, requests = self._completed(
            reading, found, give and (lambda *done: give(part(*done)))
        )
        return page(rest, requests, None if full is None else full.oldest), full

    def _behind_cursor(self, ask: Ask) -> tuple[int, Answer[ObjectList]]:
        """Ask for the page behind the cursor; give `created[lte]` with it."""
        reading, top, cursor = ask.reading, ask.top, ask.cursor
        while True:
            # The bounds stay as they are while a cursor is in use.
            params = list(reading.params("data."))
            if not ask.whole:
                params += [
                    ("created[gte]", str(ask.first)),
                    ("created[lte]", str(top)),
                ]
            if cursor is not None:
                params.append(("starting_after", cursor))
            try:
                return top, self.page(reading, reading.listing.path, params)
            except CursorGone:
                if cursor is None:
                    raise
                # It was deleted, or the list's filter no longer lets it pass: what is
                # left starts with its second.
                cursor, top = None, ask.last

    def page(
        self, reading: Reading, path: str, params: list[tuple[str, str]]
    ) -> Answer[ObjectList]:
        """Ask for a page as large as Stripe gives, or as it could be had last."""
        asked = [reading.limit]

        def lighter(failures: int) -> Params:
            # Twice as it is: a single failure says nothing of the page's weight.
            asked.append(max(1, asked[0] >> (failures - 1)))
            return (("limit", str(asked[-1])), *params)

        answer = self._client.get(
            path,
            (("limit", str(asked[0])), *params),
            decode=decode_page,
            account=reading.account,
            lighter=lighter,
        )
        if asked[-1] < asked[0]:
            reading.limit = asked[-1]
        elif reading.limit < PAGE:
            reading.light += 1
            if reading.light % _LIGHT_PAGES == 0:
                reading.limit = min(PAGE, reading.limit * 2)
        return answer

    def single(self, ask: Ask) -> Page:
        """Read an endpoint that answers with one object."""
        reading = ask.reading
        answer = self._client.get(
            reading.listing.path,
            reading.params(),
            decode=decode_object,
            account=reading.account,
        )
        return Page(
            reading,
            _checked(reading, [answer.value]),
            answer.received_at,
            ask.fed,
            covers=(ask.first, ask.last),
        )

    def object(self, reading: Reading, id_: str, fed: frozenset[str]) -> Page | Gone:
        """Retrieve an object that has changed."""
        try:
            answer = self._client.get(
                f"{reading.listing.path}/{_in_path(id_)}",
                reading.params(),
                decode=decode_object,
                account=reading.account,
            )
        except NotFound:
            return Gone(reading, id_, time.time())
        (found,) = _checked(reading, [answer.value])
        if _id(reading, found) != id_:
            raise _impossible(reading, f"{_id(reading, found)} for {id_}")
        if "deleted" in found:
            return Gone(reading, id_, answer.received_at)
        alive, requests = self._completed(reading, [found])
        if not alive:
            return Gone(reading, id_, time.time())
        return Page(
            reading, alive, answer.received_at, fed, requests=requests, by_id=True
        )

    def filtered(
        self, reading: Reading, filter_: tuple[str, str], fed: frozenset[str]
    ) -> Iterator[Page]:
        """Read all objects that a filter lets pass, because they have changed."""
        name, value = filter_
        cursor: list[tuple[str, str]] = []
        for _ in range(MOST_PAGES):
            try:
                page, has_more = self.changed(reading, [filter_, *cursor], fed)
            except CursorGone:
                cursor = []
                continue
            for found in page.objects:
                if text(reference(found.get(name))) != value:
                    raise _impossible(reading, f"an object of another {name}")
            last = page.objects[-1:]
            objects, requests = self._completed(reading, page.objects)
            yield replace(page, objects=objects, requests=requests)
            if not has_more:
                return
            if not last:
                raise _impossible(reading, "an empty page that has more behind it")
            cursor = [("starting_after", _id(reading, last[0]))]
        raise _impossible(reading, "pages without end")

    def changed(
        self, reading: Reading, params: list[tuple[str, str]], fed: frozenset[str]
    ) -> tuple[Page, bool]:
        """Read one page of a listing for objects that have changed.

        Returns:
            The page, its embedded lists as they came, and whether more is behind it.
        """
        answer = self.page(
            reading, reading.listing.path, [*reading.params("data."), *params]
        )
        found = _checked(reading, answer.value.data)
        page = Page(reading, found, answer.received_at, fed, by_id=True)
        return page, answer.value.has_more

    def changed_between(
        self,
        reading: Reading,
        seconds: tuple[int, int],
        fed: frozenset[str],
        *,
        cursor: str | None = None,
    ) -> tuple[Page, bool]:
        """Read one page as `changed` does, of what was created in an interval.

        Args:
            reading: Of which listing.
            seconds: The interval, both seconds included.
            fed: Names of the collections that get rows.
            cursor: Id for `starting_after`.

        Raises:
            CursorGone: The cursor's object is not there any more.
            ResponseError: The page can't be what Stripe documents.
        """
        first, last = seconds
        params = [("created[lte]", str(last)), ("created[gte]", str(first))]
        if cursor is not None:
            params.append(("starting_after", cursor))
        page, has_more = self.changed(reading, params, fed)
        if page.objects:
            _in_order(reading, page.objects, first, last)
            if _id(reading, page.objects[-1]) == cursor:
                raise _impossible(reading, "the same page again and again")
        elif has_more:
            raise _impossible(reading, "an empty page that has more behind it")
        return page, has_more

    def refused_expansions(self, reading: Reading) -> tuple[str, ...]:
        """Find out which expansions the key may not read.

        Returns:
            Their paths; none if the objects can't be read without them either.
        """
        every, refused = reading.expand, []
        if not every:
            return ()
        try:
            for path in ("", *every):
                expand = [("expand[]", f"data.{path}")] if path else []
                params = [("limit", "1"), *reading.listing.params, *expand]
                try:
                    self._client.get(
                        reading.listing.path,
                        params,
                        decode=decode_page,
                        account=reading.account,
                    )
                except PermissionMissing:
                    if not path:
                        return ()
                    refused.append(path)
        except NotFound:
            return ()
        return tuple(refused)

    def complete(
        self, page: Page, wanted: list[Object], give: Callable[[Page], None]
    ) -> Page:
        """Read the embedded lists of some of a page's objects to their end.

        Args:
            page: The page, its embedded lists as they came.
            wanted: Those of its objects that are.
            give: Gets what is complete meanwhile, as for `window`.

        Returns:
            The rest.
        """

        def part(objects: list[Object], requests: int) -> Page:
            return replace(page, objects=objects, requests=requests)

        return part(
            *self._completed(page.reading, wanted, lambda *done: give(part(*done)))
        )

    def _completed(
        self,
        reading: Reading,
        found: Iterable[Object],
        give: Callable[[list[Object], int], None] | None = None,
    ) -> tuple[list[Object], int]:
        """Read the embedded lists of a page's objects to their end.

        Args:
            reading: Where the objects are from.
            found: The objects.
            give: Gets what is complete, before an object whose lists are to be read.

        Returns:
            The objects, or the rest, and how many requests they took.
        """
        held: list[Object] = []
        requests = 1
        for one in found:
            if give is not None and held and _is_cut_off(reading, one):
                give(held, requests)
                held, requests = [], 0
            alive, took = self._complete(reading, one)
            requests += took
            if alive:
                held.append(one)
        return held, requests

    def _complete(self, reading: Reading, found: Object) -> tuple[bool, int]:
        """Read an object's embedded lists to their end.

        Returns:
            Whether it is still there, and how many lists there were to read.
        """
        completed = 0
        for name in reading.complete:
            shown = sublist(found.get(name))
            if shown is None or not shown.has_more:
                continue
            completed += 1
            try:
                found[name] = self._to_the_end(reading, name, found, shown)
            except REFUSALS as error:
                raise ListRefused(name, error) from None
            except NotFound:
                # Deleted since the list was read; an event will say so.
                return False, completed
        return True, completed

    def _to_the_end(
        self, reading: Reading, name: str, parent: Object, shown: ObjectList
    ) -> Sublist:
        """Read an embedded list, which shows ten entries at most, to its end."""
        parts = urlsplit(shown.url)
        if parts.netloc or not parts.path.startswith("/v1/"):
            raise _impossible(reading, f"{name} with the address {shown.url!r}")
        # Entries after the first page are expanded only if that is asked for again.
        below = tuple(
            ("expand[]", path.partition(".")[2])
            for path in reading.expand
            if path.startswith(f"{name}.data.")
        )
        params = [*parse_qsl(parts.query), *below]
        entries: list[Object] = list(shown.data)
        known = {_id(reading, entry) for entry in entries}
        has_more = shown.has_more
        for _ in range(MOST_PAGES):
            if not has_more:
                return Sublist(entries, shown.url)
            cursor = [("starting_after", _id(reading, entries[-1]))] if entries else []
            try:
                answer = self.page(reading, parts.path, [*params, *cursor])
            except CursorGone:
                entries, known = [], set()
                continue
            fresh = [
                entry for entry in answer.value.data if _id(reading, entry) not in known
            ]
            known |= {_id(reading, entry) for entry in fresh}
            has_more = answer.value.has_more
            if has_more and not fresh:
                break
            entries.extend(fresh)
        raise _impossible(reading, f"{name} of {text(parent.get('id'))} that don't end")


def _is_cut_off(reading: Reading, found: Object) -> bool:
    """Tell whether an object shows a list that has more entries."""
    shown = (sublist(found.get(name)) for name in reading.complete)
    return any(one is not None and one.has_more for one in shown)


def _checked(reading: Reading, found: Iterable[Object]) -> list[Object]:
    """Check that objects are of the listing's type and have ids."""
    objects = list(found)
    for one in objects:
        _id(reading, one)
        kind = text(one.get("object"))
        if kind != reading.listing.object:
            raise _impossible(reading, f"an object of type {kind}")
    return objects


def _in_path(id_: str) -> str:
    """Write an id, which merchants may have chosen, as a step of a path."""
    if id_ in {".", ".."}:
        message = (
            f"Stripe has an object with the id {id_!r}, which no address can name."
        )
        raise ResponseError(message)
    return quote(id_, safe="")


def _placed(ask: Ask, found: list[Object]) -> tuple[int, int]:
    """Check that a page lies in its window, newest first.

    Returns:
        `created` of the first and the last object.
    """
    reading = ask.reading
    if ask.whole:
        if _id(reading, found[-1]) == ask.cursor:
            raise _impossible(reading, "the same page again and again")
        return ask.last, ask.last
    return _in_order(reading, found, ask.first, ask.last)


def _in_order(
    reading: Reading, found: list[Object], first: int, last: int
) -> tuple[int, int]:
    newest = previous = last
    for place, one in enumerate(found):
        placed = integer(one.get(reading.listing.time))
        if placed is None or not first <= placed <= previous:
            raise _impossible(
                reading,
                f"an object out of order or outside of created {first} to {last}",
            )
        previous = placed
        newest = newest if place else placed
    return newest, previous


def _id(reading: Reading, found: Object) -> str:
    id_ = text(found.get("id"))
    if not id_:
        raise _impossible(reading, "an object without an id")
    return id_


def _impossible(reading: Reading, what: str) -> ResponseError:
    return ResponseError(
        f"Stripe sent {what} at {reading.listing.path}, which its documentation rules "
        "out; nothing was taken as read. Try again, and report it if it stays so."
    )
