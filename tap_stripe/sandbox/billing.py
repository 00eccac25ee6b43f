"""Billing: coupons, plans, subscriptions, and what invoices are made of."""

from __future__ import annotations

import math
import re
from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING

from tap_stripe.sandbox.collection import Collection
from tap_stripe.sandbox.shapes import shape
from tap_stripe.sandbox.words import CURRENCIES, TEXTS, metadata

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tap_stripe.sandbox.dice import Dice
    from tap_stripe.sandbox.shapes import Object

DAY_SECONDS = 86_400
MONTH_SECONDS = 30 * DAY_SECONDS
INTERVAL_SECONDS: Mapping[str, int] = {
    "week": 7 * DAY_SECONDS,
    "month": MONTH_SECONDS,
    "year": 365 * DAY_SECONDS,
}
_TRIAL_SECONDS = 60 * DAY_SECONDS
_SEASONS = ("SPRING", "SUMMER", "AUTUMN", "WINTER", "WELCOME")
_CHOSEN = re.compile(r"(?:[A-Z]+|plan-)(\d{3,})")


class Coupons(Collection, object_name="coupon"):
    """Coupons, whose ids the merchant chose.

    https://docs.stripe.com/api/coupons
    """

    name = "coupons"
    prefix = ""

    def base_id(self, rank: int) -> str:
        """A word and the rank."""
        return f"{_SEASONS[rank % len(_SEASONS)]}{rank:03d}"

    def base_rank(self, identifier: str) -> int | None:
        """Rank of such an id."""
        chosen = _CHOSEN.fullmatch(identifier)
        if chosen is None or self.base_id(int(chosen[1])) != identifier:
            return None
        return int(chosen[1])

    def base(self, rank: int) -> Object:
        """The record before any change."""
        return self.made(self.base_id(rank), self.created(rank), self.dice(rank))

    def made(self, identifier: str, created: int, dice: Dice) -> Object:
        """A coupon with this id."""
        is_percent = dice.chance(0.6)
        duration = dice.pick(("forever", "once", "repeating"))
        plans = self.universe.plans
        record = shape("coupon")
        record.update(
            id=identifier,
            amount_off=None if is_percent else dice.between(100, 5_000),
            applies_to={"products": [plans.product(dice.below(plans.count))]},
            created=created,
            currency=None if is_percent else "usd",
            currency_options={} if is_percent else {"eur": {"amount_off": 900}},
            duration=duration,
            duration_in_months=3 if duration == "repeating" else None,
            max_redemptions=dice.pick((None, 50)),
            metadata=metadata(dice),
            name=dice.pick((None, "25.5 % off", "Fünf Euro weniger")),
            percent_off=dice.pick((25.5, 10.0, 33.33)) if is_percent else None,
            redeem_by=dice.pick((None, created + 400 * DAY_SECONDS)),
            times_redeemed=dice.below(40),
        )
        return record


