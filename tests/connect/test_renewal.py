"""Whole syncs whose tokens expire, are shared, are lost or are withdrawn meanwhile."""

from __future__ import annotations

import itertools
import json
import random
import signal
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

from tap_stripe.sandbox import Options, Sandbox
from tests.conftest import Ran, Tap
from tests.connect.conftest import KEY, NOW, exchanges, installed
from tests.expected import differences
from tests.faults.conftest import assert_one_sentence
from tests.target import Target

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

YOUNG_S = 10
OLD_S = 3_300
LATENCY_S = 0.05
KILLS = 5
START_S = 30
PACE = 30
HOUR_S = 3_600
# Requests in a row; a run has 100.
USED_FOR = 30


class App:
    """A sandbox, an app that is installed on its account, and the tap."""

    def __init__(self, folder: Path, *, age_s: float, **options: Any) -> None:
        self._later_s = 0
        own = {
            "now": NOW,
            "scale": 0.1,
            "keys": {KEY: None},
            "clock": lambda: time.time() + self._later_s,
            **options,
        }
        self.sandbox = Sandbox(Options(**own))
        self.sandbox.start()
        self.tap = Tap(folder)
        self.tokens = installed(self.sandbox, folder / "tokens.json", age_s=age_s)
        self.folder = folder

    def config(self, **settings: Any) -> dict[str, Any]:
        return {
            "oauth_token_file": str(self.tokens),
            "oauth_secret_key": KEY,
            "api_url": self.sandbox.url,
            "requests_per_second": 1000,
            "requests_per_second_per_endpoint": 1000,
            **settings,
        }

    def sync(self, target: Target, **settings: Any) -> Ran:
        return self.tap.sync(self.config(**settings), target)

    def statuses(self) -> set[int]:
        return set(self.sandbox.log.by_status)

    def expire_tokens(self, *, times: int) -> None:
        """Let all tokens expire in mid run, each time when they were used for a while.

        The time of Stripe goes on an hour, that of the tap does not: the tap learns of
        it by a refusal, however fast or slow the machine is.
        """
        expired = itertools.count()
        self.sandbox.log.clear()

        def pass_by(target: str) -> None:
            last = self.sandbox.log.entries[-USED_FOR:]
            is_in_use = len(last) == USED_FOR and {one.status for one in last} == {200}
            if is_in_use and "/oauth/" not in target and next(expired) < times:
                self._later_s += HOUR_S

        self.sandbox.impostor = pass_by


@pytest.fixture
def apps(tmp_path: Path) -> Iterator[Callable[..., App]]:
    """Give a function that makes an app."""
    made: list[App] = []

    def make(*, age_s: float = YOUNG_S, **options: Any) -> App:
        made.append(App(tmp_path, age_s=age_s, **options))
        return made[-1]

    yield make
    for app in made:
        app.sandbox.close()


def test_a_token_about_to_expire_is_renewed_before_it_is_refused(apps) -> None:
    app = apps(age_s=OLD_S)
    target = Target()

    ran = app.sync(target)

    assert ran.code == 0, ran.err
    assert exchanges(app.sandbox) == 1
    assert app.statuses() == {200}
    assert differences(app.sandbox, target.tables) == []


@pytest.mark.parametrize("retry_seconds", [60, 0])
def test_tokens_that_expire_in_mid_run_are_renewed(apps, retry_seconds) -> None:
    app = apps(scale=0.6)
    app.sandbox.latency_seconds = LATENCY_S
    app.expire_tokens(times=2)
    target = Target()

    ran = app.sync(target, retry_seconds=retry_seconds)

    assert ran.code == 0, ran.err
    assert exchanges(app.sandbox) == 2
    assert app.statuses() == {200, 401}
    assert differences(app.sandbox, target.tables) == []


@pytest.mark.parametrize("seed", [1, 2])
def test_two_runs_at_once_share_the_tokens(apps, tmp_path, seed) -> None:
    # Without Stripe's promise, which would hide that one had burnt the other's.
    app = apps(seed=seed, scale=0.6, exchange_once=False)
    app.sandbox.latency_seconds = LATENCY_S
    other = tmp_path / "other"
    other.mkdir()
    # Once: a run held up for long would meet the next time as a second refusal.
    app.expire_tokens(times=1)

    with ThreadPoolExecutor(2) as both:
        ran = list(both.map(lambda tap: tap.run(app.config()), (app.tap, Tap(other))))

    by_both = app.sandbox.log.by_endpoint_and_status
    assert by_both["POST /v1/oauth/token", 400] == 0
    assert by_both["POST /v1/oauth/token", 200] == 1
    assert app.statuses() == {200, 401}
    for one in ran:
        assert one.code == 0, one.err
        target = Target()
        target.take(one.out.splitlines(keepends=True))
        assert differences(app.sandbox, target.tables) == []


