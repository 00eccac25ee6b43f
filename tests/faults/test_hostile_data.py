"""Data that nobody expects: right rows or one clear error, never a traceback."""

from __future__ import annotations

import copy
import io
import json
import logging
import math
from functools import cache
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from singer_sdk.exceptions import ConfigValidationError
from singer_sdk.plugin_base import _ConfigInput

from tap_stripe.api import body
from tap_stripe.errors import TapError
from tap_stripe.sandbox import Options, Sandbox
from tap_stripe.streams import Collection
from tap_stripe.sync.changes import Changes
from tap_stripe.tap import TapStripe
from tests.faults.conftest import JSON, assert_one_sentence, errors, listed
from tests.test_settings import OF_THE_SDK

FUZZ = settings.get_profile("faults")
FUZZ_SLOWLY = settings(FUZZ, max_examples=FUZZ.max_examples // 8)
UNREADABLE = (msgspec.MsgspecError, RecursionError)
"""What the client takes for a cut body."""

DIGITS = "9" * 5_000
DEEP = "[" * 3_000 + "]" * 3_000
# Strings that stand for what Python's json does not write.
RAW = {
    "@1e999@": "1e999",
    "@-1e400@": "-1e400",
    "@0.1e-999@": "0.1e-999",
    "@digits@": DIGITS,
    "@fewer digits@": "9" * 400,
    "@deep@": DEEP,
    "@half@": '"\\ud83d"',
    "@null@": '"a\\u0000b"',
    "@slash@": '"\\\\u0000\\\\ud83d"',
    "@pair@": '"\\ud83d\\ude00"',
}
TEXT = st.text(st.characters(exclude_categories=()), max_size=12)
SCALAR = (
    st.none()
    | st.booleans()
    | st.integers(-(2**80), 2**80)
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXT
    | st.sampled_from(["list", "charge", "deleted", *RAW])
)
NAME = TEXT | st.sampled_from(
    ["id", "object", "data", "has_more", "url", "created", "deleted", "lines", "parent"]
)
ANY = st.recursive(
    SCALAR,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(NAME, inner, max_size=4)
    ),
    max_leaves=10,
)


def written(value, *, ascii_only=True, indent=None):
    """Write hostile JSON."""
    text = json.dumps(value, ensure_ascii=ascii_only, indent=indent)
    for stands, raw in RAW.items():
        text = text.replace(f'"{stands}"', raw)
    return text.encode(errors="surrogatepass")


def in_unicode(value):
    """Give what a clean value must be: no null character and no half of a pair."""
    if isinstance(value, str):
        pairs = value.encode("utf-16-le", "surrogatepass")
        return pairs.decode("utf-16-le", "replace").replace("\0", "\ufffd")
    if isinstance(value, list):
        return [in_unicode(one) for one in value]
    if isinstance(value, dict):
        return {in_unicode(name): in_unicode(one) for name, one in value.items()}
    return value


def is_clean(text):
    return "\0" not in text and not any("\ud800" <= one <= "\udfff" for one in text)


# Decoder

TAME = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXT,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4)
    ),
    max_leaves=10,
)


@FUZZ
@given(TAME, st.sampled_from([None, 2]))
def test_a_clean_body_is_the_same_without_what_no_database_takes(value, indent):
    cleaned = body.clean(written(value, indent=indent))

    assert b"\n" not in cleaned
    assert json.loads(cleaned.decode()) == in_unicode(value)


@FUZZ
@given(st.binary(max_size=60) | ANY.map(written))
def test_any_bytes_are_cleaned_or_refused(raw):
    try:
        cleaned = body.clean(raw)
    except UNREADABLE:
        return

    cleaned.decode()
    assert b"\n" not in cleaned


PAGE = st.fixed_dictionaries(
    {"object": st.just("list") | ANY, "data": st.lists(ANY, max_size=3) | ANY},
    optional={"has_more": st.booleans() | ANY, "url": ANY},
)


@FUZZ
@given(PAGE | ANY, st.booleans())
def test_any_json_is_a_page_of_objects_or_is_refused(value, ascii_only):
    raw = written(value, ascii_only=ascii_only)
    try:
        page = body.decode_page(raw)
    except UNREADABLE:
        return

    assert page.object == "list"
    assert isinstance(page.has_more, bool)
    assert all(isinstance(one, dict) for one in page.data)
    assert all(is_clean(name) for one in page.data for name in one)


# Rows


@cache
def tap():
    """Give a tap with everything selected."""
    return TapStripe(config={"api_key": "sk_test_51Faults"}, parse_env_config=False)


