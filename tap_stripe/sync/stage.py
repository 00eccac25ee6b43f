"""A stage of an account's sync: it gives tasks until nothing of it is left."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from tap_stripe.errors import NotFound
from tap_stripe.sync.fetch import Completed, is_cut_off
from tap_stripe.sync.pool import Task

if TYPE_CHECKING:
    from collections.abc import Callable

    from tap_stripe.api.body import Object
    from tap_stripe.sync.at_once import AtOnce
    from tap_stripe.sync.fetch import Fetch
    from tap_stripe.sync.source import Source
    from tap_stripe.sync.tables import Tables

_MOST_WAITING = 300
"""Objects whose inner lists wait to be read, while further pages are asked for."""


@dataclass(frozen=True, slots=True)
class _Incomplete:
    """An object whose inner lists are to be read before it is written."""

    source: Source
    object: Object
    write: Callable[[list[Object]], None]
    written: Callable[[Object], None]


class Stage:
    """Gives tasks, and takes what comes of them.

    Args:
        fetch: Asks Stripe.
        at_once: Bounds what is under way.
        tables: Takes the objects.
    """

    def __init__(self, fetch: Fetch, at_once: AtOnce, tables: Tables) -> None:
        self.fetch = fetch
        self.at_once = at_once
        self.tables = tables
        self._open = 0
        self._incomplete: deque[_Incomplete] = deque()

    @property
    def is_over(self) -> bool:
        """Whether all is done."""
        return not self._open and not self._incomplete and not self.has_more()

    def next_task(self) -> Task | None:
        """Give the next request; None if there is none now."""
        if not self.at_once.may_ask():
            return None
        task = self._next_inner()
        if task is None and len(self._incomplete) < _MOST_WAITING:
            task = self.next_own()
        if task is not None:
            self.at_once.began(task)
            self._open += 1
        return task

    def has_more(self) -> bool:
        """Tell whether there is, or may come, more to ask for."""
        raise NotImplementedError

    def next_own(self) -> Task | None:
        """Give the next request of the stage itself."""
        raise NotImplementedError

    def task(
        self,
        endpoint: str,
        run: Callable[[], Any],
        done: Callable[[Any, Exception | None], None],
    ) -> Task:
        """Make a task that is counted as over before what it brought is taken."""
        task = Task(run, lambda *_: None, endpoint)

        def over(value: Any, error: Exception | None) -> None:
            self._open -= 1
            self.at_once.ended(task)
            done(value, error)

        task.done = over
        return task

    # Lists inside objects

    def take(
        self,
        source: Source,
        objects: list[Object],
        write: Callable[[list[Object]], None],
        written: Callable[[Object], None] = lambda _: None,
    ) -> list[Object]:
        """Write objects, those whose inner lists go on once these are read.

        Args:
            source: Where they are from.
            objects: The objects.
            write: Writes some of them.
            written: Called for each that had to wait, once it is written.

        Returns:
            Those that have to wait.
        """
        waiting = [
            one for one in objects if source.complete and is_cut_off(source, one)
        ]
        if not waiting:
            write(objects)
            return []
        late = set(map(id, waiting))
        write([one for one in objects if id(one) not in late])
        self._incomplete += [
            _Incomplete(source, one, write, written) for one in waiting
        ]
        return waiting

    def _next_inner(self) -> Task | None:
        if not self._incomplete:
            return None
        one = self._incomplete[0]
        endpoint = f"{one.source.path}/{{id}}/{next(iter(one.source.complete), '')}"
        if not self.at_once.may_ask(endpoint):
            return None
        self._incomplete.popleft()
        return self.task(
            endpoint,
            lambda: self.fetch.complete(one.source, one.object),
            partial(self._completed, one),
        )

    def _completed(
        self, one: _Incomplete, value: Completed | None, error: Exception | None
    ) -> None:
        if value is not None:
            self.tables.partial(one.source, one.object, value.failed)
            one.write([value.object])
        elif error is not None and not isinstance(error, NotFound):
            raise error
        one.written(one.object)
