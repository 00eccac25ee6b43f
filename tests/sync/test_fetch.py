"""What is asked of Stripe, and what comes of answers that are not as they should be."""

from __future__ import annotations

import json
from contextlib import closing
from urllib.parse import parse_qs, urlsplit

import pytest

from tap_stripe.api.body import children, text
from tap_stripe.errors import (
    CursorGone,
    NotFound,
    PermissionMissing,
    ResponseError,
    StripeError,
)
from tap_stripe.sandbox import Options, Sandbox
from tap_stripe.sync.fetch import Fetch, is_cut_off
from tap_stripe.sync.source import sources
from tests.sync.made import LISTINGS, client, collections, decoded

JSON = {"Content-Type": "application/json"}
CHARGES, CUSTOMERS = "/v1/charges", "/v1/customers"


@pytest.fixture(scope="module")
def stripe():
    with Sandbox(Options(now=1_790_000_000, scale=0.02)) as serving:
        yield serving


@pytest.fixture
def sandbox(stripe):
    stripe.log.clear()
    yield stripe
    stripe.impostor = None
    stripe.set_key(stripe.key, None)


@pytest.fixture
def fetch(sandbox):
    with closing(client(sandbox.url)) as way:
        yield Fetch(way)


def source(path, *names):
    return sources(None, collections(*names))[LISTINGS[path]]


def ids(page):
    return [text(one.get("id")) for one in page.objects]


def charge(id_, created):
    return {"id": id_, "object": "charge", "created": created}


def listed(*entries, has_more=False):
    page = {"object": "list", "data": entries, "has_more": has_more, "url": "/v1/x"}
    return 200, json.dumps(page).encode(), JSON


def refused(status, **error):
    return status, json.dumps({"error": {"message": "No.", **error}}).encode(), JSON


class Script:
    """Answers in Stripe's place, in order, and remembers what it was asked.

    Attributes:
        asked: Path and query of each request.
    """

    def __init__(self, sandbox, *answers):
        self.asked: list[tuple[str, dict[str, list[str]]]] = []
        self._left = list(answers)
        sandbox.impostor = self

    def __call__(self, target):
        parts = urlsplit(target)
        self.asked.append((parts.path, parse_qs(parts.query)))
        return self._left.pop(0)


# Pages


def test_a_list_is_read_page_by_page_to_its_end(fetch, sandbox):
    charges, found, cursor = source(CHARGES, "charges"), [], None
    charges.limit = 7

    while True:
        page = fetch.page(charges, (0, 2_000_000_000), cursor=cursor)
        found += ids(page)
        if not page.has_more:
            break
        assert page.newest >= page.oldest > 0
        cursor = page.cursor

    assert set(found) == {one["id"] for one in sandbox.objects("charges")}


def test_a_page_whose_objects_are_out_of_order_covers_only_what_can_not_come_behind(
    fetch, sandbox
):
    Script(
        sandbox,
        listed(
            charge("ch_1", 600), charge("ch_2", 500), charge("ch_3", 550), has_more=True
        ),
    )

    page = fetch.page(source(CHARGES, "charges"), (0, 1000))

    # One was 50 s newer than the one before it: so may be others on the next page.
    assert (page.newest, page.oldest, page.cursor) == (600, 550, "ch_3")


def test_entries_that_can_not_be_placed_are_named_and_their_seconds_stay_open(
    fetch, sandbox
):
    Script(
        sandbox,
        listed(
            charge("ch_1", 600),
            {"object": "charge", "created": 590},
            charge("ch_2", 580),
            {"id": "cus_1", "object": "customer", "created": 570},
            charge("ch_3", 560),
            charge("ch_4", 2000),
        ),
    )

    page = fetch.page(source(CHARGES, "charges"), (100, 1000))

    assert ids(page) == ["ch_1", "ch_2", "ch_3"]
    assert page.garbled == (
        "an object without an id",
        "cus_1, an object of type customer",
        "ch_4, outside of created 100 to 1000",
    )
    for second, (first, last) in zip((590, 570, 100), page.holes, strict=True):
        assert first <= second <= last


def test_an_empty_page_is_the_end_whatever_it_says(fetch, sandbox):
    Script(sandbox, listed(has_more=True))

    page = fetch.page(source(CHARGES, "charges"), (0, 1000), cursor="ch_1")

    assert (page.has_more, page.objects) == (False, [])