@cache
def examples():
    """Give a real object of each listing, with all that it can show."""
    sandbox = Sandbox(Options(scale=0.02, now=1_790_000_000))
    found = {}
    for name, collection in Collection.registered.items():
        for feed in collection.feeds:
            resource = feed.listing.path.rpartition("/")[2]
            if resource in {"receivers", "account"}:
                continue
            expand = {path.removesuffix(".discounts") for path in feed.expand}
            expand -= {"items.data", "lines.data"}
            found[name, feed] = sandbox.expanded(resource, *expand)[0]
    return found


@st.composite
def hostile_objects(draw):
    """Draw an object of a listing with some properties replaced."""
    (name, feed), example = draw(st.sampled_from(list(examples().items())))
    found = copy.deepcopy(example)
    for _ in range(draw(st.integers(1, 3))):
        place = found
        while True:
            within = draw(st.sampled_from(list(place)))
            inner = place[within]
            if isinstance(inner, list) and inner:
                inner = inner[0]
            if isinstance(inner, dict) and inner and draw(st.booleans()):
                place = inner
            else:
                break
        if draw(st.booleans()):
            place[within] = draw(ANY)
        else:
            place[draw(NAME)] = draw(ANY)
    return name, feed, found


@FUZZ
@given(hostile_objects())
def test_any_object_becomes_rows_of_clean_json_or_one_clear_error(drawn):
    name, feed, found = drawn
    # Whoever reads a page looks at these.
    found["id"], found["object"] = examples()[name, feed]["id"], feed.listing.object
    collection = tap().streams[name]
    try:
        decoded = body.decode_object(written(found))
    except UNREADABLE:
        return

    try:
        rows = list(collection.rows([decoded], feed, received_at=1.5))
        lines = [msgspec.json.encode(row) for row in rows]
    except TapError as error:
        assert len(str(error)) < 2_000  # noqa: PT017 - an allowed end, not the expected one
        return

    for line in lines:
        assert b"\n" not in line
        row = msgspec.json.decode(line, type=dict[str, msgspec.Raw])
        assert is_clean("".join(row))
        for key in collection.primary_keys:
            assert bytes(row[key]) not in {b"null", b'""'}
        assert row.keys() <= {*collection.schema["properties"], "_sdc_deleted_at"}


# Events

ABOUT = st.fixed_dictionaries(
    {"id": TEXT | ANY, "object": st.sampled_from(["charge", "invoice", "plan"]) | ANY},
    optional={
        "lines": ANY,
        "items": ANY,
        "sources": ANY,
        "customer": ANY,
        "created": ANY,
        "status": ANY,
        "discount": ANY,
    },
)
TYPES = ["invoice.updated", "plan.deleted", "customer.deleted", "charge.refunded"]
EVENT = st.fixed_dictionaries(
    {
        "id": TEXT,
        "object": st.just("event"),
        "type": st.sampled_from(TYPES) | ANY,
        "created": st.integers(0, 2**33) | ANY,
        "data": st.fixed_dictionaries(
            {"object": ABOUT | ANY}, optional={"previous_attributes": ABOUT | ANY}
        )
        | ANY,
    },
    optional={"account": ANY},
)


@st.composite
def real_but_odd_events(draw):
    """Draw an event about an object that is almost a real one."""
    name, _, found = draw(hostile_objects())
    kind = str(found.get("object", name))
    return {
        "id": "evt_1",
        "object": "event",
        "type": f"{kind}.{draw(st.sampled_from(['created', 'updated', 'deleted']))}",
        "created": 1_790_000_000,
        "data": {"object": found, "previous_attributes": draw(st.none() | ABOUT)},
    }


@FUZZ
@given(st.lists(EVENT | real_but_odd_events(), max_size=3))
def test_any_event_is_routed_or_passed_over(events):
    feeds = [(one, feed) for one in tap().streams.values() for feed in one.feeds]
    try:
        page = body.decode_page(
            written({"object": "list", "data": events, "has_more": False})
        )
    except UNREADABLE:
        return
    changes = Changes(feeds)

    try:
        changes.add(page.data)
    except TapError as error:
        assert len(str(error)) < 2_000  # noqa: PT017 - an allowed end, not the expected one
        return

    gone = [deletion for _, _, one in changes.take_gone() for deletion in one.deletions]
    for deletion in [*gone, *changes.take_children()]:
        row = deletion.collection.deleted_row(
            deletion.last_known, deleted_at=1, received_at=2
        )
        assert is_clean(msgspec.json.encode(row).decode())


# State and catalog

BOOKMARK = st.dictionaries(
    st.sampled_from(
        ["watermark", "listed", "unread", "unsettled", "version", "sizes", "ids"]
    ),
    st.integers(-(10**30), 10**400)
    | ANY
    | st.dictionaries(
        st.sampled_from(["/v1/charges", "/v1/coupons"]),
        st.lists(st.lists(st.integers(0, 2**70), min_size=2, max_size=2)) | ANY,
    ),
)


