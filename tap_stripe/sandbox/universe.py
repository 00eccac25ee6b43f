"""All objects of one account."""

from __future__ import annotations

from collections import defaultdict
from operator import itemgetter
from typing import TYPE_CHECKING

from tap_stripe.sandbox.billing import Coupons, Plans, Subscriptions
from tap_stripe.sandbox.charges import Charges
from tap_stripe.sandbox.connect import Accounts, ApplicationFees, Transfers
from tap_stripe.sandbox.core import (
    Disputes,
    Files,
    Payouts,
    Refunds,
)
from tap_stripe.sandbox.customers import Customers
from tap_stripe.sandbox.dice import Dice, seed_of
from tap_stripe.sandbox.events import EventLog
from tap_stripe.sandbox.generic import GENERIC
from tap_stripe.sandbox.ids import Ids
from tap_stripe.sandbox.invoiceitems import InvoiceItems, InvoicePayments
from tap_stripe.sandbox.invoices import Invoices
from tap_stripe.sandbox.prices import Prices
from tap_stripe.sandbox.shapes import shape
from tap_stripe.sandbox.sources import ACCOUNT_SERIALS
from tap_stripe.sandbox.transactions import BalanceTransactions

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tap_stripe.sandbox.collection import Collection
    from tap_stripe.sandbox.options import Options
    from tap_stripe.sandbox.shapes import Object

_TAG_LENGTH = 8
_MANY = (11, 35)
_FIRST_WITH_MANY = 5
# What only a platform has.
_OF_PLATFORMS = frozenset({"accounts", "application_fees", "transfers"})


