"""What nobody has proved of Stripe, on the side that is harder to read."""

from __future__ import annotations

import itertools
import json
from email.utils import parsedate_to_datetime

import pytest

from tap_stripe.sandbox import Options
from tests.sandbox.client import NOW, serving

HOUR_S = 3_600


class Clock:
    def __init__(self):
        self.now = float(NOW)

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


def types(client, **where):
    events = client.sandbox.events(**where)
    return [event.type for event in events]


@pytest.mark.parametrize("offset", [0, -7_200, 1_200])
def test_date_and_times_follow_the_offset_of_the_clock(clock, offset):
    with serving(now=None, clock=clock, clock_offset_seconds=offset) as client:
        created = client.sandbox.perform("create_charge")

        replies = [client.get(path) for path in ("/v1/charges", "/v1/charges/ch_x")]
        dates = [parsedate_to_datetime(reply.headers["Date"]) for reply in replies]
        assert [date.timestamp() for date in dates] == [NOW + offset] * 2
        assert client.get(f"/v1/charges/{created}").body["created"] == NOW + offset

        client.sandbox.clock_offset_seconds += 60
        date = client.get("/v1/plans").headers["Date"]
        assert parsedate_to_datetime(date).timestamp() == NOW + offset + 60


@pytest.mark.parametrize("first", [True, False])
def test_a_customers_deletion_comes_before_or_after_what_goes_with_it(first):
    options = {"cascade_events": "subscriptions", "cascade_first": first}
    with serving(stale_events=0, old_events=0, **options) as client:
        [one, *_] = [
            each
            for each in client.sandbox.objects("subscriptions")
            if each["status"] == "active"
        ]
        client.sandbox.perform("delete_customer", one["customer"])

        raised = types(client)
        assert raised.index("customer.deleted") == (len(raised) - 1 if first else 0)
        assert "customer.subscription.deleted" in raised
        assert "customer.source.deleted" not in raised


URLS = {
    "filtered": "/v1/invoice_payments?invoice={id}",
    "unfiltered": "/v1/invoice_payments",
    "recorded": "/v1/invoices/payments",
    "/v1/charges": "/v1/charges",
}


@pytest.mark.parametrize("form", URLS)
def test_the_url_of_an_embedded_list_is_as_asked(form):
    with serving(embedded_url=form) as client:
        [invoice] = client.get("/v1/invoices", limit=1, expand="data.payments").body[
            "data"
        ]

        assert invoice["payments"]["url"] == URLS[form].format(id=invoice["id"])
    if form == "recorded":
        with serving() as client:
            assert client.get("/v1/invoices/payments").status == 404


def test_what_is_null_is_absent_in_answers_events_and_truth():
    with serving(absent_nulls=True, stale_events=0) as client:
        client.sandbox.change(40, seed=1)

        for path in ("/v1/charges", "/v1/customers", "/v1/invoices"):
            page = client.get(path, limit=100).body["data"]
            assert b"null" not in json.dumps(page).encode()
        for event in client.sandbox.objects("events"):
            assert "null" not in json.dumps(event["data"]["object"])
        assert client.everything("/v1/charges") == client.sandbox.objects("charges")


@pytest.mark.parametrize("status", [403, 404])
def test_an_account_that_left_answers_as_asked(status):
    with serving(left_account=status) as client:
        left = client.sandbox.objects("accounts")[0]["id"]
        client.sandbox.perform("disconnect_account", left)

        reply = client.get(f"/v1/accounts/{left}")

        assert reply.status == status
        if status == 403:
            assert reply.error["code"] == "account_invalid"


@pytest.mark.parametrize("status", ["rows", 400, 404])
def test_lists_of_a_deleted_customer_answer_as_asked(status):
    with serving(deleted_customer_lists=status) as client:
        owner = client.sandbox.objects("subscriptions")[0]["customer"]
        client.sandbox.perform("delete_customer", owner)

        reply = client.get("/v1/subscriptions", customer=owner, status="all")

        if status == "rows":
            assert reply.ids
        else:
            assert reply.status == status
            assert reply.error["code"] == "resource_missing"
            assert reply.error["param"] == "customer"


def test_invoice_items_can_go_with_their_draft():
    with serving(deleted_draft_items="gone", stale_events=0, old_events=0) as client:
        for _ in range(40):
            draft = client.sandbox.perform("create_invoice")
            items = client.everything("/v1/invoiceitems", invoice=draft)
            if items:
                break
        client.sandbox.perform("delete_draft", draft)

        [item] = items
        assert client.get(f"/v1/invoiceitems/{item['id']}").status == 404
        assert item["id"] in client.sandbox.deleted("invoiceitems")
        assert "invoiceitem.deleted" not in types(client)


