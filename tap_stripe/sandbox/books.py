"""What a sandbox's business earned, by arithmetic of its own: to test reports against.

Everything is computed from the objects as the API shows them, in the smallest unit of
each currency, with whole numbers and fractions.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from tap_stripe.sandbox.shapes import Object
    from tap_stripe.sandbox.truth import Truth
    from tap_stripe.sandbox.universe import Universe

# Months for one interval.
_MONTHS = {
    "day": Fraction(12, 365),
    "week": Fraction(84, 365),
    "month": Fraction(1),
    "year": Fraction(12),
}
# Subscriptions in these bring nothing, and what they brought before isn't known.
_IDLE = frozenset({"incomplete", "incomplete_expired", "paused", "unpaid"})
_COLUMNS = {
    "charge": "gross",
    "refund": "refunds",
    "refund_failure": "refunds",
    "dispute": "disputes",
    "dispute_reversal": "disputes",
    "fee": "fees",
    "payout": "payouts",
    "payout_reversal": "payouts",
}


def balance_of(universe: Universe) -> Object:
    """What `/v1/balance` answers.

    https://docs.stripe.com/api/balance/balance_object
    """
    sums = universe.transactions.sums()
    currencies = sorted({currency for currency, _ in sums})
    return {
        "object": "balance",
        "available": [_part(sums, currency, "available") for currency in currencies],
        "connect_reserved": [],
        "livemode": False,
        "pending": [_part(sums, currency, "pending") for currency in currencies],
        "refund_and_dispute_prefunding": {"available": [], "pending": []},
    }


def _part(sums: Mapping[tuple[str, str], int], currency: str, status: str) -> Object:
    amount = sums.get((currency, status), 0)
    return {"amount": amount, "currency": currency, "source_types": {"card": amount}}


class Books:
    """The reports on one account.

    Attributes:
        now: Unix second up to which they go.
    """

    def __init__(self, truth: Truth, *, now: int, account: str | None = None) -> None:
        self._truth = truth
        self._account = account
        self.now = now

    def _objects(self, resource: str) -> list[Object]:
        return self._truth.objects(resource, account=self._account)

    # Recurring revenue.

    def mrr(self) -> dict[tuple[str, str], int]:
        """Monthly recurring revenue by month and currency, at each month's end.

        A subscription counts from its start, or its trial's end, until its end; with
        the items that it has now, from their creation on.
        """
        found: Counter[tuple[str, str]] = Counter()
        for (month, _, currency), amount in self._customers_mrr().items():
            found[month, currency] += amount
        return dict(found)

    def movements(self) -> dict[tuple[str, str, str], int]:
        """What changed recurring revenue, by month, currency and kind.

        Kinds are `new`, `expansion`, `contraction`, `churn` and `reactivation`, of a
        customer in a currency.
        """
        by_customer: defaultdict[tuple[str, str], dict[str, int]] = defaultdict(dict)
        for (month, customer, currency), amount in self._customers_mrr().items():
            by_customer[customer, currency][month] = amount
        found: Counter[tuple[str, str, str]] = Counter()
        for (_, currency), amounts in by_customer.items():
            before, ever = 0, False
            for month in self._months(min(amounts)):
                amount = amounts.get(month, 0)
                kind = _movement(before, amount, ever=ever)
                if amount != before:
                    found[month, currency, kind] += amount - before
                before, ever = amount, ever or amount > 0
        return dict(found)

    def _customers_mrr(self) -> dict[tuple[str, str, str], int]:
        tiers = {
            plan["id"]: plan["tiers"]
            for plan in self._truth.expanded("plans", "tiers", account=self._account)
        }
        items: defaultdict[str, list[Object]] = defaultdict(list)
        for parent, item in self._truth.children(
            "subscriptions", "items", account=self._account
        ):
            items[parent["id"]].append(item)
        found: Counter[tuple[str, str, str]] = Counter()
        for subscription in self._objects("subscriptions"):
            if subscription["status"] in _IDLE:
                continue
            begun = subscription["trial_end"] or subscription["start_date"]
            ended = subscription["ended_at"] or self.now + 1
            for item in items[subscription["id"]]:
                amount = _a_month(item, tiers)
                first = max(begun, item["created"])
                if not amount or first > self.now:
                    continue
                for month in self._months(_month(first)):
                    if first <= self._end(month) < ended:
                        key = (
                            month,
                            subscription["customer"],
                            item["plan"]["currency"],
                        )
                        found[key] += amount
        return dict(found)

    def _months(self, first: str) -> Iterator[str]:
        year, month = map(int, first.split("-"))
        last = _month(self.now)
        while (name := f"{year}-{month:02d}") <= last:
            yield name
            year, month = (year + 1, 1) if month == 12 else (year, month + 1)  # noqa: PLR2004

    def _end(self, month: str) -> int:
        year, number = map(int, month.split("-"))
        after = (year + 1, 1) if number == 12 else (year, number + 1)  # noqa: PLR2004
        end = int(datetime(*after, 1, tzinfo=UTC).timestamp()) - 1
        return min(end, self.now)

    # Money.

    def revenue(self) -> dict[tuple[str, str], dict[str, int]]:
        """What a day brought, by day and currency of the balance.

        `gross`, `refunds`, `disputes`, `fees` and, with all else but payouts, `net`.
        """
        days: defaultdict[tuple[str, str], Counter[str]] = defaultdict(Counter)
        for one in self._objects("balance_transactions"):
            column = _COLUMNS.get(one["reporting_category"], "other")
            day = days[_day(one["created"]), one["currency"]]
            day[column] += one["amount"]
            day["fees"] -= one["fee"]
            if column != "payouts":
                day["net"] += one["net"]
        names = ("gross", "refunds", "disputes", "fees", "net")
        return {key: {name: day[name] for name in names} for key, day in days.items()}

    def balances(self) -> dict[tuple[str, str], int]:
        """What `/v1/balance` says, by day's end and currency, the newest day last."""
        return _running(
            ((_day(one["created"]), one["currency"]), one["net"])
            for one in self._objects("balance_transactions")
        )

    def balance(self) -> dict[tuple[str, str], int]:
        """What `/v1/balance` has to say, by currency and status."""
        found: Counter[tuple[str, str]] = Counter()
        for one in self._objects("balance_transactions"):
            found[one["currency"], one["status"]] += one["net"]
        return dict(found)

    def payouts(self) -> dict[str, int]:
        """What each automatic payout paid out: the sum of what it swept."""
        found: Counter[str] = Counter()
        for one in self._objects("balance_transactions"):
            payout = self._truth.payout_of(one["id"], account=self._account)
            if payout is not None and payout != one["source"]:
                found[payout] += one["net"]
        return dict(found)

    def report(self) -> dict[str, Any]:
        """All of it, with keys joined to words, for JSON."""
        return {
            "balance": _named(self.balance()),
            "mrr": _named(self.mrr()),
            "mrr_movements": _named(self.movements()),
            "payouts": self.payouts(),
            "revenue_by_day": _named(self.revenue()),
        }


