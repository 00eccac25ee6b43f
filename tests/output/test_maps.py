"""Stream maps: which are refused, and what they make of live and of deleted rows."""

from __future__ import annotations

import json
from functools import cache
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from singer_sdk.exceptions import ConfigValidationError
from singer_sdk.helpers._flattening import flatten_schema

from tap_stripe.errors import RowError, SettingError
from tap_stripe.output.lines import MappedLines
from tap_stripe.output.maps import messages
from tap_stripe.settings import MOST_OF_A_NAME
from tap_stripe.streams import Collection
from tap_stripe.tap import TapStripe
from tests.expected import SCHEMAS

if TYPE_CHECKING:
    from collections.abc import Iterator

KEY = {"api_key": "sk_test_1"}
# What the command line makes one sentence of.
REFUSED = (SettingError, ConfigValidationError)
# Nothing but what a run with just a deletion knows.
GONE = {"id": "in_1", "received_at": "2026-01-01T00:00:00+00:00", "is_deleted": True}
LIVE = {**GONE, "is_deleted": False, "total": 500, "status": "paid", "charge": None}


def collection(name: str = "invoices", **settings: Any) -> Collection:
    found = TapStripe(config={**KEY, **settings}).streams[name]
    assert isinstance(found, Collection)
    return found


def mapped(definition: Any, row: dict[str, Any]) -> list[dict[str, Any]]:
    made = collection(stream_maps={"invoices": definition})
    is_partial = bool(row["is_deleted"])
    found = messages(made, dict(row), version=None, is_partial=is_partial)
    return [message.record for message in found]


# Deleted rows


@pytest.mark.parametrize(
    "expression",
    ["total / 100", "record['total'] / 100", "_['total']", "total.real", "md5(number)"],
)
def test_what_a_map_can_not_compute_of_a_deleted_row_is_left_out(
    expression: str,
) -> None:
    (record,) = mapped({"dollars": expression, "key": "id"}, GONE)

    assert record == {**GONE, "key": "in_1"}


@pytest.mark.parametrize(
    "rule",
    [
        "total > 10",
        "record['total'] > 10",
        "record.get('total') == 500",
        "status == 'paid'",
        "status != 'void' and total > 10",
        "total is not None",
        "not charge",
    ],
)
def test_a_filter_that_can_not_decide_lets_a_deleted_row_pass(rule: str) -> None:
    assert mapped({"__filter__": rule}, GONE) == [GONE]


def test_a_filter_that_meets_null_lets_a_deleted_row_pass() -> None:
    assert mapped({"__filter__": "total > 10"}, {**GONE, "total": None})


def test_a_filter_that_can_decide_does() -> None:
    assert mapped({"__filter__": "id == 'in_2'"}, GONE) == []
    assert mapped({"__filter__": "total > 10"}, {**GONE, "total": 5}) == []


def test_what_a_map_removes_is_in_no_deleted_row() -> None:
    known = {**GONE, "customer_email": "a@example.com"}

    assert mapped({"customer_email": None}, known) == [GONE]
    only = {"__else__": None, "id": "id", "total": "total"}
    assert mapped(only, known) == [{"id": "in_1"}]


def test_a_deleted_row_whose_key_can_not_be_computed_is_named_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    made = collection(stream_maps={"invoices": {"id": "md5(id + number)"}})

    for id_ in ("in_1", "in_2"):
        found = messages(made, {**GONE, "id": id_}, version=None, is_partial=True)
        assert list(found) == []

    assert [record.getMessage().partition(":")[0] for record in caplog.records] == [
        "What is deleted can't be flagged in invoices"
    ]


def test_the_schema_of_a_mapped_deleted_row_names_just_what_the_row_has(
    capsysbinary: pytest.CaptureFixture[bytes],
) -> None:
    made = collection(stream_maps={"invoices": {"dollars": "total / 100", "k": "id"}})

    failed: list[RowError] = []
    MappedLines(made).write_known(
        [dict(GONE)], lambda _, error: failed.append(error), version=3, received_at=1
    )
    assert not failed

    schema, record, again = map(json.loads, capsysbinary.readouterr().out.splitlines())
    assert record["record"].keys() == {*GONE, "k"}
    assert schema["schema"]["properties"].keys() == {*GONE, "k"}
    assert again["schema"]["properties"].keys() > {*GONE, "k", "dollars"}