def test_a_second_is_sorted_anew_with_each_request():
    with serving(shuffled_seconds=True) as client:
        pages = [client.get("/v1/charges", limit=100).body["data"] for _ in range(6)]

        orders = {tuple(one["id"] for one in page) for page in pages}
        assert len(orders) > 1
        times = {tuple(one["created"] for one in page) for page in pages}
        assert len(times) == 1
        cursor = pages[0][40]
        behind = client.get("/v1/charges", limit=100, starting_after=cursor["id"])
        assert all(one["created"] <= cursor["created"] for one in behind.body["data"])
        ahead = client.get("/v1/charges", limit=9, ending_before=cursor["id"])
        assert len(ahead.ids) == 9


def test_some_objects_stand_a_second_too_late():
    with serving(misplaced=True) as client:
        page = client.get("/v1/charges", limit=100).body["data"]

        steps = [b["created"] - a["created"] for a, b in itertools.pairwise(page)]
        assert max(steps) == 1
        assert client.everything("/v1/charges") == client.sandbox.objects("charges")
        place = steps.index(1) + 1
        second = page[place]["created"]
        exactly = client.get("/v1/charges", created_gte=second, created_lte=second)
        assert page[place]["id"] in exactly.ids
        before = client.everything("/v1/charges", created_lt=second)
        assert page[place]["id"] not in {one["id"] for one in before}


def test_a_last_page_can_say_that_there_is_more():
    with serving(false_has_more=1.0) as client:
        client.sandbox.change(10, seed=1)
        for path in ("/v1/plans", "/v1/events"):
            first = client.get(path, limit=100)
            then = client.get(path, limit=100, starting_after=first.ids[-1])

            assert first.body["has_more"]
            assert then.ids == []
            assert not then.body["has_more"]


def test_pages_can_be_smaller_than_asked_for():
    with serving(most_per_page=7) as client:
        assert len(client.get("/v1/charges", limit=100).ids) == 7
        assert len(client.get("/v1/charges", limit=3).ids) == 3
        assert len(client.everything("/v1/plans")) == 15


@pytest.mark.parametrize("operation", ["create_charge", "refund_charge"])
def test_a_late_transaction_is_named_with_an_event(clock, operation):
    options = {"late_transactions_seconds": HOUR_S, "clock": clock}
    with serving(stale_events=0, old_events=0, **options) as client:
        resource = "refunds" if operation == "refund_charge" else "charges"
        while True:
            made = client.sandbox.perform(operation)
            if resource == "refunds" or client.get(f"/v1/charges/{made}").body["paid"]:
                break
        before = client.get(f"/v1/{resource}/{made}").body
        count = len(client.sandbox.objects("balance_transactions"))

        clock.now += HOUR_S
        after = client.get(f"/v1/{resource}/{made}").body

        assert before["balance_transaction"] is None
        transaction = client.get(
            f"/v1/balance_transactions/{after['balance_transaction']}"
        ).body
        assert transaction["created"] == before["created"]
        assert len(client.sandbox.objects("balance_transactions")) > count
        event = client.sandbox.objects("events")[0]
        assert event["type"] == f"{resource[:-1]}.updated"
        assert event["data"]["previous_attributes"] == {"balance_transaction": None}


def test_events_about_payouts_can_call_them_transfers():
    with serving(payouts_as_transfers=True) as client:
        payout = client.sandbox.perform("create_payout")
        client.sandbox.perform("end_payout", payout)

        raised = client.sandbox.objects("events")
        assert {event["type"].partition(".")[0] for event in raised} == {"transfer"}
        for event in raised:
            thing = event["data"]["object"]
            assert thing["id"] == payout
            assert thing["object"] == "transfer"
            assert thing["type"] == "bank_account"
            assert event["api_version"] < "2017-04-06"


def test_events_can_come_twice():
    with serving(repeated_events=1.0) as client:
        client.sandbox.perform("update_plan")

        first, second, *_ = client.sandbox.objects("events")
        assert first["id"] != second["id"]
        assert {**first, "id": None} == {**second, "id": None}


def test_noise_can_have_ids_that_stand_for_nothing():
    with serving(false_ids=True) as client:
        for _ in range(60):
            client.sandbox.perform("raise_noise")

        said = json.dumps(client.sandbox.objects("events"))
        for id_ in ("upcoming_in_", '"sub_1', '"ii_1', '"src_1'):
            assert id_ in said


def test_a_payment_has_a_name_of_its_own():
    with serving() as client:
        payment = client.sandbox.perform("create_payment")

        assert payment.startswith("py_")
        assert types(client) == ["payment.created"]
        assert client.get(f"/v1/charges/{payment}").body["id"] == payment


