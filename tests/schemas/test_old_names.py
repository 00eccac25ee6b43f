"""The columns under old names: all there, and made right.

segment_properties.json lists the columns that users of Segment's Stripe source query
(https://segment.com/docs/connections/sources/catalog/cloud-apps/stripe/).
"""

import ast
import json
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scripts.generate_schemas import COLLECTIONS, SCHEMAS
from tap_stripe.streams import old_names as old_names_module
from tap_stripe.streams.old_names import OldName, entries, old_names

SEGMENT = json.loads(
    Path(__file__).with_name("segment_properties.json").read_text(encoding="utf-8")
)

# Segment's collections that the tap does not have.
OTHERS = {
    "order_shipping_methods": "Stripe has removed orders.",
    "payment_methods": "Not a collection yet.",
    "skus": "Stripe has removed SKUs.",
}

KEPT = [(name, old) for name in COLLECTIONS for old in old_names(name)]
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text()

INVOICE_PAYMENTS = {
    "object": "list",
    "data": [
        {"is_default": False, "payment": {"payment_intent": "pi_1", "type": "…"}},
        {"is_default": True, "payment": {"payment_intent": "pi_2", "type": "…"}},
    ],
}
ITEMS = {
    "object": "list",
    "data": [
        {
            "current_period_start": 100,
            "current_period_end": 200,
            "plan": {"id": "gold", "object": "plan"},
            "quantity": 3,
        }
    ],
}
TWO_ITEMS = {
    "data": [
        *ITEMS["data"],
        {"current_period_start": 50, "current_period_end": 400, "quantity": None},
    ]
}


def _name(found: str | OldName) -> str:
    return found if isinstance(found, str) else found.name


def schema_of(collection: str) -> dict[str, Any]:
    text = (SCHEMAS / f"{collection}.json").read_text(encoding="utf-8")
    schema: dict[str, Any] = json.loads(text)
    return schema


def column(collection: str, name: str) -> OldName:
    (found,) = (old for old in old_names(collection) if old.name == name)
    return found


def leads_somewhere(schema: dict[str, Any], path: str) -> bool:
    for step in path.replace("[]", ".[]").split("."):
        if step == "[]":
            schema = schema["items"]
        elif "properties" not in schema:
            return "object" in schema["type"]  # Left open.
        elif step not in schema["properties"]:
            return False
        else:
            schema = schema["properties"][step]
    return True


@pytest.mark.parametrize("collection", sorted(SEGMENT.keys() - OTHERS.keys()))
def test_every_column_of_segment_has_one_entry(collection):
    told = Counter(
        entry.column for entry in entries() if entry.collection == collection
    )

    missing = [name for name in SEGMENT[collection] if told[name] != 1]

    assert missing == []


def test_collections_of_segment_are_ours_or_named_with_a_reason():
    assert SEGMENT.keys() - COLLECTIONS.keys() == OTHERS.keys()


def test_entries_are_of_our_collections_and_each_column_has_one():
    columns = Counter((entry.collection, entry.column) for entry in entries())

    assert {collection for collection, _ in columns} <= COLLECTIONS.keys()
    assert set(columns.values()) == {1}


@pytest.mark.parametrize("collection", COLLECTIONS)
def test_what_is_the_same_or_kept_is_in_the_schema(collection):
    schema = schema_of(collection)
    same = [
        entry.now
        for entry in entries()
        if entry.collection == collection and not entry.now.count("`")
        if entry.kind != "gone"
    ]

    lost = [path for path in same if not leads_somewhere(schema, path)]

    assert lost == []


@pytest.mark.parametrize("collection", COLLECTIONS)
def test_what_is_gone_is_in_no_schema(collection):
    gone = {
        entry.column
        for entry in entries()
        if entry.collection == collection and entry.kind == "gone"
    }

    assert gone & schema_of(collection)["properties"].keys() == set()


@pytest.mark.parametrize(("collection", "old"), KEPT, ids=_name)
def test_kept_columns_say_in_the_schema_where_they_come_from(collection, old):
    properties = schema_of(collection)["properties"]

    assert properties[old.name]["description"] == old.description
    assert old.root in properties


@settings(deadline=None)  # Other tests may run on the same two cores.
@given(st.recursive(SCALARS, lambda x: st.lists(x) | st.dictionaries(st.text(), x)))
def test_any_json_gives_a_value_of_the_type_or_null(root_value):
    kinds = {
        "boolean": bool,
        "integer": int,
        "number": int | float,
        "object": dict,
        "string": str,
        "time": int,
    }

    for _, old in KEPT:
        assert isinstance(old.value(root_value), kinds[old.type] | None)


@st.composite
def spoilt(draw, value):
    """Give a value of the right form with anything at any place of it."""
    if draw(st.integers(0, 9)) == 0:
        return draw(SCALARS | st.just([]) | st.just({}) | st.just([None]))
    if isinstance(value, dict):
        return {name: draw(spoilt(inner)) for name, inner in value.items()}
    if isinstance(value, list):
        return [draw(spoilt(inner)) for inner in value] * draw(st.integers(0, 2))
    return value