@pytest.mark.parametrize(
    "answer",
    [
        listed({"object": "charge"}, has_more=True),
        listed(charge("ch_9", 5), has_more=True),
    ],
    ids=["of nothing that can be read", "that ends where it began"],
)
def test_a_page_that_leads_nowhere_is_an_error(fetch, sandbox, answer):
    Script(sandbox, answer)

    with pytest.raises(ResponseError, match="documentation rules out"):
        fetch.page(source(CHARGES, "charges"), (0, 1000), cursor="ch_9")


def test_a_page_behind_an_object_that_is_gone_begins_with_the_last_second(
    fetch, sandbox
):
    gone = refused(400, code="resource_missing", param="starting_after")
    script = Script(sandbox, gone, listed(charge("ch_1", 400)))

    page = fetch.page(source(CHARGES, "charges"), (0, 450), top=900, cursor="ch_9")

    assert ids(page) == ["ch_1"]
    (_, first), (_, second) = script.asked
    assert (first["created[lte]"], first["starting_after"]) == (["900"], ["ch_9"])
    assert second["created[lte]"] == ["450"]
    assert "starting_after" not in second


def test_a_missing_cursor_where_none_was_sent_is_an_error(fetch, sandbox):
    Script(sandbox, refused(400, code="resource_missing", param="starting_after"))

    with pytest.raises(CursorGone):
        fetch.page(source(CHARGES, "charges"), (0, 450))


# Objects


def test_an_object_is_read_in_the_form_that_lists_give(fetch, sandbox):
    customer = sandbox.objects("customers")[0]["id"]
    customers = source(CUSTOMERS, "customers", "cards")

    page = fetch.object(customers, customer)

    [by_id] = page.objects
    [listed_] = [
        one
        for one in fetch.page(customers, (0, 2_000_000_000)).objects
        if text(one["id"]) == customer
    ]
    assert {name: bytes(value) for name, value in by_id.items()} == {
        name: bytes(value) for name, value in listed_.items()
    }


MISSING = refused(404, code="resource_missing")


@pytest.mark.parametrize(
    "answers",
    [
        (MISSING, MISSING),
        ((200, b'{"id":"cus_1","object":"customer","deleted":true}', JSON),),
    ],
)
def test_an_object_that_is_gone_is_none(fetch, sandbox, answers):
    Script(sandbox, *answers)

    assert fetch.object(source(CUSTOMERS, "customers"), "cus_1") is None


def test_an_object_is_not_gone_because_one_answer_says_so(fetch, sandbox):
    Script(sandbox, MISSING, (200, b'{"id":"cus_1","object":"customer"}', JSON))

    page = fetch.object(source(CUSTOMERS, "customers"), "cus_1")

    assert ids(page) == ["cus_1"]


@pytest.mark.parametrize(
    "answer",
    [
        {"id": "cus_2", "object": "customer"},
        {"id": "cus_1", "object": "charge"},
        {"object": "customer"},
    ],
)
def test_another_object_than_was_asked_for_is_an_error(fetch, sandbox, answer):
    Script(sandbox, (200, json.dumps(answer).encode(), JSON))

    with pytest.raises(ResponseError):
        fetch.object(source(CUSTOMERS, "customers"), "cus_1")


@pytest.mark.parametrize("id_", ["a/b", "a?b", "ä %", "a#b"])
def test_an_id_that_a_merchant_chose_stands_in_the_path_as_it_is(fetch, sandbox, id_):
    answer = {"id": id_, "object": "coupon"}
    script = Script(sandbox, (200, json.dumps(answer).encode(), JSON))

    page = fetch.object(source("/v1/coupons", "coupons"), id_)

    assert ids(page) == [id_]
    assert script.asked[0][0].count("/") == 3


def test_an_id_that_no_address_can_name_is_an_error(fetch):
    with pytest.raises(ResponseError, match="no address"):
        fetch.object(source("/v1/coupons", "coupons"), "..")


# Lists inside


def transfer(*reversals, has_more=True):
    return decoded(
        id="tr_1",
        object="transfer",
        created=5,
        reversals={
            "object": "list",
            "data": reversals,
            "has_more": has_more,
            # What Stripe says here could name anything.
            "url": "/v1/charges",
        },
    )


def reversal(id_, transfer="tr_1"):
    return {"id": id_, "object": "transfer_reversal", "transfer": transfer}


