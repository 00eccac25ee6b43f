"""A client of a few lines: what is tested is what goes over the wire."""

from __future__ import annotations

import http.client
import json
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlencode

from tap_stripe.sandbox import Options, Sandbox

if TYPE_CHECKING:
    from collections.abc import Iterator

NOW = 1_790_000_000


class Reply(NamedTuple):
    status: int
    headers: dict[str, str]
    body: Any

    @property
    def ids(self) -> list[str]:
        return [thing["id"] for thing in self.body["data"]]

    @property
    def error(self) -> dict[str, Any]:
        error: dict[str, Any] = self.body["error"]
        return error


class Client:
    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self._connection = http.client.HTTPConnection(
            "127.0.0.1", sandbox.port, timeout=5
        )

    def get(self, path, key=None, account=None, headers=None, **parameters) -> Reply:
        query = urlencode(_named(parameters), doseq=True)
        sent = {"Authorization": f"Bearer {key or self.sandbox.key}"}
        if account:
            sent["Stripe-Account"] = account
        sent.update(headers or {})
        self._connection.request(
            "GET", f"{path}?{query}" if query else path, headers=sent
        )
        response = self._connection.getresponse()
        body = json.loads(response.read())
        return Reply(response.status, dict(response.getheaders()), body)

    def pages(self, path, **parameters) -> Iterator[Reply]:
        reply = self.get(path, **parameters)
        yield reply
        while reply.body["has_more"]:
            parameters["starting_after"] = reply.ids[-1]
            reply = self.get(path, **parameters)
            yield reply

    def everything(self, path, **parameters) -> list[dict[str, Any]]:
        pages = self.pages(path, **({"limit": 100} | parameters))
        return [thing for page in pages for thing in page.body["data"]]

    def close(self) -> None:
        self._connection.close()


def _named(parameters: dict[str, Any]) -> dict[str, Any]:
    names = {"expand": "expand[]", "types": "types[]"}
    for operator in ("gt", "gte", "lt", "lte"):
        names[f"created_{operator}"] = f"created[{operator}]"
    return {names.get(name, name): value for name, value in parameters.items()}


@contextmanager
def serving(**options):
    with Sandbox(Options(**({"now": NOW} | options))) as sandbox:
        client = Client(sandbox)
        try:
            yield client
        finally:
            client.close()