class Said(logging.Handler):
    """Keeps what is logged as an error."""

    def __init__(self):
        super().__init__(logging.ERROR)
        self.sentences = []

    def emit(self, record):
        self.sentences.append(record.getMessage())


def invoked(settings=None, **files):
    """Run the tap in this process with files of any content; nothing listens.

    Args:
        settings: Put over those by which a run ends at once.
        files: Content of the state or the catalog.

    Returns:
        The exit code, and what it has logged as errors.
    """
    config = {
        "api_key": "sk_test_51Faults",
        "api_url": "http://127.0.0.1:1",
        "retry_seconds": 0.01,
        **(settings or {}),
    }
    said, code = Said(), 0
    TapStripe.logger.addHandler(said)
    try:
        TapStripe.invoke(
            config=_ConfigInput(config=config),
            **{name: named(name, content) for name, content in files.items()},
        )
    except SystemExit as ended:
        code = int(str(ended.code))
    finally:
        TapStripe.logger.removeHandler(said)
    return code, said.sentences


def named(name, content):
    file = io.StringIO(written(content).decode())
    file.name = name
    return file


@FUZZ_SLOWLY
@given(
    st.dictionaries(st.sampled_from(["charges", "coupons", "cards"]), BOOKMARK | ANY)
)
def test_any_state_is_gone_on_from_or_refused_in_one_sentence(bookmarks):
    code, (sentence,) = invoked(state={"bookmarks": bookmarks})

    assert code == 1
    assert "state" in sentence or "no whole answer" in sentence


ENTRY = st.fixed_dictionaries(
    {
        "tap_stream_id": st.sampled_from(["charges", "coupons"]) | ANY,
        "stream": st.sampled_from(["charges", "coupons"]) | ANY,
        "schema": st.just({}) | ANY,
        "metadata": ANY
        | st.lists(
            st.fixed_dictionaries(
                {
                    "breadcrumb": st.just([]) | st.just(["properties", "id"]) | ANY,
                    "metadata": st.just({"selected": True}) | ANY,
                }
            ),
            max_size=2,
        ),
    },
    optional={"key_properties": ANY, "replication_method": ANY, "replication_key": ANY},
)
CATALOG = st.fixed_dictionaries({"streams": st.lists(ENTRY, max_size=2) | ANY}) | (
    st.dictionaries(NAME, ANY, max_size=3)
)


@FUZZ_SLOWLY
@given(CATALOG)
def test_any_catalog_is_taken_or_refused_in_one_sentence(catalog):
    code, sentences = invoked(catalog={"streams": [], **catalog})

    assert len(sentences) == code


# Settings

# What a run would be another one with: it would go to Stripe, to files, or wait.
LEFT_AS_THEY_ARE = {"api_url", "retry_seconds", "request_timeout", "batch_config"}
NAMES = sorted({*TapStripe.config_jsonschema["properties"], *OF_THE_SDK})
VALUES = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | TEXT
    | st.sampled_from(["2026-01-01", "own", "connected", "acct_1", "1/2", "9" * 400])
    | ANY
)


@FUZZ_SLOWLY
@given(
    settings=st.dictionaries(
        st.sampled_from([one for one in NAMES if one not in LEFT_AS_THEY_ARE]) | TEXT,
        VALUES,
        max_size=3,
    )
)
def test_any_settings_are_taken_or_refused_in_one_sentence(settings):
    code, sentences = invoked(settings, catalog={"streams": []})

    assert len(sentences) == code
    assert all("\n" not in sentence for sentence in sentences)


@pytest.mark.parametrize("name", NAMES)
@FUZZ_SLOWLY
@given(value=st.sampled_from([[], {}, "x", -1, True, {"x": 1}, math.nan]) | ANY)
def test_a_setting_of_any_value_is_read_or_refused_in_one_sentence(name, value):
    config = {"api_key": "sk_test_51Faults", name: value}

    try:
        found = TapStripe(config=config).settings
    except (TapError, ConfigValidationError):
        return

    assert found.timeout_s > 0
    assert 0 <= found.retry_s < math.inf


# Through the tap

