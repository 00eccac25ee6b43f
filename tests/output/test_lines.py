"""The lines of rows: the quick way, singer-sdk's way, and what its settings change."""

from __future__ import annotations

import gzip
import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias
from urllib.parse import urlsplit

import pytest

from tap_stripe.api.body import decode_object
from tap_stripe.output.lines import BatchLines, MappedLines, QuickLines, lines_of
from tap_stripe.sandbox import Options, Sandbox
from tap_stripe.streams import Collection
from tap_stripe.tap import TapStripe

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tap_stripe.errors import RowError
    from tap_stripe.output.lines import Lines
    from tap_stripe.streams.shape import Row
    from tests.conftest import Ran, Tap

Config: TypeAlias = "Callable[..., dict[str, Any]]"
Made: TypeAlias = "Callable[[dict[str, Any]], Collection]"

EXAMPLES = Path(__file__).parent.parent / "collections" / "examples"
STRIPES = Path(__file__).parent.parent / "schemas" / "examples"
RECEIVED_AT = 1_790_000_000.25
KEY = {"api_key": "sk_test_1"}
NAMES = sorted(Collection.registered)


# The quick way and singer-sdk's way


def selecting(name: str, *, without: tuple[tuple[str, ...], ...] = ()) -> Collection:
    """Give a collection, with some of its properties deselected."""
    catalog: dict[str, Any] = TapStripe(config=KEY).catalog_dict
    catalog["streams"] = [one for one in catalog["streams"] if one["stream"] == name]
    for entry in catalog["streams"][0]["metadata"]:
        place = tuple(entry["breadcrumb"][1::2])
        entry["metadata"]["selected"] = place not in without
    found = TapStripe(config=KEY, catalog=catalog).streams[name]
    assert isinstance(found, Collection)
    return found


def rows(collection: Collection) -> Iterator[Row]:
    for path in sorted((EXAMPLES / collection.name).glob("*.json")):
        example = json.loads(path.read_text(encoding="utf-8"))
        yield from collection.rows(
            [decode_object(json.dumps(example["stripe"]).encode())],
            collection.feeds[example["feed"]],
            received_at=RECEIVED_AT,
        )
    if not (EXAMPLES / collection.name).exists():
        text = (STRIPES / f"{collection.name}.json").read_bytes()
        yield from collection.rows(
            [decode_object(text)], collection.feeds[0], received_at=RECEIVED_AT
        )


def unexpected(place: int, error: RowError) -> None:
    raise AssertionError(place) from error


def written(
    lines: Lines, collection: Collection, capture: pytest.CaptureFixture[bytes]
) -> list[dict[str, Any]]:
    count = lines.write(
        list(rows(collection)), unexpected, version=7, received_at=RECEIVED_AT
    )
    lines.flush()
    found = capture.readouterr().out.splitlines(keepends=True)
    assert len(found) == count > 0
    assert all(line.endswith(b"\n") for line in found)
    return [json.loads(line) for line in found]


def same_lines(
    collection: Collection, capture: pytest.CaptureFixture[bytes]
) -> list[dict[str, Any]]:
    quick = written(QuickLines(collection), collection, capture)
    mapped = written(MappedLines(collection), collection, capture)

    for line in quick:
        assert line.pop("time_extracted") == "2026-09-21T14:13:20.250000+00:00"
    for line in mapped:
        # The SDK's own is the time of the line.
        assert line.pop("time_extracted")
    assert quick == mapped
    return quick


