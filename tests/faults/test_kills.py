"""Runs that are stopped anywhere: nothing is lost."""

from __future__ import annotations

import json
import os
import select
import signal
import time

import pytest

from tap_stripe.sandbox import Faults, Options
from tests.conftest import ROUNDS, Ran
from tests.faults.conftest import START_S, assert_one_sentence
from tests.target import Target

# The tap ends 1.8 s after a signal at the latest; the rest is for a busy machine.
PATIENCE_S = 1.8
STOPS_WITHIN_S = 6
PACE = 100
NOT_AGAIN = 1.2
SLOW_S = 0.03

# About 190 requests. A kill costs the first requests and the pages of events of the
# next start, what was under way, what no STATE had told yet, and the last page of each
# window that was open.
A_KILL = {"charges": 3_000, "balance_transactions": 13_000, "invoices": 300}


def whole_lines(out):
    return [line for line in out.splitlines(keepends=True) if line.endswith(b"\n")]


def kill(copy, *, requests, target_lags=False):
    """Kill a run.

    The target holds what came until then; one that lags, and is killed too, what came
    until a STATE line that is not the last.
    """
    process = copy.start()
    copy.stop(process, signal.SIGKILL, requests=requests)
    lines = whole_lines(copy.said())
    if target_lags:
        states = [
            place for place, line in enumerate(lines) if b'{"type":"STATE"' in line
        ]
        lines = lines[: states[-2] + 1] if len(states) > 1 else []
    copy.target.take(lines)


def requests_of(copy, run):
    before = len(copy.sandbox.log)
    run()
    return len(copy.sandbox.log) - before


def undisturbed(copy):
    """Count the requests of a sync from the same state, and leave no trace of it."""
    held, copy.target = copy.target, Target()
    copy.target.state = held.state
    count = requests_of(copy, copy.sync)
    copy.target = held
    return count