CHARGE: dict[str, Any] = {"id": "ch_1", "object": "charge", "created": 500, "amount": 1}
SITUATIONS: dict[str, tuple[dict[str, Any], str | None]] = {
    "null characters": ({"metadata": {"a\0b": "c\0d"}, "description": "\0"}, None),
    "half pairs": ({"metadata": {"\ud83d": "\ude00 \ud83d"}}, None),
    "past 64 bits": ({"amount": 2**64 + 1, "amount_captured": -(10**40)}, None),
    "endless digits": ({"amount": "@fewer digits@"}, "@fewer digits@"),
    "past all floats": ({"application_fee_amount": "@1e999@"}, "@1e999@"),
    "ten megabytes": ({"description": "ä€😀\n" * 1_200_000}, None),
    "a long id": ({"id": "ch_" + "x" * 1_000_000}, None),
    "an id in all scripts": ({"id": "ch_/?#&%2F ünï 😀 \u202e"}, None),
    "a line break": ({"description": "a\nb\r\n\u2028c"}, None),
    "many properties": (
        {"metadata": {f"k{place}": "v" * 50 for place in range(20_000)}},
        None,
    ),
}


@pytest.mark.parametrize("situation", SITUATIONS)
def test_odd_values_come_through_the_tap_as_stripe_sent_them(copying, seed, situation):
    properties, raw = SITUATIONS[situation]
    charge = {**CHARGE, **properties}
    copied = copying(Options(seed=seed, scale=0.02))
    page = json.loads(listed(charge)[1])
    copied.sandbox.impostor = lambda target: (
        (200, written(page), JSON) if target.startswith("/v1/charges") else None
    )

    ran = copied.sync()

    assert ran.code == 0, ran.err[-2_000:]
    ran.out.decode()
    (line,) = (
        line for line in ran.out.splitlines() if b'"RECORD","stream":"charges"' in line
    )
    if raw is not None:
        assert RAW[raw].encode() in line
        return
    row = json.loads(line)["record"]
    for name, value in properties.items():
        assert row[name] == in_unicode(value)


@pytest.mark.parametrize("depth", [500, 5_000, 100_000])
def test_deep_nesting_is_a_right_row_or_one_clear_error(copying, seed, depth):
    deep = b'{"a":' * depth + b"1" + b"}" * depth
    raw = written({"object": "list", "data": [CHARGE], "has_more": False})
    raw = raw.replace(b'"amount": 1', b'"amount": 1, "metadata": ' + deep)
    copied = copying(Options(seed=seed, scale=0.02), retry_seconds=0.3)
    copied.sandbox.impostor = lambda target: (
        (200, raw, JSON) if target.startswith("/v1/charges") else None
    )

    process = copied.start()
    _, err = process.communicate(timeout=60)

    said = copied.said()
    if process.returncode == 0:
        assert deep in said
    else:
        assert b"Traceback" not in err
        assert process.returncode == 1
        assert b"/v1/charges" in err


ODD_EVENTS: list[dict[str, Any]] = [
    {"type": "plan.updated", "data": None},
    {"type": "plan.updated", "data": {"object": None}},
    {"type": "plan.updated", "data": {"object": {"id": 5, "object": "plan"}}},
    {"type": "invoice.deleted", "data": {"object": {"lines": {"data": 5}}}},
    {
        "type": "invoice.updated",
        "data": {
            "object": {"id": "in_1", "object": "event"},
            "previous_attributes": {"lines": "none"},
        },
    },
    {
        "type": "customer.subscription.updated",
        "data": {
            "object": {"id": 7, "object": "subscription", "items": {"data": [5]}},
            "previous_attributes": {"items": {"data": {"id": "si_1"}}},
        },
    },
]


def test_an_event_with_anything_in_it_ends_no_sync(copying, seed):
    copied = copying(Options(seed=seed, scale=0.1))
    copied.sync()
    copied.sandbox.change(20, seed=seed)
    real = copied.sandbox.objects("events")
    odd = [
        {"id": "evt_odd", "object": "event", "created": real[0]["created"], **one}
        for one in ODD_EVENTS
    ]
    copied.sandbox.impostor = lambda target: (
        listed(*odd, *real) if target.startswith("/v1/events") else None
    )

    ran = copied.sync()

    assert errors(ran) == []
    assert ran.code == 0
    copied.assert_equal()


FILES = {
    "infinite": '{"bookmarks": {"charges": {"watermark": 1e999}}, "streams": [1e999]}',
    "digits": f'{{"bookmarks": {DIGITS}, "streams": {DIGITS}}}',
    "open": "[" * 100_000,
    "deep": f'{{"bookmarks": {DEEP}, "streams": {DEEP}}}',
    "empty": "",
    "null": "\0",
    "nan": '{"bookmarks": {"charges": {"watermark": NaN}}, "streams": NaN}',
}


@pytest.mark.parametrize("what", FILES)
@pytest.mark.parametrize("file", ["state", "catalog"])
def test_any_file_is_refused_in_one_sentence(copying, tap, seed, file, what):
    copied = copying(Options(seed=seed, scale=0.02))

    ran = tap.run(copied.config(), **{file: FILES[what]})

    assert_one_sentence(ran, file)
