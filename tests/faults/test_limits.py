"""Stripe's own limits: each slows what it must, and the sync ends right."""

from __future__ import annotations

import pytest

from tap_stripe.sandbox import Limits, Options
from tests.faults.conftest import share

FAR_TOO_FAST = 1000
MOST_REFUSED = 0.35
SHRINKS_AFTER = 40

LIMITS = {
    "account": Limits(requests_per_second=25),
    "endpoint": Limits(endpoint_requests_per_second=6),
    "one endpoint": Limits(endpoints={"GET /v1/charges": 3}),
    "concurrency": Limits(concurrency=3),
    "endpoint concurrency": Limits(endpoint_concurrency=1),
    "all": Limits(
        requests_per_second=25,
        endpoint_requests_per_second=10,
        concurrency=4,
        endpoint_concurrency=2,
        retry_after_seconds=1,
    ),
}


def ends_right(copy, tried):
    ran = copy.sync()

    refused = copy.sandbox.log.by_status[429]
    tried(share(refused, len(copy.sandbox.log)) + " of requests got a 429")
    assert ran.code == 0, ran.err[-2000:]
    copy.assert_equal()
    return refused / len(copy.sandbox.log)


@pytest.mark.parametrize("name", LIMITS)
def test_a_budget_far_above_what_stripe_allows_ends_right(copying, tried, seed, name):
    options = Options(
        seed=seed,
        scale=0.3,
        sizes={"charges": 600},
        latency_seconds=0.05,
        limits=LIMITS[name],
    )
    copy = copying(options, requests_per_second=FAR_TOO_FAST)

    assert ends_right(copy, tried) < MOST_REFUSED


@pytest.mark.parametrize("name", ["concurrency", "endpoint concurrency"])
def test_too_many_at_once_are_run_into_rarely(copying, tried, rounds, seed, name):
    sizes = {"charges": 800 * rounds}
    options = Options(
        seed=seed, scale=0.2, sizes=sizes, latency_seconds=0.05, limits=LIMITS[name]
    )
    copy = copying(options)

    part = ends_right(copy, tried)

    # Those by which the limit is found, then a few a minute.
    assert part * len(copy.sandbox.log) <= 20 + 0.02 * len(copy.sandbox.log)


def test_a_limit_that_shrinks_in_mid_run_ends_right(copying, tried, seed):
    options = Options(seed=seed, scale=0.3, sizes={"charges": 3_000})
    copy = copying(options, requests_per_second=60)
    shrunk = Limits(requests_per_second=12)

    def shrink(_):
        if len(copy.sandbox.log) == SHRINKS_AFTER:
            copy.sandbox.limits = shrunk

    copy.sandbox.impostor = shrink

    part = ends_right(copy, tried)

    assert 0 < part < MOST_REFUSED


def test_a_limit_of_one_endpoint_does_not_slow_the_others(copying, seed):
    options = Options(seed=seed, scale=0.3, sizes={"charges": 600})
    copy = copying(options)
    copy.sandbox.limits = Limits(endpoints={"GET /v1/charges": 3})

    ran = copy.sync()

    entries = copy.sandbox.log.entries
    charges = [one.at for one in entries if one.endpoint == "GET /v1/charges"]
    # The first request is for the account, and all others wait for it.
    others = [one.at for one in entries[1:] if one.endpoint != "GET /v1/charges"]
    assert ran.code == 0
    assert max(charges) - min(charges) > 1
    assert max(others) - min(others) < (max(charges) - min(charges)) / 2
    copy.assert_equal()


def test_lock_timeouts_slow_nothing_but_what_they_meet(copying, tried, seed):
    options = Options(seed=seed, scale=0.3, latency_seconds=0.02)
    copy = copying(options)
    met: set[str] = set()

    def once_for_each(target):
        if target in met or len(met) > 10:
            return None
        met.add(target)
        body = b'{"error":{"code":"lock_timeout","type":"invalid_request_error"}}'
        return 429, body, {}

    copy.sandbox.impostor = once_for_each

    assert ends_right(copy, tried) > 0