class Universe:
    """One account's objects, events and deletions.

    Attributes:
        account: Its id.
        started_at: Second of the first base object.
        ended_at: Second up to which base objects were created.
        graves: Time of deletion by resource and id.
    """

    def __init__(
        self,
        *,
        options: Options,
        account: str,
        seed: int,
        ended_at: int,
        clock: Callable[[], float],
        scale: float | None = None,
    ) -> None:
        self.options = options
        self.account = account
        self.seed = seed
        self.ended_at = ended_at
        self.started_at = ended_at - options.span_seconds
        self.clock = clock
        self.is_platform = scale is None and options.platform
        self._scale = scale
        self.ids = Ids(tag=account[-_TAG_LENGTH:], seed=seed)
        self.tag = self.ids.tag.encode()
        self.graves: defaultdict[str, dict[str, float]] = defaultdict(dict)
        self._later: defaultdict[tuple[str, str], list[int]] = defaultdict(list)
        self._shuffle = Dice(seed_of(seed, "shuffle"))
        self._due: list[tuple[float, Callable[[], None]]] = []
        self._serials: defaultdict[tuple[str, int], int] = defaultdict(lambda: 100)
        self.charges = Charges(self)
        self.refunds = Refunds(self)
        self.transactions = BalanceTransactions(self)
        self.customers = Customers(self)
        self.disputes = Disputes(self)
        self.files = Files(self)
        self.payouts = Payouts(self)
        self.coupons = Coupons(self)
        self.plans = Plans(self)
        self.prices = Prices(self)
        self.subscriptions = Subscriptions(self)
        self.invoices = Invoices(self)
        self.invoiceitems = InvoiceItems(self)
        self.invoice_payments = InvoicePayments(self)
        self.accounts = Accounts(self)
        self.application_fees = ApplicationFees(self)
        self.transfers = Transfers(self)
        self.events = EventLog(self)
        self.generic = {one.name: one(self) for one in GENERIC}
        every: tuple[Collection, ...] = (
            self.charges,
            self.refunds,
            self.transactions,
            self.customers,
            self.disputes,
            self.files,
            self.payouts,
            self.coupons,
            self.plans,
            self.prices,
            self.subscriptions,
            self.invoices,
            self.invoiceitems,
            self.invoice_payments,
            self.accounts,
            self.application_fees,
            self.transfers,
            *self.generic.values(),
        )
        self.collections = {collection.name: collection for collection in every}
        self.by_object = {collection.kind.object: collection for collection in every}
        self._prefixes = {
            collection.prefix: collection for collection in every if collection.prefix
        }
        self._prefixes["py_"] = self.charges

    @property
    def now(self) -> int:
        """The present second."""
        return int(self.clock())

    def size(self, collection: str) -> int:
        """Objects that a collection starts with."""
        if collection in _OF_PLATFORMS and not self.is_platform:
            return 0
        return self.options.size(collection, scale=self._scale)

    @property
    def invoice_payments_count(self) -> int:
        """How many invoices were tried to be paid: each by a charge of its own."""
        return min(map(self.size, ("invoice_payments", "invoices", "charges")))

    def has_many(self, rank: int) -> bool:
        """Whether a parent has more children than a list inside it shows."""
        share = self.options.many_children
        return share > 0 and rank % max(1, round(1 / share)) == min(
            _FIRST_WITH_MANY, round(1 / share) - 1
        )

    def brood(self, dice: Dice, rank: int, *, least: int) -> int:
        """How many children a parent has."""
        if self.has_many(rank):
            return dice.between(*_MANY)
        return dice.between(least, 3)

    def discount(self, dice: Dice, start: int, name: str, **owners: str) -> Object:
        """A discount.

        Args:
            dice: Its choices.
            start: Second from which it counts.
            name: What makes its id unique in the account.
            owners: What it applies to: `customer`, `subscription` and so on.
        """
        record = shape("discount")
        record.update(
            id=f"di_1{self.ids.tag}{name}",
            customer=None,
            end=dice.pick((None, start + 90 * 86_400)),
            start=start,
            source={
                "coupon": self.coupons.base_id(dice.below(self.coupons.count)),
                "type": "coupon",
            },
        )
        record.update(owners)
        return record

    def anything(self, identifier: str) -> Object | None:
        """The record of an id of any resource."""
        prefix = identifier[: identifier.find("_") + 1]
        if prefix in {"card_", "ba_"}:
            return self._source(identifier, prefix)
        collection = self._prefixes.get(prefix)
        return collection.find(identifier) if collection is not None else None

    def _source(self, identifier: str, prefix: str) -> Object | None:
        place = self.ids.place(identifier, prefix)
        if place is None:
            return None
        rank, serial = place
        owners, name = (
            (self.accounts, "external_accounts")
            if serial >= ACCOUNT_SERIALS
            else (self.customers, "sources")
        )
        if rank >= owners.total or rank in owners.deleted:
            return None
        children: list[Object] = owners.record(rank)[name]
        return next((child for child in children if child["id"] == identifier), None)

    # What changes leave behind.

    def do_later(self, seconds: float, what: Callable[[], None]) -> None:
        """Let something happen so many seconds from now."""
        self._due.append((self.clock() + seconds, what))
        self._due.sort(key=itemgetter(0))

    def shuffle(self) -> int:
        """Bits that are others with each request."""
        return self._shuffle.bits()

    def catch_up(self) -> None:
        """Let happen what is due."""
        while self._due and self._due[0][0] <= self.clock():
            _, what = self._due.pop(0)
            what()

    def next_serial(self, collection: str, rank: int) -> int:
        """Number of a new child of an object."""
        self._serials[collection, rank] += 1
        return self._serials[collection, rank]

    def later_of(self, collection: str, owner: str) -> Sequence[int]:
        """Ranks of the objects that changes gave to an owner."""
        return self._later.get((collection, owner), ())

    def give(self, collection: str, owner: str, rank: int) -> None:
        """Remember that a new object belongs to an owner."""
        self._later[collection, owner].append(rank)

    def bury(self, resource: str, identifier: str) -> None:
        """Remember a deletion."""
        self.graves[resource][identifier] = self.clock()

    def dig_up(self, resource: str, identifier: str) -> None:
        """Forget a deletion, when the id is used again."""
        self.graves[resource].pop(identifier, None)
