"""HTTP/1.1 on loopback: keep-alive, one thread, many connections."""

from __future__ import annotations

import asyncio
import json
import socket
import struct
import time
from collections.abc import Callable, Mapping
from email.utils import formatdate
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import parse_qsl, unquote

import msgspec

from tap_stripe.sandbox.api import Api, Request, endpoint_of
from tap_stripe.sandbox.dice import Dice, seed_of
from tap_stripe.sandbox.errors import StripeError
from tap_stripe.sandbox.limits import Limiter
from tap_stripe.sandbox.listing import DEFAULT
from tap_stripe.sandbox.log import Entry, RequestLog
from tap_stripe.sandbox.oauth import OAuth

if TYPE_CHECKING:
    from tap_stripe.sandbox.faults import Broken, Fault
    from tap_stripe.sandbox.world import World

_END_OF_HEAD = b"\r\n\r\n"
# On close, drop what is unsent and send a reset.
_SEND_BUFFER_BYTES = 1 << 20
_NO_LINGER = struct.pack("ii", 1, 0)


class _Asked(NamedTuple):
    method: str
    target: str
    path: str
    parameters: list[tuple[str, str]]
    headers: dict[str, str]
    endpoint: str
    body: bytes


class _Answer(NamedTuple):
    status: int
    body: bytes
    headers: Mapping[str, str]


# Gives status, body and headers for a path with its query; None leaves it to Stripe.
Impostor = Callable[[str], tuple[int, bytes, Mapping[str, str]] | None]


class Server:
    """What all connections share. Its attributes may be set from any thread.

    Attributes:
        faults: What goes wrong from now on.
        down: Whether every answer is a 503.
        latency_seconds: Time from a request to its answer.
        impostor: Answers in Stripe's place what Stripe would never say.
        broken: What Stripe answers badly.
    """

    def __init__(self, world: World) -> None:
        options = world.options
        self.world = world
        self.api = Api(world)
        self.oauth = OAuth(world)
        self.log = RequestLog()
        self.limiter = Limiter(options.limits)
        self.faults = options.faults
        self.down = False
        self.latency_seconds = options.latency_seconds
        self.dice = Dice(seed_of(options.seed, "faults"))
        self.impostor: Impostor | None = None
        self.broken: list[Broken] = []
        self.failures: list[Exception] = []
        self.connections: set[Connection] = set()
        self._requests = 0

    def answer(self, asked: _Asked, fault: Fault | None) -> _Answer:
        """The answer to a request that the limiter let through."""
        should_retry = self.faults.should_retry
        headers: dict[str, str] = {}
        if should_retry is not None:
            headers["Stripe-Should-Retry"] = str(should_retry).lower()
        if self.down or fault == "unavailable":
            return _error(503, "The service is unavailable.", "api_error", headers)
        if fault == "server_error":
            return _error(500, "An unknown error occurred.", "api_error", headers)
        if fault == "conflict":
            message = "Another request is changing this object."
            return _error(409, message, "idempotency_error", headers)
        if fault == "lock_timeout":
            message = (
                "This object cannot be accessed right now because another API request"
                " or Stripe process is currently accessing it."
            )
            return _error(429, message, "invalid_request_error", {}, "lock_timeout")
        try:
            # What a client must not mistake for a fault, `Sandbox.close` reports.
            return self._true_answer(asked)
        except Exception as failure:  # noqa: BLE001 (whatever the bug is)
            self.failures.append(failure)
            return _error(500, repr(failure), "api_error", {})

    def _true_answer(self, asked: _Asked) -> _Answer:
        if self.impostor is not None:
            forged = self.impostor(asked.target)
            if forged is not None:
                return _Answer(*forged)
        if asked.headers.get("stripe-account") in self.world.broken:
            return _error(500, "An unknown error occurred", "api_error", {})
        try:
            if self.oauth.serves(asked.method, asked.path):
                form = parse_qsl(asked.body.decode(), keep_blank_values=True)
                fields = dict([*asked.parameters, *form])
                return _Answer(
                    *self.oauth.reply(asked.method, asked.path, fields, asked.headers)
                )
            keys = self.world.keys
            now = self.world.clock()
            key = keys.admitted(asked.headers.get("authorization", ""), now=now)
            account = asked.headers.get("stripe-account") or keys.account(key)
            request = Request(asked.method, asked.path, asked.parameters, key, account)
            return self._perhaps_broken(asked, self.api.answer(request))
        except StripeError as error:
            body = msgspec.json.encode({"error": error.body})
            return _Answer(error.status, body, {})

    def _perhaps_broken(self, asked: _Asked, body: bytes) -> _Answer:
        account = asked.headers.get("stripe-account")
        for broken in self.broken:
            if broken.concerns(asked.path, asked.parameters, account):
                bad = broken.instead_of(asked.path, body)
                if bad is not None:
                    return _Answer(*bad, broken.headers)
        return _Answer(200, body, {})

    def head(self, asked: _Asked, answer: _Answer, *, length: int | None) -> bytes:
        """Status line and headers; no `length` means that closing ends the body."""
        self._requests += 1
        options = self.world.options
        version = asked.headers.get("stripe-version", options.account_api_version)
        lines = [
            f"HTTP/1.1 {answer.status} {HTTPStatus(answer.status).phrase}",
            f"Date: {formatdate(self.world.clock(), usegmt=True)}",
            f"Request-Id: req_{options.seed:x}{self._requests:012d}",
            f"Stripe-Version: {version}",
        ]
        lines.append(
            "Connection: close" if length is None else f"Content-Length: {length}"
        )
        fields = {"Content-Type": "application/json", **answer.headers}
        lines.extend(f"{name}: {value}" for name, value in fields.items())
        return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")

    def body(self, answer: _Answer) -> bytes:
        """The body, indented if so wished."""
        if not self.world.options.pretty or "Content-Type" in answer.headers:
            return answer.body
        decoded = json.loads(answer.body)
        return json.dumps(decoded, indent=2, ensure_ascii=False).encode()


