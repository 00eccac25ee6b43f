from __future__ import annotations

from collections import Counter

import pytest

from tap_stripe.sandbox.resources import RESOURCES as GENERIC
from tests.sandbox.client import serving

RESOURCES = (
    "accounts",
    "application_fees",
    "balance_transactions",
    "charges",
    "coupons",
    "customers",
    "disputes",
    "files",
    "invoice_payments",
    "invoiceitems",
    "invoices",
    "payouts",
    "plans",
    "prices",
    "refunds",
    "subscriptions",
    "transfers",
    *(resource.path for resource in GENERIC),
)


@pytest.mark.parametrize("resource", RESOURCES)
def test_paging_forward_gives_every_object_newest_first(stripe, resource):
    status = {"status": "all"} if resource == "subscriptions" else {}

    listed = stripe.everything(f"/v1/{resource}", limit=7, **status)

    assert listed == stripe.sandbox.objects(resource)
    times = [thing.get("created", thing.get("date")) for thing in listed]
    times = [time for time in times if time is not None]
    assert times == sorted(times, reverse=True)


@pytest.mark.parametrize("resource", RESOURCES)
def test_each_object_is_the_same_by_id(stripe, resource):
    things = stripe.sandbox.objects(resource)[:20]

    fetched = [stripe.get(f"/v1/{resource}/{thing['id']}").body for thing in things]

    assert fetched == things


def test_a_list_has_stripes_frame_and_ten_objects(stripe):
    reply = stripe.get("/v1/charges")

    assert set(reply.body) == {"object", "data", "has_more", "url"}
    assert reply.body["object"] == "list"
    assert reply.body["url"] == "/v1/charges"
    assert len(reply.ids) == 10
    assert reply.headers["Request-Id"].startswith("req_")
    assert reply.headers["Stripe-Version"] == "2026-10-28.endive"


def test_ending_before_gives_the_page_next_to_the_cursor(stripe):
    ids = [charge["id"] for charge in stripe.sandbox.objects("charges")]

    near = stripe.get("/v1/charges", ending_before=ids[50], limit=20)
    top = stripe.get("/v1/charges", ending_before=ids[15], limit=20)

    assert near.ids == ids[30:50]
    assert near.body["has_more"] is True
    assert top.ids == ids[:15]
    assert top.body["has_more"] is False


def test_has_more_is_false_on_a_page_that_ends_exactly(stripe):
    number = len(stripe.sandbox.objects("plans"))

    reply = stripe.get("/v1/plans", limit=number)

    assert len(reply.ids) == number
    assert reply.body["has_more"] is False


