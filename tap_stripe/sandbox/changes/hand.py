"""The hand that changes a universe and raises the events of what it did."""

from __future__ import annotations

from contextlib import contextmanager
from itertools import islice
from typing import TYPE_CHECKING, Any

from tap_stripe.sandbox.kinds import KINDS
from tap_stripe.sandbox.present import complete
from tap_stripe.sandbox.shapes import copied

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tap_stripe.sandbox.collection import Collection
    from tap_stripe.sandbox.dice import Dice
    from tap_stripe.sandbox.shapes import Object
    from tap_stripe.sandbox.universe import Universe
    from tap_stripe.sandbox.world import World

_TRIES = 60
_MOST_SEARCHED = 2_000
_RECENT = 50


class Hand:
    """Chooses what to change, changes it, and raises events.

    Attributes:
        wanted: Id of the object to change, where the caller chose one.
        among_newest: Choose from this many of the newest objects only.
        is_thorough: Search on where chance finds nothing.
    """

    def __init__(
        self,
        world: World,
        universe: Universe,
        dice: Dice,
        *,
        wanted: str | None = None,
        among_newest: int | None = None,
        is_thorough: bool = False,
    ) -> None:
        self.world = world
        self.universe = universe
        self.dice = dice
        self.wanted = wanted
        self.among_newest = among_newest
        self.is_thorough = is_thorough

    def pick(
        self,
        collection: Collection,
        suits: Callable[[Object], bool] = lambda _: True,
    ) -> int | None:
        """A living rank that suits, half of the time a recent one.

        None if none was met; a thorough hand then goes through the newest of all.
        """
        total = collection.total
        if self.wanted is not None:
            rank = collection.living(self.wanted)
            fits = rank is not None and suits(collection.record(rank))
            return rank if fits else None
        for _ in range(_TRIES):
            if not total:
                return None
            among = self.among_newest or (_RECENT if self.dice.chance(0.5) else total)
            rank = total - 1 - self.dice.below(min(total, among))
            if rank not in collection.deleted and suits(collection.record(rank)):
                return rank
        if self.is_thorough:
            for rank in islice(collection.ranks(), _MOST_SEARCHED):
                if suits(collection.record(rank)):
                    return rank
        return None

    def show(self, record: Object) -> Object:
        """A record as a GET shows it, for good; what is null is there."""
        return copied(complete(self.universe, KINDS[record["object"]], record))

    @contextmanager
    def editing(
        self, collection: Collection, rank: int, *events: str
    ) -> Iterator[Object]:
        """Give a record to be written to, then raise update events about it."""
        before = self.show(collection.record(rank))
        record = collection.edited(rank)
        yield record
        after = self.show(record)
        for event in events:
            self.announce_update(event, before, after)

    def announce_update(self, event: str, before: Object, after: Object) -> None:
        """Raise an event that says what was before."""
        self.universe.events.add(
            event, after, previous=difference(before, after), before=before
        )

    def announce(self, event: str, record: Object) -> None:
        """Raise an event that holds the object as it is now."""
        self.universe.events.add(event, self.show(record))

    def announce_of_account(
        self, event: str, thing: Object, account: str, before: Object | None = None
    ) -> None:
        """Raise an event of a connected account, which its own list holds."""
        previous = None if before is None else difference(before, thing)
        connected = self.world.universe(account)
        if connected is not None:
            connected.events.add(event, thing, previous=previous, before=before)
        if self.universe.options.connect_events_on_platform:
            self.universe.events.add(
                event, thing, previous=previous, before=before, account=account
            )

    def book(self, source: Object, sort: str) -> Object:
        """Add the balance transaction of something that moves money."""
        transactions = self.universe.transactions
        rank, created = transactions.next_rank()
        made = transactions.made(rank, created, self.dice, source=source, sort=sort)
        transactions.add(made)
        return made

    def touch_metadata(self, record: Object) -> None:
        """Change an object's metadata so that it differs."""
        metadata = record["metadata"]
        if metadata and self.dice.chance(0.2):
            metadata.pop(next(iter(metadata)))
        metadata["touched"] = f"{self.dice.bits():016x}"


def difference(before: Object, after: Object) -> Object:
    """What `previous_attributes` says: old values of what changed.

    A nested object tells only its changed parts, a list its old data whole.
    """
    changed: dict[str, Any] = {}
    for name, now in after.items():
        old = before.get(name)
        if old == now:
            continue
        if isinstance(old, dict) and old.get("object") == "list":
            changed[name] = {"data": old["data"]}
        elif isinstance(old, dict) and isinstance(now, dict):
            changed[name] = {
                part: old.get(part)
                for part in {**old, **now}
                if old.get(part) != now.get(part)
            }
        else:
            changed[name] = old
    return changed
