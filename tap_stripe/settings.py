"""The tap's settings, as `--about` explains them, and what is read from them."""

from __future__ import annotations

import difflib
import math
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from singer_sdk import typing as th

from tap_stripe.accounts import Accounts, read_accounts
from tap_stripe.api.client import API_URL
from tap_stripe.errors import SettingError
from tap_stripe.keys import checked_key, livemode_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

SANDBOX = "sandbox"
SANDBOX_KEY = "sk_test_sandbox"
APP_FILE = "oauth_token_file"
APP_KEY = "oauth_secret_key"
SECRETS = ("api_key", APP_KEY)
MISSING_KEY = (
    "The setting api_key is missing: set TAP_STRIPE_API_KEY, or api_key in the config, "
    "to a key such as this form makes: "
)
API_KEYS = "https://dashboard.stripe.com/apikeys"
MOST_OF_A_NAME = 63
"""Characters of a flattened property's name, unless the settings say otherwise."""
_LIVE_REQUESTS_PER_SECOND = 15.0
_TEST_REQUESTS_PER_SECOND = 5.0
_SANDBOX_REQUESTS_PER_SECOND = 100.0
_LOOPBACK = {"localhost", "127.0.0.1", "::1"}
_DAY_S = 86400
_MOST = 1e9
"""Of any setting that is a number: 30 years of seconds."""

SETTINGS = th.PropertiesList(
    th.Property(
        "api_key",
        th.StringType,
        secret=True,
        title="API key",
        description=(
            "A restricted key with read permissions, or a secret key. Needed, unless "
            "oauth_token_file is set. https://dashboard.stripe.com/apikeys"
        ),
    ),
    th.Property(
        APP_FILE,
        th.StringType,
        title="OAuth token file",
        description=(
            "In place of api_key: the file in which `tap-stripe connect app` keeps the "
            "tokens of an account that has installed your Stripe App. Each run "
            "rewrites it, so it needs a place that stays."
        ),
    ),
    th.Property(
        APP_KEY,
        th.StringType,
        secret=True,
        title="OAuth secret key",
        description=(
            "The secret key of the Stripe App's developer, by which the tokens in "
            "oauth_token_file are renewed every hour."
        ),
    ),
    th.Property(
        "livemode",
        th.BooleanType,
        title="Live mode",
        description=(
            "Whether the key has to be one of live mode (true) or of test mode "
            "(false). A key of the other mode is refused before anything is written. "
            "Default: either will do."
        ),
    ),
    th.Property(
        "start_date",
        th.DateTimeType,
        title="Start date",
        description=(
            "Objects created before are left out, also when they change later. A mere "
            "date begins at midnight UTC. Default: everything is read."
        ),
    ),
    th.Property(
        "account_ids",
        th.ArrayType(th.StringType),
        title="Account ids",
        description=(
            "The accounts to read: own (the key's own), acct_… ids of connected "
            "accounts, or connected (all that are connected to it, found anew in each "
            "run). Unless it is just own, the default, each row has account_id, which "
            "is part of the key."
        ),
    ),
    th.Property(
        "shard",
        th.StringType,
        title="Shard",
        description=(
            "Which part of the connected accounts this process reads: 3/16 is the "
            "third of sixteen, each account being always in the same one. The key's "
            "own account and the list of accounts are in the first. Default: all."
        ),
    ),
    th.Property(
        "api_url",
        th.StringType,
        default=API_URL,
        title="API address",
        description=(
            "https only, loopback aside. The word sandbox starts the local sandbox for "
            "the length of the run, which needs no key."
        ),
    ),
    th.Property(
        "requests_per_second",
        th.NumberType(exclusive_minimum=0),
        title="Requests per second",
        description=(
            "The budget for all requests of the key. Stripe allows 100 in live mode "
            "and 25 in test mode, which your own checkout draws on as well. Default: "
            "15 in live mode, 5 in test mode."
        ),
    ),
    th.Property(
        "requests_per_second_per_endpoint",
        th.NumberType(exclusive_minimum=0),
        title="Requests per second and endpoint",
        description=(
            "The most for one endpoint. Default: the 25 that Stripe allows (20 for "
            "files), and more only where the whole budget is otherwise not used and "
            "Stripe lets it pass."
        ),
    ),
    th.Property(
        "requests_per_second_per_account",
        th.NumberType(exclusive_minimum=0),
        title="Requests per second and account",
        description=(
            "The most for one connected account, whose own checkout draws on the same "
            "limit. Default: requests_per_second."
        ),
    ),
    th.Property(
        "full_look_seconds",
        th.IntegerType(minimum=0),
        title="Full look",
        description=(
            "An account that has had no event since the last run is asked for nothing "
            "more, unless it was last looked at in full so many seconds ago: what "
            "raises no event (docs/accounts.md) comes in with the full look. Default: "
            "86400 (a day) for many accounts, 0 (in each run) where just the own one "
            "is read."
        ),
    ),
    th.Property(
        "lookback_seconds",
        th.IntegerType(minimum=0),
        default=900,
        title="Lookback",
        description=(
            "Each sync reads events and new objects from so many seconds before the "
            "last one, because some become visible late."
        ),
    ),
    th.Property(
        "request_timeout",
        th.NumberType(exclusive_minimum=0),
        default=60,
        title="Request timeout",
        description=(
            "Seconds without an answer after which a request is sent again. A whole "
            "answer may take twice as long."
        ),
    ),
    th.Property(
        "retry_seconds",
        th.NumberType(minimum=0),
        default=300,
        title="Retry time",
        description=(
            "Seconds for which a failing request is sent again while Stripe answers "
            "nothing at all, before the run ends with an error. What fails while "
            "others are answered is sent again five times."
        ),
    ),
    th.Property(
        "fail_on_missing_permission",
        th.BooleanType,
        default=True,
        title="Fail on a missing permission",
        description=(
            "Whether a run in which the key may not read a collection or an account "
            "exits with 1, after it has read all else."
        ),
    ),
)


