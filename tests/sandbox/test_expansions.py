from __future__ import annotations

import pytest


def test_a_reference_becomes_the_object(stripe):
    page = stripe.get("/v1/refunds", expand="data.charge.customer", limit=20)

    charges = {charge["id"]: charge for charge in stripe.sandbox.objects("charges")}
    people = {person["id"]: person for person in stripe.sandbox.objects("customers")}
    for refund in page.body["data"]:
        charge = refund["charge"]
        customer = charge["customer"] and charge["customer"]["id"]
        assert charge | {"customer": customer} == charges[charge["id"]]
        assert customer is None or charge["customer"] == people[customer]


def test_what_is_left_out_appears_on_expansion(stripe):
    coupon = stripe.sandbox.objects("coupons")[0]["id"]
    bare = stripe.get(f"/v1/coupons/{coupon}").body
    full = stripe.get(
        f"/v1/coupons/{coupon}", expand=["applies_to", "currency_options"]
    ).body
    plans = stripe.everything("/v1/plans", expand="data.tiers")

    assert "applies_to" not in bare
    assert full["applies_to"]["products"]
    assert "currency_options" in full
    assert any(plan["tiers"] for plan in plans)
    assert not any("tiers" in plan for plan in stripe.everything("/v1/plans"))


def test_lists_inside_appear_only_where_stripe_shows_them(stripe):
    customer = stripe.get("/v1/customers", limit=1).body["data"][0]
    charge = stripe.get("/v1/charges", limit=1).body["data"][0]
    invoice = stripe.get("/v1/invoices", limit=1).body["data"][0]

    assert {"sources", "subscriptions"}.isdisjoint(customer)
    assert "refunds" not in charge
    assert "payments" not in invoice
    assert "lines" in invoice


def test_expanded_lists_hold_what_belongs_to_the_object(stripe):
    refund = stripe.sandbox.objects("refunds")[0]
    charge = stripe.get(f"/v1/charges/{refund['charge']}", expand="refunds").body
    payment = stripe.sandbox.objects("invoice_payments")[0]
    invoice = stripe.get(f"/v1/invoices/{payment['invoice']}", expand="payments").body
    subscription = next(
        thing
        for thing in stripe.sandbox.objects("subscriptions")
        if thing["status"] == "active"
    )
    customer = stripe.get(
        f"/v1/customers/{subscription['customer']}", expand="subscriptions"
    ).body

    assert charge["refunds"]["data"] == [refund]
    assert invoice["payments"]["data"] == [payment]
    assert subscription in customer["subscriptions"]["data"]


def test_discounts_are_ids_unless_expanded_four_levels_deep(stripe):
    bare = stripe.everything("/v1/subscriptions", status="all")
    full = stripe.everything(
        "/v1/subscriptions",
        status="all",
        expand=["data.discounts", "data.items.data.discounts"],
    )

    discounts = {
        owned.discount["id"]: owned.discount for owned in stripe.sandbox.discounts()
    }
    items = 0
    for short, long in zip(bare, full, strict=True):
        assert long["discounts"] == [discounts[each] for each in short["discounts"]]
        for left, right in zip(
            short["items"]["data"], long["items"]["data"], strict=True
        ):
            expected = [discounts[each] for each in left["discounts"]]
            assert right["discounts"] == expected
            items += len(expected)
    assert items


def test_a_later_page_of_a_list_inside_needs_the_expansion_again(stripe):
    pairs = stripe.sandbox.children("subscriptions", "items")
    parent, _ = next(pair for pair in pairs if pair[0]["items"]["has_more"])
    path = "/v1/subscription_items"

    plain = stripe.everything(path, subscription=parent["id"])
    asked = stripe.everything(path, subscription=parent["id"], expand="data.discounts")

    assert [[each["id"] for each in item["discounts"]] for item in asked] == [
        item["discounts"] for item in plain
    ]


def test_a_deleted_customer_expands_to_a_stub(changing):
    invoice = changing.sandbox.objects("invoices")[0]
    changing.sandbox.perform("delete_customer", invoice["customer"])

    expanded = changing.get(f"/v1/invoices/{invoice['id']}", expand="customer").body

    assert expanded["customer"] == {
        "id": invoice["customer"],
        "object": "customer",
        "deleted": True,
    }


@pytest.mark.parametrize(
    ("path", "expand", "name"),
    [
        ("/v1/charges", "data.foo", "foo"),
        ("/v1/charges", "customer", "customer"),
        ("/v1/invoices", "data.lines", "lines"),
        ("/v1/customers", "data.email", "email"),
        ("/v1/subscriptions", "data.items.discounts", "discounts"),
    ],
)
def test_what_cannot_be_expanded_is_refused(stripe, path, expand, name):
    reply = stripe.get(path, expand=expand)

    assert reply.status == 400
    assert reply.error["message"] == f"This property cannot be expanded ({name})."


def test_five_levels_are_too_many(stripe):
    reply = stripe.get("/v1/invoices", expand="data.lines.data.discounts.source.coupon")

    assert reply.status == 400
    assert "more than 4 levels" in reply.error["message"]


def test_expand_may_be_numbered(stripe):
    reply = stripe.get("/v1/refunds", **{"expand[0]": "data.charge", "limit": 1})

    assert reply.body["data"][0]["charge"]["object"] == "charge"
