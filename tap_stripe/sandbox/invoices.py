"""Invoices and their lines."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tap_stripe.sandbox.billing import (
    DAY_SECONDS,
    INTERVAL_SECONDS,
    MONTH_SECONDS,
    cost_of,
)
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


# How many ages, in months, the subscriptions have that an invoice bills.
_AGES = 12


class Invoices(Collection, object_name="invoice"):
    """Invoices of all statuses.

    https://docs.stripe.com/api/invoices
    """

    name = "invoices"
    prefix = "in_"
    filters = ("collection_method", "customer", "due_date", "status", "subscription")

    def __init__(self, universe: Universe) -> None:
        super().__init__(universe)
        self.payments = Spread(universe.invoice_payments_count, self.count)
        self.items = Spread(universe.size("invoiceitems"), self.count)
        self._subscriptions = universe.size("subscriptions")

    def passes(self, record: Object, filters: Mapping[str, str]) -> bool:
        """The subscription stands in the parent."""
        rest = dict(filters)
        subscription = rest.pop("subscription", None)
        if subscription is not None and subscription_of(record) != subscription:
            return False
        return super().passes(record, rest)

    def subscription(self, rank: int) -> int | None:
        """Rank of the subscription that a base invoice bills, None for a manual one.

        A subscription's first invoice is the first that is made after it; of the
        others, one in three is manual and the rest bill what is some months old.
        """
        if rank >= self.count:
            return None
        newest = rank * self._subscriptions // self.count
        if rank == -(-newest * self.count // self._subscriptions):
            return newest
        age = rank % _AGES
        older = newest - self._aged(age)
        return older if age and older >= 0 else None

    def _aged(self, age: int) -> int:
        return 1 + age * self._subscriptions // (2 * _AGES)

    def latest_of(self, subscription: int) -> str | None:
        """Id of a base subscription's latest base invoice."""
        if subscription >= self._subscriptions:
            return None
        slots = {subscription + self._aged(age) for age in range(1, _AGES)}
        latest = max(
            (
                rank
                for slot in (*slots, subscription)
                for rank in range(*self._in_slot(slot))
                if self.subscription(rank) == subscription
            ),
            default=None,
        )
        return None if latest is None else self.base_id(latest)

    def _in_slot(self, slot: int) -> tuple[int, int]:
        first, after = (
            -(-place * self.count // self._subscriptions) for place in (slot, slot + 1)
        )
        return min(first, self.count), min(after, self.count)

    def customer(self, rank: int) -> int:
        """Rank of a base invoice's customer, its subscription's where it has one."""
        subscriptions = self.universe.subscriptions
        subscription = self.subscription(rank)
        if subscription is None:
            subscription = rank % self._subscriptions
        return subscriptions.customer(subscription)

    def currency(self, rank: int) -> str:
        """Currency of a base invoice."""
        subscription = self.subscription(rank)
        if subscription is None:
            return CURRENCIES[rank % len(CURRENCIES)]
        currency: str = self.universe.subscriptions.original(subscription)["currency"]
        return currency

    def status(self, rank: int) -> str:
        """Status of a base invoice, which agrees with the charge that pays it."""
        payment = self.payments.of_many(rank)
        if payment is not None:
            charges = self.universe.charges
            charge = charges.payments.of_few(payment)
            return "paid" if charges.is_captured(charge) else "open"
        return self.dice(rank).pick(("draft", "draft", "open", "void", "uncollectible"))

    def base(self, rank: int) -> Object:
        """The record before any change."""
        universe = self.universe
        billed = self.subscription(rank)
        return self.made(
            rank,
            self.created(rank),
            self.dice(rank),
            currency=self.currency(rank),
            customer=universe.customers.base_id(self.customer(rank)),
            subscription=None
            if billed is None
            else universe.subscriptions.original(billed),
            status=self.status(rank),
        )

    def made(
        self,
        rank: int,
        created: int,
        dice: Dice,
        *,
        currency: str,
        customer: str,
        subscription: Object | None,
        status: str,
    ) -> Object:
        """An invoice: of a subscription's items, or of invoice items."""
        universe = self.universe
        dice.bits()
        identifier = self.base_id(rank)
        number = universe.brood(dice, rank, least=1)
        lines = self._lines(
            rank, created, dice, currency=currency, of=subscription, least=number
        )
        record = shape("invoice")
        record.update(
            id=identifier,
            account_country="US",
            account_name=dice.pick((None, "Octo GmbH & Co. KG")),
            attempt_count=int(status != "draft"),
            attempted=status != "draft",
            auto_advance=status in {"draft", "open"},
            billing_reason=self._reason(rank, subscription),
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
                    "subscription": subscription["id"],
                },
                "type": "subscription_details",
            }
        add_up(record)
        move_to(record, status, at=self._paid_at(rank, created))
        return record

    def _reason(self, rank: int, subscription: Object | None) -> str:
        if subscription is None:
            return "manual"
        slot = rank * self._subscriptions // self.count
        is_first = self.subscription(rank) == slot
        return "subscription_create" if is_first else "subscription_cycle"

    def _paid_at(self, rank: int, created: int) -> int:
        payment = self.payments.of_many(rank) if rank < self.count else None
        if payment is None:
            return created + 3_600
        charges = self.universe.charges
        return max(created, charges.created(charges.payments.of_few(payment)))

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

    def _lines(
        self,
        rank: int,
        created: int,
        dice: Dice,
        *,
        currency: str,
        of: Object | None,
        least: int,
    ) -> list[Object]:
        """Lines, newest first: of each item, then what came between two periods.

        What is credited is never more than what is charged.
        """
        universe = self.universe
        lines: list[Object] = []
        if of is not None:
            for item in reversed(of["items"]):
                line = self.line(rank, len(lines), created, dice, currency=currency)
                _bill(line, item, cost_of(_plan_of(universe, item), item["quantity"]))
                lines.append(line)
        held = self.items.of_many(rank) if rank < self.count else None
        if held is not None and not is_pending(held):
            item = universe.invoiceitems.original(held)
            line = self.line(rank, len(lines), created, dice, currency=currency)
            bill_item(line, item)
            lines.append(line)
        while len(lines) < least:
            line = self.line(rank, len(lines), created, dice, currency=currency)
            if lines and dice.chance(0.2):
                credit = -max(1, lines[0]["amount"] // 50)
                line.update(amount=credit, subtotal=credit, quantity=1)
                line["pricing"]["unit_amount_decimal"] = str(credit)
                line["quantity_decimal"] = "1"
            if of is not None:
                _prorate(line, dice.pick(of["items"]))
            lines.append(line)
        for line in lines:
            if dice.chance(0.3):
                line["taxes"] = [self._tax(line)]
        return lines[::-1]

    def line(
        self, rank: int, serial: int, created: int, dice: Dice, *, currency: str
    ) -> Object:
        """A line of an invoice, of an invoice item that is not kept."""
        universe = self.universe
        unit = dice.between(100, 4_000)
        quantity = dice.between(1, 5)
        plan = universe.plans.pick(dice, currency)
        record = shape("line_item")
        record.update(
            id=universe.ids.make("il_", rank, serial),
            amount=unit * quantity,
            currency=currency,
            description=dice.pick((None, *TEXTS)),
            invoice=self.base_id(rank),
            metadata=metadata(dice),
            period={"end": created, "start": created - MONTH_SECONDS},
            quantity=quantity,
            quantity_decimal=str(quantity),
            subtotal=unit * quantity,
        )
        record["pricing"] = {
            "price_details": {
                "price": universe.plans.base_id(plan),
                "product": universe.plans.product(plan),
            },
            "type": "price_details",
            "unit_amount_decimal": str(unit),
        }
        name_item(record, universe.ids.make("ii_", 1 << 20, serial))
        return record

    def _tax(self, line: Object) -> Object:
        rate = self.universe.ids.make("txr_", 0)
        return {
            "amount": line["amount"] // 5,
            "tax_behavior": "exclusive",
            "tax_rate_details": {"tax_rate": rate},
            "taxability_reason": "standard_rated",
            "taxable_amount": line["amount"],
            "type": "tax_rate_details",
        }


def _plan_of(universe: Universe, item: Object) -> Object:
    """An item's plan with its tiers, which an item does not have."""
    plans = universe.plans
    rank = plans.rank(item["plan"]["id"])
    return plans.original(rank) if rank is not None else item["plan"]


def _bill(line: Object, item: Object, amount: int) -> None:
    """Make a line one of a subscription item, for the period that begins."""
    begins = max(line["period"]["end"], item["created"])
    length = INTERVAL_SECONDS[item["plan"]["interval"]]
    line.update(
        amount=amount,
        period={"end": begins + length, "start": begins},
        quantity=item["quantity"],
        quantity_decimal=str(item["quantity"]),
        subtotal=amount,
    )
    line["pricing"] = {
        "price_details": {
            "price": item["price"]["id"],
            "product": item["price"]["product"],
        },
        "type": "price_details",
        "unit_amount_decimal": item["price"]["unit_amount_decimal"],
    }
    _name_subscription_item(line, item, is_proration=False)


def _prorate(line: Object, item: Object) -> None:
    """Make a line a proration of a subscription item."""
    line["pricing"]["price_details"] = {
        "price": item["price"]["id"],
        "product": item["price"]["product"],
    }
    _name_subscription_item(line, item, is_proration=True)


def _name_subscription_item(line: Object, item: Object, *, is_proration: bool) -> None:
    line["subscription"] = item["subscription"]
    line["parent"] = {
        "invoice_item_details": None,
        "subscription_item_details": {
            "invoice_item": None,
            "proration": is_proration,
            "proration_details": {"credited_items": None},
            "subscription": item["subscription"],
            "subscription_item": item["id"],
        },
        "type": "subscription_item_details",
    }


def bill_item(line: Object, item: Object) -> None:
    """Make a line that of an invoice item."""
    line.update(
        amount=item["amount"],
        currency=item["currency"],
        description=item["description"],
        period=item["period"],
        pricing=item["pricing"],
        quantity=item["quantity"],
        quantity_decimal=item["quantity_decimal"],
        subtotal=item["amount"],
        taxes=[],
    )
    name_item(line, item["id"])


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
