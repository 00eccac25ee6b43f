"""Runs that are stopped anywhere: nothing is lost, and little is read twice."""

from __future__ import annotations

import signal
import time

import pytest

from tap_stripe.sandbox import Options
from tests.faults.conftest import errors
from tests.target import Target

READERS = 32
MOST_WORK = 1.2
STOPS_WITHIN_S = 5

# Enough pages for a kill to cost little of the whole.
LARGE = {"charges": 16_000, "balance_transactions": 20_000, "invoices": 2_000}
SLOW_S = 0.05


def whole_lines(out):
    return [line for line in out.splitlines(keepends=True) if line.endswith(b"\n")]


def kill(copy, *, requests):
    """Kill a run; the target holds what came until then."""
    process = copy.start()
    copy.stop(process, signal.SIGKILL, requests=requests)
    copy.target.take(whole_lines(copy.said()))


def copied_state(copy):
    """Give a target that holds the same and goes another way from here."""
    twin = Target()
    twin.state = copy.target.state
    return twin


def requests_of(copy, run):
    before = len(copy.sandbox.log)
    run()
    return len(copy.sandbox.log) - before


def undisturbed(copy):
    """Count the requests of a sync from the same state, and leave no trace of it."""
    held, copy.target = copy.target, copied_state(copy)
    count = requests_of(copy, copy.sync)
    copy.target = held
    return count


def test_tables_are_equal_after_kills_and_little_is_read_twice(
    copying, tried, rounds, chance, seed
):
    copy = copying(Options(seed=seed, sizes=LARGE, latency_seconds=SLOW_S))
    found = []
    for what in ("first", "later"):
        if what == "later":
            copy.sandbox.change(4_000, seed=seed)
        once = undisturbed(copy)
        kills = rounds // 2
        spent = 0
        for _ in range(kills):
            after = chance.randint(1, max(2, 2 * once // (kills + 1)))
            spent += requests_of(copy, lambda: kill(copy, requests=after))
        spent += requests_of(copy, copy.sync)
        idle = undisturbed(copy)
        found.append((what, once, kills, spent, idle))

    copy.assert_equal()
    for what, once, kills, spent, idle in found:
        again = (spent - once) / kills
        tried(
            f"{what} sync, {kills} kills: {spent} requests in sum, {once} undisturbed "
            f"({spent / once:.2f} times); {again:.0f} more for each kill, where a "
            f"sync with nothing to do asks {idle}"
        )
        assert spent <= MOST_WORK * once + kills * (READERS + idle)