def test_a_new_token_is_kept_before_it_is_used(apps) -> None:
    app = apps(age_s=OLD_S)
    before = app.tokens.read_bytes()
    held: list[bytes] = []

    def look(target: str) -> None:
        if not target.startswith("/v1/oauth"):
            held.append(app.tokens.read_bytes())

    app.sandbox.impostor = look

    assert app.sync(Target()).code == 0
    assert held
    assert before not in held
    assert set(held) == {app.tokens.read_bytes()}


def test_a_kill_at_any_moment_of_a_renewal_costs_nobody_the_access(apps) -> None:
    app = apps(age_s=OLD_S)
    chance = random.Random(1)
    killed = 0
    for _ in range(KILLS):
        aged(app)
        asked = exchanges(app.sandbox)
        process = app.tap.start(app.config(), stdout=subprocess.DEVNULL)
        deadline = time.monotonic() + START_S
        while exchanges(app.sandbox) == asked and process.poll() is None:
            assert time.monotonic() < deadline
            time.sleep(0.001)
        time.sleep(chance.random() * 0.01)
        process.send_signal(signal.SIGKILL)
        process.communicate()
        killed += process.returncode == -signal.SIGKILL
    aged(app)
    target = Target()

    ran = app.sync(target)

    assert killed == KILLS
    assert ran.code == 0, ran.err
    assert differences(app.sandbox, target.tables) == []


def aged(app: App) -> None:
    """Let the tokens in the file be as old as to be renewed."""
    kept = json.loads(app.tokens.read_bytes())
    kept["obtained_at"] = time.time() - OLD_S
    app.tokens.write_text(json.dumps(kept), encoding="utf-8")


def test_access_withdrawn_in_mid_run_is_one_sentence_and_a_true_state(
    apps, tmp_path
) -> None:
    app = apps(scale=0.3)
    app.sandbox.latency_seconds = LATENCY_S
    said = tmp_path / "said"
    with said.open("wb") as stdout:
        process = app.tap.start(app.config(requests_per_second=PACE), stdout=stdout)
    deadline = time.monotonic() + START_S
    while len(app.sandbox.log) < 30 and process.poll() is None:
        assert time.monotonic() < deadline
        time.sleep(0.01)

    app.sandbox.uninstall_app()
    _, err = process.communicate(timeout=60)

    ran = Ran(process.returncode, said.read_bytes(), err.decode())
    assert_one_sentence(ran, "connect the account again with `tap-stripe connect app`")
    assert ran.messages("STATE")


def test_a_burnt_refresh_token_is_one_sentence(apps) -> None:
    app = apps(age_s=OLD_S, exchange_once=False)
    before = app.tokens.read_bytes()
    assert app.sync(Target()).code == 0
    app.tokens.write_bytes(before)

    assert_one_sentence(app.sync(Target()), "connect the account again")


SETTINGS: dict[str, tuple[dict[str, Any], str]] = {
    "a key too": ({"api_key": KEY}, "api_key and oauth_token_file are both set"),
    "no key to renew": ({"oauth_secret_key": " "}, "oauth_secret_key is missing"),
    "a key in a list": ({"oauth_secret_key": [KEY]}, "oauth_secret_key must be a text"),
    "a key with a blank": (
        {"oauth_secret_key": "a b"},
        "oauth_secret_key is no secret or restricted key",
    ),
    "another's key": ({"oauth_secret_key": "sk_test_51Other"}, "oauth_secret_key"),
    "no file": ({"oauth_token_file": "/no/such/tokens.json"}, "can't be used"),
    "a folder": ({"oauth_token_file": "/"}, "can't be used"),
}


@pytest.mark.parametrize("situation", SETTINGS)
def test_settings_that_cant_be_used_are_one_sentence(apps, situation) -> None:
    settings, words = SETTINGS[situation]
    app = apps(age_s=OLD_S)

    ran = app.sync(Target(), **settings)

    assert_one_sentence(ran, words)
    assert KEY not in ran.err


def test_the_check_takes_an_apps_tokens(apps) -> None:
    app = apps()

    ran = app.tap.run(app.config(), "--test")

    assert ran.code == 0, ran.err
    assert ran.out.decode().startswith("Key          access token")