def _error(
    status: int,
    message: str,
    type_: str,
    headers: Mapping[str, str],
    code: str | None = None,
) -> _Answer:
    error: dict[str, Any] = {"message": message, "type": type_}
    if code is not None:
        error["code"] = code
    return _Answer(status, msgspec.json.encode({"error": error}), headers)


class Connection(asyncio.Protocol):
    """One client's connection; it answers one request after the other."""

    def __init__(self, server: Server, loop: asyncio.AbstractEventLoop) -> None:
        self._server = server
        self._loop = loop
        self._unread = b""
        self._busy = False
        self._in_flight: str | None = None
        self.transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        if isinstance(transport, asyncio.Transport):
            self.transport = transport
            # Room for a page, so that one call to the kernel takes it.
            transport.get_extra_info("socket").setsockopt(
                socket.SOL_SOCKET, socket.SO_SNDBUF, _SEND_BUFFER_BYTES
            )
            self._server.connections.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        """End."""
        del exc
        self.transport = None
        self._server.connections.discard(self)
        self._leave()

    def data_received(self, data: bytes) -> None:
        """Take in bytes."""
        self._unread += data
        if not self._busy:
            self._begin_if_free()

    def _begin(self) -> None:
        head, end, rest = self._unread.partition(_END_OF_HEAD)
        if not end:
            return
        line, *fields = head.decode("latin-1").split("\r\n")
        headers = {
            name.lower(): value.strip()
            for name, _, value in (field.partition(":") for field in fields)
        }
        length = int(headers.get("content-length") or 0)
        if len(rest) < length:
            return
        body, self._unread = rest[:length], rest[length:]
        self._busy = True
        method, target, *_ = [*line.split(" "), "", ""]
        path, _, query = target.partition("?")
        path = unquote(path)
        self._judge(
            _Asked(
                method,
                target,
                path,
                parse_qsl(query, keep_blank_values=True),
                headers,
                endpoint_of(method, path),
                body,
            )
        )

    def _judge(self, asked: _Asked) -> None:
        server = self._server
        reason = server.limiter.refusal(
            asked.endpoint,
            now=time.monotonic(),
            account=asked.headers.get("stripe-account", ""),
        )
        if reason is not None:
            limits = server.limiter.limits
            headers: dict[str, str] = {"Stripe-Rate-Limited-Reason": reason}
            if limits.retry_after_seconds is not None:
                headers["Retry-After"] = str(limits.retry_after_seconds)
            if limits.should_retry is not None:
                headers["Stripe-Should-Retry"] = str(limits.should_retry).lower()
            message = "Request rate limit exceeded. Learn more about rate limits here."
            answer = _error(
                429, message, "invalid_request_error", headers, "rate_limit"
            )
            self._send(asked, answer, None)
            return
        fault = None if server.down else server.faults.drawn(server.dice)
        server.limiter.enter(asked.endpoint)
        self._in_flight = asked.endpoint
        latency = server.latency_seconds
        if jitter := server.world.options.jitter_seconds:
            latency += jitter * server.dice.share()
        if latency > 0:
            self._loop.call_later(latency, self._finish, asked, fault)
        else:
            self._finish(asked, fault)

    def _leave(self) -> None:
        if self._in_flight is not None:
            self._server.limiter.leave(self._in_flight)
            self._in_flight = None

    def _finish(self, asked: _Asked, fault: Fault | None) -> None:
        server = self._server
        if self.transport is None:
            return
        if fault == "reset":
            self._note(asked, 0, fault)
            self._reset()
            return
        if fault == "hang":
            self._note(asked, 0, fault)
            self._loop.call_later(server.faults.hang_seconds, self._reset)
            return
        answer = server.answer(asked, fault)
        if fault is None and answer.status == HTTPStatus.OK and server.faults.heavy:
            limit = dict(asked.parameters).get("limit", str(DEFAULT))
            if server.faults.is_too_heavy(asked.path, int(limit)):
                fault = "cut"
        self._leave()
        self._send(asked, answer, fault)

    def _send(self, asked: _Asked, answer: _Answer, fault: Fault | None) -> None:
        server = self._server
        transport = self.transport
        if transport is None:
            return
        body = server.body(answer)
        self._note(asked, answer.status, fault)
        if fault in {"cut", "cut_unannounced"} and answer.status == HTTPStatus.OK:
            announced = len(body) if fault == "cut" else None
            head = server.head(asked, answer, length=announced)
            transport.write(head + body[: server.dice.below(len(body))])
            transport.close()
            return
        transport.write(server.head(asked, answer, length=len(body)) + body)
        if asked.headers.get("connection", "").lower() == "close":
            transport.close()
            return
        self._busy = False
        if self._unread:
            self._loop.call_soon(self._begin_if_free)

    def _begin_if_free(self) -> None:
        if self._busy or self.transport is None:
            return
        try:
            self._begin()
        except ValueError:
            # Not HTTP.
            self.transport.abort()

    def _note(self, asked: _Asked, status: int, fault: Fault | None) -> None:
        self._server.log.add(
            Entry(
                self._server.world.clock(),
                asked.method,
                asked.target,
                asked.endpoint,
                status,
                fault,
                asked.headers.get("stripe-account"),
                asked.headers.get("stripe-version"),
            )
        )

    def _reset(self) -> None:
        transport = self.transport
        if transport is None:
            return
        raw = transport.get_extra_info("socket")
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
        transport.abort()
