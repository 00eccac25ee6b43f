"""Changes of charges, refunds, customers and the like.

Each returns the id of what it changed or created, None where nothing suited.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tap_stripe.sandbox.sources import made_source

if TYPE_CHECKING:
    from tap_stripe.sandbox.changes.hand import Hand
    from tap_stripe.sandbox.shapes import Object

_OLD_SERVICES = "2024-10-28"


def _book(hand: Hand, source: Object, sort: str) -> None:
    """Add a transaction. One that is late is seen, and named by its source, later."""
    universe = hand.universe
    transactions = universe.transactions
    made = hand.book(source, sort)
    most = universe.options.late_transactions_seconds
    if not most:
        source["balance_transaction"] = made["id"]
        return
    rank = transactions.total - 1
    transactions.withhold(rank)
    sources = universe.refunds if sort == "refund" else universe.charges
    identifier = source["id"]

    def name_it() -> None:
        transactions.reveal(rank)
        place = sources.living(identifier)
        if place is not None:
            with hand.editing(sources, place, f"{sort}.updated") as named:
                named["balance_transaction"] = made["id"]

    universe.do_later(most * hand.dice.share(), name_it)


def create_charge(hand: Hand) -> str | None:
    """A payment: `charge.succeeded` or `.failed`, there is no `charge.created`."""
    charges = hand.universe.charges
    rank, created = charges.next_rank()
    charge = charges.made(rank, created)
    if charge["captured"]:
        _book(hand, charge, "charge")
    charges.add(charge)
    hand.announce(f"charge.{charge['status']}", charge)
    return str(charge["id"])


def create_payment(hand: Hand) -> str | None:
    """A payment of another name, as a connected account gets it by a transfer."""
    charges = hand.universe.charges
    rank, created = charges.next_rank()
    charge = charges.made(rank, created)
    charge["id"] = charge["id"].replace("ch_", "py_")
    if charge["captured"]:
        _book(hand, charge, "charge")
    charges.add(charge)
    hand.announce("payment.created", charge)
    return str(charge["id"])


def update_charge(hand: Hand) -> str | None:
    """An edit of description and metadata."""
    charges = hand.universe.charges
    rank = hand.pick(charges)
    if rank is None:
        return None
    with hand.editing(charges, rank, "charge.updated") as charge:
        hand.touch_metadata(charge)
        charge["description"] = f"edited {hand.dice.below(1_000)}"
    return str(charge["id"])


def capture_charge(hand: Hand) -> str | None:
    """An authorised charge is captured."""
    charges = hand.universe.charges
    rank = hand.pick(
        charges, lambda c: not c["captured"] and c["status"] == "succeeded"
    )
    if rank is None:
        return None
    with hand.editing(charges, rank, "charge.captured") as charge:
        charge.update(captured=True, amount_captured=charge["amount"])
        _book(hand, charge, "charge")
    return str(charge["id"])


def refund_charge(hand: Hand) -> str | None:
    """A refund, which the charge's own event and, of late, the refund's announce."""
    charges, refunds = hand.universe.charges, hand.universe.refunds
    charge_rank = hand.pick(
        charges, lambda c: c["captured"] and c["amount_refunded"] < c["amount"]
    )
    if charge_rank is None:
        return None
    rank, created = refunds.next_rank()
    with hand.editing(charges, charge_rank, "charge.refunded") as charge:
        rest = charge["amount"] - charge["amount_refunded"]
        amount = rest if hand.dice.chance(0.5) else max(1, rest // 2)
        charge["amount_refunded"] += amount
        charge["refunded"] = charge["amount_refunded"] == charge["amount"]
        refund = refunds.made(rank, created, hand.dice, charge=charge, amount=amount)
        _book(hand, refund, "refund")
        refunds.add(refund)
        hand.universe.give("refunds", charge["id"], rank)
    hand.announce("refund.created", refund)
    return str(refund["id"])


def _announce_refund(hand: Hand, before: Object, after: Object, *events: str) -> None:
    for event in events:
        hand.announce_update(event, before, after)
    is_old = hand.universe.options.account_api_version < _OLD_SERVICES
    if is_old or hand.dice.chance(0.5):
        hand.announce_update("charge.refund.updated", before, after)


def update_refund(hand: Hand) -> str | None:
    """An edit of metadata."""
    refunds = hand.universe.refunds
    rank = hand.pick(refunds)
    if rank is None:
        return None
    before = hand.show(refunds.record(rank))
    refund = refunds.edited(rank)
    hand.touch_metadata(refund)
    _announce_refund(hand, before, hand.show(refund), "refund.updated")
    return str(refund["id"])


def end_refund(hand: Hand) -> str | None:
    """A pending refund succeeds or fails; the charge is left as it was."""
    refunds = hand.universe.refunds
    rank = hand.pick(refunds, lambda r: r["status"] == "pending")
    if rank is None:
        return None
    before = hand.show(refunds.record(rank))
    refund = refunds.edited(rank)
    if hand.dice.chance(0.5):
        refund["status"] = "succeeded"
        _announce_refund(hand, before, hand.show(refund), "refund.updated")
    else:
        refund.update(
            failure_balance_transaction=hand.book(refund, "refund_failure")["id"],
            failure_reason="declined",
            status="failed",
        )
        events = ("refund.updated", "refund.failed")
        _announce_refund(hand, before, hand.show(refund), *events)
    return str(refund["id"])


def settle_transaction(hand: Hand) -> str | None:
    """A pending balance transaction that is due becomes available: no event."""
    transactions = hand.universe.transactions
    now = hand.universe.clock()
    rank = hand.pick(
        transactions, lambda t: t["status"] == "pending" and t["available_on"] <= now
    )
    if rank is None:
        return None
    record = transactions.edited(rank)
    record["status"] = "available"
    return str(record["id"])


def create_customer(hand: Hand) -> str | None:
    """A new customer."""
    customers = hand.universe.customers
    rank, created = customers.next_rank()
    customer = customers.base(rank)
    customer.update(created=created, discount=None, sources=[], default_source=None)
    customers.add(customer)
    hand.announce("customer.created", customer)
    return str(customer["id"])


def update_customer(hand: Hand) -> str | None:
    """An edit of a customer's own properties."""
    customers = hand.universe.customers
    rank = hand.pick(customers)
    if rank is None:
        return None
    with hand.editing(customers, rank, "customer.updated") as customer:
        hand.touch_metadata(customer)
        customer.update(
            balance=hand.dice.between(-900, 900),
            name=hand.dice.pick((None, "Renée Ödegård", "新しい名前")),
        )
    return str(customer["id"])