def killed(copy, *, kills, chance, tried):
    """Kill runs until one may end; give its requests, and those of one undisturbed."""
    once = undisturbed(copy)
    spent = 0
    for _ in range(kills):
        after = chance.randint(1, max(2, 2 * once // (kills + 1)))
        spent += requests_of(copy, lambda after=after: kill(copy, requests=after))
    rest = requests_of(copy, copy.sync)
    spent += rest
    tried(
        f"{kills} kills: {spent} requests in sum, {once} undisturbed "
        f"({spent / once:.2f} times), {(spent - once) / kills:.0f} more for each kill"
    )
    return rest, once


def test_tables_are_equal_after_kills_of_a_first_sync(
    copying, tried, rounds, chance, seed
):
    # The long form holds 800,000 rows in memory.
    kills = 2 if rounds <= ROUNDS else rounds
    sizes = {name: kills * size for name, size in A_KILL.items()}
    copy = copying(
        Options(seed=seed, sizes=sizes, latency_seconds=SLOW_S),
        requests_per_second=PACE,
    )

    rest, once = killed(copy, kills=kills, chance=chance, tried=tried)

    copy.assert_equal()
    tried(f"a sync with nothing to do asks {undisturbed(copy)} requests")
    assert rest <= once


# About 120 requests: the more objects, the fewer changed ones are on one page.
CHANGES_A_KILL = 750


def test_tables_are_equal_after_kills_of_a_later_sync(
    copying, tried, rounds, chance, seed
):
    kills = 3 if rounds <= ROUNDS else rounds
    copy = copying(
        Options(seed=seed, scale=kills, latency_seconds=SLOW_S),
        lookback_seconds=0,
        requests_per_second=PACE,
    )
    copy.sync()
    for number in range(kills):
        copy.sandbox.change(CHANGES_A_KILL, seed=seed + number)
        time.sleep(1)  # A second is read whole, or again: too much must not lie in one.

    rest, once = killed(copy, kills=kills, chance=chance, tried=tried)

    copy.assert_equal()
    # What is read by page first is no longer close to what is left.
    assert rest < NOT_AGAIN * once


def left(copy):
    """Count the intervals in which changed objects are still to be read."""
    return sum(
        len(intervals)
        for one in copy.held()["account"]["slice"]
        for intervals in one["left"].values()
    )


def test_what_a_killed_run_left_of_a_slice_is_not_lost_by_another_kill(
    copying, tried, seed
):
    copy = copying(
        Options(seed=seed, scale=0.2, latency_seconds=0.05), lookback_seconds=0
    )
    copy.sync()
    copy.sandbox.change(300, seed=seed)
    time.sleep(1)  # No run looks at this second's events again.
    requests = 10
    while not left(copy):
        requests += 5
        kill(copy, requests=requests)
        assert requests < 200, "nothing was left to be read"
    intervals = left(copy)
    for requests in (4, 6, 8):
        kill(copy, requests=requests)

    copy.sync()

    tried(f"{intervals} intervals were left")
    copy.assert_equal()


def test_kills_while_the_events_of_one_slice_are_read_lose_none_of_them(
    copying, tried, seed
):
    copy = copying(
        Options(seed=seed, scale=0.2, latency_seconds=0.05),
        lookback_seconds=0,
        requests_per_second=PACE,
    )
    copy.sync()
    copy.sandbox.change(1_500, seed=seed)
    time.sleep(1)
    for requests in (3, 6, 9):
        kill(copy, requests=requests)
        copy.sandbox.change(20, seed=requests)

    copy.sync()

    tried(f"{copy.sandbox.log.by_endpoint['GET /v1/events']} pages of events")
    copy.assert_equal()


def test_a_target_that_was_killed_too_and_lost_rows_behind_its_state_gets_them_again(
    copying, rounds, chance, seed
):
    copy = copying(Options(seed=seed, latency_seconds=0.1, scale=0.15))
    for _ in range(max(1, rounds // 3)):
        kill(copy, requests=chance.randint(1, 45), target_lags=True)
    copy.sync()
    copy.sandbox.change(100, seed=seed)
    kill(copy, requests=chance.randint(1, 35), target_lags=True)

    copy.sync()

    copy.assert_equal()


def test_every_state_line_is_true(copying, tried, rounds, chance, seed):
    copy = copying(Options(seed=seed, scale=0.15, latency_seconds=0.2))
    copy.sync()
    lines = whole_lines(copy.said())
    copy.sandbox.change(100, seed=seed)
    copy.sync()
    lines += whole_lines(copy.said())
    states = [place for place, line in enumerate(lines) if b'{"type":"STATE"' in line]
    tried(f"{len(states)} STATE lines")
    assert len(states) > 4
    copy.sandbox.latency_seconds = 0

    for place in chance.sample(states, min(len(states), max(2, rounds // 3))):
        copy.target = Target()
        copy.target.take(lines[: place + 1])
        copy.sync()

        copy.assert_equal()


REQUESTS = {"first": 26, "later": 26, "waiting": 8, "hanging": 8}
FIRST_REQUEST = "/v1/account"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("situation", REQUESTS)
def test_a_signal_stops_at_once_with_a_true_state(
    copying, chance, seed, number, situation
):
    copy = copying(Options(seed=seed, scale=0.1, latency_seconds=0.1))
    if situation == "later":
        copy.sync()
        copy.sandbox.change(60, seed=seed)

    def break_down(target):
        if target.partition("?")[0] != FIRST_REQUEST:
            copy.sandbox.impostor = None
            copy.sandbox.down = situation == "waiting"
            copy.sandbox.faults = Faults(hang=situation == "hanging", hang_seconds=60)

    copy.sandbox.impostor = break_down
    process = copy.start()
    said = copy.stop(process, number, requests=chance.randint(2, REQUESTS[situation]))
    lines = copy.said().splitlines(keepends=True)
    copy.target.take(lines)

    assert copy.stopped_within_s < STOPS_WITHIN_S
    assert process.returncode == 128 + number
    assert "Traceback" not in said
    assert lines[-1].endswith(b"\n")
    assert json.loads(lines[-1])["type"] == "STATE"
    copy.sandbox.impostor = None
    copy.sandbox.down = False
    copy.sandbox.faults = Faults()
    copy.sync()
    copy.assert_equal()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("situation", ["waiting", "hanging"])
def test_a_signal_stops_a_run_whose_first_request_has_no_answer(
    copying, seed, number, situation
):
    copy = copying(Options(seed=seed, scale=0.1))
    copy.sync()
    copy.sandbox.change(20, seed=seed)
    before = copy.held()
    copy.sandbox.down = situation == "waiting"
    copy.sandbox.faults = Faults(hang=situation == "hanging", hang_seconds=60)

    process = copy.start()
    said = copy.stop(process, number, requests=1)

    assert copy.stopped_within_s < STOPS_WITHIN_S
    assert process.returncode == 128 + number
    assert "Traceback" not in said
    copy.target.take(whole_lines(copy.said()))
    assert copy.held() == before
    copy.sandbox.down = False
    copy.sandbox.faults = Faults()
    copy.sync()
    copy.assert_equal()


@pytest.fixture(params=["at its start", "later"])
def blocked(request, copying, tap, seed, monkeypatch):
    """Give a run that can't get on, since nobody reads any more what it writes."""
    monkeypatch.setenv("PYTHONUNBUFFERED", "1")  # As images for containers do.
    copy = copying(Options(seed=seed, scale=0.5))
    reading, writing = os.pipe()
    with os.fdopen(writing, "wb", buffering=0) as ours:
        process = tap.start(copy.config(), stdout=ours, afresh=True)
        with process, os.fdopen(reading, "rb") as process.stdout:
            if request.param == "later":
                for line in process.stdout:
                    copy.target.take([line])
                    if copy.target.state and copy.target.records:
                        break
            wait_until_full(ours, process)
            ours.close()
            yield copy, process
            process.kill()


def wait_until_full(pipe, process):
    """Wait until nothing more can be written, and so the run's next line blocks it."""
    deadline = time.monotonic() + START_S
    while select.select([], [pipe], [], 0)[1]:
        assert process.poll() is None, "the run has ended"
        assert time.monotonic() < deadline, "the run does not get on"
        time.sleep(0.01)


# Signals that are closer together are one wish: Ctrl-C under Meltano sends two.
ANOTHER_WISH_S = 0.3


def seconds_to_end(process):
    began = time.monotonic()
    process.wait(timeout=60)
    return time.monotonic() - began


def assert_nothing_is_lost(copy, lines):
    assert all(json.loads(line) for line in lines[:-1])
    copy.target.take(lines)
    copy.sync()
    copy.assert_equal()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_a_run_whose_target_takes_nothing_more(blocked, number):
    copy, process = blocked

    process.send_signal(number)

    assert seconds_to_end(process) < STOPS_WITHIN_S
    assert process.returncode == 128 + number
    assert_nothing_is_lost(copy, process.stdout.readlines())


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_second_signal_stops_a_blocked_run_at_once(blocked, number):
    copy, process = blocked

    process.send_signal(signal.SIGTERM)
    began = time.monotonic()
    time.sleep(ANOTHER_WISH_S)
    process.send_signal(number)
    process.wait(timeout=60)

    assert time.monotonic() - began < PATIENCE_S, "the first signal has ended it"
    assert process.returncode == 128 + number
    assert_nothing_is_lost(copy, process.stdout.readlines())


def test_a_target_that_reads_on_in_time_gets_a_last_state(blocked):
    copy, process = blocked

    process.send_signal(signal.SIGINT)  # As Ctrl-C under Meltano does.
    process.send_signal(signal.SIGTERM)
    lines = process.stdout.readlines()

    assert seconds_to_end(process) < STOPS_WITHIN_S
    assert process.returncode in {128 + signal.SIGINT, 128 + signal.SIGTERM}
    assert json.loads(lines[-1])["type"] == "STATE"
    assert_nothing_is_lost(copy, lines)


def withheld_in_two_stopped_runs(copy, path):
    copy.sandbox.impostor = lambda target: (
        (503, b"", {})
        if target.partition("?")[0] == path and "pending=true" not in target
        else None
    )
    # The second one reads what has changed before it looks at all lists.
    for requests in (1, 1) if path == FIRST_REQUEST else (20, 3):
        process = copy.start()
        copy.stop(process, signal.SIGTERM, requests=requests, later_s=0.7)
        copy.target.take(whole_lines(copy.said()))
        copy.sandbox.change(10, seed=1)
    copy.sandbox.impostor = None


WITHHELD = ("/v1/customers", "/v1/accounts", "/v1/account", "/v1/invoices", "/v1/plans")


@pytest.mark.parametrize("path", WITHHELD)
def test_a_list_that_was_withheld_in_two_stopped_runs_is_read_after_all(
    copying, seed, path
):
    copy = copying(Options(seed=seed, scale=0.1))
    withheld_in_two_stopped_runs(copy, path)

    copy.sync()

    copy.assert_equal()


def test_invoice_items_that_wait_are_not_taken_for_all_of_them(copying, seed):
    # They are a list of their own at the same address.
    copy = copying(Options(seed=seed, scale=0.1))
    withheld_in_two_stopped_runs(copy, "/v1/invoiceitems")

    copy.sync()

    copy.assert_equal()


def test_changed_objects_that_two_stopped_runs_did_not_get_to_are_read(copying, seed):
    # Without a lookback nothing but the state tells of the change.
    copy = copying(Options(seed=seed, scale=0.1), lookback_seconds=0)
    copy.sync()
    copy.sandbox.perform("update_customer")
    time.sleep(1.1)
    copy.sandbox.impostor = lambda target: (
        (503, b"", {}) if target.startswith("/v1/customers/cus_") else None
    )
    process = copy.start()
    copy.stop(process, signal.SIGTERM, requests=3, later_s=0.7)
    copy.target.take(whole_lines(copy.said()))
    assert "/v1/customers" in copy.held()["account"]["slice"][0]["left"]
    # The next one does not even come to know what else has changed.
    copy.sandbox.impostor = lambda target: (
        (503, b"", {}) if target.startswith("/v1/events") else None
    )
    process = copy.start()
    copy.stop(process, signal.SIGTERM, requests=2, later_s=0.7)
    copy.target.take(whole_lines(copy.said()))
    copy.sandbox.impostor = None

    copy.sync()

    copy.assert_equal()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_while_a_run_starts_is_no_success_and_no_traceback(
    copying, tap, rounds, chance, number
):
    copy = copying(Options(scale=0.05, latency_seconds=0.5))
    for _ in range(max(3, rounds // 3)):
        with tap.start(copy.config(), afresh=True) as process:
            first = process.stderr.readline()
            time.sleep(chance.uniform(0, 0.2))
            process.send_signal(number)
            _, err = process.communicate(timeout=60)

        assert b"tap-stripe v" in first
        assert process.returncode == 128 + number
        assert b"Traceback" not in err


def test_a_target_that_ends_stops_the_run_in_one_sentence(copying, tap, seed):
    copy = copying(Options(seed=seed, scale=0.5, latency_seconds=0.05))

    with tap.start(copy.config(), afresh=True) as process:
        process.stdout.readline()
        process.stdout.close()
        said = process.stderr.read().decode()

    assert_one_sentence(Ran(process.returncode, b"", said), "closed the pipe")
