"""Prices: what plans are called now, under the same ids."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tap_stripe.sandbox.billing import price_of
from tap_stripe.sandbox.collection import Collection

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tap_stripe.sandbox.shapes import Object
    from tap_stripe.sandbox.universe import Universe


def _whole(plan: Object) -> Object:
    """The price of a plan, with what is shown on expansion only."""
    return {**price_of(plan), "currency_options": {}, "tiers": plan["tiers"]}


class Prices(Collection, object_name="price"):
    """The prices of an account: one for each plan.

    https://docs.stripe.com/api/prices
    """

    name = "prices"
    prefix = ""
    filters = ("active", "currency", "product", "type")

    def __init__(self, universe: Universe) -> None:
        super().__init__(universe)
        self._plans = universe.plans
        self.calendar = self._plans.calendar
        self.deleted = self._plans.deleted

    @property
    def total(self) -> int:
        """Number of ranks, deleted ones included."""
        return self._plans.total

    def base_id(self, rank: int) -> str:
        """The plan's."""
        return self._plans.base_id(rank)

    def rank(self, identifier: str) -> int | None:
        """Rank of an id that exists or existed."""
        return self._plans.rank(identifier)

    def base_rank(self, identifier: str) -> int | None:
        """Rank of an id, for ids that tell it."""
        return self._plans.base_rank(identifier)

    def created(self, rank: int) -> int:
        """Second in which the plan was created."""
        return self._plans.created(rank)

    def ranks_before(self, second: int) -> int:
        """How many were created before a second."""
        return self._plans.ranks_before(second)

    def base(self, rank: int) -> Object:
        """The price of the plan before any change."""
        return _whole(self._plans.original(rank))

    def record(self, rank: int) -> Object:
        """The price of the plan as it is."""
        return _whole(self._plans.record(rank))

    def passes(self, record: Object, filters: Mapping[str, str]) -> bool:
        """`active` comes as a word."""
        return self._plans.passes(record, filters)
