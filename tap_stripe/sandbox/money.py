"""What moves an account's balance, and what is swept into which payout.

Every movement is made from its source alone, so that a transaction can be shown
without the others; only their order, the payouts' amounts and the balance need all of
them, which `Ledger` holds as numbers.
"""

from __future__ import annotations

import heapq
from array import array
from bisect import bisect_left
from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from tap_stripe.sandbox.dice import Dice
    from tap_stripe.sandbox.shapes import Object
    from tap_stripe.sandbox.universe import Universe

DAY_SECONDS = 86_400
# Currencies of the account's bank accounts, each with its own balance and payouts.
SETTLED = ("usd", "eur", "jpy")
# What is taken in another currency is converted: how much of the smaller unit of
# dollars for one of its own.
_RATES: Mapping[str, float] = {"gbp": 1.2734, "kwd": 0.3254}
_DISPUTE_FEES = {"usd": 1_500, "eur": 1_500, "jpy": 2_000}
_FEE_PERIOD_SECONDS = 30 * DAY_SECONDS


class Sort(NamedTuple):
    """A sort of balance transaction.

    Attributes:
        type: Stripe's `type`.
        category: Stripe's `reporting_category`.
        sign: Whether the source's amount comes in or goes out.
    """

    type: str
    category: str
    sign: int


SORTS: Mapping[str, Sort] = {
    "charge": Sort("charge", "charge", 1),
    "refund": Sort("refund", "refund", -1),
    "refund_failure": Sort("refund_failure", "refund_failure", 1),
    "dispute": Sort("adjustment", "dispute", -1),
    "dispute_reversal": Sort("adjustment", "dispute_reversal", 1),
    "payout": Sort("payout", "payout", -1),
    "payout_failure": Sort("payout_failure", "payout_reversal", 1),
    "transfer": Sort("transfer", "transfer", -1),
    "transfer_refund": Sort("transfer_refund", "transfer_reversal", 1),
    "application_fee": Sort("application_fee", "platform_earning", 1),
    "application_fee_refund": Sort(
        "application_fee_refund", "platform_earning_refund", -1
    ),
    "stripe_fee": Sort("stripe_fee", "fee", -1),
}
_NAMES = ("", *SORTS)
# A transaction's serial is its sort's number and, from there on, its source's place
# in a list. Those that changes make have none: their rank tells them.
NUMBERS: Mapping[str, int] = {name: number for number, name in enumerate(_NAMES)}
_SORT_BITS = 4
_RANK_BITS = 32


class Movement(NamedTuple):
    """A base movement: its sort, its source's rank and place, and when it happens."""

    sort: str
    rank: int
    place: int
    created: int

    @property
    def serial(self) -> int:
        """What makes its id one of its sort's."""
        return self.place << _SORT_BITS | NUMBERS[self.sort]


def settled(amount: int, currency: str) -> tuple[int, str, float | None]:
    """An amount as it reaches the balance: with its currency, and the rate if any."""
    rate = _RATES.get(currency)
    if rate is None:
        return amount, currency, None
    return round(amount * rate), "usd", rate


