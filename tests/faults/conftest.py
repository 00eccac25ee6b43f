"""What the fault suite shares: how long it runs, what it tried, a copy to judge.

pytest tests/faults                          of each test two situations a day, in turn
pytest tests/faults --day 7                  those of another day
pytest tests/faults --long                   all of them, with the chance of today
pytest tests/faults --rounds 50 --seed 7     the same, with more kills
"""

from __future__ import annotations

import json
import math
import random
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import hypothesis
import pytest

from tap_stripe.sandbox import Sandbox
from tests.conftest import ROUNDS, Ran, Tap, deselect, of_today
from tests.expected import differences
from tests.target import Target

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from signal import Signals

    from tap_stripe.sandbox import Options
    from tests.conftest import Started

SITUATIONS = 2
EXAMPLES_A_ROUND = 15
START_S = 30
JSON = {"Content-Type": "application/json"}

# The property of a report that says what was tried.
TRIED = "tried"


def pytest_configure(config: pytest.Config) -> None:
    hypothesis.settings.register_profile(
        "faults",
        max_examples=EXAMPLES_A_ROUND * config.option.rounds,
        deadline=None,
    )


def pytest_collection_modifyitems(
    config: pytest.Config, items: list[pytest.Item]
) -> None:
    """Seed what hypothesis draws; leave the short form some situations of each test."""
    kinds: dict[str, list[pytest.Item]] = {}
    for item in items:
        if item.path.parent == Path(__file__).parent:
            assert isinstance(item, pytest.Function)
            kinds.setdefault(f"{item.path}::{item.originalname}", []).append(item)
            if hypothesis.is_hypothesis_test(item.obj):
                hypothesis.seed(config.option.seed)(item.obj)
    if config.option.rounds > ROUNDS:
        return
    of_other_days = [
        item
        for situations in kinds.values()
        for item in set(situations) - set(of_today(config, situations, SITUATIONS))
    ]
    deselect(config, items, of_other_days)


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """Say what was tried, by whichever process."""
    ended = [
        report
        for reports in terminalreporter.stats.values()
        for report in reports
        if getattr(report, "when", "") == "teardown"
    ]
    lines = [
        f"{report.nodeid.rpartition('::')[2]}: {what}"
        for report in ended
        for name, what in report.user_properties
        if name == TRIED
    ]
    if lines:
        options = config.option
        terminalreporter.section(
            f"faults tried with --seed {options.seed} --rounds {options.rounds} "
            f"--day {options.day}"
        )
        for line in lines:
            terminalreporter.write_line(line)


class Copy:
    """A sandbox, the tap, and a target that holds what the tap has said so far.

    Attributes:
        settings: What the tap's config has besides the sandbox's.
        runs: One line for each run, for a failure's report.
        stopped_within_s: Seconds from the last signal to the run's end.
    """

    def __init__(
        self, tap: Tap, sandbox: Sandbox, settings: Mapping[str, Any], name: str
    ) -> None:
        self.sandbox = sandbox
        self.target = Target()
        self.settings = dict(settings)
        self.runs: list[str] = []
        self.stopped_within_s = 0.0
        self._name = name
        self._tap = tap
        self._out = tap.folder / "out"

    def config(self, **settings: Any) -> dict[str, Any]:
        """Give the tap's config."""
        return {
            "api_key": self.sandbox.key,
            "api_url": self.sandbox.url,
            "requests_per_second": 1000,
            "requests_per_second_per_endpoint": 1000,
            **self.settings,
            **settings,
        }

    def sync(self, *, catalog: Any = None, **settings: Any) -> Ran:
        """Run to the end; the target takes all that was said."""
        requests = len(self.sandbox.log)
        began = time.monotonic()
        process = self.start(catalog=catalog, **settings)
        _, err = process.communicate(timeout=300)
        ran = Ran(process.returncode, self.said(), err.decode())
        self.target.take(ran.out.splitlines(keepends=True))
        requests = len(self.sandbox.log) - requests
        took = time.monotonic() - began
        self.runs.append(f"exit {ran.code}, {requests} requests, {took:.1f} s")
        return ran

    def start(
        self, *, catalog: Any = None, afresh: bool = False, **settings: Any
    ) -> Started:
        """Start a run that goes on from what the target holds."""
        with self._out.open("wb") as out:
            return self._tap.start(
                self.config(**settings),
                state=self.target.state,
                catalog=catalog,
                stdout=out,
                afresh=afresh,
            )

    def said(self) -> bytes:
        """Give what the last run has written to stdout so far."""
        return self._out.read_bytes()

    def stop(
        self,
        process: Started,
        signal: Signals,
        *,
        requests: int,
        later_s: float = 0,
    ) -> str:
        """Send a signal once so many requests are answered, or later; gives stderr.

        A run that ends before is left in peace.
        """
        before = len(self.sandbox.log)
        deadline = time.monotonic() + START_S
        while process.poll() is None and len(self.sandbox.log) - before < requests:
            assert time.monotonic() < deadline, "the run does not get on"
            time.sleep(0.001)
        time.sleep(later_s)
        process.send_signal(signal)
        began = time.monotonic()
        _, err = process.communicate(timeout=START_S)
        self.stopped_within_s = time.monotonic() - began
        asked = len(self.sandbox.log) - before
        self.runs.append(f"{signal.name} after {asked} requests")
        return err.decode()

    def differences(self) -> list[str]:
        """Say where the target's tables differ from the sandbox."""
        return differences(self.sandbox, self.target.tables)

    def held(self) -> dict[str, Any]:
        """Give the bookmarks that the target holds."""
        assert self.target.state is not None
        held: dict[str, Any] = self.target.state["bookmarks"]
        return held

    def assert_equal(self) -> None:
        """Fail with what differs and what was done, if anything differs."""
        found = self.differences()
        report = "\n".join([f"{len(found)} differences", *found[:20], *self.runs])
        assert not found, f"{self._name}\n{report}"


