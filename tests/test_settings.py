"""Settings: what is refused, what null means, and what they make of a key."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from tap_stripe.errors import CatalogError, SettingError
from tap_stripe.keys import checked_key, livemode_of
from tap_stripe.settings import MOST_OF_A_NAME, SETTINGS, read_settings
from tap_stripe.streams import Collection
from tap_stripe.tap import TapStripe

KEY = {"api_key": "sk_test_51Settings"}
NOW = datetime(2026, 11, 27, 20, tzinfo=UTC).timestamp()

# Keys

NO_KEYS = {
    "pk_live_51Abc": "a publishable key",
    "whsec_51Abc": "the signing secret of a webhook",
    "acct_1Abc": "the id of an account, which belongs in account_ids",
    "ca_1Abc": "the client id",
    '"sk_live_51Abc"': "quotation marks",
    "'rk_test_51Abc'": "quotation marks",
    "\u201csk_live_51Abc\u201d": "quotation marks",
    "sk_live_51 Abc": "blanks or accents",
    "sk_live_51\nAbc": "blanks or accents",
    "sk_live_51\u00e4": "blanks or accents",
    "rk_live_...": "an example",
    "rk_live_\u2026": "an example",
    "sk_live_****abcd": "only a part is shown",
    "$STRIPE_KEY": "a place to be filled in",
    "<your key>": "a place to be filled in",
    "sk_live_": "just the beginning",
}


@pytest.mark.parametrize("key", NO_KEYS)
@pytest.mark.parametrize("name", ["api_key", "oauth_secret_key"])
def test_what_is_no_secret_key_is_refused_by_what_it_is(name: str, key: str) -> None:
    settings = {name: key} | (
        {} if name == "api_key" else {"oauth_token_file": "/tmp/no"}  # noqa: S108 - never opened
    )

    with pytest.raises(SettingError, match=NO_KEYS[key]) as raised:
        read_settings(settings)

    said = str(raised.value)
    assert name in said
    assert key not in said
    assert "51Abc" not in said


@pytest.mark.parametrize(
    ("key", "livemode"),
    [
        ("sk_live_51Abc", True),
        ("rk_live_51Abc", True),
        ("rkcs_live_51Abc", True),
        ("sk_org_live_51Abc", True),
        ("sk_test_51Abc", False),
        ("rk_test_51Abc", False),
        ("sk_acct_1Abc", None),
        ("oauth.token-of/tomorrow==", None),
    ],
)
def test_keys_and_tokens_of_any_form_are_taken_with_their_mode(
    key: str,
    livemode: bool | None,  # noqa: FBT001
) -> None:
    assert checked_key("api_key", f" {key}\n") == key
    assert livemode_of(key) is livemode
    assert read_settings({"api_key": key}).key_livemode is livemode


@pytest.mark.parametrize("key", ["", " ", "\n", None])
def test_a_key_that_is_empty_is_missing(key: str | None) -> None:
    with pytest.raises(SettingError, match="api_key is missing"):
        read_settings({"api_key": key})


@pytest.mark.parametrize(("key", "asked"), [("sk_test_1", True), ("rk_live_1", False)])
def test_a_key_of_the_other_mode_is_refused(key: str, asked: bool) -> None:  # noqa: FBT001
    with pytest.raises(SettingError, match="The setting livemode is") as raised:
        read_settings({"api_key": key, "livemode": asked})

    assert key not in str(raised.value)


@pytest.mark.parametrize(
    ("key", "asked"),
    [
        ("sk_test_1", False),
        ("rk_live_1", True),
        ("sk_acct_1", True),
        ("rk_live_1", None),
    ],
)
def test_a_key_of_the_mode_that_is_asked_for_is_taken(
    key: str,
    asked: bool | None,  # noqa: FBT001
) -> None:
    assert read_settings({"api_key": key, "livemode": asked}).livemode is asked


def test_the_sandbox_has_no_mode() -> None:
    tap = TapStripe(config={"api_url": "sandbox", "livemode": True})

    assert tap.settings.livemode is None


# start_date


def started(start_date: str) -> int:
    return read_settings({**KEY, "start_date": start_date}, now=NOW).start


def test_a_mere_date_is_midnight_utc() -> None:
    midnight = datetime(2026, 11, 1, tzinfo=UTC).timestamp()

    assert started("2026-11-01") == midnight
    assert started("2026-11-01T09:00:00+09:00") == midnight


def test_today_in_tokyo_is_taken_though_it_is_tomorrow_in_utc() -> None:
    assert started("2026-11-28") > NOW


@pytest.mark.parametrize("start_date", ["2026-11-29", "2027-01-01", "9999-12-31"])
def test_a_start_date_that_is_still_to_come_is_refused(start_date: str) -> None:
    with pytest.raises(SettingError, match=f"start_date is '{start_date}', which is"):
        started(start_date)


# Null, unknown, too large

NAMES = [name for name in SETTINGS.to_dict()["properties"] if name != "api_key"]
OF_THE_SDK = [
    "stream_maps",
    "stream_map_config",
    "faker_config",
    "flattening_enabled",
    "flattening_max_depth",
    "flattening_max_key_length",
    "flattening_separator",
    "batch_config",
]


@pytest.mark.parametrize("name", [*NAMES, *OF_THE_SDK])
def test_null_means_the_default(name: str) -> None:
    with_null = TapStripe(config={**KEY, name: None})
    without = TapStripe(config=dict(KEY))

    assert with_null.settings == without.settings
    assert dict(with_null.config) == dict(without.config)


@pytest.mark.parametrize("name", NAMES)
def test_null_means_the_default_for_whoever_reads_settings(name: str) -> None:
    assert read_settings({**KEY, name: None}) == read_settings(KEY)


def test_null_inside_batch_config_means_its_default() -> None:
    batch = {
        "encoding": {"format": "jsonl", "compression": None},
        "storage": {"root": "file:///tmp", "prefix": None},
        "batch_size": None,
    }

    config = TapStripe(config={**KEY, "batch_config": batch}).config["batch_config"]

    assert config["storage"]["root"] == "file:///tmp"
    assert None not in [*config.values(), *config["storage"].values()]


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("strat_date", "did you mean start_date?"),
        ("Api_Key", "did you mean api_key?"),
        ("stream_map", "did you mean stream_maps?"),
        ("colour", "see tap-stripe --about."),
    ],
)
def test_a_setting_that_there_is_not_is_refused_with_the_nearest_name(
    name: str, meant: str
) -> None:
    with pytest.raises(SettingError) as raised:
        TapStripe(config={**KEY, name: "x"})

    assert (
        str(raised.value) == f"The setting '{name}' is unknown to tap-stripe: {meant}"
    )


@pytest.mark.parametrize("name", ["_note", "//", "$schema", "#"])
def test_notes_of_others_are_let_through(name: str) -> None:
    assert TapStripe(config={**KEY, name: "x"}).settings.api_key == KEY["api_key"]


def test_discovery_takes_unknown_settings() -> None:
    tap = TapStripe(config={"strat_date": "x"}, validate_config=False)

    assert tap.streams.keys() == Collection.registered.keys()


@pytest.mark.parametrize(
    "value", [float("nan"), float("inf"), 10**400, 1e300, 1_000_000_001]
)
@pytest.mark.parametrize("name", ["requests_per_second", "retry_seconds"])
def test_a_number_that_no_clock_can_count_is_refused(name: str, value: float) -> None:
    with pytest.raises(SettingError, match=f"{name} is no number, or one that is too"):
        read_settings({**KEY, name: value})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("lookback_seconds", "abc"),
        ("flattening_max_depth", "two"),
        ("stream_maps", "{"),
        ("requests_per_second", "fast"),
    ],
)
def test_an_environment_variable_that_can_not_be_read_is_named(
    name: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TAP_STRIPE_API_KEY", KEY["api_key"])
    monkeypatch.setenv(f"TAP_STRIPE_{name.upper()}", value)

    with pytest.raises(SettingError) as raised:
        TapStripe(config={}, parse_env_config=True)

    assert name in str(raised.value).lower()


@pytest.mark.parametrize("name", ["lookback_seconds", "livemode", "stream_maps"])
def test_an_empty_environment_variable_means_the_default(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(f"TAP_STRIPE_{name.upper()}", "")

    tap = TapStripe(config=dict(KEY), parse_env_config=True)

    assert tap.settings == TapStripe(config=dict(KEY)).settings


def test_flattened_names_are_as_long_as_postgresql_takes_them() -> None:
    tap = TapStripe(config=dict(KEY))

    assert tap.config["flattening_max_key_length"] == MOST_OF_A_NAME


# What a catalog asks for

METADATA: dict[str, tuple[dict[str, Any], str | None, str]] = {
    "chosen": ({"replication-method": "FULL_TABLE"}, "INCREMENTAL", "FULL_TABLE"),
    "forced": ({"forced-replication-method": "FULL_TABLE"}, None, "FULL_TABLE"),
    "the entry's own key": ({}, "FULL_TABLE", "FULL_TABLE"),
    "chosen otherwise": (
        {"replication-method": "INCREMENTAL"},
        "FULL_TABLE",
        "INCREMENTAL",
    ),
    "nothing": ({}, None, "INCREMENTAL"),
    "null": ({"replication-method": None}, "INCREMENTAL", "INCREMENTAL"),
}


def asking(metadata: dict[str, Any], own: str | None) -> dict[str, Any]:
    """Give the discovered catalog with what charges' entry is changed to."""
    catalog: dict[str, Any] = TapStripe(config=dict(KEY)).catalog_dict
    (charges,) = (one for one in catalog["streams"] if one["stream"] == "charges")
    charges["replication_method"] = own
    for entry in charges["metadata"]:
        if not entry["breadcrumb"]:
            entry["metadata"].update(metadata)
    return catalog


@pytest.mark.parametrize("situation", METADATA)
def test_the_replication_method_is_taken_from_wherever_a_catalog_has_it(
    situation: str,
) -> None:
    metadata, own, wanted = METADATA[situation]

    tap = TapStripe(config=dict(KEY), catalog=asking(metadata, own))

    assert tap.streams["charges"].replication_method == wanted
    assert tap.streams["coupons"].replication_method == "INCREMENTAL"


@pytest.mark.parametrize("method", ["LOG_BASED", "full", 5, ["FULL_TABLE"]])
def test_a_replication_method_that_there_is_not_is_refused(method: Any) -> None:
    with pytest.raises(CatalogError, match="for charges, which there is not"):
        TapStripe(
            config=dict(KEY), catalog=asking({"replication-method": method}, None)
        )