NUMBERS = tuple(
    name
    for name, definition in SETTINGS.to_dict()["properties"].items()
    if "number" in definition["type"]
)
"""Settings that are numbers with a fraction."""


def without_nulls(config: Mapping[str, Any]) -> dict[str, Any]:
    """Give settings without those that are null: null means the default.

    In a stream map null means something, and so it may in what maps are given.
    """
    found = {name: value for name, value in config.items() if value is not None}
    if isinstance(batch := found.get("batch_config"), dict):
        found["batch_config"] = _without_nulls_inside(batch)
    return found


def _without_nulls_inside(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    return {
        name: _without_nulls_inside(inner)
        for name, inner in value.items()
        if inner is not None
    }


def refuse_unknown(config: Iterable[str], known: Iterable[str]) -> None:
    """Refuse names of settings that there are not: mistyped ones would do nothing.

    Names that don't begin with a letter are let through, as others' notes.

    Raises:
        SettingError: There is one; the message names those that may be meant.
    """
    names = sorted(known)
    for name in config:
        if name in names or not name[:1].isalpha():
            continue
        meant = nearest(name, names) or "see tap-stripe --about."
        message = f"The setting {name[:60]!r} is unknown to tap-stripe: {meant}"
        raise SettingError(message)


def nearest(name: str, known: Iterable[str]) -> str:
    """Ask whether another name is meant; empty if none is near."""
    found = difflib.get_close_matches(name.lower(), sorted(known), n=1)
    return f"did you mean {found[0]}?" if found else ""


def number(name: str, value: str) -> float:
    """Read a number that came as text.

    Raises:
        SettingError: It is none.
    """
    try:
        return float(value)
    except ValueError:
        message = f"The setting {name} is no number."
        raise SettingError(message) from None


@dataclass(frozen=True)
class Settings:
    """The settings, checked.

    Attributes:
        api_key: For `Authorization`; empty where there is a token file.
        oauth_token_file: Path of a Stripe App's tokens; empty where there is a key.
        oauth_secret_key: By which they are renewed.
        api_url: Scheme and host, or `sandbox`.
        accounts: The accounts to read.
        livemode: Whether the data has to be live (true) or of test mode (false), if
            that is asked for. A key that says its mode has been compared already.
        key_livemode: Whether the key reads live data; None where it doesn't say.
        start: First `created` second that is wanted; 0 for all. At most a day ahead of
            this machine's clock.
        requests_per_second: For all requests together.
        requests_per_second_per_endpoint: For each endpoint, if set.
        requests_per_second_per_account: For each connected account.
        full_look_s: Seconds after which an account without events is looked at in full.
        lookback_s: Seconds by which the watermark trails.
        timeout_s: Seconds for an answer.
        retry_s: Seconds for which a request is tried again.
        fail_on_missing_permission: Whether a missing permission fails the run.
    """

    api_key: str
    oauth_token_file: str
    oauth_secret_key: str
    api_url: str
    accounts: Accounts
    livemode: bool | None
    key_livemode: bool | None
    start: int
    requests_per_second: float
    requests_per_second_per_endpoint: float | None
    requests_per_second_per_account: float
    full_look_s: int
    lookback_s: int
    timeout_s: float
    retry_s: float
    fail_on_missing_permission: bool


def read_settings(config: Mapping[str, Any], *, now: float | None = None) -> Settings:
    """Check the settings that a JSON schema can't.

    Args:
        config: The settings; those that are null are as if they were not there.
        now: Seconds since the epoch; this machine's clock if None.

    Raises:
        SettingError: One can't be used; the message says what to change.
    """
    config = without_nulls(config)
    api_url = checked_api_url(config.get("api_url") or API_URL)
    api_key, token_file, secret_key = _keys(config, is_sandbox=api_url == SANDBOX)
    key_livemode = livemode_of(api_key or secret_key)
    default_rate = (
        _SANDBOX_REQUESTS_PER_SECOND
        if api_url == SANDBOX
        else _TEST_REQUESTS_PER_SECOND
        if key_livemode is False
        else _LIVE_REQUESTS_PER_SECOND
    )
    rate = _number(config, "requests_per_second", default_rate)
    accounts = read_accounts(config.get("account_ids"), config.get("shard"))
    return Settings(
        api_key=api_key,
        oauth_token_file=token_file,
        oauth_secret_key=secret_key,
        api_url=api_url,
        accounts=accounts,
        livemode=_livemode(
            config.get("livemode"), key=key_livemode, is_sandbox=api_url == SANDBOX
        ),
        key_livemode=key_livemode,
        start=_start(config.get("start_date"), time.time() if now is None else now),
        requests_per_second=rate,
        requests_per_second_per_endpoint=_number(
            config, "requests_per_second_per_endpoint", 0
        )
        or None,
        requests_per_second_per_account=_number(
            config, "requests_per_second_per_account", rate
        ),
        full_look_s=int(
            _number(config, "full_look_seconds", _DAY_S if accounts.several else 0)
        ),
        lookback_s=int(_number(config, "lookback_seconds", 900)),
        timeout_s=_number(config, "request_timeout", 60),
        retry_s=_number(config, "retry_seconds", 300),
        fail_on_missing_permission=bool(config.get("fail_on_missing_permission", True)),
    )


def _number(config: Mapping[str, Any], name: str, default: float) -> float:
    """Give a number that other programs can count with: JSON in Python has NaN too."""
    try:
        value = float(config.get(name, default))
    except (OverflowError, TypeError, ValueError):
        value = math.nan
    if not value <= _MOST:
        message = f"The setting {name} is no number, or one that is too large."
        raise SettingError(message)
    return value


def _livemode(asked: Any, *, key: bool | None, is_sandbox: bool) -> bool | None:
    """Give the mode that is asked for; the sandbox has none.

    Raises:
        SettingError: The key is of the other one.
    """
    if asked is None or is_sandbox:
        return None
    livemode = bool(asked)
    if key is not None and key is not livemode:
        message = (
            f"The setting livemode is {'true' if livemode else 'false'}, but the key "
            f"is one of {'live' if key else 'test'} mode, whose data would go among "
            "the other mode's: use another key, or another environment with a schema "
            "of its own, or change livemode."
        )
        raise SettingError(message)
    return livemode


def _keys(config: Mapping[str, Any], *, is_sandbox: bool) -> tuple[str, str, str]:
    """Give the API key, or the token file and the key that renews its tokens."""
    api_key = checked_key("api_key", config.get("api_key"))
    token_file = str(config.get(APP_FILE) or "").strip()
    if is_sandbox or not token_file:
        if not api_key:
            raise SettingError(MISSING_KEY + API_KEYS)
        return api_key, "", ""
    if api_key:
        message = (
            "The settings api_key and oauth_token_file are both set: leave one of "
            "them empty."
        )
        raise SettingError(message)
    secret_key = checked_key(APP_KEY, config.get(APP_KEY))
    if not secret_key:
        message = (
            "The setting oauth_secret_key is missing: the tokens in oauth_token_file "
            "can't be renewed without the secret key of the Stripe App's developer."
        )
        raise SettingError(message)
    return "", token_file, secret_key


def checked_api_url(api_url: str) -> str:
    """Give the address, or the word sandbox, as it is.

    Raises:
        SettingError: A key must not go there.
    """
    if api_url == SANDBOX:
        return api_url
    try:
        parts = urlsplit(api_url)
        hostname = parts.hostname
    except ValueError:
        parts, hostname = urlsplit(""), None
    secure = parts.scheme == "https" or (
        parts.scheme == "http" and hostname in _LOOPBACK
    )
    if not secure or not hostname or parts.username or parts.query:
        # Not repeated: it may have a key in it.
        message = (
            f"The setting api_url can't be used: it must be an https address such as "
            f"{API_URL}, or the word {SANDBOX}; plain http goes to this machine only."
        )
        raise SettingError(message)
    return api_url


def is_loopback(url: str) -> bool:
    """Tell whether an address is on this machine."""
    return urlsplit(url).hostname in _LOOPBACK


def _start(start_date: Any, now: float) -> int:
    if not start_date:
        return 0
    try:
        parsed = datetime.fromisoformat(str(start_date))
        if parsed.tzinfo is None:
            parsed = parsed.replace(tzinfo=UTC)
        start = parsed.timestamp()
    except (OverflowError, ValueError):
        message = (
            f"The setting start_date is {start_date!r}: write it like 2024-01-31 or "
            "2024-01-31T00:00:00Z."
        )
        raise SettingError(message) from None
    # Where the day has begun already, it may be tomorrow's in UTC.
    if start > now + _DAY_S:
        message = (
            f"The setting start_date is {start_date!r}, which is still to come: no "
            "object could be read."
        )
        raise SettingError(message)
    return max(0, math.floor(start))
