"""What a key tells by itself: whether it can be one of Stripe's, and its mode. Pure.

Only what is certainly no secret key is refused: tokens of OAuth have other forms, and
Stripe adds prefixes. https://docs.stripe.com/keys
"""

from __future__ import annotations

import re
from typing import Any

from tap_stripe.errors import SettingError

_MODE = re.compile(r"[a-z]+(?:_[a-z]+)*?_(live|test)_")
# What is no key, and why. The first that fits a whole key counts.
_FAULTS = tuple(
    (re.compile(pattern, re.DOTALL), why)
    for pattern, why in (
        (
            "[\"'`\u2018-\u201d].*|.*[\"'`\u2018-\u201d]",
            "it has quotation marks around it",
        ),
        (r"[$<{%].*", "it is a place to be filled in, not a value"),
        # Of the docs' examples, and of keys as Stripe's dashboard shows them.
        (
            ".*(\\.\\.\\.|\u2026|\\*\\*).*",
            "it is an example, or a key of which only a part is shown",
        ),
        (r".*[^!-~].*", "it has blanks or accents in it"),
        (r"acct_.*", "it is the id of an account, which belongs in account_ids"),
        (r"ca_.*", "it is the client id of a Connect platform or an app"),
        (r"pk_.*", "it is a publishable key, which may read nothing"),
        (r"whsec_.*", "it is the signing secret of a webhook"),
        (r"[sr]k_((live|test)_?)?", "it is just the beginning of one"),
    )
)


def checked_key(name: str, key: Any) -> str:
    """Give a key without blanks around it; empty if there is none.

    Args:
        name: The setting that it comes from.
        key: Its value. It is in no message.

    Raises:
        SettingError: It can't be a secret or restricted key of Stripe's.
    """
    checked = str(key or "").strip()
    for pattern, why in _FAULTS:
        if pattern.fullmatch(checked):
            message = (
                f"The setting {name} is no secret or restricted key of Stripe's: {why}."
            )
            raise SettingError(message)
    return checked


def livemode_of(key: str) -> bool | None:
    """Tell whether a key reads live data or test data; None if it doesn't say."""
    found = _MODE.match(key)
    return None if found is None else found.group(1) == "live"
