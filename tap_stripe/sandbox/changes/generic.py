"""Changes of what has no behaviour of its own: `create_tax_rate` and so on.

Each returns the id of what it changed or created, None where nothing suited.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tap_stripe.sandbox.maker import Maker
from tap_stripe.sandbox.resources import RESOURCES, Resource, described

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tap_stripe.sandbox.changes.hand import Hand
    from tap_stripe.sandbox.generic import Generic
    from tap_stripe.sandbox.shapes import Object

    Operation = Callable[[Hand], str | None]


def operations() -> Iterator[Operation]:
    """Every change of every resource, each with its name."""
    for resource in RESOURCES:
        changes = _Changes(resource)
        for verb in changes.verbs():
            yield changes.named(verb)


class _Changes:
    """The changes of a resource, by what Stripe's events say of it."""

    def __init__(self, resource: Resource) -> None:
        self._resource = resource
        types = described().events.get(resource.object, ())
        by_word = {type_.rpartition(".")[2]: type_ for type_ in types}
        opened = by_word.pop("opened", None)
        self._created = by_word.pop("created", opened)
        self._deleted = by_word.pop("deleted", None)
        self._updates = tuple(by_word.values())

    def verbs(self) -> Iterator[str]:
        """What can be done to it."""
        yield from ("create", "update")
        if self._resource.unannounced:
            yield "edit"
        if self._deleted is not None:
            yield "delete"

    def named(self, verb: str) -> Operation:
        """The change of this verb as a function of this name."""
        change = getattr(self, verb)

        def operation(hand: Hand) -> str | None:
            identifier: str | None = change(hand)
            return identifier

        operation.__name__ = f"{verb}_{self._resource.object.replace('.', '_')}"
        return operation

    def create(self, hand: Hand) -> str | None:
        """A new one."""
        generic = self._collection(hand)
        rank, created = generic.next_rank()
        record = generic.made(rank, created, hand.dice)
        generic.add(record)
        if self._created is not None:
            hand.announce(self._created, record)
        return str(record["id"])

    def update(self, hand: Hand) -> str | None:
        """One becomes what an event says, or is edited if Stripe has none."""
        generic = self._collection(hand)
        rank = hand.pick(generic)
        if rank is None:
            return None
        events = [hand.dice.pick(self._updates)] if self._updates else []
        with hand.editing(generic, rank, *events) as record:
            self._edit(hand, record)
            for event in events:
                self._affect(record, event.rpartition(".")[2])
        return str(record["id"])

    def edit(self, hand: Hand) -> str | None:
        """An edit that no event tells of."""
        generic = self._collection(hand)
        rank = hand.pick(
            generic,
            lambda record: any(
                record[name] in values
                for name, values in self._resource.unannounced.items()
            ),
        )
        if rank is None:
            return None
        record = generic.edited(rank)
        self._edit(hand, record)
        return str(record["id"])

    def delete(self, hand: Hand) -> str | None:
        """A deletion."""
        generic = self._collection(hand)
        rank = hand.pick(generic)
        if rank is None or self._deleted is None:
            return None
        record = generic.record(rank)
        generic.delete(rank)
        hand.announce(self._deleted, record)
        return str(record["id"])

    def _collection(self, hand: Hand) -> Generic:
        return hand.universe.generic[self._resource.path]

    def _edit(self, hand: Hand, record: Object) -> None:
        """Change what a merchant may edit, and nothing that an event would tell."""
        if isinstance(record.get("metadata"), dict):
            hand.touch_metadata(record)
        effects = self._resource.effects.values()
        told = {"metadata", "status", *(name for effect in effects for name in effect)}
        maker = Maker(hand.universe, hand.universe.now, hand.dice)
        record.update(maker.altered(self._resource.object, record, but=told))

    def _affect(self, record: Object, word: str) -> None:
        """Let an object be as the last word of an event's type says."""
        properties = described().objects[self._resource.object]
        status = properties.get("status", properties.get("status?", ""))
        if word in self._resource.effects:
            record.update(self._resource.effects[word])
        elif word in str(status)[1:].split("|"):
            record["status"] = word
