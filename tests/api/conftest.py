"""A server on this machine that answers as a test says, and a client that asks it."""

from __future__ import annotations

import contextlib
import socket
import threading
import time

import pytest

from tap_stripe.api.client import Client
from tap_stripe.api.credentials import ApiKey
from tap_stripe.api.rate import RateBudget
from tap_stripe.api.usage import Usage


class Server:
    """Answers each request by a function of its path and its number.

    The function gives bytes; or a generator of bytes, to be sent as they come; or None
    to close the connection.
    """

    def __init__(self, answer):
        self.asked: list[str] = []
        self.at: list[float] = []
        self._answer = answer
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        self.is_gone = threading.Event()
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self):
        self.is_gone.set()
        self._socket.close()

    def _accept(self):
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._socket.accept()
                threading.Thread(
                    target=self._serve, args=(connection,), daemon=True
                ).start()

    def _serve(self, connection):
        with connection, contextlib.suppress(OSError):
            lines = connection.makefile("rb")
            while line := lines.readline():
                path = line.split()[1].decode()
                while lines.readline().strip():
                    pass
                self.asked.append(path)
                self.at.append(time.monotonic())
                said = self._answer(path, len(self.asked))
                if said is None:
                    return
                for part in [said] if isinstance(said, bytes) else said:
                    connection.sendall(part)


def answer(status=200, body=b"{}", **headers):
    """Give an answer's bytes."""
    lines = [
        f"HTTP/1.1 {status} Something",
        f"Content-Length: {len(body)}",
        *(f"{name.replace('_', '-')}: {value}" for name, value in headers.items()),
    ]
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body


@pytest.fixture
def serving():
    """Give a function that starts a server."""
    started = []

    def start(answering):
        started.append(Server(answering))
        return started[-1]

    yield start
    for server in started:
        server.close()


@pytest.fixture
def asking():
    """Give a function that makes a client for an address."""
    made = []

    def make(url, *, timeout_s=5, retry_s=5, budget=None):
        client = Client(
            credentials=ApiKey("sk_test_1"),
            api_url=url,
            budget=budget or RateBudget(1000, endpoint_requests_per_second=1000),
            usage=Usage(),
            timeout_s=timeout_s,
            retry_s=retry_s,
        )
        made.append(client)
        return client

    yield make
    for client in made:
        client.close()
