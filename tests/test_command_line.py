"""The tap as a process: what it offers, what it leaves out, and how it says no."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, TypeAlias

import pytest

from tap_stripe.sandbox import Options, Sandbox
from tap_stripe.settings import SETTINGS
from tap_stripe.streams import Collection
from tests.conftest import Tap
from tests.expected import DEFAULT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.conftest import Ran

KEY = "sk_test_51OfTheOwnAccount"
WRONG_KEY = "sk_test_51OfSomebodyElse"
NOW = 1_790_000_000
MOST_OF_A_SCHEMA_LINE = 300_000
KEYS = {"balance_transaction_fee_details": ["balance_transaction", "position"]}

Metadata: TypeAlias = dict[tuple[str, ...], dict[str, Any]]
Catalog: TypeAlias = "Callable[[dict[str, Metadata]], dict[str, Any]]"
Config: TypeAlias = "Callable[..., dict[str, Any]]"


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    options = Options(now=NOW, scale=0.05, keys={KEY: None}, many_children=0)
    with Sandbox(options) as serving:
        yield serving


@pytest.fixture(scope="module")
def discovered(tmp_path_factory: pytest.TempPathFactory) -> Ran:
    return Tap(tmp_path_factory.mktemp("discovery")).run({}, "--discover")


@pytest.fixture
def streams(discovered: Ran) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(discovered.out)["streams"]
    return found


@pytest.fixture
def catalog(discovered: Ran) -> Catalog:
    """Give the discovered catalog with only some streams selected.

    A stream's metadata is added to that of the catalog.
    """
    found = json.loads(discovered.out)

    def changed(wanted: dict[str, Metadata]) -> dict[str, Any]:
        for stream in found["streams"]:
            metadata = wanted.get(stream["stream"])
            for entry in stream["metadata"]:
                place = tuple(entry["breadcrumb"])
                if not place:
                    entry["metadata"]["selected"] = metadata is not None
                entry["metadata"].update((metadata or {}).get(place, {}))
        return dict(found)

    return changed


def errors(ran: Ran) -> list[str]:
    lines = [line.split("|") for line in ran.err.splitlines()]
    return [parts[-1].strip() for parts in lines if parts[1:2] == [" ERROR    "]]


# What it offers


def test_discovery_needs_no_key(discovered: Ran) -> None:
    assert discovered.code == 0
    assert not errors(discovered)


def test_discovery_lists_every_collection_with_its_keys(
    streams: list[dict[str, Any]],
) -> None:
    assert {stream["tap_stream_id"] for stream in streams} == set(Collection.registered)
    assert len(streams) == 50
    for stream in streams:
        assert stream["key_properties"] == KEYS.get(stream["stream"], ["id"])
        assert stream["replication_key"] == "received_at"
        assert stream["replication_method"] == "INCREMENTAL"


def test_discovery_selects_what_most_accounts_have(
    streams: list[dict[str, Any]],
) -> None:
    selected = {
        stream["stream"]: entry["metadata"].get("selected-by-default")
        for stream in streams
        for entry in stream["metadata"]
        if not entry["breadcrumb"]
    }
    assert {name for name, chosen in selected.items() if not chosen} == {
        "billing_credit_grants",
        "billing_meters",
        "bitcoin_receivers",
        "early_fraud_warnings",
        "events",
        "issuing_authorizations",
        "issuing_cardholders",
        "issuing_cards",
        "issuing_transactions",
        "payment_links",
        "quote_line_items",
        "quotes",
        "shipping_rates",
        "top_ups",
    }


def test_keys_are_automatic(streams: list[dict[str, Any]]) -> None:
    for stream in streams:
        automatic = {
            entry["breadcrumb"][-1]
            for entry in stream["metadata"]
            if entry["metadata"]["inclusion"] == "automatic"
        }
        keys = KEYS.get(stream["stream"], ["id"])
        assert automatic - {"is_deleted"} == {*keys, "received_at"}


def test_no_schema_line_is_larger_than_300_kb(
    tap: Tap, config: Config, sandbox: Sandbox
) -> None:
    ran = tap.run(config(sandbox))

    sizes = {
        json.loads(line)["stream"]: len(line)
        for line in ran.out.splitlines()
        if line.startswith(b'{"type":"SCHEMA"')
    }
    assert sizes.keys() == DEFAULT
    assert max(sizes.values()) < MOST_OF_A_SCHEMA_LINE


@pytest.mark.parametrize("form", [(), ("--format", "json"), ("--format", "markdown")])
def test_about_explains_each_setting(form: tuple[str, ...], tap: Tap) -> None:
    ran = tap.run({}, "--about", *form)

    said = " ".join(ran.out.decode().split()).replace("\\u2026", "…")
    assert ran.code == 0
    for setting in SETTINGS.wrapped.values():
        assert setting.name in said
        if form:
            assert str(setting.description) in said


def test_version_names_the_tap(tap: Tap) -> None:
    ran = tap.run({}, "--version")

    assert ran.code == 0
    assert re.match(rb"tap-stripe v\d+\.\d+\.\d+", ran.out)


# What it leaves out


def test_a_stream_that_is_not_selected_makes_no_request_and_no_line(
    tap: Tap,
    config: Config,
    sandbox: Sandbox,
    catalog: Catalog,
) -> None:
    sandbox.log.clear()

    ran = tap.run(config(sandbox), catalog=catalog({"charges": {}, "cards": {}}))

    asked = set(sandbox.log.by_endpoint)
    named = {json.loads(line).get("stream") for line in ran.out.splitlines()}
    (state,) = ran.messages("STATE")[-1:]
    assert ran.code == 0
    assert named == {"charges", "cards", None}
    assert state["value"]["bookmarks"].keys() == {"charges", "cards"}
    assert {one for one in asked if "/charges" not in one} <= {
        "GET /v1/customers",
        "GET /v1/customers/:id/sources",
        "GET /v1/accounts",
        "GET /v1/accounts/:id/external_accounts",
    }


def test_nothing_is_asked_where_nothing_is_selected(
    tap: Tap,
    config: Config,
    sandbox: Sandbox,
    catalog: Catalog,
) -> None:
    sandbox.log.clear()

    ran = tap.run(config(sandbox), catalog=catalog({}))

    assert ran.code == 0
    assert len(sandbox.log) == 0
    assert not ran.messages("RECORD") + ran.messages("SCHEMA")


DESELECTED: Metadata = {
    ("properties", name, *inner): {"selected": False}
    for name, *inner in [
        ("amount",),
        ("created",),
        ("invoice",),
        ("metadata",),
        ("billing_details", "properties", "address"),
        ("payment_method_details", "properties", "card", "properties", "checks"),
        ("outcome", "properties", "risk_level"),
    ]
}


def test_a_property_that_is_not_selected_is_in_no_record_and_not_in_the_schema(
    tap: Tap,
    config: Config,
    sandbox: Sandbox,
    catalog: Catalog,
) -> None:
    chosen = catalog({"charges": DESELECTED})

    ran = tap.run(config(sandbox), catalog=chosen)

    (schema,) = (message["schema"] for message in ran.messages("SCHEMA"))
    records = [message["record"] for message in ran.messages("RECORD")]
    assert len(records) == sandbox.options.size("charges")
    for breadcrumb in DESELECTED:
        names = breadcrumb[1::2]
        assert not has(schema, breadcrumb)
        assert has(schema, breadcrumb[:-2] or ("properties",))
        assert not any(has(record, names) for record in records)
        assert any(has(record, names[:-1]) for record in records)


def has(found: Any, names: tuple[str, ...]) -> bool:
    for name in names:
        if not isinstance(found, dict) or name not in found:
            return False
        found = found[name]
    return True


@pytest.fixture(params=["charges", "balance_transaction_fee_details"])
def with_keys_only(
    request: pytest.FixtureRequest,
    tap: Tap,
    config: Config,
    sandbox: Sandbox,
    catalog: Catalog,
) -> tuple[set[str], Ran]:
    """Give a stream's keys, and a run in which all its properties are deselected."""
    chosen = catalog({request.param: {}})
    for stream in chosen["streams"]:
        for entry in stream["metadata"]:
            if entry["breadcrumb"]:
                entry["metadata"]["selected"] = False
    keys = {*KEYS.get(request.param, ["id"]), "received_at"}
    return keys, tap.run(config(sandbox), catalog=chosen)


