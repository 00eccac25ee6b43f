"""The one HTTP way to Stripe: authentication, version, pace, retries, errors.

Plain requests with msgspec, not the stripe package's client: a page of 100 charges
takes 4 ms of CPU this way, 10 with its `raw_request`, and 91 as its typed objects
(`python -m benchmarks.clients`).
"""

from __future__ import annotations

import random
import threading
import time
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import backoff
import msgspec
import requests
import urllib3
from requests.adapters import HTTPAdapter

from tap_stripe.api.refusals import Attempt, Failed, refusal
from tap_stripe.api.session import Session
from tap_stripe.errors import KeyRefused, StripeError, Unavailable

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Mapping, Sequence

    from tap_stripe.api.credentials import Credentials
    from tap_stripe.api.rate import RateBudget
    from tap_stripe.api.usage import Usage

API_VERSION = "2026-10-28.endive"
API_URL = "https://api.stripe.com"
# Stripe's status for a token whose time is over (code `api_key_expired`).
_EXPIRED = 401

T = TypeVar("T")
Params = tuple[tuple[str, str], ...]


class Answer(msgspec.Struct, Generic[T], frozen=True):
    """A decoded answer with status 200.

    Attributes:
        value: The body.
        received_at: When it came, seconds since the epoch.
        headers: Stripe's headers.
    """

    value: T
    received_at: float
    headers: Mapping[str, str]


class Client:
    """Asks Stripe, from any number of threads.

    Args:
        credentials: Say which key or token each request carries.
        api_url: Scheme and host.
        budget: What all requests share.
        usage: Counts requests.
        timeout_s: Seconds without a byte after which a request has failed.
        retry_s: Seconds for which a failing request is tried again.
    """

    def __init__(
        self,
        *,
        credentials: Credentials,
        api_url: str,
        budget: RateBudget,
        usage: Usage,
        timeout_s: float,
        retry_s: float,
    ) -> None:
        self._credentials = credentials
        self._api_url = api_url.rstrip("/")
        self.budget = budget
        self.usage = usage
        self._timeout_s = timeout_s
        self._retry_s = retry_s
        self._own = threading.local()

    def get(
        self,
        path: str,
        params: Sequence[tuple[str, str]] = (),
        *,
        decode: Callable[[bytes], T],
        account: str | None = None,
        lighter: Callable[[int], Params] | None = None,
        pinned: bool = True,
    ) -> Answer[T]:
        """Ask until there is an answer.

        Connection errors, cut bodies, 409, 429 and 5xx are tried again, as
        `Stripe-Should-Retry` and `Retry-After` say and else after 0.5 s doubling to
        8 s, with jitter. https://docs.stripe.com/error-low-level

        Args:
            path: `/v1/…`.
            params: Query parameters.
            decode: Reads the body; a `msgspec.MsgspecError` counts as a cut body.
            account: Connected account for `Stripe-Account`.
            lighter: Gives the parameters for the request after so many failures that
                a smaller answer may mend.
            pinned: Whether to ask in our API version, and not in the account's own.

        Raises:
            StripeError: Stripe refused, or was still failing when the time ran out.
        """
        attempt = Attempt(path=path, params=tuple(params), account=account)
        headers = _headers(account, pinned=pinned)

        @backoff.on_exception(
            _waits,  # type: ignore[arg-type] # the first value is a start, no wait
            Failed,
            max_time=self._retry_s,
            jitter=None,
            giveup=lambda failed: not failed.again,
            on_backoff=lambda _: self.usage.retried(attempt.endpoint),
            logger=None,
        )
        def ask() -> Answer[T]:
            try:
                return self._ask_with_renewal(attempt, headers, decode)
            except Failed as failed:
                if failed.heavy and lighter is not None:
                    attempt.too_heavy += 1
                    attempt.params = lighter(attempt.too_heavy)
                raise

        try:
            return ask()
        except Failed as failed:
            raise self._last_word(failed) from None

    def _last_word(self, failed: Failed) -> StripeError:
        if not failed.again:
            return failed.error
        error = failed.error
        return Unavailable(
            f"Stripe still failed after {self._retry_s:g} seconds of trying: {error} "
            "The next run goes on from here.",
            status=error.status,
            code=error.code,
            request_id=error.request_id,
        )

    def _ask_with_renewal(
        self,
        attempt: Attempt,
        headers: Mapping[str, str | None],
        decode: Callable[[bytes], T],
    ) -> Answer[T]:
        token = self._credentials.token()
        try:
            return self._ask(attempt, headers, decode, token)
        except Failed as failed:
            error = failed.error
            expired = isinstance(error, KeyRefused) and error.status == _EXPIRED
            if not expired or not self._credentials.renew(token):
                raise
        return self._ask(attempt, headers, decode, self._credentials.token())

    def _ask(
        self,
        attempt: Attempt,
        headers: Mapping[str, str | None],
        decode: Callable[[bytes], T],
        token: str,
    ) -> Answer[T]:
        endpoint = attempt.endpoint
        self.budget.wait(endpoint, attempt.account)
        with self.budget.in_flight.place(endpoint):
            started = time.monotonic()
            self.usage.sent(endpoint)
            try:
                response = self._session.get(
                    self._api_url + attempt.path,
                    params=attempt.params,
                    headers=headers,
                    auth=_Bearer(token),
                    timeout=self._timeout_s,
                    allow_redirects=False,
                    stream=True,
                )
                # In one piece: `content` takes 10 kB at a time, for twice the CPU.
                body = response.raw.read(decode_content=True)
            except (OSError, ValueError, urllib3.exceptions.HTTPError) as error:
                # requests' own errors are OSErrors. What it does not foresee, such as
                # a chunk of negative size, http.client refuses with a ValueError.
                if _is_hopeless(error):
                    raise Failed.unsendable(attempt, type(error).__name__) from None
                raise Failed.unanswered(attempt, type(error).__name__) from None
        if response.status_code != requests.codes.ok:
            failed = refusal(attempt, response, body, secret=token)
            if failed.throttled:
                self.usage.throttled(endpoint)
                self.budget.throttled(endpoint, failed.reason, attempt.account)
            raise failed
        self.budget.succeeded(endpoint, attempt.account)
        self.usage.answered(time.monotonic() - started)
        try:
            value = decode(body)
        except (msgspec.MsgspecError, RecursionError) as error:
            raise Failed.undecodable(attempt, response, str(error)) from None
        return Answer(value, time.time(), response.headers)

    @property
    def _session(self) -> requests.Session:
        """A session for each thread: requests does not promise to share one."""
        session: requests.Session | None = getattr(self._own, "session", None)
        if session is None:
            session = Session(self._api_url)
            session.mount("https://", HTTPAdapter(pool_maxsize=1))
            session.headers.update(
                {
                    "Stripe-Version": API_VERSION,
                    "User-Agent": "tap-stripe",
                    "Accept": "application/json",
                }
            )
            self._own.session = session
        return session


