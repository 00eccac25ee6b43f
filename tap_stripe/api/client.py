"""The one HTTP way to Stripe: authentication, version, pace, retries, errors.

Plain requests with msgspec, not the stripe package's client: a page of 100 charges
takes 4 ms of CPU this way, 10 with its `raw_request`, and 91 as its typed objects
(`python -m benchmarks.clients`).
"""

from __future__ import annotations

import contextlib
import logging
import math
import threading
import time
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, TypeVar

import msgspec
import requests
import urllib3

from tap_stripe.api.clock import Clock
from tap_stripe.api.refusals import Attempt, Failed, refusal
from tap_stripe.api.retries import Retries
from tap_stripe.api.session import Session
from tap_stripe.api.unreached import is_hopeless, why_unanswered, why_unsendable
from tap_stripe.errors import (
    Down,
    KeyRefused,
    Stopped,
    StripeError,
    Unavailable,
    Unreadable,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from tap_stripe.api.credentials import Credentials
    from tap_stripe.api.rate import RateBudget
    from tap_stripe.api.usage import Usage

API_VERSION = "2026-10-28.endive"
API_URL = "https://api.stripe.com"
# Stripe's status for a token whose time is over (code `api_key_expired`).
_EXPIRED = 401
_WHOLE_ANSWER = 2
"""A whole answer may take so many times as long as may pass without a byte of it."""
_LOOKS = 8
"""How often within that time what is late is looked for."""
_QUIET_TRIES = 3
"""So often a request may fail without a word, once Stripe has been reached."""
_PROBE_EVERY_S = 5.0
_logger = logging.getLogger("tap-stripe")

T = TypeVar("T")
Params = tuple[tuple[str, str], ...]


class Answer(msgspec.Struct, Generic[T], frozen=True):
    """A decoded answer with status 200.

    Attributes:
        value: The body.
        received_at: When it came, seconds since the epoch by Stripe's clock.
        headers: Stripe's headers.
    """

    value: T
    received_at: float
    headers: Mapping[str, str]


class _Asked(NamedTuple):
    """A request that Stripe has answered."""

    attempt: Attempt
    headers: Mapping[str, str | None]
    decode: Callable[[bytes], Any]


class Client:
    """Asks Stripe, from any number of threads, until it is closed.

    Args:
        credentials: Say which key or token each request carries.
        api_url: Scheme and host.
        budget: What all requests share.
        usage: Counts requests.
        timeout_s: Seconds without a byte after which a request has failed; the whole
            answer has twice as long.
        retry_s: Seconds for which a failing request is tried again while Stripe fails
            for all: see `Retries`.

    Attributes:
        clock: Stripe's.
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
        self.clock = Clock()
        self._own = threading.local()
        self._sessions: list[Session] = []
        self._lock = threading.Lock()
        self._probing = threading.Lock()
        self._closed = threading.Event()
        self._is_reached = False
        # Monotonic seconds of the last answer that was not a failure, and to what.
        self._answered_at = self._probed_at = -math.inf
        self._probe_came = False
        self._answered: _Asked | None = None
        self._warned: set[str] = set()

    def close(self) -> None:
        """End all waiting and cut off what is under way: those threads get `Stopped`.

        From any thread, but not from a signal handler.
        """
        self.budget.close()
        self._closed.set()
        with self._lock:
            for session in self._sessions:
                session.cut()

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

        Connection errors, late answers, cut bodies, 409, 429 and 5xx are tried again,
        as `Stripe-Should-Retry` and `Retry-After` say, and for as long as `Retries`
        does.

        Args:
            path: `/v1/…`.
            params: Query parameters.
            decode: Reads the body; a `msgspec.MsgspecError` counts as a cut body.
            account: Connected account for `Stripe-Account`.
            lighter: Gives the parameters for the request after so many failures that
                a smaller answer may mend.
            pinned: Whether to ask in our API version, and not in the account's own.

        Raises:
            Down: Stripe has answered nothing at all for the retry time.
            Unavailable: It answers others, and still fails here.
            Unreadable: It answers something else than it documents.
            StripeError: Stripe refused.
            Stopped: The client is closed.
        """
        attempt = Attempt(path=path, params=tuple(params), account=account)
        headers = _headers(account, pinned=pinned)
        retries = Retries(time.monotonic(), self._retry_s)
        while True:
            try:
                return self._ask_with_renewal(attempt, headers, decode)
            except Failed as failed:
                retries.failed(failed)
                if failed.heavy and lighter is not None:
                    attempt.too_heavy += 1
                    attempt.params = lighter(attempt.too_heavy)
                if failed.again and retries.is_enough:
                    self._probe(retries)
                wait = retries.wait_s(
                    failed,
                    time.monotonic(),
                    is_up=self._is_up(retries),
                    is_reached=self._is_reached,
                )
                if wait is None:
                    raise self._last_word(failed, retries) from None
                self._warn(failed, retries)
            self.usage.retried(attempt.endpoint)
            self.budget.pause(wait)

    def _last_word(self, failed: Failed, retries: Retries) -> StripeError:
        error = failed.error
        if not failed.again:
            return error
        self._probe(retries)
        kind: type[StripeError] = Unavailable
        if not self._is_up(retries):
            kind = Down
        elif failed.is_unreadable:
            kind = Unreadable
        tried = f"{retries.tries} tries"
        if kind is Down or not retries.is_enough:
            tried = f"{time.monotonic() - retries.began:.0f} seconds of trying"
        return kind(
            f"Stripe still failed after {tried}: {error} "
            "The next run goes on from here.",
            status=error.status,
            code=error.code,
            request_id=error.request_id,
        )

    def _warn(self, failed: Failed, retries: Retries) -> None:
        """Say soon that nothing is reached: a setting may be wrong."""
        if (
            not failed.unreached
            or self._answered_at > retries.began
            or (self._is_reached and retries.tries < _QUIET_TRIES)
        ):
            return
        with self._lock:
            is_known = failed.unreached in self._warned
            self._warned.add(failed.unreached)
        if not is_known:
            _logger.warning(
                "Stripe can't be reached: %s. It is tried again for %.0f seconds.",
                failed.unreached,
                retries.time_s(is_reached=self._is_reached),
            )

    def _is_up(self, retries: Retries) -> bool:
        """Tell whether Stripe has answered anything since a request began.

        Or when it was last asked just to know, a moment ago: that holds for all that
        fail meanwhile.
        """
        is_fresh = time.monotonic() - self._probed_at < _PROBE_EVERY_S
        return self._answered_at > retries.began or (is_fresh and self._probe_came)

    def _probe(self, retries: Retries) -> None:
        """Find out whether Stripe is down: ask again for what it has answered last.

        What fails is tried last in a run, when nothing else is asked any more.
        """
        asked = self._answered
        with self._probing:
            since = time.monotonic() - self._probed_at
            if asked is None or self._is_up(retries) or since < _PROBE_EVERY_S:
                return
            self._probe_came = False
            with contextlib.suppress(StripeError, Failed):
                self._ask_with_renewal(*asked)
                self._probe_came = True
            self._probed_at = time.monotonic()

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
        session = self._session
        self.budget.wait(endpoint, attempt.account)
        with self.budget.in_flight.place(endpoint):
            started = time.monotonic()
            self.usage.sent(endpoint)
            session.begin(started + _WHOLE_ANSWER * self._timeout_s)
            try:
                response = session.get(
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
                session.end()
            except (OSError, ValueError, urllib3.exceptions.HTTPError) as error:
                # requests' own errors are OSErrors. What it does not foresee, such as
                # a chunk of negative size, http.client refuses with a ValueError.
                raise self._unanswered(attempt, session, error) from None
        came = time.monotonic()
        self._is_reached = True
        if response.status_code != requests.codes.ok:
            failed = refusal(attempt, response, body, secret=token)
            if failed.throttled:
                self.usage.throttled(endpoint)
                self.budget.throttled(endpoint, failed.reason, attempt.account)
            if failed.is_answer:
                self._answered_at = came
                self.clock.note(response.headers, started, came)
            raise failed
        self.budget.succeeded(endpoint, attempt.account)
        self.usage.answered(came - started)
        try:
            value = decode(body)
        except (msgspec.MsgspecError, RecursionError) as error:
            raise Failed.undecodable(attempt, response, str(error)) from None
        self._answered = _Asked(attempt, headers, decode)
        self._answered_at = came
        self.clock.note(response.headers, started, came)
        return Answer(value, self.clock.now(), response.headers)

    def _unanswered(
        self, attempt: Attempt, session: Session, error: Exception
    ) -> Failed:
        """Judge what was raised in place of an answer.

        Raises:
            Stopped: The client is closed.
        """
        is_late = session.is_cut
        session.until = math.inf
        if self.budget.is_closed:
            raise Stopped
        if is_late:
            whole = _WHOLE_ANSWER * self._timeout_s
            return Failed.unanswered(
                attempt, f"it was not whole after {whole:g} seconds"
            )
        if is_hopeless(error):
            return Failed.unsendable(attempt, why_unsendable(error))
        why = why_unanswered(error, self._api_url, self._timeout_s)
        return Failed.unanswered(attempt, why)

    @property
    def _session(self) -> Session:
        """A session for each thread: requests does not promise to share one."""
        session: Session | None = getattr(self._own, "session", None)
        if session is None:
            session = Session(self._api_url)
            session.headers.update(
                {
                    "Stripe-Version": API_VERSION,
                    "User-Agent": "tap-stripe",
                    "Accept": "application/json",
                }
            )
            self._own.session = session
            with self._lock:
                if not self._sessions:
                    threading.Thread(target=self._watch, daemon=True).start()
                self._sessions.append(session)
        return session

    def _watch(self) -> None:
        """Cut off answers that are late: a timeout begins anew with each byte."""
        while not self._closed.wait(_WHOLE_ANSWER * self._timeout_s / _LOOKS):
            now = time.monotonic()
            with self._lock:
                for session in self._sessions:
                    if session.until < now:
                        session.cut()


class _Bearer(requests.auth.AuthBase):
    """Keeps a .netrc from replacing the key, and the key out of session headers."""

    def __init__(self, token: str) -> None:
        self._token = token

    def __call__(self, request: Any) -> Any:
        request.headers["Authorization"] = f"Bearer {self._token}"
        return request


def _headers(account: str | None, *, pinned: bool) -> dict[str, str | None]:
    headers: dict[str, str | None] = {}
    if account is not None:
        headers["Stripe-Account"] = account
    if not pinned:
        headers["Stripe-Version"] = None  # Takes the session's away.
    return headers
