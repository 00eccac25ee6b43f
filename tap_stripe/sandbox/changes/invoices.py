"""Changes of invoices, their lines and invoice items.

Each returns the id of what it changed or created, None where nothing suited.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tap_stripe.sandbox.invoices import add_up, bill_item, move_to
from tap_stripe.sandbox.present import EMBEDDED
from tap_stripe.sandbox.words import CURRENCIES

if TYPE_CHECKING:
    from collections.abc import Callable

    from tap_stripe.sandbox.changes.hand import Hand
    from tap_stripe.sandbox.shapes import Object


def _is_draft(invoice: Object) -> bool:
    return bool(invoice["status"] == "draft")


def _is_open(invoice: Object) -> bool:
    return bool(invoice["status"] == "open")


def _new_line(hand: Hand, rank: int, currency: str) -> Object:
    universe = hand.universe
    serial = universe.next_serial("invoices", rank)
    return universe.invoices.line(
        rank, serial, universe.now, hand.dice, currency=currency
    )


def create_invoice(hand: Hand) -> str | None:
    """A draft, which takes in a customer's pending items: they raise no event."""
    universe = hand.universe
    owner = hand.pick(universe.customers)
    if owner is None:
        return None
    customer = universe.customers.record(owner)["id"]
    rank, created = universe.invoices.next_rank()
    item_rank = hand.pick(universe.invoiceitems, lambda i: i["invoice"] is None)
    item = None if item_rank is None else universe.invoiceitems.edited(item_rank)
    invoice = universe.invoices.made(
        rank,
        created,
        hand.dice,
        currency="usd" if item is None else item["currency"],
        customer=customer if item is None else item["customer"],
        subscription=None,
        status="draft",
    )
    if item is not None:
        item["invoice"] = invoice["id"]
        line = _new_line(hand, rank, item["currency"])
        bill_item(line, item)
        invoice["lines"].insert(0, line)
        add_up(invoice)
    universe.invoices.add(invoice)
    hand.announce("invoice.created", invoice)
    return str(invoice["id"])


def edit_draft(hand: Hand) -> str | None:
    """Lines come and go; `previous_attributes.lines` shows those that went."""
    universe = hand.universe
    invoices = universe.invoices
    rank = hand.pick(invoices, _is_draft)
    if rank is None:
        return None
    with hand.editing(invoices, rank, "invoice.updated") as invoice:
        lines = invoice["lines"]
        if len(lines) > 1 and hand.dice.chance(0.6):
            _remove_line(hand, lines, slice(EMBEDDED))
        else:
            lines.insert(0, _new_line(hand, rank, invoice["currency"]))
        hand.touch_metadata(invoice)
        add_up(invoice)
    return str(invoice["id"])


def remove_line_past_tenth(hand: Hand) -> str | None:
    """A line that no event shows leaves a draft."""
    invoices = hand.universe.invoices
    rank = hand.pick(invoices, lambda i: _is_draft(i) and len(i["lines"]) > EMBEDDED)
    if rank is None:
        return None
    with hand.editing(invoices, rank, "invoice.updated") as invoice:
        _remove_line(hand, invoice["lines"], slice(EMBEDDED, None))
        add_up(invoice)
    return str(invoice["id"])


def _remove_line(hand: Hand, lines: list[Object], shown: slice) -> None:
    gone = hand.dice.pick(lines[shown])
    lines.remove(gone)
    hand.universe.bury("invoice_lines", gone["id"])


def discount_invoice(hand: Hand) -> str | None:
    """A draft gets a discount or loses one."""
    universe = hand.universe
    invoices = universe.invoices
    rank = hand.pick(invoices, _is_draft)
    if rank is None:
        return None
    with hand.editing(invoices, rank, "invoice.updated") as invoice:
        if invoice["discounts"] and hand.dice.chance(0.5):
            discount = invoice["discounts"].pop()
            universe.bury("discounts", discount["id"])
        else:
            serial = universe.next_serial("invoices", rank)
            discount = universe.discount(
                hand.dice,
                universe.now,
                f"{rank}v{serial}",
                customer=invoice["customer"],
                invoice=invoice["id"],
            )
            invoice["discounts"].append(discount)
        add_up(invoice)
    return str(discount["id"])


def finalize_invoice(hand: Hand) -> str | None:
    """A draft becomes due."""
    invoices = hand.universe.invoices
    rank = hand.pick(invoices, _is_draft)
    if rank is None:
        return None
    with hand.editing(
        invoices, rank, "invoice.finalized", "invoice.updated"
    ) as invoice:
        move_to(invoice, "open", at=hand.universe.now)
        invoice["number"] = f"SBX-{rank:06d}"
    return str(invoice["id"])


def pay_invoice(hand: Hand) -> str | None:
    """An open invoice is paid: by a charge, in the payment that was tried before."""
    universe = hand.universe
    invoices, payments = universe.invoices, universe.invoice_payments
    rank = hand.pick(invoices, _is_open)
    if rank is None:
        return None
    charge = _charge_for(hand, invoices.record(rank))
    events = ("invoice.paid", "invoice.payment_succeeded", "invoice.updated")
    with hand.editing(invoices, rank, *events) as invoice:
        move_to(invoice, "paid", at=universe.now)
        tried = payments.narrowed({"invoice": invoice["id"]})
        if tried:
            payment = payments.edited(tried[-1])
            if "charge" in payment["payment"]:
                payment["payment"]["charge"] = charge["id"]
            else:
                payment["payment"]["payment_intent"] = charge["payment_intent"]
            payment.update(amount_paid=invoice["amount_paid"], status="paid")
            payment["status_transitions"]["paid_at"] = universe.now
        else:
            number, created = payments.next_rank()
            payment = payments.made(
                number, created, hand.dice, invoice=invoice, charge=charge["id"]
            )
            payments.add(payment)
            universe.give("invoice_payments", invoice["id"], number)
    hand.announce("invoice_payment.paid", payment)
    return str(invoice["id"])