def test_keys_can_not_be_deselected(with_keys_only: tuple[set[str], Ran]) -> None:
    keys, ran = with_keys_only

    (schema,) = ran.messages("SCHEMA")
    records = [message["record"] for message in ran.messages("RECORD")]
    assert ran.code == 0
    assert records
    assert keys <= schema["schema"]["properties"].keys()
    assert all(keys <= record.keys() for record in records)


def test_no_record_has_a_property_that_its_schema_lacks(
    with_keys_only: tuple[set[str], Ran],
) -> None:
    _, ran = with_keys_only

    (schema,) = ran.messages("SCHEMA")
    known = schema["schema"]["properties"].keys()
    records = [message["record"] for message in ran.messages("RECORD")]
    assert [record.keys() - known for record in records] == [set() for _ in records]


# How it says no

NO_STATE = "restore an earlier"
FIT = {"watermark": 1, "listed": 1, "format": 1, "unread": {}}
# Situation: settings, files, and a word of the sentence.
REFUSED: dict[str, tuple[dict[str, Any], dict[str, Any], str]] = {
    "no_key": ({"api_key": None}, {}, "api_key is missing"),
    "blank_key": ({"api_key": " "}, {}, "api_key is missing"),
    "key_with_a_line_break": ({"api_key": f"{KEY}\n1"}, {}, "api_key"),
    "wrong_key": ({"api_key": WRONG_KEY}, {}, "Invalid API Key"),
    "key_of_the_docs": ({"api_key": "rk_live_..."}, {}, "an example"),
    "key_that_may_read_nothing": ({"api_key": "pk_live_51Abc"}, {}, "publishable"),
    "key_of_the_other_mode": ({"livemode": True}, {}, "livemode"),
    "setting_that_there_is_not": ({"strat_date": "x"}, {}, "start_date"),
    "start_date_to_come": ({"start_date": "2999-01-01"}, {}, "still to come"),
    "map_of_no_collection": ({"stream_maps": {"charge": None}}, {}, "charges?"),
    "map_that_is_none": ({"stream_maps": {"charges": {"x": "("}}}, {}, "stream_maps"),
    "api_key_in_a_list": ({"api_key": [KEY]}, {}, "api_key"),
    "start_date_in_words": ({"start_date": "yesterday"}, {}, "start_date"),
    "start_date_as_a_number": ({"start_date": 20240101}, {}, "start_date"),
    "http_to_another_machine": ({"api_url": "http://stripe.example"}, {}, "https"),
    "api_url_with_a_key": ({"api_url": f"https://{KEY}@x.example"}, {}, "api_url"),
    "api_url_that_is_no_address": ({"api_url": "https://[oops"}, {}, "api_url"),
    "account_that_is_none": ({"account_ids": ["cus_1"]}, {}, "account_ids"),
    "pace_of_nothing": ({"requests_per_second": 0}, {}, "requests_per_second"),
    "state_that_is_no_json": ({}, {"state": "{nope"}, "is no JSON"),
    "state_that_is_a_list": ({}, {"state": "[]"}, "is no JSON object"),
    "bookmarks_in_a_list": ({}, {"state": {"bookmarks": []}}, NO_STATE),
    "bookmark_in_a_list": ({}, {"state": {"bookmarks": {"charges": []}}}, NO_STATE),
    "watermark_in_words": (
        {},
        {"state": {"bookmarks": {"charges": {**FIT, "watermark": "now"}}}},
        NO_STATE,
    ),
    "interval_reversed": (
        {},
        {"state": {"bookmarks": {"charges": {**FIT, "unread": {"x": [[5, 4]]}}}}},
        NO_STATE,
    ),
    "interval_before_all_time": (
        {},
        {"state": {"bookmarks": {"charges": {**FIT, "unsettled": [[-1, 4]]}}}},
        NO_STATE,
    ),
    "bookmark_of_a_later_format": (
        {},
        {"state": {"bookmarks": {"charges": {"format": 99, "new": 1}}}},
        "upgrade the tap",
    ),
    "catalog_that_is_no_json": ({}, {"catalog": "streams"}, "is no JSON"),
    "catalog_of_another_tap": (
        {},
        {"catalog": {"streams": [{"tap_stream_id": "orders", "schema": {}}]}},
        "'orders'",
    ),
    "catalog_with_other_keys": (
        {},
        {
            "catalog": {
                "streams": [
                    {
                        "tap_stream_id": "charges",
                        "key_properties": ["object"],
                        "schema": {},
                    }
                ]
            }
        },
        "key_properties",
    ),
    "catalog_with_other_streams": ({}, {"catalog": {"streams": 5}}, "catalog"),
    "catalog_with_a_nameless_stream": (
        {},
        {"catalog": {"streams": [{"stream": "charges"}]}},
        "catalog",
    ),
}


