"""Connect OAuth: a platform connects accounts, and reads them with its own key.

https://docs.stripe.com/connect/oauth-reference
"""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

import msgspec

from tap_stripe.connect.endpoints import Granted, Refused
from tap_stripe.connect.redirect import with_query
from tap_stripe.errors import ConnectError

if TYPE_CHECKING:
    from tap_stripe.connect.endpoints import Endpoints
    from tap_stripe.connect.hosts import Hosts

SCOPES = ("read_write", "read_only")


class _Deauthorized(msgspec.Struct):
    stripe_user_id: str


_decode = msgspec.json.Decoder(Granted).decode
_decode_deauthorized = msgspec.json.Decoder(_Deauthorized).decode


def page(
    hosts: Hosts, *, client_id: str, redirect_uri: str, state: str, scope: str
) -> str:
    """Give the address of the page on which an account connects.

    Args:
        hosts: Where Stripe's pages are.
        client_id: The platform's `ca_…` of the mode of its key.
        redirect_uri: One that is registered in the platform's settings; in live mode
            https only.
        state: Comes back with the answer.
        scope: One of `SCOPES`. New platforms get `read_write` only.
    """
    return with_query(
        f"{hosts.connect}/oauth/authorize",
        response_type="code",
        client_id=client_id,
        redirect_uri=redirect_uri,
        scope=scope,
        state=state,
    )


def connected(endpoints: Endpoints, code: str) -> Granted:
    """Exchange the code, which connects the account to the platform.

    The tokens that come along are not needed: Stripe advises the platform's key with
    `Stripe-Account`. https://docs.stripe.com/connect/authentication

    Raises:
        ConnectError: Stripe refuses; the message says what to change.
        Unavailable: There was no answer.
    """
    try:
        return endpoints.post(
            f"{endpoints.hosts.connect}/oauth/token",
            {"grant_type": "authorization_code", "code": code},
            decode=_decode,
            once=secrets.token_hex(),
        )
    except Refused as refused:
        raise refused.of_code(setting="api_key") from None


def disconnect(endpoints: Endpoints, *, client_id: str, account: str) -> None:
    """Disconnect an account from the platform.

    Raises:
        ConnectError: Stripe refuses; it says `invalid_client` as well where the
            account is not connected any more.
        Unavailable: There was no answer.
    """
    try:
        endpoints.post(
            f"{endpoints.hosts.connect}/oauth/deauthorize",
            {"client_id": client_id, "stripe_user_id": account},
            decode=_decode_deauthorized,
            once=secrets.token_hex(),
        )
    except Refused as refused:
        message = (
            f"Stripe does not disconnect {account} ({refused}): check --client-id and "
            "api_key; with --forget only what is kept here is removed."
        )
        raise ConnectError(message) from None
