"""What a failed request means: whether to try again, and what to tell the user."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

from tap_stripe.api.body import clean
from tap_stripe.api.clock import date_of
from tap_stripe.api.text import visible
from tap_stripe.errors import (
    AccountRefused,
    CursorGone,
    Down,
    EndpointGone,
    KeyRefused,
    NotAPlatform,
    NotFound,
    PermissionMissing,
    StripeError,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    import requests

_PERMISSION = re.compile(r"""['"]((?:rak_)?[a-z0-9_]+_read)['"]""")
_NO_PERMISSION = "does not have the required permissions for this endpoint"
_NAMESPACES = {"billing", "bitcoin", "checkout", "issuing", "radar", "tax", "terminal"}
_TOO_MANY = 429
# Timed out, in conflict, misdirected, too early: what was asked for can be had.
_PASSING = {408, 409, 421, 425}
_SERVER_ERROR = 500
_MOST_TOLD = 500
_LONGEST_ID = 100


@dataclass(slots=True)
class Attempt:
    """A request that may be sent several times.

    Attributes:
        endpoint: What Stripe's limit per endpoint and the usage count go by.
        too_heavy: How many answers came cut or timed out so far.
    """

    path: str
    params: tuple[tuple[str, str], ...]
    account: str | None
    too_heavy: int = 0
    endpoint: str = ""

    def __post_init__(self) -> None:
        self.endpoint = endpoint_of(self.path)


def endpoint_of(path: str) -> str:
    """Name the endpoint of a path: ids become `{id}`."""
    parts = path.split("/")
    # /v1/charges/ch_1, /v1/invoices/in_1/lines, but /v1/checkout/sessions/cs_1
    first = 4 if parts[2] in _NAMESPACES else 3
    for index in range(first, len(parts), 2):
        parts[index] = "{id}"
    return "/".join(parts)


class Failed(Exception):
    """An attempt that brought no answer.

    Attributes:
        error: What the user is told if it is the last attempt.
        again: Whether another attempt can help.
        heavy: Whether a smaller page may help.
        throttled: Whether it was a 429.
        is_of_pace: Whether it was a 429 of which the pace is the reason, and not what
            was asked for.
        is_unreadable: Whether it was an answer with status 200 that can't be read.
        reason: Header `Stripe-Rate-Limited-Reason`.
        is_answer: Whether it is an answer to what was asked, in Stripe's own form.
        retry_after: Seconds, if Stripe named them; never negative.
        unreached: Why there was no answer; empty if there was one.
    """

    def __init__(
        self,
        error: StripeError,
        *,
        again: bool,
        heavy: bool = False,
        throttled: bool = False,
        is_of_pace: bool = False,
        is_unreadable: bool = False,
        is_answer: bool = False,
        reason: str = "",
        retry_after: float | None = None,
        unreached: str = "",
    ) -> None:
        super().__init__(str(error))
        self.error = error
        self.again = again
        self.heavy = heavy
        self.throttled = throttled
        self.is_of_pace = is_of_pace
        self.is_unreadable = is_unreadable
        self.is_answer = is_answer
        self.reason = reason
        self.retry_after = retry_after
        self.unreached = unreached

    @classmethod
    def unanswered(cls, attempt: Attempt, cause: str) -> Failed:
        """No answer, or one that broke off."""
        error = StripeError(f"GET {attempt.path} got no whole answer ({cause}).")
        return cls(error, again=True, heavy=True, unreached=cause)

    @classmethod
    def unsendable(cls, attempt: Attempt, cause: str) -> Failed:
        """A request that this machine can't send."""
        error = Down(f"GET {attempt.path} can't be sent: {cause}.")
        return cls(error, again=False)

    @classmethod
    def undecodable(
        cls, attempt: Attempt, response: requests.Response, cause: str
    ) -> Failed:
        """An answer with status 200 that is no JSON of the documented form."""
        request_id = _request_id(response)
        error = StripeError(
            f"GET {attempt.path} was answered with something else than Stripe "
            f"documents ({visible(cause, _MOST_TOLD)}; request "
            f"{request_id or 'without id'}).",
            status=response.status_code,
            request_id=request_id,
        )
        return cls(error, again=True, heavy=True, is_unreadable=True)


