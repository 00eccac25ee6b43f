"""What goes wrong on purpose."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from tap_stripe.sandbox.dice import Dice

Fault = Literal[
    "server_error",
    "unavailable",
    "conflict",
    "lock_timeout",
    "reset",
    "cut",
    "cut_unannounced",
    "hang",
]

_KINDS: tuple[Fault, ...] = (
    "server_error",
    "unavailable",
    "conflict",
    "lock_timeout",
    "reset",
    "cut",
    "cut_unannounced",
    "hang",
)


@dataclass(frozen=True, kw_only=True)
class Faults:
    """Shares of the requests, from 0 to 1, that go wrong in each way.

    Attributes:
        server_error: 500.
        unavailable: 503.
        conflict: 409.
        lock_timeout: 429 with code `lock_timeout` and no reason header.
        reset: The connection is reset before any byte.
        cut: The body ends at a random byte, under 200 and its full Content-Length.
        cut_unannounced: The same without Content-Length, closed by the server.
        hang: Nothing comes for `hang_seconds`, then the connection closes.
        hang_seconds: Longer than the client's timeout, to be of use.
        heavy: Largest `limit` by path (`{"/v1/charges": 50}`): a list page that asks
            for more always comes cut.
        should_retry: What `Stripe-Should-Retry` says on 409, 500 and 503.
    """

    server_error: float = 0.0
    unavailable: float = 0.0
    conflict: float = 0.0
    lock_timeout: float = 0.0
    reset: float = 0.0
    cut: float = 0.0
    cut_unannounced: float = 0.0
    hang: float = 0.0
    hang_seconds: float = 60.0
    heavy: Mapping[str, int] = field(default_factory=dict)
    should_retry: bool | None = None

    @classmethod
    def evenly(cls, rate: float, *, hang_seconds: float = 60.0) -> Faults:
        """Faults of every kind, at this rate in all."""
        each = rate / len(_KINDS)
        return cls(
            server_error=each,
            unavailable=each,
            conflict=each,
            lock_timeout=each,
            reset=each,
            cut=each,
            cut_unannounced=each,
            hang=each,
            hang_seconds=hang_seconds,
        )

    def drawn(self, dice: Dice) -> Fault | None:
        """The fault that the next request meets."""
        share = dice.share()
        for kind in _KINDS:
            rate: float = getattr(self, kind)
            if share < rate:
                return kind
            share -= rate
        return None

    def is_too_heavy(self, path: str, limit: int) -> bool:
        """Whether a list page of this limit always comes cut."""
        largest = self.heavy.get(path)
        return largest is not None and limit > largest


BadAnswer = Literal[
    "400",
    "403",
    "404",
    "404 of a url",
    "429",
    "500",
    "no JSON",
    "garbled",
]
_MESSAGES: Mapping[BadAnswer, tuple[int, dict[str, str]]] = {
    "400": (400, {"message": "Something about this can't be read."}),
    "403": (403, {"message": "This is not for you."}),
    "404": (404, {"message": "No such thing.", "code": "resource_missing"}),
    "404 of a url": (404, {"message": "Unrecognized request URL (GET: {path})."}),
    "429": (429, {"message": "This is too much.", "code": "rate_limit"}),
    "500": (500, {"message": "An unknown error occurred.", "type": "api_error"}),
}


def without_id(thing: dict[str, Any]) -> Any:
    """An object as if Stripe had forgotten its id."""
    return {name: value for name, value in thing.items() if name != "id"}


@dataclass(kw_only=True)
class Broken:
    """One thing that Stripe answers badly, for ever or a number of times.

    Attributes:
        path: What is asked for: an object (`/v1/charges/ch_1`), a list inside one
            (`/v1/invoices/in_1/lines`), an endpoint (`/v1/charges`). `*` is any part.
        answer: What comes instead; `garbled` is the true answer, changed by `garble`.
        times: So often; None is for ever.
        holding: Only answers that hold an object of this id, as the page of a list.
        query: Only requests with these parameters.
        account: Only requests for this connected account.
        should_retry: What `Stripe-Should-Retry` says; None leaves it out.
        garble: What becomes of the object `holding`, or of all of the answer.
        met: How often it was met.
    """

    path: str
    answer: BadAnswer
    times: int | None = None
    holding: str = ""
    query: Mapping[str, str] = field(default_factory=dict)
    account: str | None = None
    should_retry: bool | None = None
    garble: Callable[[dict[str, Any]], Any] = without_id
    met: int = 0

    def concerns(
        self, path: str, parameters: Sequence[tuple[str, str]], account: str | None
    ) -> bool:
        """Whether a request is for it."""
        if self.times is not None and self.met >= self.times:
            return False
        pattern = re.escape(self.path).replace(r"\*", "[^/]+")
        given = dict(parameters)
        return (
            re.fullmatch(pattern, path) is not None
            and (self.account is None or self.account == account)
            and all(given.get(name) == value for name, value in self.query.items())
        )

    def instead_of(self, path: str, body: bytes) -> tuple[int, bytes] | None:
        """What comes in place of a true answer; None leaves that."""
        if self.holding and not self._holds(json.loads(body)):
            return None
        self.met += 1
        if self.answer == "no JSON":
            return 200, b"<html>Please come back later.</html>"
        if self.answer == "garbled":
            return 200, json.dumps(self._garbled(json.loads(body))).encode()
        status, error = _MESSAGES[self.answer]
        error = {"type": "invalid_request_error", **error}
        error["message"] = error["message"].format(path=path)
        return status, json.dumps({"error": error}).encode()

    @property
    def headers(self) -> dict[str, str]:
        """Headers of the bad answer."""
        if self.should_retry is None:
            return {}
        return {"Stripe-Should-Retry": str(self.should_retry).lower()}

    def _holds(self, thing: Any) -> bool:
        if isinstance(thing, list):
            return any(map(self._holds, thing))
        if not isinstance(thing, dict):
            return False
        return thing.get("id") == self.holding or any(
            isinstance(value, (dict, list)) and self._holds(value)
            for value in thing.values()
        )

    def _garbled(self, thing: Any) -> Any:
        if not self.holding:
            return self.garble(thing)
        if isinstance(thing, list):
            return [self._garbled(one) for one in thing]
        if not isinstance(thing, dict):
            return thing
        if thing.get("id") == self.holding:
            return self.garble(thing)
        return {name: self._garbled(value) for name, value in thing.items()}