@pytest.fixture
def tried(request: pytest.FixtureRequest) -> Callable[[str], None]:
    """Give a function that notes what was tried, for the end of the report."""

    def note(what: str) -> None:
        request.node.user_properties.append((TRIED, what))

    return note


@pytest.fixture
def rounds(request: pytest.FixtureRequest) -> int:
    return int(request.config.option.rounds)


@pytest.fixture
def chance(request: pytest.FixtureRequest) -> random.Random:
    """Give what the seed makes of chance; each test has its own."""
    seed = request.config.option.seed
    return random.Random(f"{seed} {request.node.name}")


@pytest.fixture
def seed(request: pytest.FixtureRequest) -> int:
    return int(request.config.option.seed)


@pytest.fixture
def copying(
    tap: Tap, request: pytest.FixtureRequest, tried: Callable[[str], None]
) -> Iterator[Callable[..., Copy]]:
    """Give a function that starts a sandbox and makes a copy of it."""
    made: list[Copy] = []

    def make(options: Options, **settings: Any) -> Copy:
        sandbox = Sandbox(options)
        sandbox.start()
        patience = {"request_timeout": 5, "retry_seconds": 60}
        copy = Copy(tap, sandbox, {**patience, **settings}, request.node.name)
        made.append(copy)
        return copy

    yield make
    for copy in made:
        copy.sandbox.close()
        tried("; ".join(copy.runs) or "no run")


def errors(ran: Ran) -> list[str]:
    """Give the sentences that a run has logged as errors."""
    lines = [line.split("|", 3) for line in ran.err.splitlines()]
    return [
        parts[3].strip()
        for parts in lines
        if len(parts) > 3 and parts[1].strip() == "ERROR"
    ]


def assert_one_sentence(ran: Ran, word: str = "") -> None:
    """Check that a run has ended with one error that the user can read.

    What of an account could not be read is named before it.
    """
    told = errors(ran)
    said = [one for one in told if not one.startswith("Not read: ")]
    assert "Traceback" not in ran.err, ran.err[-2000:]
    assert ran.code == 1, ran.err[-2000:]
    assert len(said) == 1, said
    assert word in "\n".join(told), told
    assert len(said[0]) < 2000, len(said[0])


def share(part: float, whole: float) -> str:
    return f"{part / whole:.0%}" if whole else "none"


def refused(status: int, message: str, **fields: Any) -> tuple[int, bytes, Any]:
    """Give an answer of an impostor, in the form of Stripe's errors."""
    error = {"type": "invalid_request_error", "message": message, **fields}
    return status, json.dumps({"error": error}).encode(), JSON


def listed(*data: Any, has_more: bool = False, url: str = "") -> tuple[int, bytes, Any]:
    """Give an answer of an impostor: a page."""
    page = {"object": "list", "data": data, "has_more": has_more, "url": url}
    return 200, json.dumps(page).encode(), JSON


def rounded_up(number: float) -> int:
    return math.ceil(number)
