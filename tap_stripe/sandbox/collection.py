"""The objects of one resource: base ones made on demand, changed ones kept."""

from __future__ import annotations

from abc import ABC, abstractmethod
from bisect import bisect_left
from functools import cached_property
from typing import TYPE_CHECKING, ClassVar

import msgspec

from tap_stripe.sandbox.calendar import Calendar, Times
from tap_stripe.sandbox.dice import Dice, seed_of
from tap_stripe.sandbox.kinds import KINDS, Kind
from tap_stripe.sandbox.shapes import copied

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from tap_stripe.sandbox.shapes import Object
    from tap_stripe.sandbox.universe import Universe


# As the calendar's groups of one second.
_MISPLACED_EVERY = 8
# A page and what it points to.
_MOST_MADE = 300


class Collection(ABC):
    """Objects in the order of their creation; a rank is a place in that order.

    A record is an object with everything in it: whole lists, full discounts, hidden
    properties. `present.shown` makes of it what Stripe shows.
    """

    name: ClassVar[str]
    kind: ClassVar[Kind]
    prefix: ClassVar[str]
    time_property: ClassVar[str] = "created"
    filters: ClassVar[tuple[str, ...]] = ()
    has_created: ClassVar[bool] = True
    # Whether a list without filters leaves objects out.
    hides_some: ClassVar[bool] = False

    def __init_subclass__(cls, object_name: str | None = None) -> None:
        if object_name is not None:
            cls.kind = KINDS[object_name]

    def __init__(self, universe: Universe) -> None:
        self.universe = universe
        self.seed = seed_of(universe.seed, self.name)
        self._made: dict[int, Object] = {}
        self._later: list[int] = []
        self._changed: dict[int, Object] = {}
        self._chosen_ids: dict[str, int] = {}
        self.deleted: dict[int, float] = {}

    # What each resource says of itself.

    @cached_property
    def count(self) -> int:
        """How many base objects there are."""
        return self.universe.size(self.name)

    @cached_property
    def calendar(self) -> Times:
        """When the base objects were created."""
        options = self.universe.options
        return Calendar(
            count=self.count,
            start=self.universe.started_at,
            span_seconds=options.span_seconds,
            density=options.density,
            burst=options.burst,
            burst_every=options.burst_every,
        )

    @abstractmethod
    def base(self, rank: int) -> Object:
        """The record that this rank has before any change."""

    def passes(self, record: Object, filters: Mapping[str, str]) -> bool:
        """Whether a list with these filters shows the record."""
        return all(str(record.get(name)) == value for name, value in filters.items())

    def narrowed(self, filters: Mapping[str, str]) -> Sequence[int] | None:
        """Ranks, oldest first, that can pass the filters; None if it takes a scan."""
        del filters
        return None

    def base_id(self, rank: int) -> str:
        """Id of an object that was not created later under a chosen id."""
        return self.universe.ids.make(self.prefix, rank)

    def base_rank(self, identifier: str) -> int | None:
        """Rank of an id, for ids that tell it."""
        place = self.universe.ids.place(identifier, self.prefix)
        return place[0] if place is not None and place[1] == 0 else None

    # Reading.

    @property
    def total(self) -> int:
        """Number of ranks, deleted ones included."""
        return self.count + len(self._later)

    def dice(self, rank: int) -> Dice:
        """Choices that belong to one object."""
        return Dice(seed_of(self.seed, rank))

    def created(self, rank: int) -> int:
        """Second in which it was created; the present for one that is about to be."""
        if rank < self.count:
            second = self.calendar.created(rank)
            if self.universe.options.misplaced and rank % _MISPLACED_EVERY == 0:
                second += 1
            return second
        if rank == self.total:
            return self.next_rank()[1]
        return self._later[rank - self.count]

    def order(self, rank: int) -> int:
        """The second by which it is sorted: one earlier for what is misplaced."""
        if rank < self.count:
            return self.calendar.created(rank)
        return self.created(rank)

    def ranks_before(self, second: int) -> int:
        """How many objects are sorted before a second."""
        ranks = self.calendar.ranks_before(second)
        if ranks < self.count:
            return ranks
        return self.count + bisect_left(self._later, second)

    def rank(self, identifier: str) -> int | None:
        """Rank of an id that exists or existed."""
        rank = self._chosen_ids.get(identifier)
        if rank is None:
            rank = self.base_rank(identifier)
        return rank if rank is not None and 0 <= rank < self.total else None

    def living(self, identifier: str) -> int | None:
        """Rank of an id that exists."""
        rank = self.rank(identifier)
        return rank if rank not in self.deleted else None

    def original(self, rank: int) -> Object:
        """The base record, made once for a while. It must not be written to."""
        made = self._made.get(rank)
        if made is None:
            if len(self._made) >= _MOST_MADE:
                self._made.clear()
            made = self._made[rank] = self.base(rank)
        return made

    def shown_original(self, rank: int) -> Object:
        """The base record as Stripe shows it: what other objects hold a copy of."""
        from tap_stripe.sandbox.present import shown  # noqa: PLC0415 (mutual)

        return copied(shown(self.universe, self.kind, self.original(rank)))

    def record(self, rank: int) -> Object:
        """The present record. It must not be written to: use `edited`."""
        changed = self._changed.get(rank)
        return changed if changed is not None else self.original(rank)

    def find(self, identifier: str) -> Object | None:
        """The present record of an id."""
        rank = self.living(identifier)
        return self.record(rank) if rank is not None else None

    def ranks(self) -> Iterator[int]:
        """Every living rank, newest first."""
        return (
            rank for rank in range(self.total - 1, -1, -1) if rank not in self.deleted
        )

    def changed(self, rank: int) -> bool:
        """Whether its record is no longer the base's."""
        return rank in self._changed

    def rendered(self, rank: int) -> bytes:
        """The JSON of an object as a list shows it without expansions."""
        from tap_stripe.sandbox.present import shown  # noqa: PLC0415 (mutual)

        return msgspec.json.encode(shown(self.universe, self.kind, self.record(rank)))

    # Writing; the caller holds the universe's lock.

    def edited(self, rank: int) -> Object:
        """The record, to be written to."""
        if rank not in self._changed:
            self._changed[rank] = copied(self.original(rank))
        return self._changed[rank]

    def next_rank(self) -> tuple[int, int]:
        """Rank of an object created now, and its second."""
        now = self.universe.now
        if self._later:
            now = max(now, self._later[-1])
        return self.total, max(now, self.universe.ended_at)

    def add(self, record: Object) -> int:
        """Add an object that `next_rank` numbered and dated.

        Returns:
            Its rank.
        """
        rank = self.total
        self.universe.dig_up(self.name, record["id"])
        self._later.append(record.get(self.time_property, self.next_rank()[1]))
        self._changed[rank] = copied(record)
        if record["id"] != self.base_id(rank):
            self._chosen_ids[record["id"]] = rank
        return rank

    def delete(self, rank: int) -> None:
        """Delete an object for good."""
        record = self.record(rank)
        self.deleted[rank] = self.universe.clock()
        self._changed.pop(rank, None)
        self.universe.bury(self.name, record["id"])

    def withhold(self, rank: int) -> None:
        """Treat an object as if it did not exist, until it is revealed."""
        self.deleted[rank] = self.universe.clock()

    def reveal(self, rank: int) -> None:
        """Show an object that was withheld."""
        del self.deleted[rank]