def delete_customer(hand: Hand) -> str | None:
    """A deletion, which takes sources along and cancels subscriptions."""
    from tap_stripe.sandbox.changes.billing import cancel  # noqa: PLC0415 (mutual)

    universe = hand.universe
    customers, subscriptions = universe.customers, universe.subscriptions
    rank = hand.pick(customers)
    if rank is None:
        return None
    customer = customers.record(rank)
    identifier = str(customer["id"])
    cascade = universe.options.cascade_events
    shown = hand.show(customer)
    if not universe.options.cascade_first:
        universe.events.add("customer.deleted", shown)
    for number in list(subscriptions.narrowed({"customer": identifier}) or ()):
        if subscriptions.record(number)["status"] != "canceled":
            cancel(hand, number, is_announced=cascade != "none")
    _bury_what_it_has(hand, customer)
    customers.delete(rank)
    if universe.options.cascade_first:
        universe.events.add("customer.deleted", shown)
    return identifier


def _bury_what_it_has(hand: Hand, customer: Object) -> None:
    universe = hand.universe
    found = [
        (f"{source['object']}s", "customer.source.deleted", source)
        for source in customer["sources"]
    ]
    found += [
        ("tax_ids", "customer.tax_id.deleted", tax_id) for tax_id in customer["tax_ids"]
    ]
    if customer["discount"]:
        found.append(("discounts", "customer.discount.deleted", customer["discount"]))
    for grave, event, thing in found:
        universe.bury(grave, thing["id"])
        if universe.options.cascade_events == "all":
            hand.announce(event, thing)


def create_clock_customer(hand: Hand) -> str | None:
    """A customer on a test clock: announced, but in no list without its clock."""
    customers = hand.universe.customers
    rank, created = customers.next_rank()
    customer = customers.base(rank)
    customer.update(
        created=created,
        discount=None,
        sources=[],
        default_source=None,
        test_clock=f"clock_1{hand.dice.bits():016x}",
    )
    customers.add(customer)
    hand.announce("customer.created", customer)
    return str(customer["id"])


