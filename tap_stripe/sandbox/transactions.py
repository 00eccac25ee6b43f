"""Balance transactions, with their fees."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from tap_stripe.sandbox.charges import REFUND_EVERY
from tap_stripe.sandbox.collection import Collection
from tap_stripe.sandbox.shapes import shape
from tap_stripe.sandbox.words import TEXTS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tap_stripe.sandbox.dice import Dice
    from tap_stripe.sandbox.shapes import Object

DAY_SECONDS = 86_400


class BalanceTransactions(Collection, object_name="balance_transaction"):
    """Balance transactions: of ten charges, then of a refund, and so on.

    https://docs.stripe.com/api/balance_transactions
    """

    name = "balance_transactions"
    prefix = "txn_"
    filters = ("currency", "payout", "source", "type")
    settles_after_days: ClassVar[tuple[int, ...]] = (0, 2, 2, 2, 2, 7, 7, 14)
    slow_seconds: ClassVar[int] = 40 * DAY_SECONDS

    def of_charge(self, charge: int) -> int | None:
        """Rank of a base charge's transaction."""
        block, place = divmod(charge, REFUND_EVERY)
        rank = block * (REFUND_EVERY + 1) + place
        return rank if rank < self.count else None

    def of_refund(self, refund: int) -> int | None:
        """Rank of a base refund's transaction."""
        rank = refund * (REFUND_EVERY + 1) + REFUND_EVERY
        return rank if rank < self.count else None

    def id_of(self, rank: int | None) -> str | None:
        """Id of a base transaction, None for none."""
        return None if rank is None else self.base_id(rank)

    def base(self, rank: int) -> Object:
        """The record before any change."""
        universe = self.universe
        dice = self.dice(rank)
        created = self.created(rank)
        record = self._bare(rank, created, dice)
        # A debit's transaction stays pending until the payment succeeds.
        is_slow = created > universe.ended_at - self.slow_seconds and dice.chance(0.1)
        if is_slow or record["available_on"] > universe.ended_at:
            record["status"] = "pending"
        block, place = divmod(rank, REFUND_EVERY + 1)
        charge = block * REFUND_EVERY + place
        refund = block
        if place == REFUND_EVERY and refund < universe.refunds.count:
            self._of_source(record, universe.refunds.original(refund), "refund")
        elif (
            place < REFUND_EVERY
            and charge < universe.charges.count
            and universe.charges.facts(charge).is_captured
        ):
            self._of_source(record, universe.charges.original(charge), "charge")
        else:
            amount = -dice.between(1, 5_000)
            record.update(
                amount=amount,
                currency="usd",
                fee_details=[],
                net=amount,
                reporting_category="fee",
                source=None,
                type="stripe_fee",
            )
        if record["currency"] != "usd" and dice.chance(0.5):
            for part in ("amount", "fee", "net"):
                record[part] = round(record[part] * 1.0874)
            record.update(currency="usd", exchange_rate=1.0874, fee_details=[])
        return record

    def _bare(self, rank: int, created: int, dice: Dice) -> Object:
        record = shape("balance_transaction")
        record.update(
            id=self.base_id(rank),
            available_on=created + DAY_SECONDS * dice.pick(self.settles_after_days),
            created=created,
            description=dice.pick((None, *TEXTS)),
        )
        return record

    def made(
        self, rank: int, created: int, dice: Dice, *, source: Object, kind: str
    ) -> Object:
        """The transaction of a new charge or refund."""
        record = self._bare(rank, created, dice)
        self._of_source(record, source, kind)
        record["status"] = "pending"
        return record

    def pending(self) -> list[int]:
        """Ranks of those that are pending, oldest first."""
        first = self.ranks_before(self.universe.ended_at - 2 * self.slow_seconds)
        return [
            rank
            for rank in range(first, self.total)
            if self.record(rank)["status"] == "pending"
        ]

    @staticmethod
    def _of_source(record: Object, source: Object, kind: str) -> None:
        amount = source["amount"]
        currency = source["currency"]
        fee = amount * 29 // 1_000 + 30
        details = [
            {
                "amount": fee,
                "application": None,
                "currency": currency,
                "description": "Stripe processing fees",
                "type": "stripe_fee",
            }
        ]
        if amount % 5 == 0:
            details.append(
                {
                    "amount": amount // 100,
                    "application": "ca_QXhWOVlWX7KFerjnWFSGuGR21sZjCeji",
                    "currency": currency,
                    "description": "Octo application fee",
                    "type": "application_fee",
                }
            )
        if amount % 20 == 0:
            details.append(
                {
                    "amount": fee // 5,
                    "application": None,
                    "currency": currency,
                    "description": "VAT",
                    "type": "tax",
                }
            )
        if kind == "refund":
            amount, details = -amount, []
        fee = sum(detail["amount"] for detail in details)
        record.update(
            amount=amount,
            currency=currency,
            fee=fee,
            fee_details=details,
            net=amount - fee,
            reporting_category=kind,
            source=source["id"],
            type=kind,
        )

    def passes(self, record: Object, filters: Mapping[str, str]) -> bool:
        """`payout` is not a property: this sandbox pays nothing out by name."""
        return "payout" not in filters and super().passes(record, filters)