class _Error(msgspec.Struct):
    """https://docs.stripe.com/api/errors."""

    type: str | None = None
    code: str | None = None
    message: str | None = None
    param: str | None = None


class _Body(msgspec.Struct):
    error: _Error


_decode = msgspec.json.Decoder(_Body).decode


def refusal(
    attempt: Attempt, response: requests.Response, content: bytes, *, secret: str
) -> Failed:
    """Judge an answer whose status is not 200.

    Args:
        attempt: What was asked.
        response: What came.
        content: Its body.
        secret: The API key, which must not get into the message.
    """
    is_stripes = True
    try:
        body = _decode(clean(content)).error
    except msgspec.MsgspecError:
        body, is_stripes = _Error(), False
    status = response.status_code
    request_id = _request_id(response)
    told = (body.message or response.reason or "").replace(secret, "***")
    told = visible(" ".join(told.split()), _MOST_TOLD)
    kind = _kind(status, body, told, own=attempt.account is None)
    error = kind(
        f"GET {attempt.path}: {told} "
        f"(status {status}, request {request_id or 'without id'})",
        status=status,
        code=body.code or "",
        param=body.param or "",
        request_id=request_id,
    )
    if isinstance(error, PermissionMissing) and (found := _PERMISSION.search(told)):
        error.permission = found.group(1).removeprefix("rak_")
    throttled = status == _TOO_MANY or body.code == "rate_limit"
    again = status in _PASSING or status >= _SERVER_ERROR
    should_retry = response.headers.get("Stripe-Should-Retry")
    if should_retry in {"true", "false"}:
        again = should_retry == "true"
    # A 429 is a matter of pace, and the pace is kept: it is tried again in any case.
    again = again or throttled
    # A 429 without a reason is a lock timeout; the older form never has one.
    reason = response.headers.get("Stripe-Rate-Limited-Reason") or (
        "global-rate" if throttled and status != _TOO_MANY else ""
    )
    return Failed(
        error,
        again=again,
        heavy=status >= _SERVER_ERROR,
        throttled=throttled,
        is_of_pace=throttled and bool(reason),
        is_answer=is_stripes and not again and status < _SERVER_ERROR,
        reason=reason,
        retry_after=_retry_after(response.headers),
    )


def _kind(  # noqa: PLR0911 - one a class
    status: int, body: _Error, told: str, *, own: bool
) -> type[StripeError]:
    """Judge by code and message: Stripe's statuses for the same refusal vary."""
    code = body.code or ""
    if code.startswith("more_permissions_required") or (
        status in {401, 403} and (_PERMISSION.search(told) or _NO_PERMISSION in told)
    ):
        return PermissionMissing
    if "connected accounts of your platform's connected accounts" in told or (
        own and code == "platform_account_required"
    ):
        return NotAPlatform
    if code in {"account_invalid", "platform_account_required"}:
        return AccountRefused
    if status == 401 or "does not allow requests from your IP" in told:  # noqa: PLR2004 - HTTP
        return KeyRefused
    if told.startswith("Unrecognized request URL"):
        return EndpointGone
    if code == "resource_missing":
        return CursorGone if body.param == "starting_after" else NotFound
    return StripeError


def _request_id(response: requests.Response) -> str:
    return visible(response.headers.get("Request-Id", ""), _LONGEST_ID)


def _retry_after(headers: Mapping[str, str]) -> float | None:
    """Read seconds, or a date. https://www.rfc-editor.org/rfc/rfc9110#field.retry-after."""
    told = headers.get("Retry-After")
    if told is None:
        return None
    try:
        seconds = float(told)
    except ValueError:
        until, now = date_of(told), date_of(headers.get("Date", ""))
        if until is None:
            return None
        seconds = until - (time.time() if now is None else now)
    return max(0.0, seconds)
