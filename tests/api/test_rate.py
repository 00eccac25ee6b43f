"""The pace of requests, against a limiter in simulated time."""

from __future__ import annotations

import pytest

from tap_stripe.api.rate import Pace, RateBudget


class Clock:
    def __init__(self):
        self.now = 1000.0

    def __call__(self):
        return self.now


class Limiter:
    """A token bucket, as Stripe's limit is taken to be."""

    def __init__(self, clock, rate):
        self.clock, self.rate, self.tokens, self.at = clock, rate, rate, clock()

    def allows(self):
        now = self.clock()
        self.tokens = min(self.rate, self.tokens + (now - self.at) * self.rate)
        self.at = now
        if self.tokens < 1:
            return False
        self.tokens -= 1
        return True


def run(pace, clock, limiter, seconds):
    """Send as fast as the pace allows; give answers and 429s."""
    answered = throttled = 0
    end = clock.now + seconds
    while clock.now < end:
        clock.now += max(pace.reserve(), 1e-4)
        if limiter.allows():
            pace.succeeded()
            answered += 1
        else:
            pace.throttled()
            throttled += 1
    return answered, throttled


def test_a_pace_at_the_limit_uses_it_up_without_a_429():
    clock = Clock()

    answered, throttled = run(Pace(100, clock=clock), clock, Limiter(clock, 100), 30)

    assert throttled == 0
    assert answered >= 0.98 * 100 * 30


@pytest.mark.parametrize("factor", [2, 10])
def test_a_budget_far_above_the_limit_still_gets_most_of_it(factor):
    clock = Clock()
    pace = Pace(100 * factor, clock=clock)

    answered, throttled = run(pace, clock, Limiter(clock, 100), 60)

    assert answered >= 0.9 * 100 * 60
    assert throttled <= 0.02 * answered


def test_a_limit_that_shrinks_is_found_and_one_that_grows_is_used_again():
    clock = Clock()
    pace, limiter = Pace(100, clock=clock), Limiter(clock, 100)
    run(pace, clock, limiter, 10)
    limiter.rate = 20

    answered, throttled = run(pace, clock, limiter, 60)
    limiter.rate = 100
    run(pace, clock, limiter, 300)

    assert answered >= 0.85 * 20 * 60
    assert throttled <= 0.05 * answered
    assert pace.rate > 60


def test_a_429_halves_what_was_let_through():
    clock = Clock()
    pace = Pace(100, clock=clock)
    for _ in range(100):
        clock.now += 0.01
        pace.succeeded()

    pace.throttled()

    assert pace.rate == pytest.approx(50, rel=0.05)


def test_an_endpoint_slows_down_alone():
    budget = RateBudget(100)

    budget.throttled("/v1/charges", "endpoint-rate")

    assert budget.account(None).endpoint("/v1/charges").rate < 25
    assert budget.account(None).endpoint("/v1/invoices").rate == 25
    assert budget.account(None).endpoint("/v1/files").rate == 20
    assert budget.all.rate == 100


def test_a_lock_timeout_slows_nothing_down():
    budget = RateBudget(100)

    budget.throttled("/v1/charges", "")

    assert budget.account(None).endpoint("/v1/charges").rate == 25
    assert budget.all.rate == 100


def test_an_endpoints_own_setting_is_its_limit():
    budget = RateBudget(100, endpoint_requests_per_second=40)

    assert budget.account(None).endpoint("/v1/charges").rate == 40


def test_a_429_slows_the_account_that_it_came_for():
    clock = Clock()
    budget = RateBudget(100, clock=clock)

    budget.throttled("/v1/charges", "global-rate", "acct_1")
    clock.now += 0.3
    budget.throttled("/v1/charges", "global-rate", "acct_1")

    assert budget.account("acct_1").pace.rate < 100
    assert budget.account("acct_2").pace.rate == 100
    assert budget.account(None).pace.rate == 100


def test_429s_for_several_accounts_at_once_slow_all():
    clock = Clock()
    budget = RateBudget(100, clock=clock)

    budget.throttled("/v1/charges", "global-rate", "acct_1")
    clock.now += 0.3
    budget.throttled("/v1/events", "global-rate", "acct_2")

    assert budget.all.rate < 100


def test_429s_for_several_accounts_long_after_another_slow_each():
    clock = Clock()
    budget = RateBudget(100, clock=clock)

    for account in ("acct_1", "acct_2", "acct_1"):
        budget.throttled("/v1/charges", "endpoint-rate", account)
        clock.now += 2

    assert budget.all.rate == 100
    assert budget.account("acct_2").endpoint("/v1/charges").rate < 25


def test_a_429_of_the_platforms_own_slows_all():
    budget = RateBudget(100)

    budget.throttled("/v1/accounts", "global-rate")

    assert budget.all.rate < 100


def test_an_accounts_own_setting_is_its_limit():
    budget = RateBudget(100, account_requests_per_second=10)

    assert budget.account("acct_1").pace.rate == 10
    assert budget.account("acct_1").endpoint("/v1/charges").rate == 10
    assert budget.account(None).pace.rate == 100