@pytest.mark.parametrize(
    "situation",
    list(REFUSED),
)
def test_what_can_not_be_used_is_refused_in_one_sentence(
    situation: str, tap: Tap, config: Config, sandbox: Sandbox
) -> None:
    settings, files, word = REFUSED[situation]

    ran = tap.run(config(sandbox, **settings), **files)

    refused_in_one_sentence(ran, word)


def test_a_key_that_is_set_for_stripe_is_nothing_to_the_sandbox(
    tap: Tap, catalog: Catalog
) -> None:
    settings = {"api_url": "sandbox", "api_key": KEY, "oauth_token_file": "/no/such"}

    ran = tap.run(settings, catalog=catalog({"coupons": {}}))

    assert ran.code == 0, ran.err
    assert ran.messages("RECORD")


def test_a_config_that_can_not_be_read_is_refused_in_one_sentence(tap: Tap) -> None:
    no_json = f'{{"api_key": "{KEY}", nope'

    refused_in_one_sentence(tap.run(no_json), "can't be read")  # type: ignore[arg-type] # as it stands in the file
    refused_in_one_sentence(tap.run({}, "--config", "/no/such.json"), "/no/such.json")


def refused_in_one_sentence(ran: Ran, word: str) -> None:
    said = errors(ran)
    assert ran.code == 1
    assert len(said) == 1, ran.err
    assert word in said[0]
    assert "\n" not in said[0]
    assert "Traceback" not in ran.err
    assert not ran.messages("RECORD")
    for text in (KEY, WRONG_KEY):
        assert text not in ran.err
        assert text.encode() not in ran.out


def test_the_key_is_in_nothing_that_a_run_says(
    tap: Tap, config: Config, sandbox: Sandbox
) -> None:
    ran = tap.run(config(sandbox))

    assert ran.code == 0
    assert ran.messages("RECORD")
    assert KEY.encode() not in ran.out
    assert KEY not in ran.err
