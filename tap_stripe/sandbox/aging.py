"""Objects as API versions of 2017 and 2018 showed them, in old events.

Only the names that readers of events meet: stripe's changelog has them all,
https://docs.stripe.com/changelog.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tap_stripe.sandbox.shapes import Object


def aged(thing: Object, *, is_deleted: bool) -> Object:
    """The object in an old shape, or as it is where nothing old is known.

    Args:
        thing: The object as it is shown today.
        is_deleted: Keep the ids by which a reader knows what is gone. Versions that
            old had no ids of discounts, which would leave a reader nothing to go by.
    """
    age = _AGES.get(thing.get("object", ""))
    if age is None:
        return thing
    old = age(dict(thing))
    if is_deleted:
        old |= {name: thing[name] for name in ("id", "discounts") if name in thing}
    return old


def transfer_of(payout: Object) -> Object:
    """A payout as versions before 2017-04-06 had it: a transfer to a bank account.

    https://docs.stripe.com/changelog/2017-04-06
    """
    old = {
        name: payout[name]
        for name in (
            "id",
            "amount",
            "balance_transaction",
            "created",
            "currency",
            "destination",
            "failure_code",
            "failure_message",
            "livemode",
            "metadata",
            "status",
        )
        if name in payout
    }
    return old | {
        "object": "transfer",
        "type": "bank_account",
        "date": payout["arrival_date"],
        "reversals": {"object": "list", "data": [], "has_more": False},
        "reversed": False,
    }


def _invoice(thing: Object) -> Object:
    parent = thing.pop("parent") or {}
    details = parent.get("subscription_details") or {}
    thing.update(
        billing=thing.pop("collection_method"),
        charge=None,
        closed=thing["status"] in {"paid", "void"},
        date=thing.pop("created"),
        discount=None,
        forgiven=thing.pop("status") == "uncollectible",
        paid=thing["amount_remaining"] == 0,
        subscription=details.get("subscription"),
        tax=sum(tax["amount"] for tax in thing.pop("total_taxes")),
    )
    for name in ("discounts", "status_transitions", "issuer", "automatic_tax"):
        thing.pop(name)
    return thing


def _customer(thing: Object) -> Object:
    thing.update(
        account_balance=thing.pop("balance"),
        business_vat_id=None,
        sources={"object": "list", "data": [], "has_more": False, "total_count": 0},
    )
    return thing


def _subscription(thing: Object) -> Object:
    items = thing["items"]["data"]
    thing.update(
        billing=thing.pop("collection_method"),
        current_period_end=items[0]["current_period_end"] if items else None,
        current_period_start=items[0]["current_period_start"] if items else None,
        discount=None,
        plan=items[0]["plan"] if items else None,
        quantity=items[0]["quantity"] if items else None,
        start=thing.pop("start_date"),
        tax_percent=None,
    )
    thing.pop("discounts")
    return thing


def _charge(thing: Object) -> Object:
    thing.update(
        dispute=None,
        invoice=None,
        order=None,
        refunds={"object": "list", "data": [], "has_more": False, "total_count": 0},
        status="paid" if thing["status"] == "succeeded" else thing["status"],
    )
    for name in ("disputed", "payment_method_details", "billing_details"):
        thing.pop(name)
    return thing


def _file(thing: Object) -> Object:
    thing["object"] = "file_upload"
    thing.pop("links")
    return thing


def _discount(thing: Object) -> Object:
    source = thing.pop("source")
    thing["coupon"] = {"id": source["coupon"], "object": "coupon", "valid": True}
    for name in ("id", "invoice", "invoice_item", "promotion_code"):
        thing.pop(name)
    return thing


def _plan(thing: Object) -> Object:
    thing.update(name=thing.get("nickname"), statement_descriptor=None)
    for name in ("active", "product", "nickname"):
        thing.pop(name)
    return thing


def _invoiceitem(thing: Object) -> Object:
    thing.update(plan=None, subscription=None, unit_amount=thing["amount"])
    for name in ("parent", "pricing", "quantity_decimal", "net_amount"):
        thing.pop(name)
    return thing


_AGES: Mapping[str, Callable[[Object], Object]] = {
    "charge": _charge,
    "customer": _customer,
    "discount": _discount,
    "file": _file,
    "invoice": _invoice,
    "invoiceitem": _invoiceitem,
    "plan": _plan,
    "subscription": _subscription,
}
