"""Answers that Stripe never gives: none is taken for an empty page."""

from __future__ import annotations

import copy as copies
import itertools
import json
import re
from urllib.parse import parse_qsl, urlsplit

import pytest

from tap_stripe.sandbox import Options
from tests.faults.conftest import JSON, assert_one_sentence, errors, listed, refused

PATHS = ("/v1/charges", "/v1/accounts", "/v1/balance_transactions", "/v1/coupons")
OF_PATH = {
    "/v1/charges": {"charges"},
    "/v1/accounts": {"accounts", "cards", "bank_accounts"},
    "/v1/balance_transactions": {
        "balance_transactions",
        "balance_transaction_fee_details",
    },
    "/v1/coupons": {"coupons"},
}
NO_PAGE = {
    "400": refused(400, "Something is wrong."),
    "404": refused(404, "Not found."),
    "404 of an object": refused(404, "No such thing.", code="resource_missing"),
    "404 of an endpoint": refused(
        404, "Unrecognized request URL (GET: /v1/x).", type="invalid_request_error"
    ),
    "404 in HTML": (404, b"<html>no such page</html>", {}),
    "403 in HTML": (403, b"<html>a proxy says no</html>", {}),
    "402": refused(402, "Pay first."),
    "204": (204, b"", {}),
    "200 and empty": (200, b"", {}),
    "200 in HTML": (200, b"<html>sign in to this network</html>", {}),
    "an array": (200, b"[]", JSON),
    "null": (200, b"null", JSON),
    "a string": (200, b'"ok"', JSON),
    "an empty object": (200, b"{}", JSON),
    "an error under 200": (200, refused(400, "No.")[1], JSON),
    "a page without has_more": (200, b'{"object":"list","data":[]}', JSON),
    "a page without data": (200, b'{"object":"list","has_more":false}', JSON),
    "data is null": (200, b'{"object":"list","data":null,"has_more":false}', JSON),
    "a page of numbers": (200, b'{"object":"list","data":[1],"has_more":false}', JSON),
    "a search result": (
        200,
        b'{"object":"search_result","data":[],"has_more":false}',
        JSON,
    ),
    "a customer": (200, b'{"id":"cus_1","object":"customer"}', JSON),
    "a moved page": (301, b"", {"Location": "/v1/elsewhere"}),
}


def at(path, answer):
    return lambda target: answer if urlsplit(target).path == path else None


@pytest.fixture
def small(copying, seed):
    return copying(Options(seed=seed, scale=0.05), retry_seconds=0.3)


def assert_nothing_is_claimed(copy, path):
    """Check that the next run, with Stripe as it is, brings all that was refused."""
    copy.sandbox.impostor = None
    said = copy.said()
    for id_ in INVENTED:
        copy.target.tables["charges"].pop((id_,), None)
    for name in OF_PATH[path]:
        assert b'"ACTIVATE_VERSION","stream":"%s"' % name.encode() not in said, name
    assert copy.sync().code == 0
    copy.assert_equal()


@pytest.mark.parametrize("answer", NO_PAGE)
def test_what_is_no_page_is_one_clear_error_and_no_empty_page(small, answer, chance):
    path = chance.choice(PATHS)
    small.sandbox.impostor = at(path, NO_PAGE[answer])

    ran = small.sync()

    assert_one_sentence(ran, path)
    assert_nothing_is_claimed(small, path)


@pytest.mark.parametrize("answer", ["400", "404", "404 of an endpoint", "200 in HTML"])
def test_what_is_no_page_is_no_empty_page_in_a_later_sync_either(small, answer, seed):
    small.sync()
    small.sandbox.change(40, seed=seed)
    before = copies.deepcopy(small.held())
    small.sandbox.impostor = at("/v1/events", NO_PAGE[answer])

    ran = small.sync()

    assert_one_sentence(ran, "/v1/events")
    for name, bookmark in small.held().items():
        if name == "account":
            continue
        assert bookmark["watermark"] == before[name]["watermark"]
    small.sandbox.impostor = None
    assert small.sync().code == 0
    small.assert_equal()


@pytest.mark.parametrize("answer", ["400", "404 of an endpoint", "an array"])
def test_an_embedded_list_that_can_not_be_read_is_an_error(copying, seed, answer):
    copy = copying(Options(seed=seed, scale=0.1, many_children=0.5), retry_seconds=0.3)
    inside = re.compile(r"/v1/customers/[^/]+/sources")
    copy.sandbox.impostor = lambda target: (
        NO_PAGE[answer] if inside.match(target) else None
    )

    ran = copy.sync()

    assert ran.code == 1
    assert "Traceback" not in ran.err
    assert "/sources" in " ".join(errors(ran))
    copy.sandbox.impostor = None
    assert copy.sync().code == 0
    copy.assert_equal()


