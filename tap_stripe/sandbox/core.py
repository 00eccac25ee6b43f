"""Core resources: refunds, disputes, files and payouts."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from tap_stripe.sandbox.calendar import Following
from tap_stripe.sandbox.collection import Collection
from tap_stripe.sandbox.money import DAY_SECONDS, SETTLED, Movement
from tap_stripe.sandbox.shapes import shape
from tap_stripe.sandbox.spread import Spread
from tap_stripe.sandbox.words import TEXTS, metadata

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from tap_stripe.sandbox.calendar import Times
    from tap_stripe.sandbox.dice import Dice
    from tap_stripe.sandbox.shapes import Object
    from tap_stripe.sandbox.universe import Universe


class RefundFacts(NamedTuple):
    """What a base refund gives back, and of which charge."""

    charge: int
    amount: int
    currency: str
    customer: int | None


class Refunds(Collection, object_name="refund"):
    """Refunds: of every tenth charge, some days later.

    https://docs.stripe.com/api/refunds
    """

    name = "refunds"
    prefix = "re_"
    filters = ("charge", "payment_intent")

    def __init__(self, universe: Universe) -> None:
        super().__init__(universe)
        self._charges = Spread(self.count, universe.size("charges"))

    @cached_property
    def count(self) -> int:
        """One of a charge at most."""
        return min(self.universe.size("refunds"), self.universe.size("charges"))

    @cached_property
    def calendar(self) -> Times:
        """Two days after their charges."""
        return _after(self.universe, self.count, self.charge, days=2)

    def charge(self, rank: int) -> int:
        """Rank of a base refund's charge."""
        return self._charges.of_few(rank)

    def of_charge(self, charge: int) -> int | None:
        """Rank of a base charge's refund."""
        return self._charges.of_many(charge)

    def facts(self, rank: int) -> RefundFacts:
        """Amount and the like of a base refund."""
        charge = self.charge(rank)
        facts = self.universe.charges.facts(charge)
        amount = self.amount(rank, facts.amount)
        return RefundFacts(charge, amount, facts.currency, facts.customer)

    def returned(self, charge: int, amount: int) -> int:
        """What a base charge has given back."""
        rank = self.of_charge(charge)
        if rank is None or self.status(rank) == "failed":
            return 0
        return self.amount(rank, amount)

    @staticmethod
    def amount(rank: int, charged: int) -> int:
        """Half of the refunds are partial."""
        return charged if rank % 2 else charged // 2

    @staticmethod
    def status(rank: int) -> str:
        """Few fail or stay pending."""
        return {7: "failed", 11: "pending"}.get(rank % 20, "succeeded")

    def base(self, rank: int) -> Object:
        """The record before any change."""
        universe = self.universe
        dice = self.dice(rank)
        facts = self.facts(rank)
        record = shape("refund")
        record.update(
            id=self.base_id(rank),
            amount=facts.amount,
            balance_transaction=universe.transactions.id_of("refund", rank),
            charge=universe.charges.base_id(facts.charge),
            created=self.created(rank),
            currency=facts.currency,
            metadata=metadata(dice),
            payment_intent=universe.ids.make("pi_", facts.charge),
            reason=dice.pick((None, "requested_by_customer", "duplicate")),
            status=self.status(rank),
        )
        if facts.customer is not None:
            record["customer"] = universe.customers.base_id(facts.customer)
        if record["status"] == "failed":
            record.update(
                failure_balance_transaction=universe.transactions.id_of(
                    "refund_failure", rank
                ),
                failure_reason="expired_or_canceled_card",
            )
        return record

    def made(
        self, rank: int, created: int, dice: Dice, *, charge: Object, amount: int
    ) -> Object:
        """A refund of a charge."""
        record = shape("refund")
        record.update(
            id=self.base_id(rank),
            amount=amount,
            charge=charge["id"],
            created=created,
            currency=charge["currency"],
            customer=charge["customer"],
            metadata=metadata(dice),
            payment_intent=charge["payment_intent"],
            status=dice.pick(("succeeded", "succeeded", "pending")),
        )
        return record

    def narrowed(self, filters: Mapping[str, str]) -> Sequence[int] | None:
        """Ranks of a charge's refunds."""
        if "charge" not in filters:
            return None
        charge = self.universe.charges.rank(filters["charge"])
        if charge is None:
            return ()
        ranks = self.universe.later_of("refunds", filters["charge"])
        first = self.of_charge(charge)
        return ranks if first is None else [first, *ranks]