# Live rows

FAILING = {
    "an unknown name": ("nothing + 1", "NameNotDefined"),
    "null": ("total / charge", "TypeError"),
    "zero": ("total / 0", "ZeroDivisionError"),
    "an attribute": ("status.nothing()", "AttributeDoesNotExist"),
    "an index": ("status[99]", "IndexError"),
    "a key": ("record['nothing']", "KeyError"),
    "a value": ("int(status)", "ValueError"),
    "what takes for ever": ("9**9**9", "NumberTooHigh"),
    "what is not allowed": ("status.__class__", "FeatureNotAvailable"),
}


@pytest.mark.parametrize("situation", FAILING)
@pytest.mark.parametrize("name", ["dollars", "__filter__"])
def test_a_map_that_fails_on_a_live_row_names_stream_id_and_expression(
    name: str, situation: str
) -> None:
    expression, cause = FAILING[situation]

    with pytest.raises(RowError) as raised:
        mapped({name: expression}, LIVE)

    said = str(raised.value)
    assert said.startswith("The stream map of invoices can't be applied to in_1: ")
    assert expression in said
    assert cause in said
    assert "\n" not in said
    assert (raised.value.collection, raised.value.id) == ("invoices", "in_1")


def test_a_live_row_is_mapped_as_the_map_says() -> None:
    definition = {"dollars": "total / 100", "__filter__": "total > 10", "status": None}

    (record,) = mapped(definition, LIVE)

    assert record == {
        name: value for name, value in LIVE.items() if name != "status"
    } | {"dollars": 5.0}


# Maps that are refused or left alone

UNKNOWN: dict[str, dict[str, Any]] = {
    "a mistyped name": {"invoics": {"x": "id"}},
    "a mistyped source": {"mine": {"__source__": "invoics"}},
    "a pattern of nothing": {"invoics*": None},
}


@pytest.mark.parametrize("situation", UNKNOWN)
def test_a_map_of_no_collection_is_refused(situation: str) -> None:
    with pytest.raises(SettingError, match="stream_maps names 'invoics") as raised:
        collection(stream_maps=UNKNOWN[situation])

    assert "invoices" in str(raised.value) or "take it out" in str(raised.value)


UNUSABLE: dict[str, Any] = {
    "an expression that is none": {"invoices": {"x": "total +"}},
    "an empty expression": {"invoices": {"x": ""}},
    "a filter that is none": {"invoices": {"__filter__": "("}},
    "a list for an expression": {"invoices": {"x": ["id"]}},
    "a text for a map": {"invoices": "id"},
    "a number for a map": {"invoices": 5},
    "an else of another kind": {"invoices": {"__else__": "x"}},
    "an else for all": {"__else__": "x"},
    "an unknown option": {"__nothing__": None},
    "a key that is removed": {"invoices": {"id": None}},
    "a key that there is not": {"invoices": {"__key_properties__": ["nothing"]}},
    "an alias that is no name": {"invoices": {"__alias__": "1 +"}},
    "a source that is a number": {"mine": {"__source__": 5}},
}


@pytest.mark.parametrize("situation", UNUSABLE)
def test_a_map_that_can_not_be_used_is_refused_in_one_sentence(situation: str) -> None:
    with pytest.raises(REFUSED):
        collection(stream_maps=UNUSABLE[situation])


@pytest.mark.parametrize(
    "maps",
    [
        {"*": {"id": "id", "stripe": "'yes'"}},
        {"bitcoin_receivers": {"x": "amount"}},
        {"bitcoin_*": {"__filter__": "amount > 1"}},
        {"mine": {"__source__": "bitcoin_receivers", "x": "id"}},
    ],
)
def test_a_map_of_what_is_not_selected_is_left_alone(maps: dict[str, Any]) -> None:
    if "*" in maps:
        # The only collection without an id.
        maps = {"*s": {"stripe": "'yes'"}}

    made = collection(stream_maps=maps)

    (message,) = messages(made, dict(LIVE), version=None)
    assert message.record["id"] == "in_1"
    assert ("stripe" in message.record) == ("*s" in maps)


