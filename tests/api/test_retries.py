"""How long a failing request is tried again. Pure."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tap_stripe.api.refusals import Failed
from tap_stripe.api.retries import Retries
from tap_stripe.errors import StripeError


def failed(**what):
    return Failed(StripeError("No."), **{"again": True, **what})


def waits(failure, *, retry_s, is_up=False, is_reached=True):
    """Give the waits until it is given up; each try takes no time."""
    retries, now = Retries(0.0, retry_s), 0.0
    found: list[float] = []
    while True:
        retries.failed(failure)
        wait = retries.wait_s(failure, now, is_up=is_up, is_reached=is_reached)
        if wait is None:
            return found
        found.append(wait)
        now += wait


@given(retry_s=st.floats(0, 1000), retry_after=st.none() | st.floats(0, 1e9))
def test_while_all_fails_the_retry_time_is_used_up_and_not_passed(retry_s, retry_after):
    found = waits(failed(retry_after=retry_after), retry_s=retry_s)

    assert sum(found) == pytest.approx(retry_s)
    assert min(found, default=0) >= 0


def test_while_others_are_answered_five_further_tries_take_some_seconds():
    found = waits(failed(), retry_s=300, is_up=True)

    assert len(found) == 5
    assert 7 <= sum(found) <= 15.5


def test_a_429_for_the_pace_counts_for_the_time_only():
    found = waits(failed(is_of_pace=True), retry_s=300, is_up=True)

    assert sum(found) == pytest.approx(300)


def test_what_is_no_json_is_tried_five_times_more_whoever_is_answered():
    assert len(waits(failed(is_unreadable=True), retry_s=300)) == 5


@pytest.mark.parametrize(("retry_s", "tried_s"), [(300, 60), (20, 20)])
def test_before_anything_is_reached_it_is_given_up_sooner(retry_s, tried_s):
    found = waits(failed(), retry_s=retry_s, is_reached=False)

    assert sum(found) == pytest.approx(tried_s)


def test_what_no_try_can_mend_is_not_tried_again():
    assert waits(failed(again=False), retry_s=300) == []
