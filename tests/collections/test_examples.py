"""What Stripe sends, and the row written out in full.

A file is a situation, in `examples/<collection>/<situation>.json`:

    stripe    an object of a listing
    feed      which of the collection's feeds it comes by
    rows      what the tap makes of it
    reported  its properties, if any, that the schema lacks

and in `deletions/<collection>/<situation>.json`, where an event tells of a deletion:

    last_known  what the event holds, perhaps in the form of an older API version
    row         what the tap makes of it

A plain collection, whose rows are its objects but for their times, needs none of these:
Stripe's own example of the object is taken (tests/schemas/examples).
"""

from __future__ import annotations

import json
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from jsonschema import Draft7Validator, FormatChecker

from tap_stripe.body import decode_object, plain
from tap_stripe.streams import Collection
from tap_stripe.streams.old_names import old_names
from tests.expected import shaped

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.collections.conftest import Collections

HERE = Path(__file__).parent
SCHEMAS = HERE.parent.parent / "schemas"
STRIPES = HERE.parent / "schemas" / "examples"
TAKE = Collection.take
EXAMPLES = sorted((HERE / "examples").glob("*/*.json"))
DELETIONS = sorted((HERE / "deletions").glob("*/*.json"))
RECEIVED_AT = 1_790_000_000.25
DELETED_AT = 1_789_999_000


FORMATS = FormatChecker(formats=())


@FORMATS.checks("date-time", raises=ValueError)
def is_date_time(value: object) -> bool:
    """Check what jsonschema checks only where rfc3339-validator is installed."""
    if not isinstance(value, str):
        return True
    parsed = datetime.fromisoformat(value)
    return parsed.utcoffset() is not None and "T" in value


class Example(msgspec.Struct, forbid_unknown_fields=True):
    stripe: msgspec.Raw
    feed: int
    rows: list[dict[str, Any]]
    reported: list[str] = []


class Deletion(msgspec.Struct, forbid_unknown_fields=True):
    last_known: msgspec.Raw
    row: dict[str, Any]


def of(path: Path) -> str:
    return f"{path.parent.name}-{path.stem}"


@cache
def schema_of(name: str) -> dict[str, Any]:
    text = (SCHEMAS / f"{name}.json").read_text(encoding="utf-8")
    schema: dict[str, Any] = json.loads(text)
    return schema


def faults(name: str, row: dict[str, Any]) -> list[str]:
    """Say what of a row its schema does not allow or does not know."""
    schema = schema_of(name)
    found = Draft7Validator(schema, format_checker=FORMATS).iter_errors(row)
    unknown = row.keys() - schema["properties"].keys()
    return [
        *(f"{error.json_path}: {error.message}" for error in found),
        *(f"{one} is in no schema" for one in unknown),
    ]


def reported(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records]


@pytest.mark.parametrize("path", EXAMPLES, ids=of)
def test_what_stripe_sends_becomes_the_row_written_out(
    path: Path,
    shared: Collections,
    fresh: Callable[..., Collections],
    caplog: pytest.LogCaptureFixture,
) -> None:
    example = msgspec.json.decode(path.read_bytes(), type=Example)
    collection = fresh() if example.reported else shared
    made = collection(path.parent.name)
    sent = decode_object(bytes(example.stripe))

    rows = list(made.rows([sent], made.feeds[example.feed], received_at=RECEIVED_AT))

    assert [plain(row) for row in rows] == example.rows
    assert sorted(reported(caplog)) == sorted(
        f"Stripe sends a property that the schema lacks: {name}. It is left out; a "
        "newer version of the tap may have it."
        for name in example.reported
    )


@pytest.mark.parametrize("path", DELETIONS, ids=of)
def test_what_a_deletion_tells_becomes_the_row_written_out(
    path: Path, shared: Collections, caplog: pytest.LogCaptureFixture
) -> None:
    example = msgspec.json.decode(path.read_bytes(), type=Deletion)
    made = shared(path.parent.name)

    row = made.deleted_row(
        decode_object(bytes(example.last_known)),
        deleted_at=DELETED_AT,
        received_at=RECEIVED_AT,
    )

    assert plain(row) == example.row
    # What Stripe had once is no news.
    assert reported(caplog) == []


@pytest.mark.parametrize("path", [*EXAMPLES, *DELETIONS], ids=of)
def test_rows_written_out_are_valid(path: Path) -> None:
    example = json.loads(path.read_text(encoding="utf-8"))
    rows = example.get("rows", [example.get("row")])

    assert [faults(path.parent.name, row) for row in rows] == [[] for _ in rows]


def is_plain(name: str, made: type[Collection]) -> bool:
    only, *others = made.feeds
    changed = only.embedded or old_names(name) or made.take is not TAKE
    return not (others or changed or only.listing.removed)


PLAIN = sorted(
    name for name, made in Collection.registered.items() if is_plain(name, made)
)


@pytest.mark.parametrize("name", PLAIN)
def test_stripes_example_of_a_plain_collection_becomes_its_row(
    name: str, fresh: Callable[..., Collections]
) -> None:
    text = (STRIPES / f"{name}.json").read_bytes()
    made = fresh(name)(name)

    rows = made.rows([decode_object(text)], made.feeds[0], received_at=RECEIVED_AT)

    properties = schema_of(name)["properties"]
    assert [plain(row) for row in rows] == [
        {
            column: shaped(value, properties[column])
            for column, value in json.loads(text).items()
            if column in properties
        }
        | {"received_at": "2026-09-21T14:13:20.250000+00:00", "is_deleted": False}
    ]


@pytest.mark.parametrize("name", sorted(Collection.registered.keys() - PLAIN))
def test_every_other_has_an_example_of_today_and_one_of_old(name: str) -> None:
    with_rows = [
        path.stem
        for path in EXAMPLES
        if path.parent.name == name and json.loads(path.read_text())["rows"]
    ]

    assert len(with_rows) >= 2, f"write tests/collections/examples/{name}/….json"


def test_every_feed_of_every_collection_has_an_example() -> None:
    shown = {
        (path.parent.name, json.loads(path.read_text())["feed"]) for path in EXAMPLES
    }
    feeds = {
        (name, number)
        for name, made in Collection.registered.items()
        for number in range(len(made.feeds))
    }

    assert shown | {(name, 0) for name in PLAIN} == feeds


def test_every_example_is_of_a_collection() -> None:
    assert {path.parent.name for path in [*EXAMPLES, *DELETIONS]} <= set(
        Collection.registered
    )


@pytest.mark.parametrize("name", sorted(Collection.registered))
def test_every_column_under_an_old_name_has_a_value_in_an_example(name: str) -> None:
    filled = {
        column
        for path in (HERE / "examples" / name).glob("*.json")
        for row in json.loads(path.read_text(encoding="utf-8"))["rows"]
        for column, value in row.items()
        if value is not None
    }

    assert {old.name for old in old_names(name)} <= filled
