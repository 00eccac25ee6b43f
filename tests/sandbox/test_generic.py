"""Resources that are a line in resources.toml behave as Stripe's do."""

from __future__ import annotations

import pytest

from tap_stripe.sandbox.resources import RESOURCES, described


def types(client):
    return [event.type for event in client.sandbox.events()]


def test_a_new_one_is_first_and_announced(changing):
    intent = changing.sandbox.perform("create_payment_intent")

    assert changing.get("/v1/payment_intents", limit=1).ids == [intent]
    assert types(changing) == ["payment_intent.created"]


def test_an_event_says_what_becomes_of_it(changing):
    review = changing.sandbox.perform("update_review")

    assert types(changing) == ["review.closed"]
    assert changing.get(f"/v1/reviews/{review}").body["open"] is False
    listed = {each["id"] for each in changing.everything("/v1/reviews")}
    assert review not in listed


def test_a_status_is_that_of_the_event(changing):
    for _ in range(12):
        quote = changing.sandbox.perform("update_quote")
        told = types(changing)[-1].removeprefix("quote.")

        status = changing.get(f"/v1/quotes/{quote}").body["status"]
        assert status == {"finalized": "open"}.get(told, told)


def test_what_stripe_has_no_event_for_raises_none(changing):
    session = changing.sandbox.perform("edit_checkout_session")
    rate = changing.sandbox.perform("update_shipping_rate")

    assert types(changing) == []
    for path in (f"/v1/checkout/sessions/{session}", f"/v1/shipping_rates/{rate}"):
        assert changing.get(path).status == 200


def test_a_deleted_product_is_gone(changing):
    product = changing.sandbox.perform("delete_product")

    assert types(changing) == ["product.deleted"]
    assert changing.get(f"/v1/products/{product}").status == 404
    assert product in changing.sandbox.deleted("products")


def test_a_list_inside_is_shown_on_expansion_and_has_its_own_address(stripe):
    pairs = stripe.sandbox.children("checkout/sessions", "line_items")
    counted = [parent["id"] for parent, _ in pairs]
    session = max(counted, key=counted.count)

    plain = stripe.get(f"/v1/checkout/sessions/{session}").body
    shown = stripe.get(f"/v1/checkout/sessions/{session}", expand="line_items").body
    whole = stripe.everything(f"/v1/checkout/sessions/{session}/line_items")

    assert "line_items" not in plain
    assert shown["line_items"]["has_more"]
    assert shown["line_items"]["data"] == whole[:10]
    assert whole == [child for parent, child in pairs if parent["id"] == session]


def test_filters_take_truth_as_a_word(stripe):
    active = stripe.everything("/v1/tax_rates", active="true")

    assert active == [r for r in stripe.sandbox.objects("tax_rates") if r["active"]]


def test_a_list_without_a_filter_by_time_refuses_it(stripe):
    reply = stripe.get("/v1/payment_links", created_gte=1)

    assert reply.status == 400
    assert reply.error["code"] == "parameter_unknown"


@pytest.mark.parametrize("resource", RESOURCES, ids=lambda one: one.path)
def test_a_key_without_the_permission_is_refused(changing, resource):
    changing.sandbox.set_key("rk_test_1", {"event_read"})

    reply = changing.get(f"/v1/{resource.path}", key="rk_test_1")

    assert reply.status == 403
    assert f"'{resource.permission}'" in reply.error["message"]


@pytest.mark.parametrize("resource", RESOURCES, ids=lambda one: one.path)
def test_values_are_of_every_kind_that_stripe_allows(stripe, resource):
    objects = stripe.sandbox.objects(resource.path)
    optional = [
        name.rstrip("?")
        for name in described().objects[resource.object]
        if name.endswith("?")
    ]

    assert all(one["id"].startswith(resource.prefix) for one in objects)
    for name in optional:
        assert any(one.get(name) is not None for one in objects), name
        assert any(one.get(name) is None for one in objects), name


def test_some_properties_are_left_out_where_they_would_be_null(stripe):
    left_out = {
        (resource.path, name.rstrip("?"))
        for resource in RESOURCES
        for name in described().objects[resource.object]
        if name.endswith("?")
        and any(
            name.rstrip("?") not in one for one in stripe.sandbox.objects(resource.path)
        )
    }

    assert len(left_out) > len(RESOURCES)


def test_requests_are_counted_by_endpoint(changing):
    session = changing.sandbox.objects("checkout/sessions")[0]["id"]
    changing.sandbox.log.clear()

    changing.get(f"/v1/checkout/sessions/{session}/line_items")

    (entry,) = changing.sandbox.log.entries
    assert entry.endpoint == "GET /v1/checkout/sessions/:id/line_items"
