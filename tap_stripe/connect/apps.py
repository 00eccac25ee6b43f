"""Stripe Apps: an account installs one, and is read with tokens of an hour.

https://docs.stripe.com/stripe-apps/api-authentication/oauth
"""

from __future__ import annotations

import hashlib
import secrets
from typing import TYPE_CHECKING

import msgspec

from tap_stripe.connect.endpoints import Granted, Refused
from tap_stripe.connect.redirect import with_query
from tap_stripe.errors import AccessLost, ConnectError, KeyRefused, StripeError

if TYPE_CHECKING:
    from tap_stripe.connect.endpoints import Endpoints
    from tap_stripe.connect.hosts import Hosts
    from tap_stripe.connect.token_file import Tokens

_UNAUTHORIZED = 401


class _Install(msgspec.Struct):
    """https://docs.stripe.com/api/apps/installs/object."""

    id: str
    account: str = ""


class _Installs(msgspec.Struct):
    data: list[_Install]


_decode = msgspec.json.Decoder(Granted).decode
_decode_installs = msgspec.json.Decoder(_Installs).decode
_decode_install = msgspec.json.Decoder(_Install).decode


def page(hosts: Hosts, *, client_id: str, redirect_uri: str, state: str) -> str:
    """Give the address of the page that installs an app.

    Its permissions stand in the app's manifest, so none are asked for here.

    Args:
        hosts: Where Stripe's pages are.
        client_id: The app's `ca_…`; or an install link of the dashboard's External
            test tab, which is all there is before Stripe has reviewed the app.
        redirect_uri: One of the manifest's `allowed_redirect_uris`.
        state: Comes back with the answer.
    """
    if client_id.startswith("https://"):
        return with_query(client_id, redirect_uri=redirect_uri, state=state)
    return with_query(
        f"{hosts.marketplace}/oauth/v2/authorize",
        client_id=client_id,
        redirect_uri=redirect_uri,
        state=state,
    )


def installed(endpoints: Endpoints, code: str) -> Granted:
    """Exchange the code for the first tokens.

    Raises:
        ConnectError: Stripe refuses; the message says what to change.
        Unavailable: There was no answer.
    """
    fields = {"grant_type": "authorization_code", "code": code}
    try:
        granted = _exchange(endpoints, fields, once=secrets.token_hex())
    except Refused as refused:
        raise refused.of_code(setting="oauth_secret_key") from None
    if not granted.refresh_token:
        message = (
            "Stripe gave no refresh token: set stripe_api_access_type to oauth in the "
            "app's manifest, and upload the app again."
        )
        raise ConnectError(message)
    return granted


def renewed(endpoints: Endpoints, tokens: Tokens) -> Granted:
    """Exchange the refresh token for new tokens; from then on it is spent.

    Whoever sends the same one again within a day, because the answer was lost on the
    way or with the process, means the same exchange and gets the same answer, as far
    as Stripe keeps `Idempotency-Key` here: it promises so for all of POST.

    Raises:
        AccessLost: It is spent or a year old, or the app is no longer installed.
        KeyRefused: The developer's secret key is refused.
        StripeError: Stripe refuses for another reason.
        Unavailable: There was no answer.
    """
    fields = {"grant_type": "refresh_token", "refresh_token": tokens.refresh_token}
    try:
        once = hashlib.sha256(tokens.refresh_token.encode()).hexdigest()
        return _exchange(endpoints, fields, once=once)
    except Refused as refused:
        if refused.error == "invalid_grant":
            message = (
                f"Stripe does not renew the tokens of {tokens.account} ({refused}): "
                "connect the account again with `tap-stripe connect app`."
            )
            raise AccessLost(message, status=refused.status) from None
        if refused.status == _UNAUTHORIZED:
            message = (
                f"Stripe refuses oauth_secret_key ({refused}): set it to the secret "
                "key of the Stripe App's developer."
            )
            raise KeyRefused(message, status=refused.status) from None
        message = f"Stripe does not renew the tokens of {tokens.account}: {refused}."
        raise StripeError(message, status=refused.status) from None


def uninstall(endpoints: Endpoints, *, app_id: str, account: str) -> bool:
    """Uninstall the app from an account, which ends all access.

    https://docs.stripe.com/api/apps/installs/uninstall

    Args:
        endpoints: With the developer's secret key.
        app_id: `app_…`.
        account: The account that has installed it.

    Returns:
        False if it was not installed any more.

    Raises:
        ConnectError: Stripe refuses.
        Unavailable: There was no answer.
    """
    installs = f"{endpoints.hosts.api}/v1/apps/installs"
    try:
        found = endpoints.get(
            installs,
            {"app": app_id, "status": "installed", "limit": "100"},
            decode=_decode_installs,
            account=account,
        )
        for install in found.data:
            endpoints.post(
                f"{installs}/{install.id}/uninstall",
                {},
                decode=_decode_install,
                once=secrets.token_hex(),
                account=account,
            )
    except Refused as refused:
        message = (
            f"Stripe does not uninstall the app from {account} ({refused}): check "
            "--app-id and oauth_secret_key; with --forget only what is kept here is "
            "removed."
        )
        raise ConnectError(message) from None
    return bool(found.data)


def _exchange(endpoints: Endpoints, fields: dict[str, str], *, once: str) -> Granted:
    return endpoints.post(
        f"{endpoints.hosts.api}/v1/oauth/token",
        fields,
        decode=_decode,
        once=once,
    )
