"""Stripe's clock, on machines whose own clock is off, or jumps."""

from __future__ import annotations

from email.utils import formatdate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tap_stripe.api.clock import Clock, date_of

NOON = 1_790_000_000.0


class World:
    """A machine with its clocks, and Stripe."""

    def __init__(self, *, ahead_s=0.0):
        self.passed = 0.0
        self.ahead_s = ahead_s
        self.stripe_ahead_s = 0.0
        self.clock = Clock(
            monotonic=lambda: 5.0 + self.passed,
            machine=lambda: NOON + self.passed + self.ahead_s,
        )

    @property
    def now(self):
        return NOON + self.passed + self.stripe_ahead_s

    def ask(self, there_s=0.1, back_s=0.1):
        sent = 5.0 + self.passed
        self.passed += there_s
        date = formatdate(self.now, usegmt=True)
        self.passed += back_s
        self.clock.note({"Date": date}, sent, 5.0 + self.passed)


DELAYS = st.floats(0, 3)


@given(
    ahead_s=st.floats(-1e6, 1e6),
    waits=st.lists(st.tuples(DELAYS, DELAYS, DELAYS), min_size=1, max_size=20),
)
def test_it_is_never_ahead_of_stripe_and_never_far_behind(ahead_s, waits):
    world = World(ahead_s=ahead_s)
    before = 0.0

    for pause_s, there_s, back_s in waits:
        world.passed += pause_s
        world.ask(there_s, back_s)

        now = world.clock.now()
        assert world.now - 1 - back_s - 1e-5 <= now <= world.now + 1e-5
        assert now >= before
        before = now


@pytest.mark.parametrize("ahead_s", [7200, -7200])
def test_a_machine_that_is_off_is_warned_of_once(ahead_s, caplog):
    world = World(ahead_s=ahead_s)

    for _ in range(3):
        world.ask()
        world.passed += 10

    (record,) = caplog.records
    side = "ahead of" if ahead_s > 0 else "behind"
    assert side in record.getMessage()
    assert "7,20" in record.getMessage() or "7,199" in record.getMessage()
    assert world.clock.offset == pytest.approx(-ahead_s, abs=2)


def test_some_seconds_are_no_matter(caplog):
    world = World(ahead_s=20)

    world.ask()

    assert not caplog.records


def test_a_machine_whose_clock_jumps_goes_on_as_before():
    world = World()
    world.ask()

    world.ahead_s = 86400

    assert world.clock.now() == pytest.approx(world.now, abs=2)


def test_after_a_sleep_the_next_answer_tells_the_time():
    world = World()
    world.ask()
    world.stripe_ahead_s = 3600  # The monotonic clock stood still.

    world.ask()

    assert world.clock.now() == pytest.approx(world.now, abs=2)


def test_before_the_first_answer_and_without_a_date_the_machine_counts():
    world = World(ahead_s=50)

    world.clock.note({}, 1, 2)
    world.clock.note({"Date": "yesterday"}, 1, 2)

    assert world.clock.now() == NOON + 50
    assert world.clock.offset == 0


@pytest.mark.parametrize(
    "text", ["", "yesterday", "Wed, 99 Jan 2020 00:00:00 GMT", "1"]
)
def test_what_is_no_date_is_none(text):
    assert date_of(text) is None
