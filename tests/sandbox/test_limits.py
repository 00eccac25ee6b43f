from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from tap_stripe.sandbox import Limits
from tap_stripe.sandbox.limits import Limiter
from tests.sandbox.client import Client, serving

LIST, GET = "GET /v1/charges", "GET /v1/charges/:id"


def test_a_seconds_worth_passes_at_once_and_then_the_rate():
    limiter = Limiter(Limits(requests_per_second=10))

    burst = [limiter.refusal(LIST, now=100.0) for _ in range(12)]
    later = [limiter.refusal(LIST, now=100.5) for _ in range(7)]

    assert burst == [None] * 10 + ["global-rate"] * 2
    assert later == [None] * 5 + ["global-rate"] * 2


def test_endpoints_have_limits_apart():
    limiter = Limiter(
        Limits(endpoint_requests_per_second=2, endpoints={"GET /v1/files": 1})
    )

    answers = [limiter.refusal(name, now=1.0) for name in [LIST] * 3 + [GET] * 3]
    files = [limiter.refusal("GET /v1/files", now=1.0) for _ in range(2)]

    assert answers == [None, None, "endpoint-rate"] * 2
    assert files == [None, "endpoint-rate"]


def test_a_refused_request_uses_nothing_up():
    limiter = Limiter(Limits(requests_per_second=3, endpoint_requests_per_second=1))

    first = [limiter.refusal(LIST, now=1.0) for _ in range(5)]
    other = [limiter.refusal(f"GET /v1/{name}", now=1.0) for name in "abc"]

    assert first == [None] + ["endpoint-rate"] * 4
    assert other == [None, None, "global-rate"]


def test_429_says_why_and_when_to_come_back():
    limits = Limits(
        endpoint_requests_per_second=1, retry_after_seconds=2, should_retry=True
    )
    with serving(limits=limits) as client:
        client.get("/v1/charges")
        reply = client.get("/v1/charges")
        client.sandbox.limits = Limits()
        free = client.get("/v1/charges")

        assert reply.status == 429
        assert reply.error["code"] == "rate_limit"
        assert reply.headers["Stripe-Rate-Limited-Reason"] == "endpoint-rate"
        assert reply.headers["Retry-After"] == "2"
        assert reply.headers["Stripe-Should-Retry"] == "true"
        assert free.status == 200


@pytest.mark.parametrize(
    ("limits", "reason"),
    [
        (Limits(concurrency=2), "global-concurrency"),
        (Limits(endpoint_concurrency=2), "endpoint-concurrency"),
    ],
)
def test_too_many_at_once_are_refused(limits, reason):
    with serving(limits=limits, latency_seconds=0.3) as client:

        def ask(_):
            other = Client(client.sandbox)
            try:
                return other.get("/v1/plans")
            finally:
                other.close()

        with ThreadPoolExecutor(6) as pool:
            replies = list(pool.map(ask, range(6)))

        assert sum(reply.status == 200 for reply in replies) == 2
        assert client.sandbox.most_in_flight == 2
        refused = [reply for reply in replies if reply.status == 429]
        assert {reply.headers["Stripe-Rate-Limited-Reason"] for reply in refused} == {
            reason
        }
        client.sandbox.latency_seconds = 0
        assert client.get("/v1/plans").status == 200
