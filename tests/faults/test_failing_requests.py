"""Requests that fail: a sync ends right, only later, or says that it can't."""

from __future__ import annotations

import contextlib
import socket
import threading

import pytest

from tap_stripe.sandbox import Faults, Limits, Options
from tests.conftest import ROUNDS
from tests.faults.conftest import assert_one_sentence, share

SOME = 0.05
MANY = 0.15
HANG_S = 2
KINDS = {
    "server_error": Faults(server_error=MANY),
    "unavailable": Faults(unavailable=MANY),
    "conflict": Faults(conflict=MANY),
    "lock_timeout": Faults(lock_timeout=MANY),
    "reset": Faults(reset=MANY),
    "cut": Faults(cut=MANY),
    "cut_unannounced": Faults(cut_unannounced=MANY),
    "hang": Faults(hang=MANY, hang_seconds=HANG_S),
}
TIMEOUT_S = 1
# Five, and those that are under way by then.
MOST_BY_HALVES = 10


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
        Options(seed=seed, scale=0.3, faults=Faults.evenly(SOME, hang_seconds=HANG_S))
    )
    sync_ends_right(copy, tried)
    for round_ in range(max(1, rounds // 6)):
        copy.sandbox.change(80, seed=seed + round_)

        sync_ends_right(copy, tried)


@pytest.mark.parametrize("kind", KINDS)
def test_a_sync_ends_right_when_many_requests_fail_in_one_way(
    copying, tried, seed, kind
):
    copy = copying(Options(seed=seed, scale=0.1, faults=KINDS[kind]))

    sync_ends_right(copy, tried)


@pytest.mark.parametrize("should_retry", [True, False, None])
def test_a_storm_of_429_only_slows_a_sync(copying, tried, seed, should_retry):
    limits = Limits(requests_per_second=10, should_retry=should_retry)
    copy = copying(Options(seed=seed, scale=0.05, limits=limits))

    sync_ends_right(copy, tried)


def test_retry_after_is_waited_for(copying, tried, seed):
    limits = Limits(requests_per_second=12, retry_after_seconds=1)
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
def test_what_stripe_says_not_to_try_again_is_asked_once_and_all_else_is_read(
    copying, seed, status
):
    copy = copying(Options(seed=seed, scale=0.05))
    copy.sandbox.impostor = lambda target: (
        (status, b"{}", {"Stripe-Should-Retry": "false"})
        if target.startswith("/v1/charges")
        else None
    )

    assert_one_sentence(copy.sync(), str(status))
    asked = [
        entry.target
        for entry in copy.sandbox.log.entries
        if entry.endpoint == "GET /v1/charges"
    ]
    # The list, and by halves: then what is bad may be a page.
    assert 0 < len(asked) <= MOST_BY_HALVES
    assert len(set(asked)) == len(asked)
    others = [one for one in copy.differences() if not one.startswith("charges:")]
    assert [one for one in others if not one.startswith("refunds:")] == []
    copy.sandbox.impostor = None
    sync_ends_right(copy, lambda _: None)


@pytest.mark.parametrize("status", [408, 421, 425])
def test_what_passes_by_itself_is_asked_for_again(copying, seed, status):
    copy = copying(Options(seed=seed, scale=0.05))
    copy.sandbox.impostor = lambda target: (
        (status, b"", {})
        if target.startswith("/v1/charges")
        and copy.sandbox.log.by_endpoint["GET /v1/charges"] < 3
        else None
    )

    sync_ends_right(copy, lambda _: None)
    assert copy.sandbox.log.by_status[status] > 0


BROKEN = {
    "a chunk of negative size": b"Transfer-Encoding: chunked\r\n\r\n-5\r\n{}\r\n",
    "gzip that is none": b"Content-Encoding: gzip\r\nContent-Length: 2\r\n\r\n{}",
    "a header that is cut": b"Content-Le",
}


@pytest.mark.parametrize("what", BROKEN)
def test_an_answer_that_is_no_http_is_asked_for_again(copying, seed, what):
    copy = copying(Options(seed=seed, scale=0.05))
    with answering(b"HTTP/1.1 200 OK\r\n" + BROKEN[what]) as url:
        assert_one_sentence(copy.sync(api_url=url, retry_seconds=1), "still failed")


@contextlib.contextmanager
def answering(raw):
    """Give the address of a server that answers everything with these bytes."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve():
            with contextlib.suppress(OSError):
                while True:
                    connection, _ = server.accept()
                    with connection:
                        connection.recv(65536)
                        connection.sendall(raw)

        threading.Thread(target=serve, daemon=True).start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}"


UNUSABLE = {
    "a port that is none": ("https://localhost:99999", {}),
    "a proxy that is none": ("https://localhost:1", {"https_proxy": ":::"}),
    "certificates that are not there": (
        "https://localhost:1",
        {"REQUESTS_CA_BUNDLE": "/not/there.pem"},
    ),
}


@pytest.mark.parametrize("what", UNUSABLE)
def test_what_can_not_be_sent_is_not_tried_again(copying, seed, what, monkeypatch):
    copy = copying(Options(seed=seed, scale=0.05))
    url, environment = UNUSABLE[what]
    for name, value in environment.items():
        monkeypatch.setenv(name, value)

    ran = copy.sync(api_url=url)

    assert_one_sentence(ran, "can't be sent")
    assert "tried again" not in ran.err


def test_when_stripe_stays_down_one_sentence_says_so_and_the_next_run_goes_on(
    copying, tried, seed
):
    options = Options(
        seed=seed, sizes={"charges": 2_000}, scale=0.1, latency_seconds=0.05
    )
    copy = copying(options)
    everything = len(copy.sync().messages("RECORD"))
    requests = len(copy.sandbox.log)
    copy = copying(options)
    copy.sandbox.impostor = lambda _: (
        (503, b"", {}) if len(copy.sandbox.log) > 0.8 * requests else None
    )

    ran = copy.sync(retry_seconds=2)

    assert_one_sentence(ran, "next run goes on")
    copy.sandbox.impostor = None
    going_on = copy.sync()
    assert going_on.code == 0
    copy.assert_equal()
    rest = len(going_on.messages("RECORD"))
    tried(f"{share(rest, everything)} of the rows in the next run")
    assert rest < 0.8 * everything


def test_a_server_that_is_not_there_is_one_sentence(copying, seed):
    copy = copying(Options(seed=seed, scale=0.05))
    url = copy.sandbox.url
    copy.sandbox.close()

    ran = copy.sync(api_url=url, retry_seconds=1)

    assert_one_sentence(ran, "no whole answer")