class Plans(Collection, object_name="plan"):
    """Plans, every third with an id of the merchant's choice.

    https://docs.stripe.com/api/plans
    """

    name = "plans"
    prefix = "price_"
    filters = ("active", "product")

    def base_id(self, rank: int) -> str:
        """A chosen id or Stripe's own."""
        return super().base_id(rank) if rank % 3 else f"plan-{rank:03d}"

    def base_rank(self, identifier: str) -> int | None:
        """Rank of such an id."""
        chosen = _CHOSEN.fullmatch(identifier)
        rank = int(chosen[1]) if chosen else super().base_rank(identifier)
        return rank if rank is not None and self.base_id(rank) == identifier else None

    def currency(self, rank: int) -> str:
        """A plan's currency."""
        return CURRENCIES[rank % len(CURRENCIES)]

    def pick(self, dice: Dice, currency: str | None = None) -> int:
        """Rank of a base plan, of a currency if one is wanted.

        Where there is none in that currency it is one in another.
        """
        if currency is None or currency not in CURRENCIES[: self.count]:
            return dice.below(self.count)
        step = len(CURRENCIES)
        first = dice.pick(
            [n for n, it in enumerate(CURRENCIES[: self.count]) if it == currency]
        )
        return first + step * dice.below(-(-(self.count - first) // step))

    def product(self, rank: int) -> str:
        """Id of a plan's product; plans share products."""
        return self.universe.ids.make("prod_", rank // 2)

    def passes(self, record: Object, filters: Mapping[str, str]) -> bool:
        """`active` comes as a word."""
        active = filters.get("active")
        rest = {name: value for name, value in filters.items() if name != "active"}
        return super().passes(record, rest) and (
            active is None or record["active"] == (active == "true")
        )

    def base(self, rank: int) -> Object:
        """The record before any change."""
        return self.made(rank, self.created(rank), self.dice(rank))

    def made(self, rank: int, created: int, dice: Dice) -> Object:
        """A plan."""
        amount = dice.between(100, 20_000)
        record = shape("plan")
        record.update(
            id=self.base_id(rank),
            active=dice.chance(0.9),
            amount=amount,
            amount_decimal=str(amount),
            created=created,
            currency=self.currency(rank),
            interval=dice.pick(("month", "month", "year", "week")),
            metadata=metadata(dice),
            nickname=dice.pick((None, "Größe L")),
            product=self.product(rank),
            tiers=None,
            trial_period_days=dice.pick((None, None, 14)),
        )
        which = dice.below(5)
        if which == 0:
            record.update(
                amount=None,
                amount_decimal=None,
                billing_scheme="tiered",
                tiers=_tiers(),
                tiers_mode="graduated",
            )
        elif which == 1:
            record.update(amount=None, amount_decimal=f"{amount}.25")
            record["transform_usage"] = {"divide_by": 10, "round": "up"}
        return record


def _tiers() -> list[Object]:
    return [
        {
            "flat_amount": None,
            "flat_amount_decimal": None,
            "unit_amount": 500,
            "unit_amount_decimal": "500",
            "up_to": 10,
        },
        {
            "flat_amount": 1_000,
            "flat_amount_decimal": "1000",
            "unit_amount": None,
            "unit_amount_decimal": "12.5",
            "up_to": None,
        },
    ]


def cost_of(plan: Object, quantity: int) -> int:
    """What a quantity of a plan costs for one interval, in the smallest unit."""
    if plan["billing_scheme"] == "tiered":
        return _whole(_cost_by_tiers(plan["tiers"], quantity))
    packages = Decimal(quantity)
    transform = plan["transform_usage"]
    if transform is not None:
        packages = Decimal(-(-quantity // transform["divide_by"]))
    return _whole(Decimal(plan["amount_decimal"]) * packages)


def _cost_by_tiers(tiers: Sequence[Object], quantity: int) -> Decimal:
    """Graduated: each unit costs what its own tier says."""
    cost, below = Decimal(0), 0
    for tier in tiers:
        if quantity > below:
            up_to = tier["up_to"] or quantity
            units = min(quantity, up_to) - below
            cost += units * Decimal(tier["unit_amount_decimal"] or 0)
            cost += Decimal(tier["flat_amount_decimal"] or 0)
            below = up_to
    return cost


def _whole(amount: Decimal) -> int:
    return int(amount.quantize(Decimal(1), ROUND_HALF_UP))


def price_of(plan: Object) -> Object:
    """The price of the same id as a plan."""
    price = shape("price")
    for name in ("active", "created", "currency", "id", "metadata", "nickname"):
        price[name] = plan[name]
    price.update(
        billing_scheme=plan["billing_scheme"],
        product=plan["product"],
        tiers_mode=plan["tiers_mode"],
        transform_quantity=plan["transform_usage"],
        unit_amount=plan["amount"],
        unit_amount_decimal=plan["amount_decimal"],
    )
    price["recurring"].update(
        interval=plan["interval"], trial_period_days=plan["trial_period_days"]
    )
    return price


class Subscriptions(Collection, object_name="subscription"):
    """Subscriptions, with their items; canceled ones stay readable.

    https://docs.stripe.com/api/subscriptions
    """

    name = "subscriptions"
    prefix = "sub_"
    filters = (
        "collection_method",
        "customer",
        "plan",
        "price",
        "status",
        "test_clock",
    )
    hides_some = True

    def passes(self, record: Object, filters: Mapping[str, str]) -> bool:
        """Without a status canceled ones are left out; `all` shows them."""
        rest = dict(filters)
        status = rest.pop("status", None)
        wanted = {rest.pop("plan", None), rest.pop("price", None)} - {None}
        if wanted - {item["price"]["id"] for item in record["items"]}:
            return False
        if status is None:
            return record["status"] != "canceled" and super().passes(record, rest)
        if status == "ended":
            return record["ended_at"] is not None and super().passes(record, rest)
        return status in {"all", record["status"]} and super().passes(record, rest)

    def customer(self, rank: int) -> int:
        """Rank of the customer of a base subscription."""
        step, customers = self._step()
        return rank * step % customers

    def _step(self) -> tuple[int, int]:
        customers = self.universe.size("customers")
        return (7919 if math.gcd(7919, customers) == 1 else 1), customers

    def narrowed(self, filters: Mapping[str, str]) -> Sequence[int] | None:
        """Ranks of a customer's subscriptions."""
        if "customer" not in filters:
            return None
        customer = self.universe.customers.rank(filters["customer"])
        if customer is None:
            return ()
        step, customers = self._step()
        base: Sequence[int] = ()
        if customer < customers:
            base = range(
                customer * pow(step, -1, customers) % customers if customers > 1 else 0,
                self.count,
                customers,
            )
        return [*base, *self.universe.later_of("subscriptions", filters["customer"])]

    def base(self, rank: int) -> Object:
        """The record before any change."""
        dice = self.dice(rank)
        status = dice.pick(
            ("active", "active", "active", "canceled", "trialing", "past_due", "unpaid")
        )
        created = self.created(rank)
        if created > self.universe.ended_at - _TRIAL_SECONDS and dice.chance(0.5):
            status = "trialing"
        elif status == "trialing":
            status = "active"
        return self.made(
            rank,
            created,
            dice,
            customer=self.universe.customers.base_id(self.customer(rank)),
            status=status,
        )

    def made(
        self, rank: int, created: int, dice: Dice, *, customer: str, status: str
    ) -> Object:
        """A subscription of a customer."""
        universe = self.universe
        identifier = self.base_id(rank)
        number = universe.brood(dice, rank, least=1)
        currency = universe.plans.currency(universe.plans.pick(dice))
        items = [
            self.item(rank, serial, created, dice, currency=currency)
            for serial in reversed(range(number))
        ]
        discounts = [
            universe.discount(
                dice, created, f"{rank}s{n}", customer=customer, subscription=identifier
            )
            for n in range(dice.pick((0, 0, 0, 1, 2)))
        ]
        record = shape("subscription")
        record.update(
            id=identifier,
            billing_cycle_anchor=created,
            cancel_at_period_end=dice.chance(0.1),
            collection_method=dice.pick(("charge_automatically", "send_invoice")),
            created=created,
            currency=items[0]["price"]["currency"],
            customer=customer,
            description=dice.pick((None, *TEXTS)),
            discounts=discounts,
            items=items,
            latest_invoice=universe.invoices.latest_of(rank),
            metadata=metadata(dice),
            start_date=created,
            status=status,
        )
        if record["collection_method"] == "send_invoice":
            record["days_until_due"] = 14
        if status == "canceled":
            ended = created + DAY_SECONDS * dice.between(20, 600)
            ended = min(ended, universe.ended_at)
            record.update(canceled_at=ended, ended_at=ended)
            record["cancellation_details"]["reason"] = "cancellation_requested"
        if status == "trialing":
            record.update(trial_start=created, trial_end=created + _TRIAL_SECONDS)
        return record

    def item(
        self, rank: int, serial: int, created: int, dice: Dice, *, currency: str
    ) -> Object:
        """An item of a subscription, all of whose items have one currency."""
        universe = self.universe
        plans = universe.plans
        plan = plans.original(plans.pick(dice, currency))
        length = INTERVAL_SECONDS[plan["interval"]]
        begun = created + max(universe.ended_at - created, 0) // length * length
        identifier = universe.ids.make("si_", rank, serial)
        subscription = self.base_id(rank)
        record = shape("subscription_item")
        record.update(
            id=identifier,
            created=created + serial,
            current_period_start=begun,
            current_period_end=begun + length,
            discounts=[
                universe.discount(
                    dice,
                    created,
                    f"{rank}i{serial}",
                    subscription=subscription,
                    subscription_item=identifier,
                )
            ]
            if dice.chance(0.1)
            else [],
            metadata=metadata(dice),
            plan={name: value for name, value in plan.items() if name != "tiers"},
            price=price_of(plan),
            quantity=dice.between(1, 9),
            subscription=subscription,
        )
        return record