def delete_test_clock(hand: Hand) -> str | None:
    """A test clock goes, and takes its customers along without an event of theirs."""
    customers = hand.universe.customers
    rank = hand.pick(customers, lambda c: c["test_clock"] is not None)
    if rank is None:
        return None
    clock = customers.record(rank)["test_clock"]
    for each in list(customers.ranks()):
        if customers.record(each)["test_clock"] == clock:
            customers.delete(each)
    thing = {
        "id": clock,
        "object": "test_helpers.test_clock",
        "created": hand.universe.now,
        "deletes_after": hand.universe.now + 30 * 86_400,
        "frozen_time": hand.universe.now,
        "livemode": False,
        "name": None,
        "status": "ready",
    }
    hand.universe.events.add("test_helpers.test_clock.deleted", thing)
    return str(clock)


def add_source(hand: Hand) -> str | None:
    """A card or bank account of a customer."""
    customers = hand.universe.customers
    rank = hand.pick(customers)
    if rank is None:
        return None
    customer = customers.edited(rank)
    source = made_source(
        hand.universe,
        hand.dice,
        rank,
        hand.universe.next_serial("customers", rank),
        owner=("customer", customer["id"]),
    )
    before = hand.show(customer)
    customer["sources"].insert(0, source)
    hand.announce("customer.source.created", source)
    if customer["default_source"] is None:
        customer["default_source"] = source["id"]
        hand.announce_update("customer.updated", before, hand.show(customer))
    return str(source["id"])


def update_source(hand: Hand) -> str | None:
    """An edit of a card or bank account."""
    customers = hand.universe.customers
    rank = hand.pick(customers, lambda c: bool(c["sources"]))
    if rank is None:
        return None
    source = hand.dice.pick(customers.edited(rank)["sources"])
    before = hand.show(source)
    hand.touch_metadata(source)
    if source["object"] == "card":
        source["exp_year"] += 1
    else:
        source["status"] = "verified"
    hand.announce_update("customer.source.updated", before, hand.show(source))
    return str(source["id"])


def delete_source(hand: Hand) -> str | None:
    """A card or bank account leaves its customer."""
    customers = hand.universe.customers
    rank = hand.pick(customers, lambda c: bool(c["sources"]))
    if rank is None:
        return None
    customer = customers.edited(rank)
    before = hand.show(customer)
    source = hand.dice.pick(customer["sources"])
    customer["sources"].remove(source)
    hand.universe.bury(f"{source['object']}s", source["id"])
    hand.announce("customer.source.deleted", source)
    if customer["default_source"] == source["id"]:
        rest = customer["sources"]
        customer["default_source"] = rest[0]["id"] if rest else None
        hand.announce_update("customer.updated", before, hand.show(customer))
    return str(source["id"])


def set_discount(hand: Hand) -> str | None:
    """A customer gets a discount, in place of the one it had."""
    customers = hand.universe.customers
    rank = hand.pick(customers)
    if rank is None:
        return None
    customer = customers.edited(rank)
    old = customer["discount"]
    if old:
        hand.universe.bury("discounts", old["id"])
        hand.announce("customer.discount.deleted", old)
    serial = hand.universe.next_serial("customers", rank)
    discount = hand.universe.discount(
        hand.dice, hand.universe.now, f"{rank}c{serial}", customer=customer["id"]
    )
    customer["discount"] = discount
    hand.announce("customer.discount.created", discount)
    return str(discount["id"])


def update_discount(hand: Hand) -> str | None:
    """A customer's discount ends at another time."""
    customers = hand.universe.customers
    rank = hand.pick(customers, lambda c: bool(c["discount"]))
    if rank is None:
        return None
    discount = customers.edited(rank)["discount"]
    before = hand.show(discount)
    discount["end"] = hand.universe.now + hand.dice.between(1, 90) * 86_400
    hand.announce_update("customer.discount.updated", before, hand.show(discount))
    return str(discount["id"])


def remove_discount(hand: Hand) -> str | None:
    """A customer loses its discount."""
    customers = hand.universe.customers
    rank = hand.pick(customers, lambda c: bool(c["discount"]))
    if rank is None:
        return None
    customer = customers.edited(rank)
    discount = customer["discount"]
    customer["discount"] = None
    hand.universe.bury("discounts", discount["id"])
    hand.announce("customer.discount.deleted", discount)
    return str(discount["id"])