def _a_month(item: Object, tiers: Mapping[str, list[Object] | None]) -> int:
    """What an item brings in a month, to the smallest unit."""
    plan, quantity = item["plan"], item["quantity"]
    if plan["usage_type"] == "metered" or quantity is None:
        return 0
    if plan["billing_scheme"] == "tiered":
        cost = _tiered(tiers.get(plan["id"]) or [], plan["tiers_mode"], quantity)
    else:
        divided = plan["transform_usage"]
        units = Fraction(quantity)
        if divided is not None:
            units = Fraction(quantity, divided["divide_by"])
            rounds_up = divided["round"] == "up"
            units = Fraction(-(-units // 1) if rounds_up else units // 1)
        cost = Fraction(Decimal(plan["amount_decimal"])) * units
    months = _MONTHS[plan["interval"]] * plan["interval_count"]
    return _rounded(Fraction(_rounded(cost)) / months)


def _tiered(tiers: Iterable[Object], mode: str | None, quantity: int) -> Fraction:
    cost, below = Fraction(0), 0
    for tier in tiers:
        if quantity <= below:
            break
        end = quantity if tier["up_to"] is None else min(tier["up_to"], quantity)
        flat = Fraction(Decimal(tier["flat_amount_decimal"] or 0))
        unit = Fraction(Decimal(tier["unit_amount_decimal"] or 0))
        if mode == "volume":
            cost = flat + unit * quantity
        else:
            cost += flat + unit * (end - below)
        below = end
    return cost


def _rounded(amount: Fraction) -> int:
    """Half away from zero, as databases round."""
    whole = int(abs(amount) + Fraction(1, 2))
    return whole if amount >= 0 else -whole


def _movement(before: int, amount: int, *, ever: bool) -> str:
    if before == 0:
        return "reactivation" if ever else "new"
    if amount == 0:
        return "churn"
    return "expansion" if amount > before else "contraction"


def _running(
    nets: Iterable[tuple[tuple[str, str], int]],
) -> dict[tuple[str, str], int]:
    of_days: Counter[tuple[str, str]] = Counter()
    for key, net in nets:
        of_days[key] += net
    sums: Counter[str] = Counter()
    found = {}
    for day, currency in sorted(of_days):
        sums[currency] += of_days[day, currency]
        found[day, currency] = sums[currency]
    return found


def _named(found: Mapping[Any, Any]) -> dict[str, Any]:
    return {" ".join(key): found[key] for key in sorted(found)}


def _day(second: int) -> str:
    return f"{datetime.fromtimestamp(second, UTC):%Y-%m-%d}"


def _month(second: int) -> str:
    return f"{datetime.fromtimestamp(second, UTC):%Y-%m}"