CHARGE = {"object": "charge", "amount": 1, "currency": "usd", "metadata": {}}
INVENTED = ("ch_1", "ch_2")
WRONG_PAGES = {
    "of customers": [{"id": "cus_1", "object": "customer", "created": 500}],
    "with a customer among charges": [
        {**CHARGE, "id": "ch_2", "created": 600},
        {"id": "cus_1", "object": "customer", "created": 500},
        {**CHARGE, "id": "ch_1", "created": 400},
    ],
    "of objects without type": [{"id": "ch_1", "created": 500}],
    "outside of the window": [{**CHARGE, "id": "ch_1", "created": 99_999_999_999}],
    "without ids": [
        {**CHARGE, "created": 600},
        {**CHARGE, "id": "ch_1", "created": 500},
    ],
    "with ids of null": [
        {**CHARGE, "id": None, "created": 600},
        {**CHARGE, "id": "ch_1", "created": 500},
    ],
    "with numbers for ids": [
        {**CHARGE, "id": 7, "created": 600},
        {**CHARGE, "id": "ch_1", "created": 500},
    ],
    "with empty ids": [
        {**CHARGE, "id": "", "created": 600},
        {**CHARGE, "id": "ch_1", "created": 500},
    ],
    "without created": [{**CHARGE, "id": "ch_1"}],
    "with created in words": [{**CHARGE, "id": "ch_1", "created": "today"}],
    "with created before all time": [{**CHARGE, "id": "ch_1", "created": -5}],
    "with a fraction for created": [{**CHARGE, "id": "ch_1", "created": 500.5}],
    "with true for created": [{**CHARGE, "id": "ch_1", "created": True}],
}


@pytest.mark.parametrize("what", WRONG_PAGES)
def test_an_entry_that_can_not_be_is_left_out_and_named(small, what):
    small.sandbox.impostor = at("/v1/charges", listed(*WRONG_PAGES[what]))

    ran = small.sync()

    assert_one_sentence(ran, "/v1/charges")
    assert_nothing_is_claimed(small, "/v1/charges")


def test_an_empty_page_is_the_end_whatever_it_says_of_more(small):
    # Stripe has said so of lists that are filtered by time.
    small.sandbox.impostor = at("/v1/charges", listed(has_more=True))

    ran = small.sync()

    assert ran.code == 0
    assert "charges" not in small.target.tables or not small.target.tables["charges"]


def test_a_page_out_of_order_loses_nothing(small):
    oldest_first = [
        {**CHARGE, "id": id_, "created": created}
        for id_, created in (("ch_1", 500), ("ch_2", 600), ("ch_3", 550))
    ]
    small.sandbox.impostor = at("/v1/charges", listed(*oldest_first))

    ran = small.sync()

    assert ran.code == 0
    assert sorted(small.target.tables["charges"]) == [("ch_1",), ("ch_2",), ("ch_3",)]


def test_an_id_twice_on_a_page_is_one_row(small):
    twice = [{**CHARGE, "id": "ch_1", "created": 500}] * 2
    small.sandbox.impostor = at("/v1/charges", listed(*twice))

    ran = small.sync()

    assert ran.code == 0
    assert list(small.target.tables["charges"]) == [("ch_1",)]


ENDLESS = {
    "the same page": lambda _: 0,
    "two pages in turn": lambda place: place % 2,
}


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("pages", ENDLESS)
def test_pages_without_end_end_in_an_error(copying, seed, path, pages):
    copy = copying(Options(seed=seed, scale=0.2))
    objects = copy.sandbox.objects(path.rpartition("/")[2])
    place = itertools.count()

    def without_end(target):
        if urlsplit(target).path != path:
            return None
        number = next(place)
        if number > 5_000:
            return refused(400, "It did not end.")
        return listed(objects[ENDLESS[pages](number)], has_more=True)

    copy.sandbox.impostor = without_end
    ran = copy.sync()

    assert_one_sentence(ran, path)
    assert "did not end" not in ran.err
    assert_nothing_is_claimed(copy, path)


def test_an_embedded_list_without_end_ends_in_an_error(copying, seed):
    copy = copying(Options(seed=seed, scale=0.1, many_children=0.5))
    inside = re.compile(r"/v1/customers/[^/]+/sources")
    one = {"id": "card_1", "object": "card"}
    copy.sandbox.impostor = lambda target: (
        listed(one, has_more=True) if inside.match(target) else None
    )

    assert_one_sentence(copy.sync(), "sources")


FILTERED = {
    "the same page without end": lambda one: listed(one, has_more=True),
    "an object of another type": lambda one: listed({**one, "object": "customer"}),
}


@pytest.mark.parametrize("answer", FILTERED)
def test_a_filtered_list_that_can_not_be_is_one_clear_error(copying, seed, answer):
    copy = copying(Options(seed=seed, scale=0.1, cascade_events="none"))
    copy.sync()
    # Nothing tells of the sources that go with a customer.
    owners = {owner["id"] for owner, _ in copy.sandbox.children("customers", "sources")}
    one = next(
        one
        for one in copy.sandbox.objects("subscriptions")
        if one["customer"] not in owners
    )
    copy.sandbox.perform("delete_customer", one["customer"])
    asked = itertools.count()

    def impossible(target):
        parts = urlsplit(target)
        if parts.path != "/v1/subscriptions" or "customer" not in dict(
            parse_qsl(parts.query)
        ):
            return None
        if next(asked) > 3_000:
            return refused(400, "It did not end.")
        return FILTERED[answer](one)

    copy.sandbox.impostor = impossible
    ran = copy.sync()

    assert next(asked) > 0
    assert_one_sentence(ran, "/v1/subscriptions")
    assert "did not end" not in ran.err
    copy.sandbox.impostor = None
    assert copy.sync().code == 0
    copy.assert_equal()


