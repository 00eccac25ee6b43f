"""Time is Stripe's, whatever this machine's clock says."""

from __future__ import annotations

import pytest

HOURS_2 = 7_200
OFF = [HOURS_2, -HOURS_2, 1_200, -1_200, 3 * 86_400]


@pytest.mark.parametrize("lookback", [0, 900])
@pytest.mark.parametrize("seconds", OFF)
def test_with_a_clock_that_is_off_three_runs_lose_nothing(copying, seconds, lookback):
    copy = copying(
        clock_offset_seconds=seconds, settings={"lookback_seconds": lookback}
    )
    copy.sync().assert_well()
    copy.assert_equal()
    for _ in range(2):
        copy.change(10)
        copy.perform("create_charge")

        ran = copy.sync()

        ran.assert_well()
        copy.assert_equal()
    assert "clock" in ran.said


@pytest.mark.parametrize("then", [0, -HOURS_2, HOURS_2])
def test_a_clock_that_is_set_right_between_runs_loses_nothing(copying, then):
    # Stripe's time goes on; this machine's is off by something else each time.
    copy = copying(clock_offset_seconds=HOURS_2, settings={"lookback_seconds": 0})
    copy.sync().assert_well()
    copy.later(2 * HOURS_2 + then)
    copy.change(10)

    copy.sync().assert_well()

    copy.assert_equal()


def test_many_accounts_with_a_clock_that_is_off(copying):
    copy = copying(accounts=3, clock_offset_seconds=-HOURS_2)
    copy.sync().assert_well()
    for account in (None, *copy.ids):
        copy.change(4, account=account)
        copy.perform("create_charge", account=account)

    copy.sync().assert_well()

    copy.assert_equal()


@pytest.mark.parametrize("seconds", [0, 2, -2])
def test_a_clock_that_is_right_is_not_spoken_of(copying, seconds):
    copy = copying(clock_offset_seconds=seconds)

    ran = copy.sync()

    ran.assert_well()
    assert "clock" not in ran.said
