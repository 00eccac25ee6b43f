"""Makes objects of their descriptions: any values that Stripe's types allow."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tap_stripe.sandbox.dice import seed_of
from tap_stripe.sandbox.resources import described
from tap_stripe.sandbox.words import CITIES, COUNTRIES, CURRENCIES, NAMES, TEXTS
from tap_stripe.sandbox.words import metadata as made_metadata

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tap_stripe.sandbox.dice import Dice
    from tap_stripe.sandbox.resources import Properties
    from tap_stripe.sandbox.shapes import Object
    from tap_stripe.sandbox.universe import Universe

DAY_SECONDS = 86_400
# How much of what may be null is, by depth: so that objects stay small.
_NULL = (0.25, 0.7, 0.85, 1.0)
_DEEPEST = len(_NULL) - 1
# One in so many properties is left out where it would be null.
_LEFT_OUT = 6
_MOST_ENTRIES = 3
_KEPT = {"created", "id", "livemode", "object"}

_PLAIN: Mapping[str, Callable[[Dice, int], object]] = {
    "bool": lambda dice, _: dice.chance(0.5),
    "decimal": lambda dice, _: f"{dice.below(10_000) / 100:g}",
    "int": lambda dice, _: dice.below(10_000),
    "map": lambda dice, _: made_metadata(dice),
    "num": lambda dice, _: dice.below(10_000) / 100,
    "str": lambda dice, _: dice.pick(TEXTS),
    "time": lambda dice, created: created + dice.below(30 * DAY_SECONDS),
}
# Texts by the last word of their property.
_TEXTS: Mapping[str, Callable[[Dice, int], object]] = {
    "city": lambda dice, _: dice.pick(CITIES),
    "code": lambda dice, _: f"CODE{dice.below(10_000)}",
    "country": lambda dice, _: dice.pick(COUNTRIES),
    "currency": lambda dice, _: dice.pick(CURRENCIES),
    "email": lambda dice, _: f"somebody.{dice.below(1_000)}@example.com",
    "name": lambda dice, _: dice.pick(NAMES),
    "url": lambda dice, _: f"https://example.com/{dice.below(1_000)}",
}


class Maker:
    """Makes one object of an account, and what is in it.

    Args:
        universe: The account's objects, to which references lead.
        created: Second that its times follow.
        dice: Its choices.
    """

    def __init__(self, universe: Universe, created: int, dice: Dice) -> None:
        self._universe = universe
        self._created = created
        self._dice = dice

    def made(self, name: str, identifier: str) -> Object:
        """An object of this type and id."""
        made = self._object(described().objects[name], name, 0)
        fixed = {"created": self._created, "id": identifier, "livemode": False}
        return made | {key: fixed[key] for key in fixed.keys() & made.keys()}

    def altered(self, name: str, record: Object, *, but: set[str]) -> Object:
        """Other values for a few of an object's plain properties.

        Args:
            name: The object's type.
            record: The object.
            but: Properties that stay as they are.
        """
        plain = {
            key: kind
            for marked, kind in described().objects[name].items()
            if (key := marked.rstrip("?")) in record.keys() - _KEPT - but
            and isinstance(kind, str)
            and kind[0] not in "@#*"
        }
        keys = [self._dice.pick(list(plain)) for _ in range(2 if plain else 0)]
        return {key: self._value(plain[key], f"{name}.{key}", 0) for key in keys}

    def _object(self, properties: Properties, path: str, depth: int) -> Object:
        made: Object = {}
        for marked, kind in properties.items():
            name, is_optional = marked.rstrip("?!"), marked[-1] == "?"
            where = f"{path}.{name}"
            if not is_optional:
                made[name] = self._value(kind, where, depth)
                continue
            value = None
            if not self._dice.chance(_NULL[min(depth, _DEEPEST)]):
                value = self._value(kind, where, depth)
            if value is not None or seed_of(where) % _LEFT_OUT:
                made[name] = value
        return made

    def _value(self, kind: Any, path: str, depth: int) -> Any:
        if isinstance(kind, dict):
            return self._object(kind, path, depth + 1)
        if isinstance(kind, list):
            number = self._dice.below(_MOST_ENTRIES) if depth < _DEEPEST else 0
            return [self._value(kind[0], path, depth) for _ in range(number)]
        if kind in _PLAIN:
            word = path.rpartition(".")[2].rpartition("_")[2]
            make = _TEXTS.get(word, _PLAIN[kind]) if kind == "str" else _PLAIN[kind]
            return make(self._dice, self._created)
        return self._marked(kind[0], kind[1:], path, depth)

    def _marked(self, mark: str, names: str, path: str, depth: int) -> Any:
        match mark:
            case "=":
                return self._dice.pick(names.split("|"))
            case "@":
                return self._reference(names)
            case "#":
                return self._held(names, path, depth)
            case _:
                # A list whose collection has no objects for it.
                return {"object": "list", "data": [], "has_more": False, "url": "/v1"}

    def _reference(self, names: str) -> str:
        """The id of an object, of one that there is if there are any of its type."""
        for name in names.split("|"):
            collection = self._universe.by_object.get(name)
            if collection is not None and collection.count:
                return collection.base_id(self._dice.below(collection.count))
        return self._universe.ids.make(f"{names[:3]}_", self._dice.below(1 << 30))

    def _held(self, name: str, path: str, depth: int) -> Object:
        """An object inside an object: one that there is, if there are any."""
        identifier = self._reference(name)
        collection = self._universe.by_object.get(name)
        rank = None if collection is None else collection.base_rank(identifier)
        if collection is not None and rank is not None:
            return collection.shown_original(rank)
        made = self._object(described().objects[name], path, depth + 1)
        return made | dict.fromkeys({"id"} & made.keys(), identifier)
