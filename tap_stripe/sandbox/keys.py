"""API keys and what each may read: https://docs.stripe.com/keys."""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING, Literal, NamedTuple

from tap_stripe.sandbox.errors import Forbidden, Unauthorized
from tap_stripe.sandbox.kinds import PERMISSION_NAMES

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

Wording = Literal["present", "older"]


class _Token(NamedTuple):
    account: str | None
    until: float


class Keyring:
    """The keys of a sandbox; may be changed while it runs."""

    def __init__(
        self,
        keys: Mapping[str, Collection[str] | None],
        *,
        wording: Wording,
        status: int,
    ) -> None:
        self._keys = dict(keys)
        self._revoked: set[str] = set()
        self._accounts: dict[str, Collection[str]] = {}
        self._wording = wording
        self._status = status
        self._tokens: dict[str, _Token] = {}

    def grant(self, token: str, account: str | None, *, until: float) -> None:
        """Add an access token, which reads everything of an account.

        Args:
            token: The token.
            account: A connected account; None for the sandbox's own.
            until: Unix second from which it has expired.
        """
        self._keys[token] = None
        self._tokens[token] = _Token(account, until)

    def withdraw(self, account: str | None) -> None:
        """Let the access tokens of an account expire."""
        self._revoked.update(
            token for token, of in self._tokens.items() if of.account == account
        )

    def account(self, key: str) -> str | None:
        """The connected account that an access token reads; None for the own."""
        token = self._tokens.get(key)
        return None if token is None else token.account

    def set(self, key: str, permissions: Collection[str] | None) -> None:
        """Add a key, or change what it may read; None is everything."""
        self._keys[key] = permissions
        self._revoked.discard(key)

    def restrict(self, account: str, permissions: Collection[str]) -> None:
        """Let an account grant only some permissions, whatever the key has."""
        self._accounts[account] = permissions

    def revoke(self, key: str) -> None:
        """Let a key expire."""
        self._revoked.add(key)

    def admitted(self, authorization: str, *, now: float) -> str:
        """The key in an `Authorization` header.

        Args:
            authorization: The header.
            now: Unix seconds.

        Raises:
            Unauthorized: There is none, or none that counts.
        """
        scheme, _, rest = authorization.partition(" ")
        key = rest.strip()
        if scheme.lower() == "basic":
            try:
                key = base64.b64decode(key).decode().partition(":")[0]
            except (binascii.Error, UnicodeDecodeError):
                key = ""
        if not key:
            message = (
                "You did not provide an API key. You need to provide your API key in"
                " the Authorization header, using Bearer auth (e.g. 'Authorization:"
                " Bearer YOUR_SECRET_KEY'). See"
                " https://stripe.com/docs/api#authentication for details, or we can"
                " help at https://support.stripe.com/."
            )
            raise Unauthorized(message)
        token = self._tokens.get(key)
        if key in self._revoked or (token is not None and now >= token.until):
            message = f"Expired API Key provided: {masked(key)}"
            raise Unauthorized(message, code="api_key_expired")
        if key not in self._keys:
            message = f"Invalid API Key provided: {masked(key)}"
            raise Unauthorized(message)
        return key

    def demand(self, key: str, permission: str, *, account: str) -> None:
        """Insist on a permission.

        Raises:
            Forbidden: The key lacks it; where so wished, Unauthorized.
        """
        if all(
            _includes(has, permission)
            for has in (self._keys[key], self._accounts.get(account))
        ):
            return
        remedy = (
            f"Enabling {_in_words(permission)} ('{permission}') permissions on"
            " this key would allow this request to continue."
            if self._wording == "present"
            else f"Having the 'rak_{permission}' permission would allow this request"
            " to continue."
        )
        message = (
            f"The provided key '{masked(key)}' does not have the required permissions"
            f" for this endpoint on account '{account}'. {remedy}"
        )
        refusal = Forbidden if self._status == Forbidden.status else Unauthorized
        raise refusal(message, code="more_permissions_required")


def _in_words(permission: str) -> str:
    plain = permission.removesuffix("_read").replace("_", " ").title()
    return PERMISSION_NAMES.get(permission, f"{plain}s Read")


def _includes(has: Collection[str] | None, permission: str) -> bool:
    if has is None or permission in has:
        return True
    return permission == "balance_read" and "balance_transaction_source_read" in has


def masked(key: str) -> str:
    """A key as Stripe's messages show it."""
    shown = 4
    head = key[: max(0, min(len(key) - shown, 2 * shown))]
    return f"{head}{'*' * 10}{key[-shown:]}"