def test_a_test_clock_takes_its_customers_along():
    with serving() as client:
        customer = client.sandbox.perform("create_clock_customer")
        read = client.get(f"/v1/customers/{customer}").body
        listed = client.get("/v1/customers", limit=1).ids
        by_clock = client.get("/v1/customers", test_clock=read["test_clock"]).ids
        client.sandbox.perform("delete_test_clock")

        assert customer not in listed
        assert by_clock == [customer]
        assert client.get(f"/v1/customers/{customer}").body["deleted"]
        assert types(client) == ["customer.created", "test_helpers.test_clock.deleted"]


BAD = {
    "400": 400,
    "403": 403,
    "404": 404,
    "404 of a url": 404,
    "429": 429,
    "500": 500,
}


@pytest.mark.parametrize("answer", BAD)
def test_one_thing_answers_badly_until_it_is_mended(answer):
    with serving() as client:
        one, other, *_ = client.get("/v1/charges").ids
        broken = client.sandbox.break_(f"/v1/charges/{one}", answer)
        reply = client.get(f"/v1/charges/{one}")

        assert reply.status == BAD[answer]
        assert reply.error["message"]
        assert reply.error.get("code") != "more_permissions_required"
        assert client.get(f"/v1/charges/{other}").status == 200
        assert broken.met == 1
        client.sandbox.mend()
        assert client.get(f"/v1/charges/{one}").status == 200


@pytest.mark.parametrize("should_retry", [True, False, None])
def test_a_bad_answer_says_whether_to_ask_again(should_retry):
    with serving() as client:
        client.sandbox.break_("/v1/plans", "500", should_retry=should_retry)

        said = client.get("/v1/plans").headers.get("Stripe-Should-Retry")

        assert said == (None if should_retry is None else str(should_retry).lower())


def test_a_thing_can_answer_badly_a_number_of_times():
    with serving() as client:
        client.sandbox.break_("/v1/invoices/*/lines", "404", times=2)
        invoice = client.get("/v1/invoices").ids[0]
        path = f"/v1/invoices/{invoice}/lines"

        assert [client.get(path).status for _ in range(3)] == [404, 404, 200]


def test_only_the_page_that_holds_an_object_answers_badly():
    with serving() as client:
        page = client.get("/v1/charges", limit=20).ids
        client.sandbox.break_("/v1/charges", "500", holding=page[14])

        assert client.get("/v1/charges", limit=14).status == 200
        assert client.get("/v1/charges", limit=15).status == 500
        assert client.get("/v1/charges", starting_after=page[14]).status == 200


def test_an_object_is_garbled_wherever_it_is():
    with serving() as client:
        source = next(
            child for _, child in client.sandbox.children("customers", "sources")
        )
        owner = source["customer"]
        client.sandbox.break_(
            "/v1/customers/*/sources", "garbled", holding=source["id"]
        )
        client.sandbox.break_(
            "/v1/plans", "garbled", holding=client.get("/v1/plans").ids[0], garble=str
        )

        sources = client.get(f"/v1/customers/{owner}/sources").body["data"]
        plans = client.get("/v1/plans").body["data"]

        assert [one for one in sources if "id" not in one]
        assert isinstance(plans[0], str)


def test_only_one_account_answers_badly():
    with serving(connected_data=True) as client:
        account = client.sandbox.objects("accounts")[0]["id"]
        client.sandbox.break_("/v1/plans", "403", account=account)

        assert client.get("/v1/plans", account=account).status == 403
        assert client.get("/v1/plans").status == 200


def test_an_edit_an_event_a_hidden_and_a_vanished_object():
    with serving(stale_events=0, old_events=0) as client:
        sandbox = client.sandbox
        one, other, *_ = client.get("/v1/coupons").ids
        sandbox.edit("coupons", one, "coupon.updated", name="Spring")
        sandbox.raise_event("invoice.upcoming", {"object": "invoice"}, version=None)
        sandbox.vanish("coupons", one)
        reveal = sandbox.withhold("coupons", other)

        assert types(client) == ["coupon.updated", "invoice.upcoming"]
        assert client.get(f"/v1/coupons/{one}").status == 404
        assert client.get(f"/v1/coupons/{other}").status == 404
        reveal()
        assert client.get(f"/v1/coupons/{other}").status == 200
        with pytest.raises(LookupError):
            sandbox.vanish("coupons", one)


def test_unkind_lists_and_truth_agree():
    with serving(**vars(Options.unkind())) as client:
        client.sandbox.change(300, seed=3)
        for resource in ("charges", "customers", "invoices", "payouts"):
            by_id = {one["id"]: one for one in client.sandbox.objects(resource)}
            page = client.get(f"/v1/{resource}", limit=100).body["data"]
            assert len(page) == min(100, len(by_id))
            assert all(one == by_id[one["id"]] for one in page)
