"""What becomes a line of an invoice, and what pays one."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from tap_stripe.sandbox.collection import Collection
from tap_stripe.sandbox.shapes import shape
from tap_stripe.sandbox.words import TEXTS, metadata

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tap_stripe.sandbox.dice import Dice
    from tap_stripe.sandbox.shapes import Object


def is_pending(rank: int) -> bool:
    """Whether a base invoice item waits for its invoice."""
    return rank % 4 == 0


class InvoiceItems(Collection, object_name="invoiceitem"):
    """Invoice items, a quarter of them not yet on an invoice.

    https://docs.stripe.com/api/invoiceitems
    """

    name = "invoiceitems"
    prefix = "ii_"
    time_property = "date"
    filters = ("customer", "invoice", "pending")

    def passes(self, record: Object, filters: Mapping[str, str]) -> bool:
        """`pending` means without an invoice."""
        rest = dict(filters)
        pending = rest.pop("pending", None)
        if pending is not None and (pending == "true") != (record["invoice"] is None):
            return False
        return super().passes(record, rest)

    def base(self, rank: int) -> Object:
        """The record before any change."""
        universe = self.universe
        invoices = universe.invoices
        invoice = invoices.items.of_few(rank)
        return self.made(
            rank,
            self.created(rank),
            self.dice(rank),
            currency=invoices.currency(invoice),
            customer=universe.customers.base_id(invoices.customer(invoice)),
            invoice=None if is_pending(rank) else invoices.base_id(invoice),
        )

    def made(
        self,
        rank: int,
        created: int,
        dice: Dice,
        *,
        currency: str,
        customer: str,
        invoice: str | None = None,
    ) -> Object:
        """An invoice item of a customer; only one that waits may be a credit."""
        universe = self.universe
        identifier = self.base_id(rank)
        sign = dice.pick((1, 1, 1, -1))
        amount = dice.between(100, 9_000) * (sign if invoice is None else 1)
        plan = universe.plans.pick(dice, currency)
        record = shape("invoiceitem")
        record.update(
            id=identifier,
            amount=amount,
            currency=currency,
            customer=customer,
            date=created,
            description=dice.pick((None, *TEXTS)),
            discounts=[
                universe.discount(
                    dice,
                    created,
                    f"{rank}m",
                    customer=customer,
                    invoice_item=identifier,
                )
            ]
            if dice.chance(0.15)
            else [],
            invoice=invoice,
            metadata=metadata(dice),
            net_amount=amount,
            period={"end": created, "start": created},
        )
        record["pricing"] = {
            "price_details": {
                "price": universe.plans.base_id(plan),
                "product": universe.plans.product(plan),
            },
            "type": "price_details",
            "unit_amount_decimal": str(amount),
        }
        return record


class InvoicePayments(Collection, object_name="invoice_payment"):
    """Payments of invoices.

    https://docs.stripe.com/api/invoice-payment
    """

    name = "invoice_payments"
    prefix = "inpay_"
    filters = ("invoice", "payment[type]", "payment[payment_intent]", "status")

    def passes(self, record: Object, filters: Mapping[str, str]) -> bool:
        """`payment` is filtered by its parts."""
        return all(
            (record if name in record else record["payment"]).get(
                name.removeprefix("payment[").removesuffix("]")
            )
            == value
            for name, value in filters.items()
        )

    def narrowed(self, filters: Mapping[str, str]) -> Sequence[int] | None:
        """Ranks of an invoice's payments."""
        if "invoice" not in filters:
            return None
        invoices = self.universe.invoices
        invoice = invoices.rank(filters["invoice"])
        if invoice is None:
            return ()
        first = invoices.payments.of_many(invoice) if invoice < invoices.count else None
        later = self.universe.later_of("invoice_payments", filters["invoice"])
        return later if first is None else [first, *later]

    @cached_property
    def count(self) -> int:
        """One of a charge at most."""
        return self.universe.invoice_payments_count

    def base(self, rank: int) -> Object:
        """The record before any change."""
        universe = self.universe
        invoices, charges = universe.invoices, universe.charges
        invoice = invoices.original(invoices.payments.of_few(rank))
        charge = charges.base_id(charges.payments.of_few(rank))
        return self.made(
            rank, self.created(rank), self.dice(rank), invoice=invoice, charge=charge
        )

    def made(
        self, rank: int, created: int, dice: Dice, *, invoice: Object, charge: str
    ) -> Object:
        """The payment of an invoice by a charge."""
        is_paid = invoice["status"] == "paid"
        record = shape("invoice_payment")
        record.update(
            id=self.base_id(rank),
            amount_paid=invoice["amount_paid"] if is_paid else None,
            amount_requested=invoice["amount_due"],
            created=created,
            currency=invoice["currency"],
            invoice=invoice["id"],
            livemode=False,
            payment={
                "payment_intent": self.universe.charges.intent(charge),
                "type": "payment_intent",
            }
            if dice.chance(0.7)
            else {"charge": charge, "type": "charge"},
            status="paid" if is_paid else "open",
        )
        if is_paid:
            record["status_transitions"]["paid_at"] = created
        return record
