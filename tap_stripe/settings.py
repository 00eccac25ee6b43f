"""The tap's settings, as `--about` explains them, and what is read from them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from singer_sdk import typing as th

from tap_stripe.accounts import Accounts, read_accounts
from tap_stripe.client import API_URL
from tap_stripe.errors import SettingError

if TYPE_CHECKING:
    from collections.abc import Mapping

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
_LIVE_REQUESTS_PER_SECOND = 15.0
_TEST_REQUESTS_PER_SECOND = 5.0
_SANDBOX_REQUESTS_PER_SECOND = 100.0
_LOOPBACK = {"localhost", "127.0.0.1", "::1"}
_DAY_S = 86400

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
        "start_date",
        th.DateTimeType,
        title="Start date",
        description=(
            "Objects created before are left out, also when they change later. "
            "Default: everything is read."
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
        description="Seconds without an answer after which a request is sent again.",
    ),
    th.Property(
        "retry_seconds",
        th.NumberType(minimum=0),
        default=300,
        title="Retry time",
        description=(
            "Seconds for which a failing request is sent again before the run ends "
            "with an error."
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
        start: First `created` second that is wanted; 0 for all.
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
    start: int
    requests_per_second: float
    requests_per_second_per_endpoint: float | None
    requests_per_second_per_account: float
    full_look_s: int
    lookback_s: int
    timeout_s: float
    retry_s: float
    fail_on_missing_permission: bool


def read_settings(config: Mapping[str, Any]) -> Settings:
    """Check the settings that a JSON schema can't.

    Raises:
        SettingError: One can't be used; the message says what to change.
    """
    api_url = checked_api_url(config.get("api_url") or API_URL)
    api_key, token_file, secret_key = _keys(config, is_sandbox=api_url == SANDBOX)
    default_rate = (
        _SANDBOX_REQUESTS_PER_SECOND
        if api_url == SANDBOX
        else _TEST_REQUESTS_PER_SECOND
        if "_test_" in (api_key or secret_key)
        else _LIVE_REQUESTS_PER_SECOND
    )
    rate = float(config.get("requests_per_second") or default_rate)
    accounts = read_accounts(config.get("account_ids"), config.get("shard"))
    full_look_s = config.get("full_look_seconds")
    if full_look_s is None:
        full_look_s = _DAY_S if accounts.several else 0
    return Settings(
        api_key=api_key,
        oauth_token_file=token_file,
        oauth_secret_key=secret_key,
        api_url=api_url,
        accounts=accounts,
        start=_start(config.get("start_date")),
        requests_per_second=rate,
        requests_per_second_per_endpoint=None
        if (per_endpoint := config.get("requests_per_second_per_endpoint")) is None
        else float(per_endpoint),
        requests_per_second_per_account=float(
            config.get("requests_per_second_per_account") or rate
        ),
        full_look_s=int(full_look_s),
        lookback_s=int(config.get("lookback_seconds", 900)),
        timeout_s=float(config.get("request_timeout", 60)),
        retry_s=float(config.get("retry_seconds", 300)),
        fail_on_missing_permission=bool(config.get("fail_on_missing_permission", True)),
    )


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


def checked_key(name: str, key: Any) -> str:
    """Give a key without blanks around it; empty if there is none.

    Raises:
        SettingError: It can't be one of Stripe's.
    """
    checked = str(key or "").strip()
    if not checked.isascii() or any(c.isspace() for c in checked):
        message = (
            f"The setting {name} is no Stripe key: it has blanks or accents in it."
        )
        raise SettingError(message)
    return checked


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


def _start(start_date: Any) -> int:
    if not start_date:
        return 0
    try:
        parsed = datetime.fromisoformat(str(start_date))
    except ValueError:
        message = (
            f"The setting start_date is {start_date!r}: write it like 2024-01-31 or "
            "2024-01-31T00:00:00Z."
        )
        raise SettingError(message) from None
    if parsed.tzinfo is None:
        parsed = parsed.replace(tzinfo=UTC)
    return max(0, math.floor(parsed.timestamp()))
