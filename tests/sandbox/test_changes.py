from __future__ import annotations

import time

import pytest

from tap_stripe.sandbox import OPERATIONS
from tests.sandbox.client import serving


def raised(client, begun=0):
    return [event.decoded() for event in client.sandbox.events()[begun:]]


def types(client):
    return [event.type for event in client.sandbox.events()]


def test_a_new_charge_is_first_and_announced_by_its_outcome(changing):
    charge = changing.sandbox.perform("create_charge")

    assert changing.get("/v1/charges", limit=1).ids == [charge]
    (event,) = raised(changing)
    assert event["type"] in {"charge.succeeded", "charge.failed"}
    assert event["data"]["object"] == changing.get(f"/v1/charges/{charge}").body
    transaction = event["data"]["object"]["balance_transaction"]
    if transaction:
        listed = changing.get(f"/v1/balance_transactions/{transaction}").body
        assert listed["source"] == charge
        assert listed["status"] == "pending"


def test_a_refund_changes_its_charge_and_both_are_announced(changing):
    refund = changing.sandbox.perform("refund_charge")

    body = changing.get(f"/v1/refunds/{refund}").body
    charge = changing.get(f"/v1/charges/{body['charge']}", expand="refunds").body
    assert refund in [each["id"] for each in charge["refunds"]["data"]]
    assert charge["amount_refunded"] >= body["amount"]
    assert types(changing) == ["charge.refunded", "refund.created"]
    assert "amount_refunded" in raised(changing)[0]["data"]["previous_attributes"]


def test_an_old_account_hears_of_refunds_by_the_charge_alone():
    with serving(account_api_version="2018-02-28") as client:
        client.sandbox.perform("refund_charge")
        client.sandbox.perform("update_refund")

        assert types(client) == ["charge.refunded", "charge.refund.updated"]
        assert raised(client)[0]["api_version"] in {"2018-02-28", None, "2017-08-15"}
        assert raised(client)[0]["data"]["object"]["dispute"] is None
        assert client.get("/v1/plans").headers["Stripe-Version"] == "2018-02-28"


def test_a_deleted_customer_leaves_a_stub_and_takes_its_own_along(changing):
    pairs = changing.sandbox.children("customers", "sources")
    customer, source = pairs[0]
    identifier = customer["id"]

    changing.sandbox.perform("delete_customer", identifier)

    assert changing.get(f"/v1/customers/{identifier}").body == {
        "id": identifier,
        "object": "customer",
        "deleted": True,
    }
    listed = changing.everything("/v1/customers")
    assert identifier not in {each["id"] for each in listed}
    assert identifier in changing.sandbox.deleted("customers")
    assert source["id"] in changing.sandbox.deleted(f"{source['object']}s")
    assert changing.get(f"/v1/customers/{identifier}/sources").status == 404
    subscriptions = changing.everything(
        "/v1/subscriptions", customer=identifier, status="all"
    )
    assert {each["status"] for each in subscriptions} <= {"canceled"}
    last = raised(changing)[-1]
    assert last["type"] == "customer.deleted"
    assert last["data"]["object"] == customer


def test_sources_raise_no_event_of_the_customer_itself(changing):
    customer = next(
        each for each in changing.sandbox.objects("customers") if each["default_source"]
    )
    card = changing.sandbox.perform("add_source", customer["id"])

    assert types(changing) == ["customer.source.created"]
    sources = changing.get(f"/v1/customers/{customer['id']}/sources").body["data"]
    assert sources[0]["id"] == card


def test_a_canceled_subscription_stays_readable(changing):
    subscription = changing.sandbox.perform("cancel_subscription")

    body = changing.get(f"/v1/subscriptions/{subscription}").body
    assert body["status"] == "canceled"
    assert types(changing) == ["customer.subscription.deleted"]
    assert changing.sandbox.deleted("subscriptions") == {}


@pytest.mark.parametrize(
    ("operation", "resource", "name"),
    [
        ("remove_item", "subscription_items", "items"),
        ("edit_draft", "invoice_lines", "lines"),
    ],
)
def test_what_left_a_list_shows_in_previous_attributes(
    changing, operation, resource, name
):
    while not changing.sandbox.deleted(resource):
        changing.sandbox.perform(operation)

    (gone,) = changing.sandbox.deleted(resource)
    event = raised(changing)[-1]
    before = event["data"]["previous_attributes"][name]["data"]
    now = event["data"]["object"][name]["data"]
    assert set(event["data"]["previous_attributes"][name]) == {"data"}
    assert gone not in {each["id"] for each in now}
    assert gone in {each["id"] for each in before}


def test_what_left_a_list_past_the_tenth_shows_nowhere(changing):
    item = changing.sandbox.perform("remove_item_past_tenth")

    assert item in changing.sandbox.deleted("subscription_items")
    assert item not in str(raised(changing))


def test_reversals_and_fee_refunds_are_announced_by_their_parents(changing):
    reversal = changing.sandbox.perform("reverse_transfer")
    refund = changing.sandbox.perform("refund_fee")

    transfer, fee = (event["data"]["object"] for event in raised(changing))
    assert types(changing) == ["transfer.reversed", "application_fee.refunded"]
    assert transfer["reversals"]["data"][0]["id"] == reversal
    assert fee["refunds"]["data"][0]["id"] == refund


