"""What the tables have to hold, written from the sandbox's own objects."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tap_stripe.streams import Collection

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tap_stripe.sandbox import Sandbox

Row = dict[str, Any]

SCHEMAS = {
    path.stem: json.loads(path.read_text())["properties"]
    for path in (Path(__file__).parent.parent / "schemas").glob("*.json")
}
# Collection: the name in the url of what it is listed by.
LISTED = {
    "accounts": "accounts",
    "application_fees": "application_fees",
    "balance_transactions": "balance_transactions",
    "charges": "charges",
    "coupons": "coupons",
    "customers": "customers",
    "disputes": "disputes",
    "file_uploads": "files",
    "invoice_items": "invoiceitems",
    "invoice_payments": "invoice_payments",
    "invoices": "invoices",
    "payouts": "payouts",
    "plans": "plans",
    "refunds": "refunds",
    "subscriptions": "subscriptions",
    "transfers": "transfers",
}
EXPANDED = {
    "coupons": ("applies_to", "currency_options"),
    "customers": ("invoice_credit_balance", "tax", "tax_ids"),
    "invoices": ("payments",),
    "plans": ("tiers",),
}
# Collection: the parents, their property, the object of the rows, and the column that
# names the parent.
INSIDE = {
    "application_fee_refunds": [("application_fees", "refunds", "fee_refund", "fee")],
    "bank_accounts": [
        ("customers", "sources", "bank_account", "customer"),
        ("accounts", "external_accounts", "bank_account", "account"),
    ],
    "cards": [
        ("customers", "sources", "card", "customer"),
        ("accounts", "external_accounts", "card", "account"),
    ],
    "invoice_lines": [("invoices", "lines", "line_item", "invoice")],
    "subscription_items": [
        ("subscriptions", "items", "subscription_item", "subscription")
    ],
    "transfer_reversals": [("transfers", "reversals", "transfer_reversal", "transfer")],
}
# All that is plain is where its class says.
DEFAULT: set[str] = set()
ALL = Collection.registered.keys() - {"bitcoin_receivers"}
for _name, _collection in Collection.registered.items():
    _feed, *_others = _collection.feeds
    _resource = _feed.listing.path.removeprefix("/v1/")
    if _collection.selected_by_default:
        DEFAULT.add(_name)
    if _others or {_name} & {*LISTED, *INSIDE} or _feed.listing.removed:
        continue
    if not _feed.embedded:
        LISTED[_name] = _resource
        EXPANDED[_name] = _collection.expand
    elif _name != "balance_transaction_fee_details":
        INSIDE[_name] = [
            (_resource, _feed.embedded, _collection.stripe_object, _feed.parent)
        ]
SHOWN_WHOLE = {
    "accounts": ("external_accounts",),
    "application_fees": ("refunds",),
    "credit_notes": ("lines",),
    "customers": ("tax_ids",),
    "invoices": ("lines", "payments"),
    "subscriptions": ("items",),
    "file_uploads": ("links",),
    "transfers": ("reversals",),
}


def tables(
    sandbox: Sandbox, names: Iterable[str] = DEFAULT, **where: Any
) -> dict[str, dict[tuple[Any, ...], Row]]:
    """Give the rows of some tables by key, in the form of the JSON lines."""
    found: dict[str, list[Row]] = {}
    for name, resource in LISTED.items():
        if name == "events":
            found[name] = sandbox.objects("events", **where)
            continue
        objects = sandbox.expanded(resource, *EXPANDED.get(name, ()), **where)
        for property_ in SHOWN_WHOLE.get(name, ()):
            whole: dict[str, list[Row]] = {}
            for parent, child in sandbox.children(resource, property_, **where):
                whole.setdefault(parent["id"], []).append(child)
            for one in objects:
                one[property_]["data"] = whole.get(one["id"], [])
                one[property_]["has_more"] = False
        found[name] = objects
    found["accounts"] += sandbox.objects("account", **where)
    for name, places in INSIDE.items():
        found[name] = [
            {
                **child,
                owner: child.get(owner) or parent["id"],
                "parent_created": parent.get("created"),
            }
            for resource, property_, kind, owner in places
            for parent, child in sandbox.children(resource, property_, **where)
            if child["object"] == kind
        ]
    found["balance_transaction_fee_details"] = [
        {
            **fee,
            "balance_transaction": one["id"],
            "position": position,
            "parent_created": one["created"],
        }
        for one in found["balance_transactions"]
        for position, fee in enumerate(one["fee_details"])
    ]
    found["discounts"] = [
        owned.discount
        for owned in sandbox.discounts(**where)
        if not owned.discount.get("deleted")
    ]
    return {name: {_key(name, row): row for row in found[name]} for name in names}


def differences(
    sandbox: Sandbox,
    held: dict[str, dict[tuple[Any, ...], Row]],
    names: Iterable[str] = DEFAULT,
    **where: Any,
) -> list[str]:
    """Say where tables differ from the sandbox; rows flagged as deleted are none.

    Columns that Stripe's objects do not have (old names) are not compared here.
    """
    found = []
    for name, rows in tables(sandbox, names, **where).items():
        table = {
            key: row
            for key, row in held.get(name, {}).items()
            if not row["is_deleted"] and not row["_sdc_deleted_at"]
        }
        found += [f"{name}: {key} is missing" for key in rows.keys() - table.keys()]
        found += [f"{name}: {key} is too many" for key in table.keys() - rows.keys()]
        for key in rows.keys() & table.keys():
            found += _differences(name, key, rows[key], table[key])
    return sorted(found)


def _differences(name: str, key: Any, row: Row, held: Row) -> list[str]:
    schema = SCHEMAS[name]
    return [
        f"{name}: {key}.{column} is {held.get(column)!r} instead of {wanted!r}"
        for column, value in row.items()
        if column in schema
        and held.get(column) != (wanted := shaped(value, schema[column]))
        and not (value is None and column in OLD_NAMES.get(name, ()))
    ]


# Columns that Stripe sends as null and that are filled from where the value is now.
OLD_NAMES = {
    "invoices": ("subscription",),
    "invoice_lines": ("subscription",),
}


def shaped(value: Any, definition: dict[str, Any]) -> Any:
    """Give a property as it stands in a row."""
    if definition.get("format") == "date-time" and isinstance(value, int):
        return datetime.fromtimestamp(value, UTC).isoformat()
    if isinstance(value, dict) and "string" in definition["type"]:
        return value["id"]
    return value


def _key(name: str, row: Row) -> tuple[Any, ...]:
    if name == "balance_transaction_fee_details":
        return row["balance_transaction"], row["position"]
    return (row["id"],)
