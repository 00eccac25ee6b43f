"""The sandbox as the benchmarks see it: an address, and what was asked of it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from benchmarks.measured import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

KEY = "sk_test_sandbox"
NOW = 1_790_000_000


@dataclass(frozen=True, kw_only=True)
class Stripe:
    """How the sandbox behaves.

    Attributes:
        sizes: Objects of each collection that is not left as it is.
        scale: Factor on the size of every other collection.
        latency_s: From a request to its answer.
        requests_per_second: The account's limit.
        endpoint_requests_per_second: Each endpoint's limit.
        connected_scale: Scale of each connected account's data, on top of `scale`; None
            for no data.
        seed: Of the data, the ids among it.
        refused_first: `Stripe-Rate-Limited-Reason` of a 429 to the first request; empty
            for none.
    """

    sizes: Mapping[str, int]
    scale: float = 0.01
    latency_s: float = 0.15
    requests_per_second: float | None = 100
    endpoint_requests_per_second: float | None = None
    connected_scale: float | None = None
    seed: int = 1
    refused_first: str = ""

    def options(self) -> dict[str, Any]:
        """Give `tap_stripe.sandbox.Options` as JSON, and `refused_first`."""
        return {
            "seed": self.seed,
            "sizes": dict(self.sizes),
            "scale": self.scale,
            "now": NOW,
            "latency_seconds": self.latency_s,
            "connected_data": self.connected_scale is not None,
            "connected_scale": self.connected_scale or 0.0,
            "refused_first": self.refused_first,
            "limits": {
                "requests_per_second": self.requests_per_second,
                "endpoint_requests_per_second": self.endpoint_requests_per_second,
            },
        }


@dataclass
class Asked:
    """What a sandbox was asked; filled when it has ended.

    Attributes:
        answers: Second of the answer since the epoch, endpoint and status.
        cpu_s: What the server used.
    """

    url: str
    latency_s: float
    answers: list[tuple[float, str, int]] = field(default_factory=list)
    cpu_s: float = 0.0

    @property
    def seconds(self) -> float:
        """From the first request to the last answer."""
        times = [at for at, _, _ in self.answers]
        return max(times) - min(times) + self.latency_s or 1e-3

    @property
    def throttled(self) -> int:
        """How many answers were 429."""
        return sum(
            status == HTTPStatus.TOO_MANY_REQUESTS for _, _, status in self.answers
        )

    def per_second(self) -> list[dict[str, int]]:
        """Count the requests that were let through, by second and endpoint."""
        if not self.answers:
            return []
        first = min(at for at, _, _ in self.answers)
        seconds: list[dict[str, int]] = []
        for at, endpoint, status in self.answers:
            place = int(at - first)
            while len(seconds) <= place:
                seconds.append({})
            if status == HTTPStatus.OK:
                seconds[place][endpoint] = seconds[place].get(endpoint, 0) + 1
        return seconds


@contextmanager
def serving(stripe: Stripe) -> Iterator[Asked]:
    """Run a sandbox for the length of a block; after it the requests are known."""
    process = subprocess.Popen(  # noqa: S603 - our own command
        [sys.executable, "-m", "benchmarks.serve", json.dumps(stripe.options())],
        stdout=subprocess.PIPE,
        cwd=ROOT,
        text=True,
    )
    assert process.stdout is not None  # noqa: S101 - for the type checker
    asked = Asked(process.stdout.readline().strip(), stripe.latency_s)
    try:
        yield asked
    finally:
        process.terminate()
        said = process.stdout.read()
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        process.stdout.close()
    asked.answers = [tuple(answer) for answer in json.loads(said or "[]")]
    asked.cpu_s = used.ru_utime + used.ru_stime
