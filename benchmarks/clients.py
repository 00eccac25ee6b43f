"""CPU of the ways to read a page of 100 charges: `python -m benchmarks.clients`.

All ask the same sandbox for the same pages, without latency, over one connection, and
have objects in the end.
"""

from __future__ import annotations

import argparse
import statistics
import time
from typing import TYPE_CHECKING, Any

import msgspec
import requests
import stripe
import urllib3

from benchmarks.server import KEY, Stripe, serving
from tap_stripe.api.body import decode_page
from tap_stripe.api.client import Client
from tap_stripe.api.credentials import ApiKey
from tap_stripe.api.rate import RateBudget
from tap_stripe.api.usage import Usage

if TYPE_CHECKING:
    from collections.abc import Callable

    Read = Callable[[str | None], str]
    """Reads the page behind a cursor and gives the last object's id."""

PATH = "/v1/charges"


def _params(cursor: str | None) -> dict[str, Any]:
    return {"limit": 100, **({"starting_after": cursor} if cursor else {})}


def _stripe(url: str) -> stripe.StripeClient:
    return stripe.StripeClient(
        KEY,
        base_addresses={"api": url},
        http_client=stripe.RequestsClient(),
        max_network_retries=0,
    )


def _stripe_raw(url: str) -> Read:
    client = _stripe(url)

    def read(cursor: str | None) -> str:
        answer = client.raw_request("get", PATH, **_params(cursor))
        return str(answer.data["data"][-1]["id"])

    return read


def _stripe_typed(url: str) -> Read:
    client = _stripe(url)

    def read(cursor: str | None) -> str:
        page = client.v1.charges.list(_params(cursor))  # type: ignore[arg-type] # a TypedDict at run time
        return str(page.data[-1].id)

    return read


def _ours(url: str) -> Read:
    client = Client(
        credentials=ApiKey(KEY),
        api_url=url,
        budget=RateBudget(1e6, endpoint_requests_per_second=1e6),
        usage=Usage(),
        timeout_s=60,
        retry_s=0,
    )

    def read(cursor: str | None) -> str:
        answer = client.get(PATH, tuple(_params(cursor).items()), decode=decode_page)
        return str(msgspec.json.decode(answer.value.data[-1]["id"]))

    return read


def _requests(url: str, decode: Callable[[bytes], Any]) -> Read:
    session = requests.Session()
    session.headers["Authorization"] = f"Bearer {KEY}"

    def read(cursor: str | None) -> str:
        answer = session.get(url + PATH, params=_params(cursor), timeout=60)
        return str(decode(answer.content)["data"][-1]["id"])

    return read


def _requests_json(url: str) -> Read:
    session = requests.Session()
    session.headers["Authorization"] = f"Bearer {KEY}"

    def read(cursor: str | None) -> str:
        answer = session.get(url + PATH, params=_params(cursor), timeout=60)
        return str(answer.json()["data"][-1]["id"])

    return read


def _urllib3(url: str) -> Read:
    pool = urllib3.PoolManager(headers={"Authorization": f"Bearer {KEY}"})

    def read(cursor: str | None) -> str:
        answer = pool.request("GET", url + PATH, fields=_params(cursor))
        return str(msgspec.json.decode(answer.data)["data"][-1]["id"])

    return read


WAYS: dict[str, Callable[[str], Read]] = {
    "tap_stripe.api.client (requests, values left as JSON text)": _ours,
    "requests + msgspec": lambda url: _requests(url, msgspec.json.decode),
    "requests + json": _requests_json,
    "urllib3 + msgspec": _urllib3,
    "stripe: StripeClient.raw_request, RequestsClient": _stripe_raw,
    "stripe: StripeClient.v1.charges.list, RequestsClient": _stripe_typed,
}


def cpu_ms(read: Read, *, pages: int) -> float:
    """Measure milliseconds of CPU a page; the first page warms up.

    Args:
        read: The way.
        pages: How many to read.
    """
    cursor = read(None)
    began = time.process_time()
    for _ in range(pages):
        cursor = read(cursor)
    return 1000 * (time.process_time() - began) / pages


def main(arguments: list[str] | None = None) -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(prog="benchmarks.clients", description=__doc__)
    parser.add_argument("--pages", type=int, default=50)
    parser.add_argument("--rounds", type=int, default=7)
    given = parser.parse_args(arguments)
    server = Stripe(
        sizes={"charges": 100 * (given.pages + 2)},
        latency_s=0,
        requests_per_second=None,
    )
    found: dict[str, list[float]] = {name: [] for name in WAYS}
    with serving(server) as asked:
        # In turn, so that what else the machine does hits all alike.
        for _ in range(given.rounds):
            for name, way in WAYS.items():
                found[name].append(cpu_ms(way(asked.url), pages=given.pages))
    print(f"{'ms CPU a page of 100 charges':<56} {'median':>6} {'least':>6}")
    for name, times in found.items():
        print(f"{name:<56} {statistics.median(times):6.2f} {min(times):6.2f}")


if __name__ == "__main__":
    main()