def fees_of(sort: str, amount: int, currency: str) -> list[Object]:
    """The parts of what Stripe takes, in the currency of the balance."""
    if sort == "dispute":
        to = settled(amount, currency)[1]
        return [_fee(_DISPUTE_FEES[to], to, "Dispute fee", "stripe_fee")]
    if sort != "charge":
        return []
    fee = amount * 29 // 1_000 + 30
    parts = [(fee, "Stripe processing fees", "stripe_fee")]
    if amount % 5 == 0:
        parts.append((amount // 100, "Octo application fee", "application_fee"))
    if amount % 20 == 0:
        parts.append((fee // 5, "VAT", "tax"))
    return [
        _fee(*settled(part, currency)[:2], description, kind)
        for part, description, kind in parts
    ]


def _fee(amount: int, currency: str, description: str, kind: str) -> Object:
    is_application = kind == "application_fee"
    return {
        "amount": amount,
        "application": "ca_QXhWOVlWX7KFerjnWFSGuGR21sZjCeji"
        if is_application
        else None,
        "currency": currency,
        "description": description,
        "type": kind,
    }


def available_on(sort: str, created: int, dice: Dice) -> int:
    """When money may be paid out: of charges some days later, else at once."""
    days = dice.pick((0, 2, 2, 2, 2, 7, 7, 14)) if sort == "charge" else 0
    return created + DAY_SECONDS * days


def movements(universe: Universe) -> Iterator[Movement]:
    """Every base movement but those of payouts, in no order."""
    yield from _of_customers(universe)
    yield from _of_platform(universe)
    number = 0
    while (at := universe.started_at + (number + 1) * _FEE_PERIOD_SECONDS) <= (
        universe.ended_at
    ):
        yield Movement("stripe_fee", number, 0, at)
        number += 1


def _of_customers(universe: Universe) -> Iterator[Movement]:
    end = universe.ended_at
    for rank in range(universe.charges.count):
        if universe.charges.is_captured(rank):
            yield Movement("charge", rank, 0, universe.charges.created(rank))
    for rank in range(universe.refunds.count):
        created = universe.refunds.created(rank)
        yield Movement("refund", rank, 0, created)
        if universe.refunds.status(rank) == "failed":
            failed = min(created + 5 * DAY_SECONDS, end)
            yield Movement("refund_failure", rank, 0, failed)
    for rank in range(universe.disputes.count):
        created = universe.disputes.created(rank)
        yield Movement("dispute", rank, 0, created)
        if universe.disputes.status(rank) == "won":
            won = min(created + 20 * DAY_SECONDS, end)
            yield Movement("dispute_reversal", rank, 0, won)


def _of_platform(universe: Universe) -> Iterator[Movement]:
    for sort, back, owners, name in (
        ("transfer", "transfer_refund", universe.transfers, "reversals"),
        (
            "application_fee",
            "application_fee_refund",
            universe.application_fees,
            "refunds",
        ),
    ):
        for rank in range(owners.count):
            owner = owners.original(rank)
            yield Movement(sort, rank, 0, owner["created"])
            for place, child in enumerate(reversed(owner[name])):
                yield Movement(back, rank, place, child["created"])


class Ledger:
    """The base transactions in the order of their time, with what payouts swept.

    A payout takes all that has become available in its currency since the one before;
    one that is not automatic takes a quarter of it, and the next takes the rest.

    Attributes:
        count: How many there are.
        sums: Net amounts by currency and by status.
        amounts: Amount of each base payout.
    """

    def __init__(self, universe: Universe) -> None:
        self._universe = universe
        transactions = universe.transactions
        found = list(movements(universe))
        nets: dict[Movement, tuple[int, str]] = {}
        self.sums: defaultdict[tuple[str, str], int] = defaultdict(int)
        due: dict[str, list[tuple[int, int, Movement]]] = {c: [] for c in SETTLED}
        for movement in found:
            record = transactions.of(movement)
            self.sums[record["currency"], record["status"]] += record["net"]
            if record["status"] == "available":
                entry = (record["available_on"], len(nets), movement)
                nets[movement] = record["net"], record["currency"]
                due[record["currency"]].append(entry)
        for entries in due.values():
            heapq.heapify(entries)
        swept: dict[Movement, int] = {}
        self.amounts: list[int] = []
        for rank in range(universe.payouts.count):
            found += self._pay_out(rank, due, nets, swept)
        found.sort(key=lambda one: (one.created, NUMBERS[one.sort], one.rank))
        self._created = array("q", (one.created for one in found))
        self._codes = array("q", (_code(one) for one in found))
        self._ranks = {code: rank for rank, code in enumerate(self._codes)}
        self._swept = array("i", (swept.get(one, -1) for one in found))
        self.count = len(found)
        self._of_payout: defaultdict[int, list[int]] = defaultdict(list)
        for rank, payout in enumerate(self._swept):
            if payout >= 0:
                self._of_payout[payout].append(rank)

    def _pay_out(
        self,
        rank: int,
        due: dict[str, list[tuple[int, int, Movement]]],
        nets: dict[Movement, tuple[int, str]],
        swept: dict[Movement, int],
    ) -> list[Movement]:
        payouts = self._universe.payouts
        created, currency = payouts.created(rank), payouts.currency(rank)
        entries = due[currency]
        taken = []
        while entries and entries[0][0] <= created:
            taken.append(heapq.heappop(entries))
        amount = sum(nets[entry[-1]][0] for entry in taken)
        payout = Movement("payout", rank, 0, created)
        made = [payout]
        if payouts.is_automatic(rank):
            swept.update({entry[-1]: rank for entry in taken})
            swept[payout] = rank
        else:
            amount = max(amount // 4, 0)
            nets[payout] = -amount, currency
            for entry in [*taken, (created, len(nets), payout)]:
                heapq.heappush(entries, entry)
        self.amounts.append(amount)
        self.sums[currency, "available"] -= amount
        if payouts.status(rank) == "failed":
            failure = Movement("payout_failure", rank, 0, payouts.failed_at(rank))
            nets[failure] = amount, currency
            heapq.heappush(entries, (failure.created, len(nets), failure))
            self.sums[currency, "available"] += amount
            made.append(failure)
        return made

    def created(self, rank: int) -> int:
        """Second of the transaction of this rank; never decreases."""
        return self._created[rank]

    def ranks_before(self, second: int) -> int:
        """How many there are from before a second."""
        return bisect_left(self._created, second)

    def movement(self, rank: int) -> Movement:
        """The movement that the transaction of this rank is of."""
        code = self._codes[rank]
        source = code & ((1 << _RANK_BITS) - 1)
        serial = code >> _RANK_BITS
        sort = _NAMES[serial & ((1 << _SORT_BITS) - 1)]
        return Movement(sort, source, serial >> _SORT_BITS, self._created[rank])

    def rank(self, source: int, serial: int) -> int | None:
        """Rank of the transaction whose id has this place."""
        return self._ranks.get(serial << _RANK_BITS | source)

    def payout(self, rank: int) -> int | None:
        """Rank of the automatic payout that paid a transaction out."""
        payout = self._swept[rank]
        return payout if payout >= 0 else None

    def of_payout(self, payout: int) -> Sequence[int]:
        """Ranks of what an automatic payout paid out, itself included."""
        return self._of_payout.get(payout, ())


def _code(movement: Movement) -> int:
    return movement.serial << _RANK_BITS | movement.rank
