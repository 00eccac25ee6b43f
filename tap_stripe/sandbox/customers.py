"""Customers, with their cards and bank accounts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tap_stripe.sandbox.collection import Collection
from tap_stripe.sandbox.shapes import shape
from tap_stripe.sandbox.sources import made_source
from tap_stripe.sandbox.words import NAMES, TEXTS, address, metadata

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tap_stripe.sandbox.shapes import Object

# More than the 10 that a list inside an object shows.
_MANY_TAX_IDS = 12


class Customers(Collection, object_name="customer"):
    """Customers, with their cards and bank accounts.

    https://docs.stripe.com/api/customers
    """

    name = "customers"
    prefix = "cus_"
    filters = ("email", "test_clock")
    # Those on a test clock.
    hides_some = True

    def passes(self, record: Object, filters: Mapping[str, str]) -> bool:
        """Customers on a test clock are listed only by it."""
        if "test_clock" not in filters and record["test_clock"] is not None:
            return False
        return super().passes(record, filters)

    def base(self, rank: int) -> Object:
        """The record before any change."""
        universe = self.universe
        dice = self.dice(rank)
        identifier = self.base_id(rank)
        sources = [
            made_source(universe, dice, rank, serial, owner=("customer", identifier))
            for serial in reversed(range(universe.brood(dice, rank, least=0)))
        ]
        record = shape("customer")
        record.update(
            id=identifier,
            address=dice.pick((None, address(dice))),
            balance=dice.pick((0, 0, 0, -1_250, 990)),
            created=self.created(rank),
            currency=dice.pick((None, "usd", "eur", "jpy")),
            default_source=sources[-1]["id"] if sources else None,
            delinquent=dice.chance(0.1),
            description=dice.pick((None, *TEXTS)),
            email=dice.pick((None, f"customer.{rank}@example.com")),
            invoice_prefix=f"{universe.ids.token(rank) & 0xFFFFFFF:07X}",
            metadata=metadata(dice),
            name=dice.pick((None, *NAMES)),
            phone=dice.pick((None, "+44 20 7946 0000")),
            preferred_locales=dice.pick(([], ["de", "en"])),
            sources=sources,
            tax_exempt=dice.pick(("none", "none", "exempt", "reverse")),
            tax_ids=[
                self._tax_id(rank, serial)
                for serial in reversed(range(self._tax_id_count(rank)))
            ],
        )
        if dice.chance(0.15):
            record["discount"] = universe.discount(
                dice, record["created"], f"{rank}c", customer=identifier
            )
        return record

    def _tax_id_count(self, rank: int) -> int:
        if self.universe.has_many(rank):
            return _MANY_TAX_IDS
        return int(rank % 4 == 0)

    def _tax_id(self, rank: int, serial: int) -> Object:
        record = shape("tax_id")
        identifier = self.base_id(rank)
        record.update(
            id=self.universe.ids.make("txi_", rank, serial),
            created=self.created(rank),
            customer=identifier,
            value=f"DE{rank % 1_000_000:06d}{serial:03d}",
        )
        record["owner"]["customer"] = identifier
        return record
