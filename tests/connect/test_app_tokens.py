"""The tokens of an app: one exchange at a time, and none is lost."""

from __future__ import annotations

import json
import multiprocessing
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from tap_stripe.connect.app_tokens import AppTokens
from tap_stripe.connect.endpoints import Endpoints
from tap_stripe.connect.hosts import hosts_of
from tap_stripe.connect.token_file import TokenFile
from tap_stripe.errors import AccessLost, ConnectError, KeyRefused, Unavailable
from tap_stripe.sandbox import Faults, Options, Sandbox
from tests.connect.conftest import KEY, NOW, exchanges, installed

if TYPE_CHECKING:
    from pathlib import Path

OLD_S = 55 * 60
# Four interpreters start at once, perhaps on a busy machine.
START_S = 120


@pytest.fixture
def sandbox():
    # Stripe's promise about sending again must not hide that something is sent twice.
    options = Options(now=NOW, scale=0.02, keys={KEY: None}, exchange_once=False)
    with Sandbox(options) as serving:
        yield serving


@pytest.fixture
def path(tmp_path, sandbox) -> Path:
    return installed(sandbox, tmp_path / "tokens.json")


def app_tokens(sandbox, path, *, key=KEY, retry_s=5.0, hide=lambda _: None, **others):
    endpoints = Endpoints(hosts_of(sandbox.url), key, timeout_s=2, retry_s=retry_s)
    return AppTokens(TokenFile(path), endpoints, hide=hide, **others)


def test_an_access_token_is_used_for_55_minutes(sandbox, path) -> None:
    kept = TokenFile(path).read()
    clock = [kept.obtained_at + OLD_S - 1]
    tokens = app_tokens(sandbox, path, now=lambda: clock[0])

    young = tokens.token()
    clock[0] += 1
    renewed = tokens.token()

    assert young == kept.access_token
    assert renewed != young
    assert exchanges(sandbox) == 1


def test_what_an_exchange_brings_is_in_the_file_and_hidden(sandbox, path) -> None:
    hidden: list[str] = []

    given = app_tokens(sandbox, path, hide=hidden.append).token()

    kept = TokenFile(path).read()
    assert kept.access_token == given
    assert {kept.access_token, kept.refresh_token} <= set(hidden)
    assert path.stat().st_mode & 0o777 == 0o600
    assert time.time() - kept.obtained_at < 10
    assert app_tokens(sandbox, path).token() == given


def test_many_threads_make_one_exchange(sandbox, path) -> None:
    tokens = app_tokens(sandbox, path)

    with ThreadPoolExecutor(24) as threads:
        given = set(threads.map(lambda _: tokens.token(), range(24)))

    assert len(given) == 1
    assert exchanges(sandbox) == 1


def test_many_threads_that_are_refused_make_one_exchange(sandbox, path) -> None:
    kept = TokenFile(path).read()
    tokens = app_tokens(sandbox, path, now=lambda: kept.obtained_at)
    refused = tokens.token()

    with ThreadPoolExecutor(24) as threads:
        again = list(threads.map(lambda _: tokens.renew(refused), range(24)))

    assert all(again)
    assert tokens.token() != refused
    assert exchanges(sandbox) == 1


def test_what_another_run_has_got_is_used(sandbox, path) -> None:
    first, second = app_tokens(sandbox, path), app_tokens(sandbox, path)

    assert first.token() == second.token()
    assert exchanges(sandbox) == 1


def renew_in_a_process(url, path, barrier) -> None:
    endpoints = Endpoints(hosts_of(url), KEY, timeout_s=5, retry_s=5)
    for _ in range(5):
        tokens = AppTokens(TokenFile(path), endpoints, hide=lambda _: None)
        barrier.wait(START_S)
        assert tokens.renew(tokens.token())


def test_processes_do_not_burn_each_others_refresh_token(sandbox, path) -> None:
    spawned = multiprocessing.get_context("spawn")
    barrier = spawned.Barrier(4)
    processes = [
        spawned.Process(target=renew_in_a_process, args=(sandbox.url, path, barrier))
        for _ in range(4)
    ]

    for process in processes:
        process.start()
    for process in processes:
        process.join(2 * START_S)

    assert [process.exitcode for process in processes] == [0, 0, 0, 0]
    assert set(sandbox.log.by_status) == {200}
    assert exchanges(sandbox) >= 5


LOST = {
    "cut": Faults(cut=1.0),
    "cut unannounced": Faults(cut_unannounced=1.0),
    "reset": Faults(reset=1.0),
    "error": Faults(server_error=1.0),
}


@pytest.mark.parametrize("fault", LOST)
def test_an_answer_that_is_lost_is_asked_for_again(tmp_path, fault) -> None:
    with Sandbox(Options(now=NOW, scale=0.02, keys={KEY: None})) as sandbox:
        path = installed(sandbox, tmp_path / "tokens.json")
        tokens = app_tokens(sandbox, path)
        sandbox.faults = LOST[fault]
        mended = threading.Timer(1.0, setattr, (sandbox, "faults", Faults()))
        mended.start()

        given = tokens.token()

        mended.join()
        assert exchanges(sandbox) > 1
        assert TokenFile(path).read().access_token == given
        assert sandbox.log.entries[-1].status == 200


def test_stripe_that_stays_away_is_named(sandbox, path) -> None:
    tokens = app_tokens(sandbox, path, retry_s=0.5)
    before = path.read_bytes()
    sandbox.down = True

    with pytest.raises(Unavailable, match="got no answer in 0"):
        tokens.token()

    assert path.read_bytes() == before
    sandbox.down = False
    assert app_tokens(sandbox, path).token()


def test_a_burnt_refresh_token_needs_the_account_again(sandbox, path) -> None:
    before = path.read_bytes()
    app_tokens(sandbox, path).token()
    path.write_bytes(before)

    with pytest.raises(AccessLost, match="connect the account again") as lost:
        app_tokens(sandbox, path).token()

    assert lost.value.status == 400


def test_a_developers_key_that_is_refused_is_named(sandbox, path) -> None:
    tokens = app_tokens(sandbox, path, key="sk_test_51Somebody")

    with pytest.raises(KeyRefused, match="oauth_secret_key"):
        tokens.token()


def test_a_renewal_that_fails_is_tried_by_one_thread(sandbox, path) -> None:
    tokens = app_tokens(sandbox, path, key="sk_test_51Somebody")

    def failed(_: int) -> bool:
        with pytest.raises(KeyRefused):
            tokens.token()
        return True

    with ThreadPoolExecutor(24) as threads:
        assert all(threads.map(failed, range(24)))

    assert exchanges(sandbox) == 1


@pytest.mark.parametrize("content", [None, b"", b"\xff", b"{}", b'{"account": 1}'])
def test_a_file_without_tokens_is_named(sandbox, tmp_path, content) -> None:
    path = tmp_path / "tokens.json"
    if content is not None:
        path.write_bytes(content)

    with pytest.raises(ConnectError, match="can't be used"):
        app_tokens(sandbox, path)


def test_before_any_exchange_the_place_is_tried(sandbox, path) -> None:
    # No name is left for the new file beside it.
    long = path.rename(path.with_name("x" * 250))

    with pytest.raises(ConnectError, match="can't be written"):
        app_tokens(sandbox, long).token()

    assert exchanges(sandbox) == 0


def test_tokens_do_not_show_in_a_traceback(path) -> None:
    tokens = TokenFile(path).read()

    assert json.loads(path.read_bytes())["access_token"] == tokens.access_token
    for secret in (tokens.access_token, tokens.refresh_token):
        assert secret not in repr(tokens)