@pytest.mark.parametrize("name", NAMES)
def test_the_quick_way_writes_what_the_sdk_would(
    name: str, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    lines = same_lines(selecting(name), capsysbinary)

    assert {(line["type"], line["stream"], line["version"]) for line in lines} == {
        ("RECORD", name, 7)
    }


WITHOUT = {
    "charges": (
        ("amount",),
        ("created",),
        ("destination",),
        ("outcome", "risk_level"),
        ("billing_details", "address"),
        ("payment_method_details", "card", "checks"),
        ("payment_method_details", "card", "brand"),
    ),
    "invoices": (
        ("paid",),
        ("status_transitions", "finalized_at"),
        ("lines", "data"),
        ("parent", "subscription_details", "subscription"),
        ("payments",),
    ),
    "subscriptions": (("items", "data"), ("plan",), ("trial_settings", "end_behavior")),
    "accounts": (("settings", "payouts", "schedule"), ("settings", "branding")),
    "customers": (("discount", "source", "coupon"), ("shipping", "address", "city")),
    "invoice_lines": (("invoice",), ("parent_created",), ("period", "end")),
}


@pytest.mark.parametrize("name", WITHOUT)
def test_the_quick_way_leaves_out_what_the_sdk_would(
    name: str, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    collection = selecting(name, without=WITHOUT[name])

    lines = same_lines(collection, capsysbinary)

    for place in WITHOUT[name]:
        assert not any(has(line["record"], place) for line in lines)
        assert any(has(line["record"], place[:-1]) for line in lines)


def has(found: Any, names: tuple[str, ...]) -> bool:
    for name in names:
        if not isinstance(found, dict) or name not in found:
            return False
        found = found[name]
    return True


@pytest.mark.parametrize(
    ("settings", "way"),
    [
        ({}, QuickLines),
        ({"stream_maps": {}}, QuickLines),
        ({"stream_maps": {"refunds": {"x": "amount"}}}, QuickLines),
        ({"stream_maps": {"charges": {"x": "amount"}}}, MappedLines),
        ({"stream_maps": {"charges": {"__filter__": "amount > 1"}}}, MappedLines),
        ({"flattening_enabled": True, "flattening_max_depth": 1}, MappedLines),
        ({"flattening_enabled": False, "flattening_max_depth": 1}, QuickLines),
        (
            {
                "batch_config": {
                    "encoding": {"format": "jsonl", "compression": "gzip"},
                    "storage": {"root": "file:///tmp"},
                }
            },
            BatchLines,
        ),
    ],
)
def test_the_sdks_way_is_taken_only_where_it_makes_a_difference(
    settings: dict[str, Any], way: type[Lines]
) -> None:
    charges = TapStripe(config={**KEY, **settings}).streams["charges"]
    assert isinstance(charges, Collection)

    assert type(lines_of(charges)) is way


# What singer-sdk's settings change, in a whole run.
# https://sdk.meltano.com/en/latest/stream_maps.html


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    options = Options(now=1_790_000_000, scale=0.05, many_children=0)
    with Sandbox(options) as serving:
        yield serving


@pytest.fixture
def run(tap: Tap, config: Config, sandbox: Sandbox) -> Callable[..., Ran]:
    """Run a sync of charges and customers with some settings."""
    catalog: dict[str, Any] = TapStripe(config=KEY).catalog_dict
    catalog["streams"] = [
        one for one in catalog["streams"] if one["stream"] in {"charges", "customers"}
    ]

    def ran(**settings: Any) -> Ran:
        done = tap.run(config(sandbox, **settings), catalog=catalog)
        assert done.code == 0, done.err
        return done

    return ran


def of(ran: Ran, kind: str, stream: str) -> list[dict[str, Any]]:
    return [one for one in ran.messages(kind) if one["stream"] == stream]


def charges(sandbox: Sandbox) -> dict[str, dict[str, Any]]:
    return {one["id"]: one for one in sandbox.objects("charges")}


def test_a_stream_map_adds_removes_renames_and_hashes_properties(
    run: Callable[..., Ran], sandbox: Sandbox
) -> None:
    ran = run(
        stream_map_config={"hash_seed": "01AWZh7A6DzGm6iJZZ2T"},
        stream_maps={
            "charges": {
                "dollars": "amount / 100",
                "description": "__NULL__",
                "cus": "customer",
                "customer": "__NULL__",
                "receipt_email": "md5(config['hash_seed'] + id)",
            }
        },
    )

    (schema,) = of(ran, "SCHEMA", "charges")
    known = schema["schema"]["properties"].keys()
    stripe = charges(sandbox)
    records = [message["record"] for message in of(ran, "RECORD", "charges")]
    assert {record["id"] for record in records} == stripe.keys()
    assert {"dollars", "cus"} <= known
    assert not {"description", "customer"} & known
    for record in records:
        sent = stripe[record["id"]]
        seeded = "01AWZh7A6DzGm6iJZZ2T" + record["id"]
        hashed = hashlib.md5(seeded.encode(), usedforsecurity=False).hexdigest()
        assert record.keys() <= known
        assert record["dollars"] == sent["amount"] / 100
        assert record["cus"] == sent["customer"]
        assert record["receipt_email"] == hashed
        assert record["amount"] == sent["amount"]


def test_a_stream_map_renames_a_stream_and_leaves_the_state_to_its_own_name(
    run: Callable[..., Ran],
) -> None:
    ran = run(stream_maps={"charges": {"__alias__": "stripe_charges"}})

    assert not of(ran, "RECORD", "charges") + of(ran, "SCHEMA", "charges")
    assert of(ran, "RECORD", "stripe_charges")
    assert ran.messages("STATE")[-1]["value"]["bookmarks"].keys() == {
        "charges",
        "customers",
        "account",
    }


def test_the_table_version_of_a_renamed_stream_is_announced_by_its_new_name(
    run: Callable[..., Ran],
) -> None:
    ran = run(stream_maps={"charges": {"__alias__": "stripe_charges"}})

    announced = {one["stream"] for one in ran.messages("ACTIVATE_VERSION")}
    assert announced == {"stripe_charges", "customers"}


def test_a_stream_map_filters_records(
    run: Callable[..., Ran], sandbox: Sandbox
) -> None:
    amounts = sorted(one["amount"] for one in charges(sandbox).values())
    limit = amounts[len(amounts) // 2]

    ran = run(stream_maps={"charges": {"__filter__": f"amount > {limit}"}})

    found = [one["record"]["amount"] for one in of(ran, "RECORD", "charges")]
    assert sorted(found) == [amount for amount in amounts if amount > limit]
    assert found


def test_a_stream_map_takes_a_stream_out(
    run: Callable[..., Ran],
) -> None:
    ran = run(stream_maps={"charges": "__NULL__"})

    assert {one["stream"] for one in ran.messages("RECORD")} == {"customers"}
    assert {one["stream"] for one in ran.messages("SCHEMA")} == {"customers"}


def test_a_stream_map_leaves_other_streams_as_they_are(
    run: Callable[..., Ran],
) -> None:
    mapped = run(stream_maps={"charges": {"__else__": "__NULL__", "id": "id"}})

    plain = run()
    for kind in ("SCHEMA", "RECORD"):
        assert without_times(of(mapped, kind, "customers")) == without_times(
            of(plain, kind, "customers")
        )
    (schema,) = of(mapped, "SCHEMA", "charges")
    assert schema["schema"]["properties"].keys() == {"id"}


def without_times(messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
    kept = []
    for message in messages:
        record = {**message.get("record", {}), "received_at": None}
        kept.append(
            {**message, "record": record, "time_extracted": None, "version": None}
        )
    return kept


@pytest.mark.parametrize("depth", [1, 2])
def test_flattening_spreads_objects_down_to_the_depth_asked_for(
    depth: int, run: Callable[..., Ran], sandbox: Sandbox
) -> None:
    ran = run(flattening_enabled=True, flattening_max_depth=depth)

    (schema,) = of(ran, "SCHEMA", "charges")
    known = schema["schema"]["properties"].keys()
    stripe = charges(sandbox)
    records = [one["record"] for one in of(ran, "RECORD", "charges")]
    assert {record["id"] for record in records} == stripe.keys()
    assert "billing_details" not in known
    assert ("billing_details__address__city" in known) == (depth == 2)
    assert ("billing_details__address" in known) == (depth == 1)
    for record in records:
        address = stripe[record["id"]]["billing_details"]["address"]
        # Where an object is null, the SDK leaves its name in the record.
        assert not [name for name in record.keys() - known if record[name] is not None]
        if depth == 1:
            assert json.loads(record["billing_details__address"]) == address
        else:
            assert record["billing_details__address__city"] == address["city"]


def test_batch_files_hold_the_records_that_the_lines_would(
    run: Callable[..., Ran], tmp_path: Path
) -> None:
    folder = tmp_path / "batches"
    folder.mkdir()

    ran = run(
        batch_config={
            "encoding": {"format": "jsonl", "compression": "gzip"},
            "storage": {"root": folder.as_uri(), "prefix": "stripe-"},
            "batch_size": 20,
        }
    )

    plain = run()
    for stream in ("charges", "customers"):
        held = []
        for message in of(ran, "BATCH", stream):
            assert message["encoding"] == {"format": "jsonl", "compression": "gzip"}
            for address in message["manifest"]:
                path = Path(urlsplit(address).path)
                with gzip.open(path, "rt", encoding="utf-8") as file:
                    held += [{"record": json.loads(line)} for line in file]
        lines = [{"record": one["record"]} for one in of(plain, "RECORD", stream)]
        assert by_id(without_times(held)) == by_id(without_times(lines))
        assert len(held) == len(lines) > 0
    assert not ran.messages("RECORD")


def test_batch_files_hold_what_a_stream_map_makes_of_the_records(
    run: Callable[..., Ran], tmp_path: Path
) -> None:
    ran = run(
        batch_config={
            "encoding": {"format": "jsonl", "compression": "gzip"},
            "storage": {"root": tmp_path.as_uri()},
        },
        stream_maps={
            "customers": {"email": None, "name": "md5(id)", "__alias__": "people"}
        },
    )

    held = [
        json.loads(line)
        for message in of(ran, "BATCH", "people")
        for address in message["manifest"]
        for line in gzip.decompress(
            Path(urlsplit(address).path).read_bytes()
        ).splitlines()
    ]
    assert of(ran, "BATCH", "charges")
    assert not of(ran, "BATCH", "customers")
    assert held
    for record in held:
        hashed = hashlib.md5(record["id"].encode(), usedforsecurity=False)
        assert "email" not in record
        assert record["name"] == hashed.hexdigest()


def by_id(messages: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {message["record"]["id"]: message for message in messages}


def test_a_state_line_claims_no_batch_that_is_not_written(
    run: Callable[..., Ran], tmp_path: Path
) -> None:
    ran = run(
        batch_config={
            "encoding": {"format": "jsonl"},
            "storage": {"root": tmp_path.as_uri()},
        }
    )

    lines = [json.loads(line) for line in ran.out.splitlines()]
    for name in ("charges", "customers"):
        claimed = [
            place
            for place, line in enumerate(lines)
            if line["type"] == "STATE"
            and line["value"]["bookmarks"][name]["unread"] == {f"/v1/{name}": []}
        ]
        batches = [
            place
            for place, line in enumerate(lines)
            if line["type"] == "BATCH" and line["stream"] == name
        ]
        # One in half a minute at most: each is a file.
        assert 1 <= len(batches) <= 2
        assert max(batches) < min(claimed)


# What is gone, mapped


@pytest.fixture
def gone(tap: Tap, config: Config) -> Iterator[Callable[..., Ran]]:
    """Run a sync, delete a coupon and a customer, and sync again with some settings."""
    catalog: dict[str, Any] = TapStripe(config=KEY).catalog_dict
    catalog["streams"] = [
        one for one in catalog["streams"] if one["stream"] in {"coupons", "customers"}
    ]
    with Sandbox(Options(scale=0.05, sizes={"coupons": 3})) as changing:

        def ran(**settings: Any) -> Ran:
            first = tap.run(config(changing, **settings), catalog=catalog)
            for operation in ("delete_coupon", "delete_customer"):
                changing.perform(operation)
            return tap.run(
                config(changing, **settings),
                catalog=catalog,
                state=first.messages("STATE")[-1]["value"],
            )

        yield ran


def deletions(ran: Ran) -> dict[str, list[tuple[dict[str, Any], set[str]]]]:
    """Give each deleted row, and the properties of the SCHEMA in force."""
    known: dict[str, set[str]] = {}
    found: dict[str, list[tuple[dict[str, Any], set[str]]]] = {}
    for line in map(json.loads, ran.out.splitlines()):
        if line["type"] == "SCHEMA":
            known[line["stream"]] = set(line["schema"]["properties"])
        elif line["type"] == "RECORD" and line["record"]["is_deleted"]:
            in_force = known[line["stream"]]
            found.setdefault(line["stream"], []).append((line["record"], in_force))
    return found


MAPPINGS: dict[str, dict[str, Any]] = {
    "flattened": {"flattening_enabled": True, "flattening_max_depth": 1},
    "with_a_new_property": {"stream_maps": {"customers": {"key": "id"}}},
}


def test_the_schema_of_a_deleted_row_names_just_what_is_known(
    gone: Callable[..., Ran],
) -> None:
    found = deletions(gone())

    assert found.keys() == {"coupons", "customers"}
    for rows_of in found.values():
        assert all(record.keys() == known for record, known in rows_of)


@pytest.mark.parametrize("mapping", MAPPINGS)
def test_the_schema_of_a_deleted_row_names_what_is_known_when_it_is_mapped(
    mapping: str, gone: Callable[..., Ran]
) -> None:
    found = deletions(gone(**MAPPINGS[mapping]))

    assert found.keys() == {"coupons", "customers"}
    for record, known in (row for rows_of in found.values() for row in rows_of):
        # Where an object is null, the SDK leaves its name in the record.
        assert {name for name in record if record[name] is not None} <= known


def test_a_filter_does_not_stop_a_run_in_which_something_is_gone(
    gone: Callable[..., Ran],
) -> None:
    ran = gone(stream_maps={"coupons": {"__filter__": "duration != 'x'"}})

    assert ran.code == 0
    assert "Traceback" not in ran.err


def test_maps_that_need_what_is_not_known_flag_what_is_gone_all_the_same(
    gone: Callable[..., Ran],
) -> None:
    ran = gone(
        stream_maps={
            "customers": {"__filter__": "balance > -10000", "euros": "balance / 100"},
            "coupons": {
                "__filter__": "times_redeemed >= 0",
                "half": "times_redeemed / 2",
            },
        }
    )

    found = deletions(ran)
    assert ran.code == 0, ran.err
    assert "Traceback" not in ran.err
    assert found.keys() == {"coupons", "customers"}
    for rows_of in found.values():
        assert all(record["is_deleted"] for record, _ in rows_of)


def test_what_is_gone_is_written_once(gone: Callable[..., Ran]) -> None:
    ran = gone()

    ids = [
        one["record"]["id"]
        for one in ran.messages("RECORD")
        if one["record"]["is_deleted"]
    ]
    assert len(ids) == len(set(ids)) == 2