@settings(deadline=None)
@given(spoilt(INVOICE_PAYMENTS), spoilt(TWO_ITEMS))
def test_odd_shapes_raise_nothing(payments, items):
    found = [
        old.value({"payments": payments, "items": items}.get(old.root))
        for collection in ("invoices", "subscriptions")
        for old in old_names(collection)
    ]

    assert all(value is None or isinstance(value, int | str) for value in found)


@pytest.mark.parametrize(
    ("collection", "name", "root_value", "wanted"),
    [
        ("accounts", "business_name", {"name": "Rocket Rides"}, "Rocket Rides"),
        ("accounts", "timezone", {"dashboard": {"timezone": "Etc/UTC"}}, "Etc/UTC"),
        ("accounts", "transfers_enabled", False, False),
        ("charges", "destination", {"destination": "acct_1"}, "acct_1"),
        ("charges", "destination", {"destination": {"id": "acct_1"}}, "acct_1"),
        ("charges", "destination", None, None),
        ("charges", "invoice", "in_1", "in_1"),
        ("coupons", "percent_off_precise", 12.5, 12.5),
        ("customers", "account_balance", -100, -100),
        ("discounts", "coupon", {"coupon": "25OFF", "type": "coupon"}, "25OFF"),
        ("disputes", "balance_transaction", [{"id": "txn_1"}, {"id": "t2"}], "txn_1"),
        ("disputes", "balance_transaction", [], None),
        ("invoice_lines", "type", {"type": "invoice_item_details"}, "invoiceitem"),
        ("invoice_lines", "type", {"type": "schedule_details"}, "schedule_details"),
        (
            "invoice_lines",
            "proration",
            {
                "invoice_item_details": None,
                "subscription_item_details": {"proration": False},
            },
            False,
        ),
        ("invoice_lines", "plan", {"price_details": {"price": "gold"}}, "gold"),
        ("invoices", "charge", INVOICE_PAYMENTS, None),
        ("invoices", "charge", {"data": [{"payment": {"charge": "ch_1"}}]}, "ch_1"),
        ("invoices", "payment_intent", INVOICE_PAYMENTS, "pi_2"),
        ("invoices", "discount", ["di_1", "di_2"], "di_1"),
        ("invoices", "discount", [{"id": "di_1"}], "di_1"),
        ("invoices", "discount", [], None),
        ("invoices", "finalized_at", {"finalized_at": 1700000000}, 1700000000),
        ("invoices", "paid", "paid", True),
        ("invoices", "paid", "open", False),
        ("invoices", "paid", None, None),
        (
            "invoices",
            "subscription",
            {"subscription_details": {"subscription": "sub_1"}},
            "sub_1",
        ),
        ("invoices", "tax", [{"amount": 19}, {"amount": 7}], 26),
        ("invoices", "tax", [], None),
        ("invoices", "tax", [{"amount": 0}], 0),
        ("subscriptions", "current_period_end", TWO_ITEMS, 400),
        ("subscriptions", "current_period_start", TWO_ITEMS, 50),
        ("subscriptions", "plan", ITEMS, "gold"),
        ("subscriptions", "plan", TWO_ITEMS, None),
        ("subscriptions", "quantity", ITEMS, 3),
        ("subscriptions", "quantity", TWO_ITEMS, None),
        ("subscriptions", "quantity", {"data": [{"quantity": True}]}, None),
    ],
)
def test_value(collection, name, root_value, wanted):
    assert column(collection, name).value(root_value) == wanted


def test_descriptions_read_well():
    assert column("invoices", "tax").description == (
        "Old name until 2025-03-31.basil. Now the sum of `total_taxes[].amount`. "
        "Null where there is none."
    )
    assert column("subscriptions", "start").description == (
        "Old name. Now `start_date`."
    )


def test_docs_get_all_kinds_of_entries():
    found = {
        (entry.collection, entry.column): (entry.kind, entry.now) for entry in entries()
    }

    assert found["charges", "customer_id"] == ("same", "customer")
    assert found["invoices", "charge_id"] == ("kept", "charge")
    assert found["invoices", "paid"] == ("kept", "whether `status` is `paid`")
    assert found["transfers", "status"] == ("gone", "payouts.status")


def test_module_needs_the_standard_library_only():
    tree = ast.parse(Path(old_names_module.__file__).read_text(encoding="utf-8"))
    imported = {
        name.split(".")[0]
        for node in ast.walk(tree)
        for name in (
            [node.module or ""]
            if isinstance(node, ast.ImportFrom)
            else [alias.name for alias in node.names]
            if isinstance(node, ast.Import)
            else []
        )
    }

    assert imported
    assert imported <= sys.stdlib_module_names
