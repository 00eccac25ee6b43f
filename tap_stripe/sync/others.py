"""Small stages: what was refused before, and the subscriptions of deleted customers."""

from __future__ import annotations

from collections import deque
from functools import partial
from typing import TYPE_CHECKING

from tap_stripe.api.body import reference, text
from tap_stripe.errors import NotFound, ResponseError, StripeError
from tap_stripe.streams.listings import EVENTS
from tap_stripe.sync.changes import Wanted
from tap_stripe.sync.fetch import MOST_PAGES, Page, concerns_more
from tap_stripe.sync.stage import Stage

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from tap_stripe.api.body import Object
    from tap_stripe.sync.at_once import AtOnce
    from tap_stripe.sync.fetch import Fetch
    from tap_stripe.sync.pool import Task
    from tap_stripe.sync.source import Source
    from tap_stripe.sync.tables import Tables


class Probe(Stage):
    """Asks endpoints for an object, to know whether they can be read.

    Args:
        fetch: As in `Stage`.
        at_once: As in `Stage`.
        tables: As in `Stage`.
        sources: The endpoints.

    Attributes:
        refused: Paths of those that can't.
    """

    def __init__(
        self,
        fetch: Fetch,
        at_once: AtOnce,
        tables: Tables,
        *,
        sources: Iterable[Source],
    ) -> None:
        super().__init__(fetch, at_once, tables)
        self._left = deque(sources)
        self.refused: set[str] = set()

    def has_more(self) -> bool:
        """Tell whether any is left to be asked."""
        return bool(self._left)

    def next_own(self) -> Task | None:
        """Give the next request."""
        if not self._left:
            return None
        source = self._left.popleft()
        run: Callable[[], Page | None] = partial(self.fetch.probe, source)
        if source.listing.single:
            run = partial(self.fetch.object, source, "")
        return self.task(source.path, run, partial(self._came, source))

    def _came(self, source: Source, page: Page | None, error: Exception | None) -> None:
        if error is None:
            for refusal in page.refused if page else ():
                self.tables.lack(source, refusal.names, refusal.error)
            return
        if concerns_more(source, error):
            raise error
        self.refused.add(source.path)
        if source.listing is EVENTS:
            self.tables.no_events(source, error)
        else:
            self.tables.refuse(source, error, {c.name for c, _ in source.feeds})


class Subscriptions(Stage):
    """Reads the subscriptions of deleted customers: Stripe cancels them.

    Args:
        fetch: As in `Stage`.
        at_once: As in `Stage`.
        tables: As in `Stage`.
        customers: Ids of the customers.
        sources: Where subscriptions are listed, with the collections that get rows.
    """

    def __init__(
        self,
        fetch: Fetch,
        at_once: AtOnce,
        tables: Tables,
        *,
        customers: Iterable[str],
        sources: Sequence[tuple[Source, frozenset[str]]],
    ) -> None:
        super().__init__(fetch, at_once, tables)
        self._left = deque(
            (source, names, id_) for id_ in customers for source, names in sources
        )

    def has_more(self) -> bool:
        """Tell whether any customer is left."""
        return bool(self._left)

    def next_own(self) -> Task | None:
        """Give the next request."""
        if not self._left or not self.at_once.may_ask(self._left[0][0].path):
            return None
        source, names, id_ = self._left.popleft()
        return self.task(
            source.path,
            partial(self._all_of, source, id_),
            partial(self._came, source, names, id_),
        )

    def _all_of(self, source: Source, customer: str) -> list[Page]:
        pages: list[Page] = []
        cursor = None
        for _ in range(MOST_PAGES):
            page = self.fetch.page(
                source, cursor=cursor, params=[("customer", customer)]
            )
            others = [
                one
                for one in page.objects
                if text(reference(one.get("customer"))) != customer
            ]
            if others:
                message = f"Stripe listed others' at {source.path}?customer={customer}."
                raise ResponseError(message)
            pages.append(page)
            if not page.has_more:
                break
            cursor = page.cursor
        return pages

    def _came(
        self,
        source: Source,
        names: frozenset[str],
        id_: str,
        pages: list[Page] | None,
        error: Exception | None,
    ) -> None:
        if isinstance(error, NotFound):
            return  # A customer that is gone has none.
        if error is not None:
            if concerns_more(source, error):
                raise error
            customer = Wanted(id_, itself=True)
            self.tables.customer_failed(source, customer, error, names)
            return
        for page in pages or ():
            for what in page.garbled:
                garbled = StripeError(f"{source.path}?customer={id_} listed {what}")
                customer = Wanted(id_, itself=True)
                self.tables.customer_failed(source, customer, garbled, names)

            def write(some: list[Object], page: Page = page) -> None:
                self.tables.write(source, some, page.received_at, names, by_id=True)

            self.take(source, page.objects, write)