class Disputes(Collection, object_name="dispute"):
    """Disputes of every fiftieth charge.

    https://docs.stripe.com/api/disputes
    """

    name = "disputes"
    prefix = "dp_"
    filters = ("charge", "payment_intent")

    def __init__(self, universe: Universe) -> None:
        super().__init__(universe)
        charges = universe.size("charges")
        self._charges = Spread(self.count, charges)
        # Not the charges that are refunded.
        self._offset = min(5, charges // self.count // 2) if self.count else 0

    @cached_property
    def count(self) -> int:
        """One of a charge at most."""
        return min(self.universe.size("disputes"), self.universe.size("charges"))

    @cached_property
    def calendar(self) -> Times:
        """Ten days after their charges."""
        return _after(self.universe, self.count, self.charge, days=10)

    def charge(self, rank: int) -> int:
        """Rank of a base dispute's charge."""
        return self._charges.of_few(rank) + self._offset

    def has(self, charge: int) -> bool:
        """Whether a base charge is disputed."""
        there = charge - self._offset
        return there >= 0 and self._charges.of_many(there) is not None

    def status(self, rank: int) -> str:
        """Status of a base dispute; a young one is not decided yet."""
        if self.created(rank) > self.universe.ended_at - 20 * DAY_SECONDS:
            return "needs_response"
        choices = ("needs_response", "won", "lost", "under_review")
        return self.dice(rank).pick(choices)

    def base(self, rank: int) -> Object:
        """The record before any change."""
        universe = self.universe
        charge = universe.charges.original(self.charge(rank))
        created = self.created(rank)
        record = self.made(rank, created, self.dice(rank), charge=charge)
        record["status"] = self.status(rank)
        sorts = {"dispute": created}
        if record["status"] == "won":
            won = created + 20 * DAY_SECONDS
            sorts["dispute_reversal"] = min(won, universe.ended_at)
        record["balance_transactions"] = [
            universe.transactions.of(Movement(sort, rank, 0, at))
            for sort, at in sorts.items()
        ]
        return record

    def made(self, rank: int, created: int, dice: Dice, *, charge: Object) -> Object:
        """A new dispute of a charge."""
        record = shape("dispute")
        record.update(
            id=self.base_id(rank),
            amount=charge["amount"],
            balance_transactions=[],
            charge=charge["id"],
            created=created,
            currency=charge["currency"],
            metadata=metadata(dice),
            payment_intent=charge["payment_intent"],
            reason=dice.pick(("general", "fraudulent", "duplicate")),
            status="needs_response",
        )
        record["evidence_details"]["due_by"] = created + 21 * DAY_SECONDS
        return record


class Files(Collection, object_name="file"):
    """Files, with their links.

    https://docs.stripe.com/api/files
    """

    name = "files"
    prefix = "file_"
    filters = ("purpose",)

    def base(self, rank: int) -> Object:
        """The record before any change."""
        dice = self.dice(rank)
        return self.made(
            rank,
            self.created(rank),
            dice,
            links=self.universe.brood(dice, rank, least=0),
        )

    def made(self, rank: int, created: int, dice: Dice, *, links: int = 0) -> Object:
        """A file as it is uploaded."""
        identifier = self.base_id(rank)
        record = shape("file")
        record.update(
            id=identifier,
            created=created,
            expires_at=dice.pick((None, created + 700 * DAY_SECONDS)),
            filename=f"{identifier}.pdf",
            links=[self._link(rank, n, created) for n in reversed(range(links))],
            purpose=dice.pick(("dispute_evidence", "business_logo", "tax_document")),
            size=dice.below(5_000_000),
            title=dice.pick((None, *TEXTS)),
            type=dice.pick(("png", "pdf", "csv")),
            url=f"https://files.stripe.com/v1/files/{identifier}/contents",
        )
        return record

    def _link(self, rank: int, serial: int, created: int) -> Object:
        link = shape("file_link")
        identifier = self.universe.ids.make("link_", rank, serial)
        link.update(
            id=identifier,
            created=created + serial,
            file=self.base_id(rank),
            url=f"https://files.stripe.com/links/{identifier}",
        )
        return link


class Payouts(Collection, object_name="payout"):
    """Payouts.

    https://docs.stripe.com/api/payouts
    """

    name = "payouts"
    prefix = "po_"
    filters = ("destination", "status")

    @cached_property
    def calendar(self) -> Times:
        """One in each currency at the same time, the last of them on its way."""
        universe = self.universe
        span = universe.options.span_seconds
        times = -(-self.count // len(SETTLED))

        def created(rank: int) -> int:
            past = times - 1 - rank // len(SETTLED)
            return universe.ended_at - 2 * DAY_SECONDS - span * past // times

        return Following(count=self.count, created=created)

    def currency(self, rank: int) -> str:
        """Currency of a base payout."""
        return SETTLED[rank % len(SETTLED)]

    def is_automatic(self, rank: int) -> bool:
        """Whether a base payout takes all that is there: one in ten doesn't."""
        return rank % 10 != 7  # noqa: PLR2004 (one of ten)

    def status(self, rank: int) -> str:
        """Status of a base payout."""
        if self._arrival(self.created(rank)) > self.universe.ended_at:
            return "in_transit"
        return "failed" if rank % 12 == 4 else "paid"  # noqa: PLR2004 (one of twelve)

    def failed_at(self, rank: int) -> int:
        """When the money of a base payout that failed is back."""
        return min(self.created(rank) + 3 * DAY_SECONDS, self.universe.ended_at)

    @staticmethod
    def _arrival(created: int) -> int:
        return created - created % DAY_SECONDS + 3 * DAY_SECONDS

    def base(self, rank: int) -> Object:
        """The record before any change."""
        transactions = self.universe.transactions
        status = self.status(rank)
        record = self.made(
            rank,
            self.created(rank),
            self.dice(rank),
            amount=transactions.ledger.amounts[rank],
            currency=self.currency(rank),
            status=status,
        )
        record["balance_transaction"] = transactions.id_of("payout", rank)
        if status == "failed":
            failure = transactions.id_of("payout_failure", rank)
            record["failure_balance_transaction"] = failure
        if not self.is_automatic(rank):
            record.update(
                automatic=False,
                method="instant",
                reconciliation_status="not_applicable",
            )
        return record

    def made(
        self,
        rank: int,
        created: int,
        dice: Dice,
        *,
        amount: int,
        currency: str,
        status: str,
    ) -> Object:
        """An automatic payout with this status."""
        universe = self.universe
        record = shape("payout")
        is_done = status != "in_transit"
        record.update(
            id=self.base_id(rank),
            amount=amount,
            arrival_date=self._arrival(created),
            automatic=True,
            created=created,
            currency=currency,
            destination=universe.ids.make("ba_", 0),
            metadata=metadata(dice),
            reconciliation_status="completed" if is_done else "in_progress",
            status=status,
            trace_id=dice.pick((None, {"status": "supported", "value": "0121000248"})),
        )
        if status == "failed":
            record.update(
                failure_code="account_closed",
                failure_message="The bank account has been closed.",
            )
        return record


def _after(
    universe: Universe, count: int, charge: Callable[[int], int], *, days: int
) -> Times:
    """When objects are created that come so many days after their charges."""
    charges = universe.charges

    def created(rank: int) -> int:
        at = charges.created(charge(rank)) + days * DAY_SECONDS
        return min(at, universe.ended_at)

    return Following(count=count, created=created)
