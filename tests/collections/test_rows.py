"""What is in no row, and what a row does not depend on."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tap_stripe.api.body import decode_object, plain
from tap_stripe.errors import RowError
from tap_stripe.streams import Collection

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.collections.conftest import Collections

EXAMPLES = Path(__file__).parent / "examples"
RECEIVED_AT = 1_790_000_000.25
LISTED = sorted(
    name for name, made in Collection.registered.items() if not made.feeds[0].embedded
)


def example(name: str, situation: str) -> dict[str, Any]:
    path = EXAMPLES / name / f"{situation}.json"
    sent: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))["stripe"]
    return sent


def rows(made: Collection, *sent: dict[str, Any], feed: int = 0) -> list[Any]:
    objects = [decode_object(json.dumps(one).encode()) for one in sent]
    made_of = made.rows(objects, made.feeds[feed], received_at=RECEIVED_AT)
    return [plain(row) for row in made_of]


def said(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records]


@pytest.mark.parametrize("name", LISTED)
def test_an_object_of_another_type_is_no_row_and_is_reported_once(
    name: str, fresh: Callable[..., Collections], caplog: pytest.LogCaptureFixture
) -> None:
    made = fresh(name)(name)
    other = {"id": "x_1", "object": "something_else", "created": 1_788_000_000}

    found = rows(made, other, {**other, "id": "x_2"})

    path = made.feeds[0].listing.path
    assert found == []
    assert said(caplog) == [
        f"{path} listed an object of another type (something_else); it is left out."
    ]


def test_an_object_inside_another_that_is_of_another_type_is_no_row(
    shared: Collections, caplog: pytest.LogCaptureFixture
) -> None:
    customer = example("cards", "customers_card_among_other_sources")
    sources = customer["sources"]["data"]

    cards = rows(shared("cards"), customer)
    bank_accounts = rows(shared("bank_accounts"), customer)

    assert len(sources) == 3
    assert [row["id"] for row in [*cards, *bank_accounts]] == ["card_1C", "ba_1C"]
    assert not [line for line in said(caplog) if "another type" in line]


def test_a_file_under_its_name_of_before_2018_is_reported(
    fresh: Callable[..., Collections], caplog: pytest.LogCaptureFixture
) -> None:
    # Stripe calls it `file` in the pinned version, whenever it was uploaded.
    made = fresh("file_uploads")("file_uploads")

    found = rows(made, {"id": "file_17", "object": "file_upload", "created": 1})

    assert found == []
    assert "(file_upload)" in said(caplog)[0]


@pytest.mark.parametrize("name", LISTED)
def test_a_property_that_the_schema_lacks_is_reported_once_and_left_out(
    name: str, fresh: Callable[..., Collections], caplog: pytest.LogCaptureFixture
) -> None:
    made = fresh(name)(name)
    sent = {"object": made.stripe_object, "of_tomorrow": {"a": [1]}}

    found = rows(made, {**sent, "id": "x_1"}, {**sent, "id": "x_2"})
    found += rows(made, {**sent, "id": "x_3"})

    assert [row["id"] for row in found] == ["x_1", "x_2", "x_3"]
    assert not any("of_tomorrow" in row for row in found)
    assert len(said(caplog)) == 1
    assert "the schema lacks: of_tomorrow." in said(caplog)[0]


def test_each_collection_reports_for_itself(
    fresh: Callable[..., Collections], caplog: pytest.LogCaptureFixture
) -> None:
    names = ("charges", "refunds")
    collection = fresh(*names)

    for name in names:
        made = collection(name)
        rows(made, {"id": "x", "object": made.stripe_object, "of_tomorrow": 1})

    assert [record.name.rpartition(".")[2] for record in caplog.records] == list(names)


def test_what_the_schema_lacks_inside_an_object_stays(
    shared: Collections, caplog: pytest.LogCaptureFixture
) -> None:
    details = {"type": "of_tomorrow", "of_tomorrow": {"deep": [{"er": None}, 1.50]}}
    sent = {
        "id": "ch_1",
        "object": "charge",
        "payment_method_details": details,
        "outcome": {"of_tomorrow": True},
    }

    (row,) = rows(shared("charges"), sent)

    assert row["payment_method_details"] == details
    assert row["outcome"] == {"of_tomorrow": True}
    assert said(caplog) == []


# Collection, situation, and what is expanded for others' sake only.
EXPANDED_FOR_OTHERS = {
    "customers": "with_credit_discount_and_sources",
    "invoice_items": "proration_of_a_subscription",
    "invoices": "paid_by_payment_intent",
    "subscriptions": "with_one_item_and_expanded_discounts",
}


def ids_for_discounts(value: Any) -> Any:
    """Give an object as Stripe sends it where discounts are not expanded."""
    if isinstance(value, list):
        return [ids_for_discounts(one) for one in value]
    if not isinstance(value, dict):
        return value
    return {
        name: [one["id"] for one in inner]
        if name == "discounts" and inner and isinstance(inner[0], dict)
        else ids_for_discounts(inner)
        for name, inner in value.items()
    }


@pytest.mark.parametrize("name", EXPANDED_FOR_OTHERS)
def test_a_row_does_not_depend_on_what_else_is_selected(
    name: str, shared: Collections, fresh: Callable[..., Collections]
) -> None:
    expanded = example(name, EXPANDED_FOR_OTHERS[name])
    as_it_is = ids_for_discounts(expanded)
    as_it_is.pop("sources", None)
    assert as_it_is != expanded

    among_all = rows(shared(name), expanded)
    alone = rows(fresh(name)(name), as_it_is)

    assert among_all == alone


def test_every_list_that_is_read_to_its_end_shows_whole_in_its_parents_row(
    shared: Collections,
) -> None:
    subscription = example("subscriptions", "canceled_with_two_items_and_periods")

    (row,) = rows(shared("subscriptions"), subscription)

    assert row["items"] == subscription["items"]


@pytest.mark.parametrize(
    "text",
    [
        "123456789012345678901234567890",
        "18446744073709551616",
        "-9223372036854775809",
        "0.1234567890123456789",
        "12.50",
        "1e-7",
    ],
)
def test_a_number_that_no_rule_touches_keeps_its_digits(
    text: str, shared: Collections
) -> None:
    made = shared("charges")
    body = f'{{"id": "ch_1", "object": "charge", "level3": {{"n": {text}}}}}'

    (row,) = made.rows(
        [decode_object(body.encode())], made.feeds[0], received_at=RECEIVED_AT
    )

    assert bytes(row["level3"]) == f'{{"n": {text}}}'.encode()


def test_text_keeps_its_characters_but_for_those_that_no_database_holds(
    shared: Collections,
) -> None:
    made = shared("charges")
    description = r"Zażółć \ud83d\ude00 \ud83d \u0000 \\u0000 \n \""
    body = f'{{"id": "ch_1",\n "object": "charge", "description": "{description}"}}'

    (row,) = made.rows(
        [decode_object(body.encode())], made.feeds[0], received_at=RECEIVED_AT
    )

    wanted = (
        'Zażółć 😀 \N{REPLACEMENT CHARACTER} \N{REPLACEMENT CHARACTER} \\u0000 \n "'
    )
    assert plain(row)["description"] == wanted


@pytest.mark.parametrize("seconds", [0, -1, 253_402_300_799])
def test_a_time_that_a_date_can_say_is_a_date_time(
    seconds: int, shared: Collections
) -> None:
    sent = {"id": "ch_1", "object": "charge", "created": seconds}

    (row,) = rows(shared("charges"), sent)

    assert (
        row["created"]
        == {
            0: "1970-01-01T00:00:00+00:00",
            -1: "1969-12-31T23:59:59+00:00",
            253_402_300_799: "9999-12-31T23:59:59+00:00",
        }[seconds]
    )


IMPOSSIBLE = [253_402_300_800, 10**20, -(10**15)]


@pytest.mark.parametrize("seconds", IMPOSSIBLE)
def test_a_time_that_no_date_can_say_is_an_error_that_names_object_and_time(
    seconds: int, shared: Collections
) -> None:
    sent = {"id": "ch_1", "object": "charge", "created": seconds}

    with pytest.raises(RowError, match=f"{seconds} as the time created") as raised:
        rows(shared("charges"), sent)

    assert (raised.value.collection, raised.value.id) == ("charges", "ch_1")
    assert "The charge ch_1" in str(raised.value)
    assert raised.value.rows == []


def test_an_error_in_one_entry_of_a_list_has_the_rows_of_the_others(
    shared: Collections,
) -> None:
    items = [
        {"id": f"si_{place}", "object": "subscription_item", "created": seconds}
        for place, seconds in enumerate((1, 10**20, 3))
    ]
    made = shared("subscription_items")
    sent = {"id": "sub_1", "object": "subscription", "items": {"data": items}}

    with pytest.raises(RowError, match="can't be made rows of") as raised:
        made.rows_of(
            decode_object(json.dumps(sent).encode()),
            made.feeds[0],
            received_at=RECEIVED_AT,
        )

    assert raised.value.id == "sub_1"
    assert [plain(row["id"]) for row in raised.value.rows] == ["si_0", "si_2"]


@pytest.mark.parametrize("seconds", IMPOSSIBLE)
def test_a_deleted_row_lacks_just_the_time_that_no_date_can_say(
    seconds: int, shared: Collections
) -> None:
    gone = {
        "id": "sub_1",
        "object": "subscription",
        "created": seconds,
        "status": "canceled",
        "items": {"data": [{"current_period_end": seconds}]},
    }

    row = plain(
        shared("subscriptions").deleted_row(
            decode_object(json.dumps(gone).encode()),
            deleted_at=RECEIVED_AT,
            received_at=RECEIVED_AT,
        )
    )

    assert row["id"] == "sub_1"
    assert row["status"] == "canceled"
    assert row["is_deleted"] is True
    assert "created" not in row


# What has no whole key.

NO_ID: dict[str, dict[str, Any]] = {
    "absent": {},
    "null": {"id": None},
    "empty": {"id": ""},
    "number": {"id": 5},
    "object": {"id": {"id": None}},
}


@pytest.mark.parametrize("what", NO_ID)
@pytest.mark.parametrize(
    ("name", "feed"),
    [
        (name, place)
        for name, made in sorted(Collection.registered.items())
        for place, _ in enumerate(made.feeds)
        if made.stripe_object
    ],
)
def test_an_object_without_an_id_is_left_out_and_reported_once(
    name: str,
    feed: int,
    what: str,
    fresh: Callable[..., Collections],
    caplog: pytest.LogCaptureFixture,
) -> None:
    made = fresh(name)(name)
    child = {**NO_ID[what], "object": made.stripe_object, "created": 1, "date": 1}
    whole = {**child, "id": "x_1"}
    source = made.feeds[feed]
    sent: Any = [child, child, whole]
    for step in reversed(source.embedded.split(".") if source.embedded else ()):
        sent = [{"id": "p_1", "object": source.listing.object, step: sent}]

    found = rows(made, *sent, feed=feed)

    assert [row["id"] for row in found] == ["x_1"]
    path, kind = source.listing.path, made.stripe_object
    assert [line for line in said(caplog) if "without an id" in line] == [
        f"{path} has a {kind} without an id; it is left out."
    ]


def test_a_fee_of_a_balance_transaction_without_an_id_is_left_out(
    shared: Collections,
) -> None:
    fee = {"amount": 1, "currency": "usd"}
    sent = {"object": "balance_transaction", "fee_details": [fee]}

    assert rows(shared("balance_transaction_fee_details"), sent) == []
    (row,) = rows(shared("balance_transaction_fee_details"), {**sent, "id": "txn_1"})
    assert (row["balance_transaction"], row["position"]) == ("txn_1", 0)
