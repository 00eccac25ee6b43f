"""Changes of disputes, payouts and files.

Each returns the id of what it changed or created, None where nothing suited.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tap_stripe.sandbox.money import SETTLED
from tap_stripe.sandbox.shapes import copied

if TYPE_CHECKING:
    from tap_stripe.sandbox.changes.hand import Hand

_OPEN = frozenset({"needs_response", "under_review"})


def open_dispute(hand: Hand) -> str | None:
    """A dispute; its charge's `disputed` turns true without an event of its own."""
    charges, disputes = hand.universe.charges, hand.universe.disputes
    charge_rank = hand.pick(charges, lambda c: c["captured"] and not c["disputed"])
    if charge_rank is None:
        return None
    charge = charges.edited(charge_rank)
    charge["disputed"] = True
    rank, created = disputes.next_rank()
    dispute = disputes.made(rank, created, hand.dice, charge=charge)
    dispute["balance_transactions"] = [copied(hand.book(dispute, "dispute"))]
    disputes.add(dispute)
    hand.announce("charge.dispute.created", dispute)
    hand.announce("charge.dispute.funds_withdrawn", dispute)
    return str(dispute["id"])


def update_dispute(hand: Hand) -> str | None:
    """Evidence is handed in."""
    disputes = hand.universe.disputes
    rank = hand.pick(disputes)
    if rank is None:
        return None
    with hand.editing(disputes, rank, "charge.dispute.updated") as dispute:
        hand.touch_metadata(dispute)
        dispute["evidence"]["customer_name"] = "Zoë Müller"
        dispute["evidence_details"]["submission_count"] += 1
    return str(dispute["id"])


def close_dispute(hand: Hand) -> str | None:
    """A dispute is won or lost."""
    disputes = hand.universe.disputes
    rank = hand.pick(disputes, lambda d: d["status"] in _OPEN)
    if rank is None:
        return None
    is_won = hand.dice.chance(0.5)
    events = ["charge.dispute.closed"]
    if is_won:
        events.append("charge.dispute.funds_reinstated")
    with hand.editing(disputes, rank, *events) as dispute:
        dispute["status"] = "won" if is_won else "lost"
        if is_won:
            won = copied(hand.book(dispute, "dispute_reversal"))
            dispute["balance_transactions"].append(won)
    return str(dispute["id"])


def create_payout(hand: Hand) -> str | None:
    """A payout takes all that is available in a currency."""
    payouts, transactions = hand.universe.payouts, hand.universe.transactions
    found = {currency: transactions.due(currency) for currency in SETTLED}
    amounts = {
        currency: sum(transactions.record(rank)["net"] for rank in ranks)
        for currency, ranks in found.items()
    }
    currency = max(amounts, key=lambda name: amounts[name])
    if amounts[currency] <= 0:
        return None
    rank, created = payouts.next_rank()
    payout = payouts.made(
        rank,
        created,
        hand.dice,
        amount=amounts[currency],
        currency=currency,
        status="in_transit",
    )
    booked = hand.book(payout, "payout")
    payout["balance_transaction"] = booked["id"]
    transactions.pay_out([*found[currency], transactions.total - 1], payout["id"])
    payouts.add(payout)
    hand.announce("payout.created", payout)
    return str(payout["id"])


def end_payout(hand: Hand) -> str | None:
    """A payout arrives or fails."""
    payouts = hand.universe.payouts
    rank = hand.pick(payouts, lambda p: p["status"] == "in_transit")
    if rank is None:
        return None
    status = hand.dice.pick(("paid", "paid", "failed"))
    with hand.editing(payouts, rank, f"payout.{status}", "payout.updated") as payout:
        payout.update(status=status, reconciliation_status="completed")
        if status == "failed":
            payout.update(
                failure_balance_transaction=hand.book(payout, "payout_failure")["id"],
                failure_code="no_account",
                failure_message="No account.",
            )
    return str(payout["id"])


def update_payout(hand: Hand) -> str | None:
    """An edit of metadata."""
    payouts = hand.universe.payouts
    rank = hand.pick(payouts)
    if rank is None:
        return None
    with hand.editing(payouts, rank, "payout.updated") as payout:
        hand.touch_metadata(payout)
    return str(payout["id"])


def upload_file(hand: Hand) -> str | None:
    """A file. Only those that Stripe makes raise an event."""
    files = hand.universe.files
    rank, created = files.next_rank()
    file = files.made(rank, created, hand.dice)
    files.add(file)
    if hand.dice.chance(0.2):
        hand.announce("file.created", file)
    return str(file["id"])


def _raise_false_id(hand: Hand, which: int) -> None:
    """An event with ids of what there never was, or is not any more."""
    universe = hand.universe
    tail = f"1{hand.dice.bits():016x}"
    rank = hand.pick(universe.invoices)
    if which == 5 and rank is not None:  # noqa: PLR2004 (the sixth)
        preview = hand.show(universe.invoices.record(rank))
        preview["id"] = f"upcoming_in_{tail}"
        universe.events.add("invoice.upcoming", preview)
    elif which == 6 and rank is not None:  # noqa: PLR2004 (the seventh)
        invoice = hand.show(universe.invoices.record(rank))
        # Until 2019-12-03 a line had the id of what it was made from.
        lines = [
            {"id": f"{prefix}_{tail}", "object": "line_item", "amount": 100}
            for prefix in ("sub", "ii", "sli")
        ]
        universe.events.add(
            "invoice.updated",
            invoice,
            previous={"lines": {"data": lines}},
            version="2019-10-17",
        )
    elif which == 7:  # noqa: PLR2004 (the eighth)
        source = {"id": f"src_{tail}", "object": "source", "type": "ideal"}
        universe.events.add("customer.source.deleted", source)
    else:
        # As versions without ids of discounts had it.
        thing = {"object": "discount", "coupon": {"id": "SPRING", "object": "coupon"}}
        universe.events.add("customer.discount.deleted", thing, version="2019-10-17")


def raise_noise(hand: Hand) -> str | None:
    """Events that point to nothing a reader keeps, or to nothing at all."""
    events = hand.universe.events
    universe = hand.universe
    which = hand.dice.below(9 if universe.options.false_ids else 5)
    if which == 0:
        rank = hand.pick(universe.invoices)
        if rank is not None:
            preview = hand.show(universe.invoices.record(rank))
            del preview["id"]
            events.add("invoice.upcoming", preview)
    elif which == 1:
        thing = {"id": f"ft_1{hand.dice.bits():016x}", "object": "future.thing"}
        events.add("future.thing.imagined", thing)
    elif which == 2:  # noqa: PLR2004 (the third of five)
        events.add("balance.available", {"object": "balance", "available": []})
    elif which == 3:  # noqa: PLR2004 (the fourth of five)
        thing = {"id": f"pi_1{hand.dice.bits():016x}", "object": "payment_intent"}
        events.add("payment_intent.succeeded", thing)
    elif which == 4:  # noqa: PLR2004 (the fifth)
        rank = hand.pick(universe.subscriptions)
        if rank is not None:
            record = universe.subscriptions.record(rank)
            hand.announce("customer.subscription.trial_will_end", record)
    else:
        _raise_false_id(hand, which)
    return events.last_id
