"""Columns: none is always null, none that Stripe fills is missing, none collide."""

from __future__ import annotations

import json

import pytest

# Collection: what only an expansion brings, and is not asked for.
NEVER_FILLED = {
    "customers": ("subscriptions", "sources", "cash_balance"),
    "charges": ("refunds",),
    "invoices": ("confirmation_secret",),
}
EXPANDED = {"customers": ("tax_ids", "tax", "invoice_credit_balance")}
# What Stripe was seen to send and the typed classes lack.
SEEN = {
    "cards": ("wallet", "email", "phone"),
    "charges": ("dispute", "order"),
    "subscriptions": ("plan", "quantity"),
    "subscription_items": ("current_trial",),
    "invoice_items": ("invoicing_rules",),
}


@pytest.fixture
def schemas(copying):
    catalog = copying().catalog()
    return {
        stream["stream"]: stream["schema"]["properties"]
        for stream in catalog["streams"]
    }


@pytest.mark.parametrize("name", NEVER_FILLED)
def test_what_no_request_brings_is_no_column(schemas, name):
    assert not set(NEVER_FILLED[name]) & set(schemas[name])


def test_what_an_expansion_brings_for_nothing_is_a_column_that_is_filled(copying):
    copy = copying(sizes={"customers": 8})
    copy.sync().assert_well()
    before = copy.tables["customers"].values()
    for name in EXPANDED["customers"]:
        assert any(row[name] is not None for row in before), name
    copy.change(6, only=("update_customer",))

    copy.sync().assert_well()

    for name in EXPANDED["customers"]:
        rows = copy.tables["customers"].values()
        assert any(row[name] is not None for row in rows), name
    copy.assert_equal("customers")


@pytest.mark.parametrize("name", SEEN)
def test_what_stripe_was_seen_to_send_is_a_column(schemas, name):
    assert set(SEEN[name]) <= set(schemas[name])


def test_what_stripe_was_seen_to_send_comes_in_without_a_warning(copying):
    copy = copying()
    charge = copy.sandbox.objects("charges")[0]["id"]
    copy.sandbox.break_(
        "/v1/charges",
        "garbled",
        holding=charge,
        garble=lambda one: {**one, "dispute": "dp_1", "order": "or_1"},
    )

    ran = copy.sync()

    ran.assert_well()
    assert not [line for line in ran.said.splitlines() if "charges" in line]
    row = copy.tables["charges"][charge,]
    assert (row["dispute"], row["order"]) == ("dp_1", "or_1")


@pytest.mark.parametrize("resource", ["charges", "customers", "plans"])
def test_a_property_that_the_schema_lacks_is_named_once_and_stops_nothing(
    copying, resource
):
    copy = copying(sizes={resource: 6})
    copy.sandbox.impostor = None
    for one in copy.sandbox.objects(resource)[:3]:
        copy.sandbox.edit(resource, one["id"], brand_new_property={"a": 1})

    ran = copy.sync()

    ran.assert_well()
    assert ran.said.count("brand_new_property") == 1
    copy.assert_equal()


@pytest.mark.parametrize("depth", [1, 2, 3])
def test_flattened_names_fit_into_postgresql_and_do_not_collide(copying, depth):
    copy = copying()

    ran = copy.sync(flattening_enabled=True, flattening_max_depth=depth)

    assert "Traceback" not in ran.err
    assert ran.code == 0
    for message in ran.messages("SCHEMA"):
        names = [name.encode() for name in message["schema"]["properties"]]
        assert all(len(name) <= 63 for name in names), message["stream"]
        folded = {name.lower()[:63] for name in names}
        assert len(folded) == len(names), message["stream"]
    for message in ran.messages("RECORD"):
        json.dumps(message["record"])
