"""The one way to Stripe's OAuth endpoints: authentication, retries, errors."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, TypeVar

import msgspec
import requests
from requests.auth import HTTPBasicAuth

from tap_stripe.api.client import API_VERSION
from tap_stripe.api.session import Session
from tap_stripe.errors import ConnectError, Unavailable

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tap_stripe.connect.hosts import Hosts

T = TypeVar("T")
_UNAUTHORIZED = 401
_AGAIN = {409, 429}
_SERVER_ERROR = 500
_LONGEST_WAIT_S = 8.0


class Granted(msgspec.Struct, frozen=True):
    """What an exchange brings.

    https://docs.stripe.com/connect/oauth-reference#post-token-response

    Attributes:
        stripe_user_id: The account.
        livemode: Whether the tokens are of live mode.
        scope: `read_write`, `read_only`, or `stripe_apps`.
    """

    access_token: str
    stripe_user_id: str
    livemode: bool
    refresh_token: str = ""
    scope: str = ""

    def __repr__(self) -> str:
        return f"Granted({self.stripe_user_id})"


class Refused(Exception):
    """Stripe refused.

    Attributes:
        status: HTTP status.
        error: OAuth's code (`invalid_grant`); empty where the body has another form.
        told: Stripe's own words.
    """

    def __init__(self, status: int, error: str, told: str) -> None:
        super().__init__(f"{told} (status {status})")
        self.status = status
        self.error = error

    def of_code(self, *, setting: str) -> ConnectError:
        """Say what to change when it is a code that Stripe does not take.

        Args:
            setting: The one that has the secret key.
        """
        if self.error == "invalid_grant":
            message = (
                f"Stripe does not take the code ({self}): it is good once, for five "
                "minutes, with the key of its own mode; run the command again."
            )
        elif self.status == _UNAUTHORIZED:
            message = (
                f"Stripe refuses the secret key ({self}): set {setting} to that of "
                "the account which owns the client id."
            )
        else:
            message = f"Stripe does not connect the account: {self}."
        return ConnectError(message)


class _Words(msgspec.Struct):
    message: str = ""


class _Body(msgspec.Struct):
    """OAuth's form, or the API's: https://docs.stripe.com/api/errors."""

    error: str | _Words = ""
    error_description: str = ""


class Endpoints:
    """Asks Stripe's OAuth endpoints, as whoever owns the platform or the app.

    Args:
        hosts: Where they are.
        secret_key: Of the platform, or of the app's developer.
        timeout_s: Seconds without an answer after which a request has failed.
        retry_s: Seconds for which a failing request is sent again.
    """

    def __init__(
        self, hosts: Hosts, secret_key: str, *, timeout_s: float, retry_s: float
    ) -> None:
        self.hosts = hosts
        self._secret_key = secret_key
        self._timeout_s = timeout_s
        self._retry_s = retry_s

    def post(
        self,
        url: str,
        fields: Mapping[str, str],
        *,
        decode: Callable[[bytes], T],
        once: str,
        account: str = "",
    ) -> T:
        """Send a form until there is an answer.

        Args:
            url: Where to.
            fields: The form.
            decode: Reads the body of a success.
            once: Names the deed, so that it is done once however often it is sent:
                Stripe answers an `Idempotency-Key` that it knows as it did the first
                time. It keeps answers of 500 too, so each of those makes another key.
                https://docs.stripe.com/api/idempotent_requests
            account: For `Stripe-Account`.

        Raises:
            Refused: Stripe refused.
            Unavailable: There was still no answer when the time ran out.
        """
        until = time.monotonic() + self._retry_s
        wait = 0.5
        broken = 0
        while True:
            headers = {"Idempotency-Key": f"{once}-{broken}"}
            try:
                answer = self._send("POST", url, fields, headers, account)
                if answer.status_code == requests.codes.ok:
                    return decode(answer.content)
                failed = _refusal(answer)
                if failed.status >= _SERVER_ERROR:
                    broken += 1
                elif failed.status not in _AGAIN:
                    raise failed
                cause = str(failed)
            except (requests.RequestException, msgspec.MsgspecError) as error:
                cause = type(error).__name__
            if time.monotonic() + wait > until:
                message = (
                    f"POST {url} got no answer in {self._retry_s:g} seconds of trying "
                    f"({cause}): try again later."
                )
                raise Unavailable(message)
            time.sleep(wait)
            wait = min(2 * wait, _LONGEST_WAIT_S)

    def get(
        self,
        url: str,
        params: Mapping[str, str],
        *,
        decode: Callable[[bytes], T],
        account: str,
    ) -> T:
        """Ask once.

        Raises:
            Refused: Stripe refused.
            Unavailable: There was no answer, or one that can't be read.
        """
        try:
            answer = self._send("GET", url, params, {}, account)
            if answer.status_code != requests.codes.ok:
                raise _refusal(answer)
            return decode(answer.content)
        except (requests.RequestException, msgspec.MsgspecError) as error:
            message = f"GET {url} got no answer ({type(error).__name__}): try again."
            raise Unavailable(message) from None

    def _send(
        self,
        method: str,
        url: str,
        fields: Mapping[str, str],
        headers: Mapping[str, str],
        account: str,
    ) -> requests.Response:
        sent = {"Stripe-Version": API_VERSION, "User-Agent": "tap-stripe", **headers}
        if account:
            sent["Stripe-Account"] = account
        with Session(url) as session:
            return session.request(
                method,
                url,
                params=fields if method == "GET" else None,
                data=fields if method == "POST" else None,
                headers=sent,
                auth=HTTPBasicAuth(self._secret_key, ""),
                timeout=self._timeout_s,
                # The secret key would go along.
                allow_redirects=False,
            )


def _refusal(answer: requests.Response) -> Refused:
    try:
        body = msgspec.json.decode(answer.content, type=_Body)
    except msgspec.MsgspecError:
        body = _Body()
    if isinstance(body.error, _Words):
        return Refused(answer.status_code, "", body.error.message)
    told = body.error_description or body.error or answer.reason
    return Refused(answer.status_code, body.error, told)
