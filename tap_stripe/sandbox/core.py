"""Core resources: refunds, disputes, files and payouts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tap_stripe.sandbox.charges import (
    DISPUTE_AT,
    DISPUTE_EVERY,
    REFUND_AT,
    REFUND_EVERY,
)
from tap_stripe.sandbox.collection import Collection
from tap_stripe.sandbox.shapes import copied, shape
from tap_stripe.sandbox.words import TEXTS, metadata

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tap_stripe.sandbox.dice import Dice
    from tap_stripe.sandbox.shapes import Object

DAY_SECONDS = 86_400


class Refunds(Collection, object_name="refund"):
    """Refunds of every tenth charge.

    https://docs.stripe.com/api/refunds
    """

    name = "refunds"
    prefix = "re_"
    filters = ("charge", "payment_intent")

    def returned(self, charge: int, amount: int) -> int:
        """What a base charge has given back."""
        rank = self.of_charge(charge)
        if rank is None or self.status(rank) == "failed":
            return 0
        return self.amount(rank, amount)

    def of_charge(self, charge: int) -> int | None:
        """Rank of a base charge's refund."""
        rank, place = divmod(charge, REFUND_EVERY)
        return rank if place == REFUND_AT and rank < self.count else None

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
        charges = universe.charges
        charge = rank * REFUND_EVERY + REFUND_AT
        transaction = universe.transactions.of_refund(rank)
        record = shape("refund")
        record.update(
            id=self.base_id(rank),
            balance_transaction=universe.transactions.id_of(transaction),
            charge=None,
            created=self.created(rank),
            metadata=metadata(dice),
            reason=dice.pick((None, "requested_by_customer", "duplicate")),
            status=self.status(rank),
        )
        amount, currency = 1_000, "usd"
        if charge < charges.count:
            facts = charges.facts(charge)
            amount, currency = facts.amount, facts.currency
            record.update(
                charge=charges.base_id(charge),
                payment_intent=universe.ids.make("pi_", charge),
            )
            if facts.customer is not None:
                record["customer"] = universe.customers.base_id(facts.customer)
        record.update(amount=self.amount(rank, amount), currency=currency)
        if record["status"] == "failed":
            record["failure_reason"] = "expired_or_canceled_card"
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

    def base(self, rank: int) -> Object:
        """The record before any change."""
        universe = self.universe
        dice = self.dice(rank)
        charges = universe.charges
        charge = rank * DISPUTE_EVERY + DISPUTE_AT
        if charge >= charges.count:
            charge = rank % charges.count
        transaction = universe.transactions.of_charge(charge)
        record = self.made(
            rank, self.created(rank), dice, charge=charges.original(charge)
        )
        record["status"] = dice.pick(("needs_response", "won", "lost", "under_review"))
        if transaction is not None and dice.chance(0.6):
            record["balance_transactions"] = [
                copied(universe.transactions.original(transaction))
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

    def base(self, rank: int) -> Object:
        """The record before any change."""
        dice = self.dice(rank)
        return self.made(
            rank,
            self.created(rank),
            dice,
            status=dice.pick(("paid", "paid", "paid", "failed", "in_transit")),
        )

    def made(self, rank: int, created: int, dice: Dice, *, status: str) -> Object:
        """A payout with this status."""
        universe = self.universe
        record = shape("payout")
        record.update(
            id=self.base_id(rank),
            amount=dice.between(1_000, 900_000),
            arrival_date=created - created % DAY_SECONDS + 2 * DAY_SECONDS,
            automatic=dice.chance(0.8),
            balance_transaction=None,
            created=created,
            currency=dice.pick(("usd", "eur", "jpy")),
            destination=universe.ids.make("ba_", 0),
            metadata=metadata(dice),
            status=status,
            trace_id=dice.pick((None, {"status": "supported", "value": "0121000248"})),
        )
        if status == "failed":
            record.update(
                failure_code="account_closed",
                failure_message="The bank account has been closed.",
            )
        return record
