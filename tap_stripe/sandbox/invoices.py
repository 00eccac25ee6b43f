"""Invoices and their lines."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tap_stripe.sandbox.billing import DAY_SECONDS, MONTH_SECONDS
from tap_stripe.sandbox.collection import Collection
from tap_stripe.sandbox.invoiceitems import is_pending
from tap_stripe.sandbox.shapes import shape
from tap_stripe.sandbox.spread import Spread
from tap_stripe.sandbox.words import CURRENCIES, NAMES, TEXTS, address, metadata

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tap_stripe.sandbox.dice import Dice
    from tap_stripe.sandbox.shapes import Object
    from tap_stripe.sandbox.universe import Universe


class Invoices(Collection, object_name="invoice"):
    """Invoices of all statuses.

    https://docs.stripe.com/api/invoices
    """

    name = "invoices"
    prefix = "in_"
    filters = ("collection_method", "customer", "due_date", "status", "subscription")

    def __init__(self, universe: Universe) -> None:
        super().__init__(universe)
        self.payments = Spread(universe.size("invoice_payments"), self.count)
        self.items = Spread(universe.size("invoiceitems"), self.count)

    def passes(self, record: Object, filters: Mapping[str, str]) -> bool:
        """The subscription stands in the parent."""
        rest = dict(filters)
        subscription = rest.pop("subscription", None)
        if subscription is not None and subscription_of(record) != subscription:
            return False
        return super().passes(record, rest)

    def latest_of(self, subscription: int) -> str | None:
        """Id of a base subscription's latest base invoice."""
        subscriptions = self.universe.size("subscriptions")
        if subscription >= subscriptions:
            return None
        last = self.count - 1
        rank = last - (last - subscription) % subscriptions
        return self.base_id(rank) if rank >= 0 and _is_recurring(rank) else None

    def customer(self, rank: int) -> int:
        """Rank of a base invoice's customer, its subscription's where it has one."""
        universe = self.universe
        return universe.subscriptions.customer(rank % universe.size("subscriptions"))

    def status(self, rank: int) -> str:
        """Status of a base invoice, which agrees with its payment."""
        payment = self.payments.of_many(rank)
        if payment is not None:
            return "paid" if payment % 7 else "open"
        return self.dice(rank).pick(("draft", "draft", "open", "void", "uncollectible"))

    def base(self, rank: int) -> Object:
        """The record before any change."""
        universe = self.universe
        subscription = None
        if _is_recurring(rank):
            subscription = universe.subscriptions.base_id(
                rank % universe.size("subscriptions")
            )
        return self.made(
            rank,
            self.created(rank),
            self.dice(rank),
            customer=universe.customers.base_id(self.customer(rank)),
            subscription=subscription,
            status=self.status(rank),
        )

    def made(
        self,
        rank: int,
        created: int,
        dice: Dice,
        *,
        customer: str,
        subscription: str | None,
        status: str,
    ) -> Object:
        """An invoice."""
        universe = self.universe
        dice.bits()
        identifier = self.base_id(rank)
        currency = dice.pick(CURRENCIES)
        lines = [
            self.line(rank, serial, created, dice, subscription=subscription)
            for serial in reversed(range(universe.brood(dice, rank, least=1)))
        ]
        item = self.items.of_many(rank) if rank < self.count else None
        if item is not None and not is_pending(item):
            name_item(lines[-1], universe.invoiceitems.base_id(item))
        record = shape("invoice")
        record.update(
            id=identifier,
            account_country="US",
            account_name=dice.pick((None, "Octo GmbH & Co. KG")),
            attempt_count=int(status != "draft"),
            attempted=status != "draft",
            auto_advance=status in {"draft", "open"},
            billing_reason="subscription_cycle" if subscription else "manual",
            collection_method="charge_automatically",
            created=created,
            currency=currency,
            customer=customer,
            customer_address=dice.pick((None, address(dice))),
            customer_email=dice.pick((None, f"invoice.{rank}@example.com")),
            customer_name=dice.pick((None, *NAMES)),
            description=dice.pick((None, *TEXTS)),
            discounts=self._discounts(rank, created, dice, customer=customer),
            due_date=dice.pick((None, created + 14 * DAY_SECONDS)),
            effective_at=None if status == "draft" else created,
            lines=lines,
            metadata=metadata(dice),
            next_payment_attempt=created + DAY_SECONDS if status == "open" else None,
            number=None if status == "draft" else f"SBX-{rank:06d}",
            period_end=created,
            period_start=created - MONTH_SECONDS,
            webhooks_delivered_at=dice.pick((None, created + 60)),
        )
        if subscription:
            record["parent"] = {
                "quote_details": None,
                "subscription_details": {
                    "metadata": {},
                    "subscription": subscription,
                },
                "type": "subscription_details",
            }
        for line in lines:
            line["currency"] = currency
        add_up(record)
        move_to(record, status, at=created + 3_600)
        return record

    def _discounts(
        self, rank: int, created: int, dice: Dice, *, customer: str
    ) -> list[Object]:
        universe = self.universe
        number = dice.pick((0, 0, 0, 0, 1, 2))
        discounts = [
            universe.discount(
                dice,
                created,
                f"{rank}v{n}",
                customer=customer,
                invoice=self.base_id(rank),
            )
            for n in range(number)
        ]
        if dice.chance(universe.options.deleted_discounts):
            gone = universe.discount(
                dice, created, f"{rank}x", customer=customer, invoice=self.base_id(rank)
            )
            discounts.append(gone | {"deleted": True})
        return discounts

    def line(
        self,
        rank: int,
        serial: int,
        created: int,
        dice: Dice,
        *,
        subscription: str | None = None,
    ) -> Object:
        """A line of an invoice."""
        universe = self.universe
        amount = dice.pick((1, 1, 1, 1, -1)) * dice.between(100, 20_000)
        quantity = dice.between(1, 5)
        plan = dice.below(universe.plans.count)
        record = shape("line_item")
        record.update(
            id=universe.ids.make("il_", rank, serial),
            amount=amount,
            description=dice.pick((None, *TEXTS)),
            invoice=self.base_id(rank),
            metadata=metadata(dice),
            period={"end": created, "start": created - MONTH_SECONDS},
            quantity=quantity,
            quantity_decimal=dice.pick((str(quantity), f"{quantity}.5")),
            subtotal=amount,
            subscription=subscription,
        )
        record["pricing"] = {
            "price_details": {
                "price": universe.plans.base_id(plan),
                "product": universe.plans.product(plan),
            },
            "type": "price_details",
            "unit_amount_decimal": f"{amount / quantity:.4f}",
        }
        if dice.chance(0.3):
            record["taxes"] = [
                {
                    "amount": amount // 5,
                    "tax_behavior": "exclusive",
                    "tax_rate_details": {"tax_rate": universe.ids.make("txr_", plan)},
                    "taxability_reason": "standard_rated",
                    "taxable_amount": amount,
                    "type": "tax_rate_details",
                }
            ]
        if subscription:
            record["parent"] = {
                "invoice_item_details": None,
                "subscription_item_details": {
                    "invoice_item": None,
                    "proration": amount < 0,
                    "proration_details": {"credited_items": None},
                    "subscription": subscription,
                    "subscription_item": universe.ids.make("si_", rank, serial),
                },
                "type": "subscription_item_details",
            }
        else:
            name_item(record, universe.ids.make("ii_", 1 << 20, serial))
        return record