def entries(found, name):
    return [text(one["id"]) for one in children(found[name])]


TRANSFERS = ("/v1/transfers", "transfers", "transfer_reversals")


def test_a_list_inside_is_read_at_its_parents_own_path(fetch, sandbox):
    found = transfer(reversal("trr_1"))
    assert is_cut_off(source(*TRANSFERS), found)
    script = Script(
        sandbox,
        listed(reversal("trr_1"), reversal("trr_2"), has_more=True),
        listed(reversal("trr_3")),
    )

    done = fetch.complete(source(*TRANSFERS), found)

    assert entries(done.object, "reversals") == ["trr_1", "trr_2", "trr_3"]
    assert (done.failed, done.requests) == ({}, 2)
    paths = {path for path, _ in script.asked}
    assert paths == {"/v1/transfers/tr_1/reversals"}
    assert [query["starting_after"] for _, query in script.asked] == [
        ["trr_1"],
        ["trr_2"],
    ]


def test_a_list_inside_that_is_read_by_a_filter_takes_no_others_entries(fetch, sandbox):
    items = {"object": "list", "data": [], "has_more": True, "url": "/v1/x"}
    found = decoded(id="sub_1", object="subscription", created=5, items=items)
    other = {"id": "si_1", "object": "subscription_item", "subscription": "sub_2"}
    script = Script(sandbox, listed(other))

    done = fetch.complete(
        source("/v1/subscriptions", "subscriptions", "subscription_items"), found
    )

    assert script.asked[0] == (
        "/v1/subscription_items",
        {"subscription": ["sub_1"], "limit": ["100"]},
    )
    assert "sub_2 for sub_1" in str(done.failed["items"])
    assert entries(done.object, "items") == []


def test_a_list_inside_that_can_not_be_read_leaves_what_the_object_showed(
    fetch, sandbox
):
    Script(sandbox, refused(400))

    done = fetch.complete(source(*TRANSFERS), transfer(reversal("trr_1")))

    assert entries(done.object, "reversals") == ["trr_1"]
    assert isinstance(done.failed["reversals"], StripeError)


def test_a_404_of_a_list_inside_deletes_nothing_unless_the_object_is_gone(
    fetch, sandbox
):
    there = 200, b'{"id":"tr_1","object":"transfer"}', JSON

    Script(sandbox, MISSING, there)
    done = fetch.complete(source(*TRANSFERS), transfer(reversal("trr_1")))
    assert isinstance(done.failed["reversals"], NotFound)

    Script(sandbox, MISSING, MISSING, MISSING)
    with pytest.raises(NotFound):
        fetch.complete(source(*TRANSFERS), transfer(reversal("trr_1")))


def test_a_list_inside_that_never_ends_is_an_error_of_its_own(fetch, sandbox):
    again = listed(reversal("trr_1"), has_more=True)
    Script(sandbox, again, again)

    done = fetch.complete(source(*TRANSFERS), transfer(reversal("trr_1")))

    assert isinstance(done.failed["reversals"], ResponseError)


def test_a_list_inside_whose_cursor_is_gone_is_read_from_its_start(fetch, sandbox):
    gone = refused(400, code="resource_missing", param="starting_after")
    Script(sandbox, gone, listed(reversal("trr_2"), reversal("trr_3")))

    done = fetch.complete(source(*TRANSFERS), transfer(reversal("trr_1")))

    assert entries(done.object, "reversals") == ["trr_2", "trr_3"]


# What the key may not read of objects


def test_an_expansion_that_the_key_may_not_read_is_left_out_and_named(fetch, sandbox):
    coupons = source("/v1/coupons", "coupons")
    sandbox.impostor = lambda target: (
        refused(403, code="more_permissions_required")
        if "applies_to" in target
        else None
    )

    page = fetch.page(coupons)

    assert page.objects
    [refusal] = page.refused
    assert refusal.names == ("applies_to",)
    assert isinstance(refusal.error, PermissionMissing)
    assert coupons.expand == ("currency_options",)
    assert fetch.page(coupons).refused == (), "it is named once"


def test_an_endpoint_that_the_key_may_not_read_at_all_is_refused(fetch, sandbox):
    sandbox.set_key(sandbox.key, ["charge_read"])

    with pytest.raises(PermissionMissing):
        fetch.page(source("/v1/coupons", "coupons"))