BY_ID = {
    "another object's": lambda plan: {**plan, "id": "plan_of_somebody_else"},
    "another type's": lambda plan: {**plan, "object": "product"},
    "none": lambda _: [],
    "without id": lambda _: {"object": "plan"},
    "a list": lambda plan: json.loads(listed(plan)[1]),
    "deleted: false": lambda plan: {**plan, "deleted": False},
}


@pytest.mark.parametrize("what", BY_ID)
def test_an_answer_to_a_look_at_an_object_is_that_object_or_no_row(copying, seed, what):
    copy = copying(Options(seed=seed, scale=0.1), retry_seconds=0.3)
    copy.sync()
    changed = copy.sandbox.perform("update_plan")
    plan = next(one for one in copy.sandbox.objects("plans") if one["id"] == changed)
    body = json.dumps(BY_ID[what](plan)).encode()
    copy.sandbox.impostor = at(f"/v1/plans/{changed}", (200, body, JSON))

    ran = copy.sync()

    assert "Traceback" not in ran.err
    rows = copy.target.tables["plans"]
    assert rows.keys() <= {(one["id"],) for one in copy.sandbox.objects("plans")}
    if what == "deleted: false":
        assert ran.code == 0
    else:
        assert_one_sentence(ran, "/v1/plans")
    copy.sandbox.impostor = None
    assert copy.sync().code == 0
    copy.assert_equal()


# Ids that merchants choose, and how a path says them.
ODD_IDS = {
    "A/B": "A%2FB",
    "a?b": "a%3Fb",
    "a#b": "a%23b",
    "50%20OFF": "50%2520OFF",
    "50% OFF": "50%25%20OFF",
    "ünï": "%C3%BCn%C3%AF",
    "a;b": "a%3Bb",
}


def test_odd_ids_are_asked_for_as_they_are_and_lose_no_other_change(copying, seed):
    copy = copying(Options(seed=seed, scale=0.3))
    copy.sync()
    plans = [one["id"] for one in copy.sandbox.objects("plans")][:4]
    for plan in plans:
        copy.sandbox.perform("update_plan", plan)
    happened = max(event.created for event in copy.sandbox.events())
    events = [
        {
            "id": f"evt_{place}",
            "object": "event",
            "type": "price.updated",
            "created": happened,
            "data": {"object": {"id": id_, "object": "price"}},
        }
        for place, id_ in enumerate([*ODD_IDS, "", *plans])
    ]
    gone = refused(404, "No such plan.", code="resource_missing", param="id")

    def answer(target):
        path = urlsplit(target).path
        if path == "/v1/events":
            return listed(*events)
        return gone if path.rpartition("/")[2] in ODD_IDS.values() else None

    copy.sandbox.impostor = answer
    ran = copy.sync()

    assert not errors(ran)
    copy.assert_equal()
    asked = {urlsplit(entry.target).path for entry in copy.sandbox.log.entries}
    assert {f"/v1/plans/{path}" for path in ODD_IDS.values()} <= asked


def test_a_redirect_is_not_followed_and_does_not_carry_the_key(copying, seed):
    copy = copying(Options(seed=seed, scale=0.05))
    elsewhere = copying(Options(seed=seed, scale=0.05))
    seen: list[str] = []
    elsewhere.sandbox.impostor = seen.append
    for status in (302, 307, 308):
        copy.sandbox.impostor = lambda target, status=status: (
            (status, b"", {"Location": elsewhere.sandbox.url + target})
            if target.startswith("/v1/charges")
            else None
        )

        assert_one_sentence(copy.sync(), "/v1/charges")

    assert seen == []


@pytest.mark.parametrize(
    "where", ["http://[::1", "http://127.0.0.1:99999/", "\xff\xfe"]
)
def test_a_redirect_to_no_address_is_one_clear_error(copying, seed, where):
    copy = copying(Options(seed=seed, scale=0.05))
    copy.sandbox.impostor = at("/v1/charges", (302, b"", {"Location": where}))

    assert_one_sentence(copy.sync(), "status 302")


def test_a_message_of_many_lines_is_one_short_line(small):
    forged = "No.\n2026-01-01 | ERROR    | tap-stripe | forged\x1b[2J" + "x" * 100_000
    small.sandbox.impostor = at("/v1/charges", refused(400, forged))

    ran = small.sync()

    assert_one_sentence(ran, "/v1/charges: No. 2026")
    assert "\x1b" not in ran.err