def _is_recurring(rank: int) -> bool:
    """Whether a base invoice bills a subscription: seven in ten do."""
    return rank % 10 not in {2, 5, 8}


def name_item(line: Object, item: str) -> None:
    """Make a line one of an invoice item."""
    line["parent"] = {
        "invoice_item_details": {
            "invoice_item": item,
            "proration": False,
            "proration_details": {"credited_items": None},
            "subscription": None,
        },
        "subscription_item_details": None,
        "type": "invoice_item_details",
    }
    line["subscription"] = None


def subscription_of(invoice: Object) -> str | None:
    """Id of the subscription that an invoice bills."""
    details = (invoice["parent"] or {}).get("subscription_details")
    return details["subscription"] if details else None


def add_up(invoice: Object) -> None:
    """Bring an invoice's totals in line with its lines."""
    subtotal = sum(line["amount"] for line in invoice["lines"])
    taxes = [tax for line in invoice["lines"] for tax in line["taxes"]]
    tax = sum(tax["amount"] for tax in taxes)
    total = subtotal + tax
    invoice.update(
        amount_due=max(total, 0),
        amount_remaining=max(total, 0) - invoice["amount_paid"],
        subtotal=subtotal,
        subtotal_excluding_tax=subtotal,
        total=total,
        total_excluding_tax=subtotal,
        total_taxes=[{**taxes[0], "amount": tax}] if taxes else [],
        total_discount_amounts=[
            {"amount": 0, "discount": discount["id"]}
            for discount in invoice["discounts"]
        ],
    )


def move_to(invoice: Object, status: str, *, at: int) -> None:
    """Bring an invoice to a status, at a second."""
    invoice["status"] = status
    times = invoice["status_transitions"]
    if status != "draft":
        times["finalized_at"] = times["finalized_at"] or at
    if status == "paid":
        times["paid_at"] = at
        invoice.update(amount_paid=invoice["amount_due"], amount_remaining=0)
    elif status == "void":
        times["voided_at"] = at
    elif status == "uncollectible":
        times["marked_uncollectible_at"] = at