class _Bearer(requests.auth.AuthBase):
    """Keeps a .netrc from replacing the key, and the key out of session headers."""

    def __init__(self, token: str) -> None:
        self._token = token

    def __call__(self, request: Any) -> Any:
        request.headers["Authorization"] = f"Bearer {self._token}"
        return request


def _is_hopeless(error: Exception) -> bool:
    """Tell whether a request can't be sent, however often: no server has a part in it.

    requests says so of a certificate file that is missing with a bare OSError.
    """
    return (
        isinstance(
            error,
            requests.exceptions.InvalidURL
            | requests.exceptions.InvalidSchema
            | urllib3.exceptions.LocationValueError,
        )
        or type(error) is OSError
        or "certificate verify failed" in str(error)
    )


def _headers(account: str | None, *, pinned: bool) -> dict[str, str | None]:
    headers: dict[str, str | None] = {}
    if account is not None:
        headers["Stripe-Account"] = account
    if not pinned:
        headers["Stripe-Version"] = None  # Takes the session's away.
    return headers


def _waits() -> Generator[float | None, Failed, None]:
    """Seconds before each further attempt, in the form that backoff asks for."""
    delay = 0.5
    failed = yield None
    while True:
        wait = failed.retry_after
        if wait is None:
            # Half of it at random, so that readers don't come back all at once.
            wait = delay * (0.5 + random.random() / 2)  # noqa: S311 - no secret
            delay = min(8.0, delay * 2)
        failed = yield wait