def test_keys_that_a_catalog_lacks_are_in_the_schema_line(
    capsysbinary: pytest.CaptureFixture[bytes],
) -> None:
    catalog: dict[str, Any] = TapStripe(config=KEY).catalog_dict
    for stream in catalog["streams"]:
        del stream["key_properties"]
        stream["stream"] = f"my_{stream['stream']}"
    made = TapStripe(config=KEY, catalog=catalog).streams["invoices"]
    assert isinstance(made, Collection)

    made.write_schema()

    schema = json.loads(capsysbinary.readouterr().out)
    assert (schema["stream"], schema["key_properties"]) == ("invoices", ["id"])


# Any map

WORDS = st.sampled_from(
    ["id", "total", "status", "record", "_", "None", "0", "'x'", "self", "config"]
)
SIGNS = st.sampled_from(
    [" + ", " / ", " > ", "[", "](", ".", ", ", " if ", " in ", ")"]
)
EXPRESSIONS = st.lists(st.one_of(WORDS, SIGNS), min_size=1, max_size=6).map("".join)
NAMES = st.sampled_from(
    ["id", "total", "new", "__filter__", "__alias__", "__else__", "__key_properties__"]
)
MAPS = st.dictionaries(
    st.sampled_from(["invoices", "*", "inv*", "charges", "mine", "__else__"]),
    st.none()
    | st.just("__NULL__")
    | st.dictionaries(
        NAMES, st.none() | EXPRESSIONS | st.just(["id"]) | st.integers(), max_size=4
    ),
    max_size=2,
)


@cache
def catalog() -> dict[str, Any]:
    """Give a catalog of invoices with few properties, for speed."""
    found: dict[str, Any] = TapStripe(config=KEY).catalog_dict
    found["streams"] = [one for one in found["streams"] if one["stream"] == "invoices"]
    properties = found["streams"][0]["schema"]["properties"]
    found["streams"][0]["schema"]["properties"] = {
        name: properties[name] for name in (*LIVE, "_sdc_deleted_at")
    }
    return found


@given(maps=MAPS, is_partial=st.booleans())
def test_any_map_is_refused_or_maps_rows_or_ends_in_one_sentence(
    maps: dict[str, Any], *, is_partial: bool
) -> None:
    try:
        made = TapStripe(
            config={**KEY, "stream_maps": maps},
            catalog=json.loads(json.dumps(catalog())),
        ).streams["invoices"]
    except REFUSED:
        return
    assert isinstance(made, Collection)
    row = GONE if is_partial else LIVE

    try:
        found = list(messages(made, dict(row), version=None, is_partial=is_partial))
    except RowError:
        assert not is_partial
        return

    for message in found:
        assert isinstance(message.record, dict)
        keys = made.stream_maps[0].transformed_key_properties or ()
        assert (
            all(message.record.get(key) is not None for key in keys) or not is_partial
        )


# Flattening


def flattened(**settings: Any) -> Iterator[tuple[str, list[str]]]:
    tap = TapStripe(config={**KEY, "flattening_enabled": True, **settings})
    for stream in tap.selected():
        (stream_map,) = stream.stream_maps
        yield stream.name, list(stream_map.transformed_schema["properties"])


@pytest.mark.parametrize("depth", [1, 2, 3, 4])
def test_no_two_flattened_columns_have_one_name_in_postgresql(depth: int) -> None:
    for name, columns in flattened(flattening_max_depth=depth):
        cut = [column.encode()[:MOST_OF_A_NAME].lower() for column in columns]

        assert len(set(cut)) == len(cut), name


def test_without_a_bound_two_columns_would_have_one_name() -> None:
    lists = [
        [
            column[:MOST_OF_A_NAME]
            for column in flatten_schema({"properties": schema}, max_level=4)[
                "properties"
            ]
        ]
        for schema in SCHEMAS.values()
    ]

    assert any(len(set(columns)) < len(columns) for columns in lists)


def test_another_bound_is_taken() -> None:
    columns = dict(flattened(flattening_max_depth=4, flattening_max_key_length=255))[
        "charges"
    ]

    assert max(map(len, columns)) > MOST_OF_A_NAME
