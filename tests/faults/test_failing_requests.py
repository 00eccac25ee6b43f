"""Requests that fail: a sync ends right, only later, or says that it can't."""

from __future__ import annotations

import pytest

from tap_stripe.sandbox import Faults, Limits, Options
from tests.faults.conftest import ROUNDS, assert_one_sentence, share

SOME = 0.05
MANY = 0.15
KINDS = (
    "server_error",
    "unavailable",
    "conflict",
    "lock_timeout",
    "reset",
    "cut",
    "cut_unannounced",
    "hang",
)
TIMEOUT_S = 1
HANG_S = 5


def failures(sandbox):
    return sum(
        entry.fault is not None or entry.status >= 400 for entry in sandbox.log.entries
    )


def sync_ends_right(copy, tried):
    ran = copy.sync(request_timeout=TIMEOUT_S)

    tried(share(failures(copy.sandbox), len(copy.sandbox.log)) + " of requests failed")
    assert ran.code == 0, ran.err[-2000:]
    assert "Traceback" not in ran.err
    copy.assert_equal()


def test_a_first_and_a_later_sync_end_right_when_some_of_all_fails(
    copying, tried, rounds, seed
):
    copy = copying(
        Options(seed=seed, scale=0.5, faults=Faults.evenly(SOME, hang_seconds=HANG_S))
    )
    sync_ends_right(copy, tried)
    for round_ in range(max(1, rounds // 6)):
        copy.sandbox.change(80, seed=seed + round_)

        sync_ends_right(copy, tried)


@pytest.mark.parametrize("kind", KINDS)
def test_a_sync_ends_right_when_many_requests_fail_in_one_way(
    copying, tried, seed, kind
):
    faults = Faults(**{kind: MANY}, hang_seconds=HANG_S)
    copy = copying(Options(seed=seed, scale=0.1, faults=faults))

    sync_ends_right(copy, tried)


@pytest.mark.parametrize("should_retry", [True, False, None])
def test_a_storm_of_429_only_slows_a_sync(copying, tried, seed, should_retry):
    limits = Limits(requests_per_second=8, should_retry=should_retry)
    copy = copying(Options(seed=seed, scale=0.1, limits=limits))

    sync_ends_right(copy, tried)


def test_retry_after_is_waited_for(copying, tried, seed):
    limits = Limits(requests_per_second=15, retry_after_seconds=1)
    copy = copying(Options(seed=seed, scale=0.1, limits=limits))

    sync_ends_right(copy, tried)


@pytest.mark.parametrize("most", [50, 7])
def test_a_page_that_is_too_heavy_is_asked_for_again_with_a_smaller_limit(
    copying, tried, rounds, seed, most
):
    if most < 50 and rounds <= ROUNDS:
        pytest.skip("takes a minute and a half: in the long form only")
    heavy = {"/v1/charges": most, "/v1/invoices": most}
    copy = copying(
        Options(seed=seed, sizes={"charges": most * 2}, scale=0.05, many_children=0)
    )
    copy.sandbox.faults = Faults(heavy=heavy)

    sync_ends_right(copy, tried)


@pytest.mark.parametrize("status", [500, 409, 503])
def test_stripe_saying_do_not_try_again_ends_the_run_at_once(copying, seed, status):
    copy = copying(Options(seed=seed, scale=0.05))
    copy.sandbox.impostor = lambda target: (
        (status, b"{}", {"Stripe-Should-Retry": "false"})
        if target.startswith("/v1/charges")
        else None
    )

    assert_one_sentence(copy.sync(), str(status))
    assert copy.sandbox.log.by_endpoint["GET /v1/charges"] == 1


def test_when_stripe_stays_down_one_sentence_says_so_and_the_next_run_goes_on(
    copying, tried, seed
):
    copy = copying(
        Options(seed=seed, sizes={"charges": 4_000}, scale=0.3, latency_seconds=0.1)
    )
    ahead = copy.sync().messages("STATE")
    whole = len(copy.sandbox.log)
    assert ahead
    copy = copying(copy.sandbox.options)
    copy.sandbox.impostor = lambda _: (
        (503, b"", {}) if len(copy.sandbox.log) > whole / 2 else None
    )

    ran = copy.sync(retry_seconds=3)

    assert_one_sentence(ran, "next run goes on")
    copy.sandbox.impostor = None
    copy.sandbox.log.clear()
    assert copy.sync().code == 0
    copy.assert_equal()
    tried(f"{len(copy.sandbox.log)} requests after half of {whole}")
    assert len(copy.sandbox.log) < 0.8 * whole


def test_a_server_that_is_not_there_is_one_sentence(copying, seed):
    copy = copying(Options(seed=seed, scale=0.05))
    url = copy.sandbox.url
    copy.sandbox.close()

    ran = copy.sync(api_url=url, retry_seconds=1)

    assert_one_sentence(ran, "no whole answer")
