"""What is in a sandbox, for tests to compare with."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import msgspec

from tap_stripe.sandbox.books import balance_of
from tap_stripe.sandbox.kinds import KINDS
from tap_stripe.sandbox.present import children_of, shown, tree_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tap_stripe.sandbox.collection import Collection
    from tap_stripe.sandbox.events import Event
    from tap_stripe.sandbox.shapes import Object
    from tap_stripe.sandbox.universe import Universe
    from tap_stripe.sandbox.world import World


class OwnedDiscount(NamedTuple):
    """A discount and what it hangs on.

    Attributes:
        owner_type: `customer`, `subscription`, `subscription_item`, `invoice` or
            `invoiceitem`.
    """

    owner_type: str
    owner: Object
    discount: Object


class Truth:
    """Reads everything past the server, with no page, filter or limit.

    `account` is a connected account's id; None is the platform's own data.
    """

    def __init__(self, world: World) -> None:
        self.world = world

    def _universe(self, account: str | None) -> Universe:
        universe = self.world.universe(account)
        if universe is None:
            message = f"no data of account {account}"
            raise KeyError(message)
        return universe

    def _records(
        self, resource: str, account: str | None
    ) -> Iterator[tuple[Universe, Collection, int]]:
        universe = self._universe(account)
        collection = universe.collections[resource]
        return ((universe, collection, rank) for rank in collection.ranks())

    def each(self, resource: str, *, account: str | None = None) -> Iterator[Object]:
        """Every present object as GET by id shows it, newest first, one by one."""
        for _, collection, rank in self._records(resource, account):
            with self.world.lock:
                body = collection.rendered(rank)
            yield msgspec.json.decode(body)

    def objects(self, resource: str, *, account: str | None = None) -> list[Object]:
        """Every present object as GET by id shows it, newest first.

        Args:
            resource: A name in the url (`charges`), `account` for the own account,
                or `events`.
            account: Whose.
        """
        with self.world.lock:
            if resource == "account":
                own = self.world.own_account(self._universe(account))
                return [_plain(shown(self.world.platform, KINDS["account"], own))]
            if resource == "events":
                events = self._universe(account).events.every()
                return [event.decoded() for event in reversed(events)]
            return list(self.each(resource, account=account))

    def expanded(
        self, resource: str, *paths: str, account: str | None = None
    ) -> list[Object]:
        """The same with expansions, `"sources"`, at most 10 to a list."""
        tree = tree_of(paths)
        with self.world.lock:
            return [
                _plain(shown(universe, collection.kind, collection.record(rank), tree))
                for universe, collection, rank in self._records(resource, account)
            ]

    def children(
        self,
        resource: str,
        name: str,
        *expand: str,
        account: str | None = None,
    ) -> list[tuple[Object, Object]]:
        """Each object of each list inside an object, all of them, with its parent.

        Args:
            resource: The parents' (`invoices`).
            name: The list's property (`lines`, `sources`).
            expand: Paths to expand in each child.
            account: Whose.
        """
        tree = tree_of(expand)
        pairs: list[tuple[Object, Object]] = []
        with self.world.lock:
            for universe, collection, rank in self._records(resource, account):
                record = collection.record(rank)
                parent = _plain(shown(universe, collection.kind, record))
                pairs.extend(
                    (
                        parent,
                        _plain(shown(universe, KINDS[child["object"]], child, tree)),
                    )
                    for child in children_of(universe, collection.kind, record, name)
                )
        return pairs

    def discounts(self, *, account: str | None = None) -> list[OwnedDiscount]:
        """Every discount of every owner, with the owner as GET shows it."""
        found: list[OwnedDiscount] = []
        with self.world.lock:
            for resource in ("customers", "subscriptions", "invoices", "invoiceitems"):
                for universe, collection, rank in self._records(resource, account):
                    record = collection.record(rank)
                    owners = [(collection.kind, record)]
                    if resource == "subscriptions":
                        item = KINDS["subscription_item"]
                        owners += [(item, child) for child in record["items"]]
                    for kind, owner in owners:
                        held = owner.get("discounts")
                        if held is None:
                            held = [owner["discount"]] if owner["discount"] else []
                        found.extend(
                            OwnedDiscount(
                                kind.object,
                                _plain(shown(universe, kind, owner)),
                                _plain(discount),
                            )
                            for discount in held
                        )
        return found

    def balance(self, *, account: str | None = None) -> Object:
        """What `/v1/balance` answers."""
        with self.world.lock:
            return _plain(balance_of(self._universe(account)))

    def payout_of(self, transaction: str, *, account: str | None = None) -> str | None:
        """Id of the automatic payout that paid a balance transaction out."""
        with self.world.lock:
            transactions = self._universe(account).transactions
            rank = transactions.rank(transaction)
            return None if rank is None else transactions.payout_of(rank)

    def deleted(self, resource: str, *, account: str | None = None) -> dict[str, float]:
        """Id and time of deletion of what is gone for good.

        Args:
            resource: A name in the url, or `cards`, `bank_accounts`,
                `invoice_lines`, `subscription_items`, `discounts`.
            account: Whose.
        """
        with self.world.lock:
            return dict(self._universe(account).graves[resource])

    def events(self, *, account: str | None = None) -> list[Event]:
        """Every event ever raised, oldest first, visible or not."""
        with self.world.lock:
            return self._universe(account).events.every()


def _plain(thing: Object) -> Object:
    """As decoded from JSON, sharing nothing with the sandbox."""
    copy: Object = msgspec.json.decode(msgspec.json.encode(thing))
    return copy
