"""Balance transactions: what every movement of money does to the balance."""

from __future__ import annotations

from collections import defaultdict
from functools import cached_property
from typing import TYPE_CHECKING, ClassVar

from tap_stripe.sandbox.collection import Collection
from tap_stripe.sandbox.money import (
    DAY_SECONDS,
    SORTS,
    Ledger,
    Movement,
    available_on,
    fees_of,
    settled,
)
from tap_stripe.sandbox.shapes import shape
from tap_stripe.sandbox.words import TEXTS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tap_stripe.sandbox.calendar import Times
    from tap_stripe.sandbox.dice import Dice
    from tap_stripe.sandbox.shapes import Object
    from tap_stripe.sandbox.universe import Universe


class BalanceTransactions(Collection, object_name="balance_transaction"):
    """Balance transactions of charges, refunds, disputes, payouts and all the rest.

    https://docs.stripe.com/api/balance_transactions
    """

    name = "balance_transactions"
    prefix = "txn_"
    filters = ("currency", "payout", "source", "type")
    slow_seconds: ClassVar[int] = 40 * DAY_SECONDS

    def __init__(self, universe: Universe) -> None:
        super().__init__(universe)
        # What automatic payouts that changes made have paid out.
        self._paid_by: dict[int, str] = {}
        self._paid_out: defaultdict[str, list[int]] = defaultdict(list)

    @cached_property
    def ledger(self) -> Ledger:
        """The base transactions: made late, as it takes all of their sources."""
        return Ledger(self.universe)

    @cached_property
    def calendar(self) -> Times:
        """That of the movements."""
        return self.ledger

    @cached_property
    def count(self) -> int:
        """As many as there are movements."""
        return self.ledger.count

    # Ids: those of base transactions tell their source.

    def id_of(self, sort: str, rank: int, place: int = 0) -> str:
        """Id of the transaction of a base object."""
        movement = Movement(sort, rank, place, 0)
        return self.universe.ids.make(self.prefix, rank, movement.serial)

    def base_id(self, rank: int) -> str:
        """Id of a transaction."""
        if rank >= self.count:
            return super().base_id(rank)
        movement = self.ledger.movement(rank)
        return self.id_of(movement.sort, movement.rank, movement.place)

    def base_rank(self, identifier: str) -> int | None:
        """Rank of such an id."""
        place = self.universe.ids.place(identifier, self.prefix)
        if place is None:
            return None
        rank, serial = place
        if serial:
            return self.ledger.rank(rank, serial)
        return rank if rank >= self.count else None

    # Records.

    def base(self, rank: int) -> Object:
        """The record before any change."""
        return self.of(self.ledger.movement(rank))

    def of(self, movement: Movement) -> Object:
        """The transaction of a base movement."""
        universe = self.universe
        sort, rank, place, created = movement
        dice = self._dice_of(movement)
        amount, currency, source = self._source(movement)
        record = self._bare(
            self.id_of(sort, rank, place), created, dice, sort=sort, source=source
        )
        self._count_up(record, sort, amount, currency)
        is_slow = (
            sort == "charge"
            and created > universe.ended_at - self.slow_seconds
            and dice.chance(0.1)
        )
        # A debit's transaction stays pending until the payment succeeds.
        if is_slow or record["available_on"] > universe.ended_at:
            record["status"] = "pending"
        return record

    def _dice_of(self, movement: Movement) -> Dice:
        return self.dice(movement.serial << 32 | movement.rank)

    def _source(self, movement: Movement) -> tuple[int, str, str | None]:
        """Amount, currency and id of what a base movement comes from."""
        universe = self.universe
        sort, rank, place, _ = movement
        if sort == "charge":
            facts = universe.charges.facts(rank)
            return facts.amount, facts.currency, universe.charges.base_id(rank)
        if sort in {"refund", "refund_failure"}:
            back = universe.refunds.facts(rank)
            return back.amount, back.currency, universe.refunds.base_id(rank)
        if sort in {"dispute", "dispute_reversal"}:
            facts = universe.charges.facts(universe.disputes.charge(rank))
            return facts.amount, facts.currency, universe.disputes.base_id(rank)
        if sort in {"payout", "payout_failure"}:
            payouts = universe.payouts
            amount = self.ledger.amounts[rank]
            return amount, payouts.currency(rank), payouts.base_id(rank)
        if sort == "stripe_fee":
            return self.dice(rank).between(1_000, 5_000), "usd", None
        owners, name = {
            "transfer": (universe.transfers, ""),
            "transfer_refund": (universe.transfers, "reversals"),
            "application_fee": (universe.application_fees, ""),
            "application_fee_refund": (universe.application_fees, "refunds"),
        }[sort]
        found = owners.original(rank)
        if name:
            found = found[name][-1 - place]
        return found["amount"], found["currency"], found["id"]

    def _bare(
        self,
        identifier: str,
        created: int,
        dice: Dice,
        *,
        sort: str,
        source: str | None,
    ) -> Object:
        record = shape("balance_transaction")
        record.update(
            id=identifier,
            available_on=available_on(sort, created, dice),
            created=created,
            description=dice.pick((None, *TEXTS)),
            reporting_category=SORTS[sort].category,
            source=source,
            type=SORTS[sort].type,
        )
        return record

    @staticmethod
    def _count_up(record: Object, sort: str, amount: int, currency: str) -> None:
        came, into, rate = settled(amount, currency)
        details = fees_of(sort, amount, currency)
        fee = sum(detail["amount"] for detail in details)
        signed = SORTS[sort].sign * came
        record.update(
            amount=signed,
            currency=into,
            exchange_rate=rate,
            fee=fee,
            fee_details=details,
            net=signed - fee,
        )

    def made(
        self, rank: int, created: int, dice: Dice, *, source: Object, sort: str
    ) -> Object:
        """The transaction of something new; a charge's waits to become available."""
        record = self._bare(
            super().base_id(rank), created, dice, sort=sort, source=source["id"]
        )
        self._count_up(record, sort, source["amount"], source["currency"])
        if sort == "charge":
            record["status"] = "pending"
        return record

    # What is due and what was paid out.

    def pending(self) -> list[int]:
        """Ranks of those that are pending, oldest first."""
        first = self.ranks_before(self.universe.ended_at - 2 * self.slow_seconds)
        return [
            rank
            for rank in range(first, self.total)
            if self.record(rank)["status"] == "pending"
        ]

    def payout_of(self, rank: int) -> str | None:
        """Id of the automatic payout that paid a transaction out."""
        if rank in self._paid_by:
            return self._paid_by[rank]
        payout = self.ledger.payout(rank) if rank < self.count else None
        return None if payout is None else self.universe.payouts.base_id(payout)

    def due(self, currency: str) -> list[int]:
        """Ranks of what is available in a currency and in no automatic payout yet.

        A base payout that is not automatic has reduced the one after it; one that
        changes made is among these.
        """
        return [
            rank
            for rank in range(self.total)
            if self.payout_of(rank) is None
            and rank not in self.deleted
            and (record := self.record(rank))["currency"] == currency
            and record["status"] == "available"
        ]

    def pay_out(self, ranks: Sequence[int], payout: str) -> None:
        """Remember that an automatic payout paid these out."""
        for rank in ranks:
            self._paid_by[rank] = payout
        self._paid_out[payout].extend(ranks)

    def sums(self) -> Mapping[tuple[str, str], int]:
        """The account's balance: net amounts by currency and status."""
        sums = self.ledger.sums.copy()
        for rank, record in self._changed.items():
            if rank in self.deleted:
                continue
            if rank < self.count:
                before = self.original(rank)
                sums[before["currency"], before["status"]] -= before["net"]
            sums[record["currency"], record["status"]] += record["net"]
        return sums

    def passes(self, record: Object, filters: Mapping[str, str]) -> bool:
        """`payout` is not a property."""
        rest = dict(filters)
        payout = rest.pop("payout", None)
        if payout is not None:
            rank = self.rank(record["id"])
            if rank is None or self.payout_of(rank) != payout:
                return False
        return super().passes(record, rest)

    def narrowed(self, filters: Mapping[str, str]) -> Sequence[int] | None:
        """Ranks of what a payout paid out."""
        if "payout" not in filters:
            return None
        payouts = self.universe.payouts
        rank = payouts.rank(filters["payout"])
        if rank is None:
            return ()
        if rank < payouts.count:
            return self.ledger.of_payout(rank)
        return sorted(self._paid_out[filters["payout"]])