def test_what_stripe_does_not_announce_raises_nothing(changing):
    for operation in (
        "edit_invoice_item",
        "redeem_coupon",
        "edit_reversal",
        "connect_account",
        "disconnect_account",
    ):
        changing.sandbox.perform(operation)

    assert types(changing) == []


def test_a_due_transaction_settles_without_an_event(changing):
    pending = [
        each
        for each in changing.sandbox.objects("balance_transactions")
        if each["status"] == "pending"
    ]
    assert {each["available_on"] > time.time() for each in pending} <= {True, False}

    settled = changing.sandbox.settle()

    left = [
        each
        for each in changing.sandbox.objects("balance_transactions")
        if each["status"] == "pending"
    ]
    assert settled > 0
    assert len(left) == len(pending) - settled
    assert types(changing) == []


def test_a_deleted_coupons_id_may_come_back(changing):
    coupon = changing.sandbox.perform("delete_coupon")
    assert changing.get(f"/v1/coupons/{coupon}").status == 404
    again = changing.sandbox.perform("create_coupon")
    while again != coupon:
        again = changing.sandbox.perform("create_coupon")

    assert changing.get(f"/v1/coupons/{coupon}").status == 200
    assert coupon not in changing.sandbox.deleted("coupons")
    assert changing.everything("/v1/coupons") == changing.sandbox.objects("coupons")


def test_a_draft_takes_in_a_waiting_item(changing):
    invoice = changing.sandbox.perform("create_invoice")

    lines = changing.everything(f"/v1/invoices/{invoice}/lines")
    item = lines[0]["parent"]["invoice_item_details"]["invoice_item"]
    assert changing.get(f"/v1/invoiceitems/{item}").body["invoice"] == invoice
    assert types(changing) == ["invoice.created"]


def test_paying_pays_the_payment_that_was_tried(changing):
    payment = next(
        each
        for each in changing.sandbox.objects("invoice_payments")
        if each["status"] == "open"
    )
    changing.sandbox.perform("pay_invoice", payment["invoice"])

    paid = changing.get(f"/v1/invoice_payments/{payment['id']}").body
    assert paid["status"] == "paid"
    assert types(changing) == [
        "charge.succeeded",
        "invoice.paid",
        "invoice.payment_succeeded",
        "invoice.updated",
        "invoice_payment.paid",
    ]


@pytest.mark.parametrize("operation", sorted(OPERATIONS))
def test_every_operation_can_be_done_by_name(changing, operation):
    if operation == "delete_test_clock":
        changing.sandbox.perform("create_clock_customer")

    assert changing.sandbox.perform(operation)


def test_after_many_changes_lists_and_truth_agree():
    with serving(connected_data=True) as client:
        client.sandbox.change(1_500, seed=5, unseen=True)

        for resource in client.sandbox.world.platform.collections:
            status = {"status": "all"} if resource == "subscriptions" else {}
            listed = client.everything(f"/v1/{resource}", **status)
            there = client.sandbox.objects(resource)
            if resource == "reviews":
                there = [each for each in there if each["open"]]
            assert listed == there, resource
            ids = {each["id"] for each in listed}
            assert ids.isdisjoint(client.sandbox.deleted(resource))
            for gone in client.sandbox.deleted(resource):
                reply = client.get(f"/v1/{resource}/{gone}")
                assert reply.status == 404 or reply.body["deleted"]
        for resource, name, buried in (
            ("customers", "sources", ("cards", "bank_accounts")),
            ("invoices", "lines", ("invoice_lines",)),
            ("subscriptions", "items", ("subscription_items",)),
        ):
            pairs = client.sandbox.children(resource, name)
            children = {child["id"] for _, child in pairs}
            assert len(children) == len(pairs)
            for grave in buried:
                assert client.sandbox.deleted(grave)
                assert children.isdisjoint(client.sandbox.deleted(grave))


def test_it_changes_in_the_background_while_it_serves(changing):
    changing.sandbox.start_changing(200)
    try:
        deadline = time.monotonic() + 5
        while len(changing.sandbox.events()) < 20 and time.monotonic() < deadline:
            assert changing.get("/v1/charges").status == 200
    finally:
        changing.sandbox.stop_changing()
    number = len(changing.sandbox.events())
    time.sleep(0.05)

    assert number >= 20
    assert len(changing.sandbox.events()) == number


def test_changes_can_be_kept_to_one_kind_and_to_the_newest(changing):
    newest = set(changing.get("/v1/charges", limit=30).ids)

    done = changing.sandbox.change(50, seed=1, only=("update_charge",), among_newest=30)

    assert done == {"update_charge": 50}
    assert {event["data"]["object"]["id"] for event in raised(changing)} <= newest


def test_a_connected_account_changes_alone():
    with serving(connected_data=True) as client:
        account = client.sandbox.objects("accounts")[0]["id"]
        charge = client.sandbox.perform("create_charge", account=account)

        assert client.get("/v1/charges", limit=1, account=account).ids == [charge]
        assert client.get("/v1/events").body["data"] == []
        assert len(client.get("/v1/events", account=account).body["data"]) == 1