def try_to_pay_invoice(hand: Hand) -> str | None:
    """One more payment of an open invoice, which fails."""
    universe = hand.universe
    invoices, payments = universe.invoices, universe.invoice_payments
    rank = hand.pick(invoices, _is_open)
    if rank is None:
        return None
    charge = _charge_for(hand, invoices.record(rank), fails=True)
    with hand.editing(invoices, rank, "invoice.payment_failed") as invoice:
        invoice["attempt_count"] += 1
        number, created = payments.next_rank()
        payment = payments.made(
            number, created, hand.dice, invoice=invoice, charge=charge["id"]
        )
        payment["status"] = "canceled"
        payments.add(payment)
        universe.give("invoice_payments", invoice["id"], number)
    return str(payment["id"])


def _charge_for(hand: Hand, invoice: Object, *, fails: bool = False) -> Object:
    """Charge an invoice's customer what is due."""
    charges = hand.universe.charges
    rank, created = charges.next_rank()
    amount = invoice["amount_due"]
    charge = charges.made(rank, created)
    charge.update(
        amount=amount,
        amount_captured=0 if fails else amount,
        captured=not fails,
        currency=invoice["currency"],
        customer=invoice["customer"],
        failure_code="card_declined" if fails else None,
        failure_message="Your card was declined." if fails else None,
        paid=not fails,
        status="failed" if fails else "succeeded",
    )
    if not fails:
        charge["balance_transaction"] = hand.book(charge, "charge")["id"]
    charges.add(charge)
    hand.announce(f"charge.{charge['status']}", charge)
    return charge


def give_up_invoice(hand: Hand) -> str | None:
    """An open invoice is voided or marked uncollectible."""
    invoices = hand.universe.invoices
    rank = hand.pick(invoices, _is_open)
    if rank is None:
        return None
    status = hand.dice.pick(("void", "uncollectible"))
    event = "invoice.voided" if status == "void" else "invoice.marked_uncollectible"
    with hand.editing(invoices, rank, event, "invoice.updated") as invoice:
        move_to(invoice, status, at=hand.universe.now)
    return str(invoice["id"])


def update_invoice(hand: Hand) -> str | None:
    """An edit of metadata, which finished invoices allow too."""
    invoices = hand.universe.invoices
    rank = hand.pick(invoices)
    if rank is None:
        return None
    with hand.editing(invoices, rank, "invoice.updated") as invoice:
        hand.touch_metadata(invoice)
    return str(invoice["id"])


def delete_draft(hand: Hand) -> str | None:
    """A draft is deleted; what becomes of its invoice items raises no event."""
    return _delete_draft(hand, lambda lines: lines <= EMBEDDED)


def delete_big_draft(hand: Hand) -> str | None:
    """The same, of a draft with lines that no event shows."""
    return _delete_draft(hand, lambda lines: lines > EMBEDDED)


def _delete_draft(hand: Hand, suits: Callable[[int], bool]) -> str | None:
    universe = hand.universe
    invoices, items = universe.invoices, universe.invoiceitems
    rank = hand.pick(invoices, lambda i: _is_draft(i) and suits(len(i["lines"])))
    if rank is None:
        return None
    invoice = invoices.record(rank)
    shown = hand.show(invoice)
    for line in invoice["lines"]:
        universe.bury("invoice_lines", line["id"])
        details = line["parent"]["invoice_item_details"]
        item = items.living(details["invoice_item"]) if details else None
        if item is None:
            continue
        if universe.options.deleted_draft_items == "gone":
            for discount in items.record(item)["discounts"]:
                universe.bury("discounts", discount["id"])
            items.delete(item)
        else:
            items.edited(item)["invoice"] = None
    for discount in invoice["discounts"]:
        universe.bury("discounts", discount["id"])
    invoices.delete(rank)
    universe.events.add("invoice.deleted", shown)
    return str(invoice["id"])


def create_invoice_item(hand: Hand) -> str | None:
    """An item that waits for an invoice."""
    universe = hand.universe
    owner = hand.pick(universe.customers)
    if owner is None:
        return None
    customer = universe.customers.record(owner)["id"]
    rank, created = universe.invoiceitems.next_rank()
    item = universe.invoiceitems.made(
        rank,
        created,
        hand.dice,
        currency=hand.dice.pick(CURRENCIES),
        customer=customer,
    )
    universe.invoiceitems.add(item)
    hand.announce("invoiceitem.created", item)
    return str(item["id"])


def edit_invoice_item(hand: Hand) -> str | None:
    """An edit of a waiting item: there is no `invoiceitem.updated`."""
    items = hand.universe.invoiceitems
    rank = hand.pick(items, lambda i: i["invoice"] is None)
    if rank is None:
        return None
    item = items.edited(rank)
    hand.touch_metadata(item)
    item["amount"] = item["net_amount"] = item["amount"] + 100
    return str(item["id"])


def delete_invoice_item(hand: Hand) -> str | None:
    """A waiting item is deleted."""
    items = hand.universe.invoiceitems
    rank = hand.pick(items, lambda i: i["invoice"] is None)
    if rank is None:
        return None
    item = items.record(rank)
    for discount in item["discounts"]:
        hand.universe.bury("discounts", discount["id"])
    items.delete(rank)
    hand.announce("invoiceitem.deleted", item)
    return str(item["id"])