@pytest.mark.parametrize(
    ("operator", "keeps"),
    [
        ("created_gt", lambda created, second: created > second),
        ("created_gte", lambda created, second: created >= second),
        ("created_lt", lambda created, second: created < second),
        ("created_lte", lambda created, second: created <= second),
        ("created", lambda created, second: created == second),
    ],
)
@pytest.mark.parametrize(
    ("resource", "time"), [("charges", "created"), ("invoiceitems", "date")]
)
def test_created_bounds_are_exact(stripe, resource, time, operator, keeps):
    things = stripe.sandbox.objects(resource)
    second = things[len(things) // 2][time]

    listed = stripe.everything(f"/v1/{resource}", **{operator: second})

    assert listed == [thing for thing in things if keeps(thing[time], second)]
    assert listed


def test_seconds_are_shared_and_one_holds_more_than_a_page(stripe):
    charges = stripe.sandbox.objects("charges")

    shared = Counter(charge["created"] for charge in charges)

    assert sum(number > 1 for number in shared.values()) > 50
    assert max(shared.values()) > 100


@pytest.mark.parametrize("density", ["uniform", "growing", "bursty"])
def test_every_density_lists_whole(density):
    with serving(density=density, sizes={"charges": 2_500}) as client:
        listed = client.everything("/v1/charges")

        assert listed == client.sandbox.objects("charges")
        assert len({charge["id"] for charge in listed}) == 2_500


@pytest.mark.parametrize(
    ("parameters", "status", "code", "param"),
    [
        ({"limit": 0}, 400, None, "limit"),
        ({"limit": 101}, 400, None, "limit"),
        ({"limit": "ten"}, 400, "parameter_invalid_integer", "limit"),
        ({"created": "now"}, 400, "parameter_invalid_integer", "created"),
        ({"foo": 1}, 400, "parameter_unknown", "foo"),
        ({"starting_after": "ch_x"}, 400, "resource_missing", "starting_after"),
        ({"ending_before": "ch_x"}, 400, "resource_missing", "ending_before"),
        ({"starting_after": "a", "ending_before": "b"}, 400, None, None),
    ],
)
def test_what_stripe_refuses_is_refused(stripe, parameters, status, code, param):
    reply = stripe.get("/v1/charges", **parameters)

    assert reply.status == status
    assert reply.error["type"] == "invalid_request_error"
    assert reply.error.get("code") == code
    assert reply.error.get("param") == param


def test_created_is_unknown_where_there_is_no_such_filter(stripe):
    invoice = stripe.sandbox.objects("invoices")[0]["id"]

    reply = stripe.get(f"/v1/invoices/{invoice}/lines", created_gte=1)

    assert reply.status == 400
    assert reply.error["message"] == "Received unknown parameter: created[gte]"


def test_a_cursor_that_no_longer_passes_the_filter_is_missing(stripe):
    canceled = next(
        subscription["id"]
        for subscription in stripe.sandbox.objects("subscriptions")
        if subscription["status"] == "canceled"
    )

    refused = stripe.get("/v1/subscriptions", starting_after=canceled)
    allowed = stripe.get("/v1/subscriptions", starting_after=canceled, status="all")

    assert refused.status == 400
    assert refused.error["message"] == f"No such subscription: '{canceled}'"
    assert allowed.status == 200


def test_a_deleted_cursor_is_missing(changing):
    ids = changing.get("/v1/customers", limit=5).ids
    changing.sandbox.perform("delete_customer", ids[4])

    reply = changing.get("/v1/customers", starting_after=ids[4])

    assert reply.status == 400
    assert reply.error["code"] == "resource_missing"


def test_canceled_subscriptions_are_left_out_unless_asked_for(stripe):
    default = stripe.everything("/v1/subscriptions")
    every = stripe.everything("/v1/subscriptions", status="all")
    canceled = stripe.everything("/v1/subscriptions", status="canceled")

    assert {subscription["status"] for subscription in canceled} == {"canceled"}
    assert len(default) + len(canceled) == len(every)


def test_filters_narrow(stripe):
    refund = stripe.sandbox.objects("refunds")[3]
    payment = stripe.sandbox.objects("invoice_payments")[3]

    of_charge = stripe.get("/v1/refunds", charge=refund["charge"])
    of_invoice = stripe.get("/v1/invoice_payments", invoice=payment["invoice"])
    pending = stripe.everything("/v1/invoiceitems", pending="true")

    assert of_charge.ids == [refund["id"]]
    assert of_invoice.ids == [payment["id"]]
    assert pending
    assert all(item["invoice"] is None for item in pending)


@pytest.mark.parametrize(
    ("resource", "name", "path"),
    [
        ("invoices", "lines", "/v1/invoices/{}/lines"),
        ("customers", "sources", "/v1/customers/{}/sources"),
        ("subscriptions", "items", "/v1/subscription_items?subscription={}"),
        ("files", "links", "/v1/file_links?file={}"),
        ("application_fees", "refunds", "/v1/application_fees/{}/refunds"),
        ("transfers", "reversals", "/v1/transfers/{}/reversals"),
        ("accounts", "external_accounts", "/v1/accounts/{}/external_accounts"),
    ],
)
def test_a_list_inside_an_object_holds_ten_and_its_url_the_rest(
    stripe, resource, name, path
):
    pairs = stripe.sandbox.children(resource, name)
    owners = Counter(parent["id"] for parent, _ in pairs)
    owner, number = owners.most_common(1)[0]
    children = [child for parent, child in pairs if parent["id"] == owner]
    assert number > 10

    expand = {"expand": "sources"} if name == "sources" else {}
    parent = stripe.get(f"/v1/{resource}/{owner}", **expand).body
    url = parent[name]["url"]
    assert url == path.format(owner)
    first = stripe.get(url).body
    bare, _, query = url.partition("?")
    filters = dict([query.split("=")]) if query else {}

    assert parent[name]["data"] == children[:10] == first["data"]
    assert parent[name]["has_more"] is True
    assert stripe.everything(bare, limit=4, **filters) == children
    assert stripe.get(bare, starting_after="x", **filters).status == 400


def test_sources_are_told_apart_by_object(stripe):
    pairs = stripe.sandbox.children("customers", "sources")
    customer = next(parent["id"] for parent, _ in pairs)
    path = f"/v1/customers/{customer}/sources"

    cards = stripe.everything(path, object="card")
    banks = stripe.everything(path, object="bank_account")

    everything = [child for parent, child in pairs if parent["id"] == customer]
    assert cards == [source for source in everything if source["object"] == "card"]
    assert len(cards) + len(banks) == len(everything)
    assert stripe.get(f"{path}/{everything[0]['id']}").body == everything[0]


def test_all_file_links_are_listed_by_time(stripe):
    pairs = stripe.sandbox.children("files", "links")
    links = stripe.everything("/v1/file_links")
    second = links[len(links) // 2]["created"]

    recent = stripe.everything("/v1/file_links", created_gte=second)

    assert sorted(link["id"] for link in links) == sorted(
        link["id"] for _, link in pairs
    )
    assert [link["created"] for link in links] == sorted(
        (link["created"] for link in links), reverse=True
    )
    assert recent == [link for link in links if link["created"] >= second]
    assert stripe.get(f"/v1/file_links/{links[0]['id']}").body == links[0]


def test_a_subscription_item_is_found_by_its_id(stripe):
    _, item = stripe.sandbox.children("subscriptions", "items")[0]

    assert stripe.get(f"/v1/subscription_items/{item['id']}").body == item
    assert stripe.get("/v1/subscription_items").status == 400
