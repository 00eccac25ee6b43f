"""Collections of objects that are made from their description alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, cast

from tap_stripe.sandbox.collection import Collection
from tap_stripe.sandbox.kinds import KINDS
from tap_stripe.sandbox.maker import Maker
from tap_stripe.sandbox.resources import RESOURCES, Resource, described

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tap_stripe.sandbox.dice import Dice
    from tap_stripe.sandbox.shapes import Object


class Generic(Collection):
    """Objects of one line in resources.toml."""

    resource: ClassVar[Resource]

    def base(self, rank: int) -> Object:
        """The record before any change."""
        dice = self.dice(rank)
        number = self.universe.brood(dice, rank, least=0)
        return self.made(rank, self.created(rank), dice, children=number)

    def made(self, rank: int, created: int, dice: Dice, *, children: int = 1) -> Object:
        """An object, with so many in each of its lists."""
        make = Maker(self.universe, created, dice).made
        record = make(self.kind.object, self.base_id(rank))
        for name, prefix in self.resource.children.items():
            child = self.kind.sublists[name].kind
            record[name] = [
                make(child, self.universe.ids.make(prefix, rank, 1 + n))
                for n in reversed(range(children))
            ]
        record.update(self.resource.lists_only)
        return record

    def passes(self, record: Object, filters: Mapping[str, str]) -> bool:
        """Truth comes as a word."""
        if any(record[k] != v for k, v in self.resource.lists_only.items()):
            return False
        return all(
            (str(value).lower() if isinstance(value, bool) else str(value)) == wanted
            for name, wanted in filters.items()
            for value in (record.get(name),)
        )


def _made_of(resource: Resource) -> type[Generic]:
    endpoint = described().endpoints[f"/v1/{resource.path}"]
    attributes = {
        "__doc__": f"https://docs.stripe.com/api/{resource.path}",
        "filters": endpoint.filters,
        "has_created": endpoint.created,
        "hides_some": bool(resource.lists_only),
        "kind": KINDS[resource.object],
        "name": resource.path,
        "prefix": resource.prefix,
        "resource": resource,
    }
    return cast("type[Generic]", type(resource.object, (Generic,), attributes))


GENERIC = tuple(map(_made_of, RESOURCES))
