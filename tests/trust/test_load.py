"""Under load and under attack: slow answers, limits, and text from outside."""

from __future__ import annotations

import contextlib
import re
import socket
import threading
import time
from urllib.parse import urlsplit

import pytest

from tests.trust.conftest import refused

# One request for each: 50 pages at 50 a second.
PAGES = 50
PACE = 50


def limited(**headers):
    error = refused(429, "Request rate limit exceeded.", code="rate_limit")
    return error[0], error[1], {**error[2], **headers}


EARLY = {
    "a rate limit": limited(**{"Stripe-Rate-Limited-Reason": "global-rate"}),
    "an endpoint's rate limit": limited(
        **{"Stripe-Rate-Limited-Reason": "endpoint-rate"}
    ),
    "a concurrency limit": limited(
        **{"Stripe-Rate-Limited-Reason": "global-concurrency"}
    ),
    "without a reason": limited(),
}


@pytest.mark.parametrize("which", EARLY)
def test_one_early_429_costs_little(copying, which):
    copy = copying(
        kind=True, sizes={"charges": PAGES * 20}, most_per_page=20, absent_nulls=False
    )
    how = {
        "only": ("charges",),
        "requests_per_second": PACE,
        "requests_per_second_per_endpoint": PACE,
    }
    copy.catalog("charges")  # So that it takes no part of the time.

    def took():
        began = time.monotonic()
        copy.run(retry_seconds=60, **how).assert_well()
        return time.monotonic() - began

    undisturbed = took()
    asked = []

    def early(target):
        if not urlsplit(target).path.startswith("/v1/charges"):
            return None
        asked.append(target)
        return EARLY[which] if len(asked) == 1 else None

    copy.sandbox.impostor = early
    assert took() <= 1.5 * undisturbed + 1
    assert asked


DRIPS = {
    "the body": (b"HTTP/1.1 200 OK\r\nContent-Length: 10000\r\n\r\n", b" "),
    "the headers": (b"HTTP/1.1 200 OK\r\nX-Slow: ", b"a"),
    "the chunks": (
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"1\r\n \r\n",
    ),
}


@contextlib.contextmanager
def dripping(head, drop):
    """Give the address of a server that answers without end, a drop at a time."""
    ended = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as server:

        def drip(connection):
            with contextlib.suppress(OSError), connection:
                connection.recv(65_536)
                connection.sendall(head)
                while not ended.wait(0.1):
                    connection.sendall(drop)

        def serve():
            with contextlib.suppress(OSError):
                while True:
                    connection, _ = server.accept()
                    threading.Thread(
                        target=drip, args=(connection,), daemon=True
                    ).start()

        threading.Thread(target=serve, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.getsockname()[1]}"
        finally:
            ended.set()


@pytest.mark.parametrize("which", DRIPS)
def test_an_answer_that_drips_has_a_deadline(copying, which):
    copy = copying()
    began = time.monotonic()
    with dripping(*DRIPS[which]) as url:
        ran = copy.run(api_url=url, request_timeout=0.5, retry_seconds=1)

    assert time.monotonic() - began < 10
    assert "Traceback" not in ran.err
    assert ran.code == 1
    assert ran.errors


@pytest.mark.parametrize("only", ["update_charge", "create_charge"])
def test_the_state_does_not_grow_with_what_has_changed(copying, only):
    copy = copying(kind=True, sizes={"charges": 600})
    copy.sync().assert_well()
    copy.later()
    copy.sandbox.change(20, only=(only,))
    little = copy.sync(often=True)
    copy.later()
    copy.sandbox.change(600, only=(only,))

    much = copy.sync(often=True)

    little.assert_well()
    much.assert_well()
    copy.assert_equal()
    most = max(map(len, much.states))
    assert most <= 1.2 * max(map(len, little.states)) + 1_000


@pytest.mark.parametrize("changes", [600])
def test_states_are_a_small_part_of_what_is_written(copying, changes):
    copy = copying(kind=True, scale=0.1)
    copy.sync().assert_well()
    copy.later()
    copy.sandbox.change(changes)

    ran = copy.sync()

    ran.assert_well()
    last = ran.states[-1]
    # The last STATE is always due; those before it follow the rows.
    before = sum(map(len, ran.states)) - len(last)
    assert before <= 0.02 * len(ran.out) + len(last)


# Text from outside

NASTY = "\x1b]0;owned\x07\x1b[2J\n2026-01-01 | ERROR    | tap-stripe | forged\r\x9b31m"
CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]")


def assert_clean(ran):
    assert not CONTROL.search(ran.err), CONTROL.search(ran.err)
    assert not [line for line in ran.err.splitlines() if line.endswith("| forged")]
    assert not [line for line in ran.err.splitlines() if line.startswith("2026-01-01 ")]
    assert "Traceback" not in ran.err


def say_nasty(copy, where):
    """Let Stripe say it somewhere."""
    sandbox = copy.sandbox
    one = sandbox.objects("charges")[0]
    match where:
        case "a property's name":
            sandbox.edit("charges", one["id"], **{f"new{NASTY}": 1})
        case "an object's type":
            sandbox.break_(
                "/v1/charges",
                "garbled",
                holding=one["id"],
                garble=lambda thing: {**thing, "object": f"charge{NASTY}"},
            )
        case "an id":
            sandbox.raise_event("charge.updated", {**one, "id": f"ch_{NASTY}"})
        case "an event's type":
            sandbox.raise_event(f"charge.updated{NASTY}", one)
        case "the words of a 400":
            sandbox.impostor = saying(refused(400, f"No.{NASTY}"))
        case "the words of a 403":
            sandbox.impostor = saying(refused(403, f"No.{NASTY}"))
        case "the code of an error":
            sandbox.impostor = saying(refused(400, "No.", code=f"c{NASTY}"))
        case "a body that is no JSON":
            sandbox.impostor = saying((200, f"<b>{NASTY}</b>".encode(), {}))
        case "a request id":
            status, body, headers = refused(400, "No.")
            # A header holds neither newlines nor what latin-1 lacks.
            told = NASTY.replace("\n", "\t").replace("\r", "")
            sandbox.impostor = saying((status, body, {**headers, "Request-Id": told}))
        case _:
            raise AssertionError(where)


def saying(answer):
    return lambda target: answer if urlsplit(target).path == "/v1/charges" else None


@pytest.mark.parametrize(
    "where",
    [
        "a property's name",
        "an object's type",
        "an id",
        "an event's type",
        "the words of a 400",
        "the words of a 403",
        "the code of an error",
        "a body that is no JSON",
        "a request id",
    ],
)
def test_text_from_outside_reaches_the_log_as_visible_text_only(copying, where):
    copy = copying()
    if where in {"an id", "an event's type"}:
        copy.sync().assert_well()
        copy.later()
    say_nasty(copy, where)

    ran = copy.sync()

    assert_clean(ran)


def test_the_id_of_an_account_reaches_the_log_as_visible_text_only(copying):
    copy = copying(accounts=2)
    nasty = f"acct_{NASTY}"
    own = copy.sandbox.objects("account")[0]
    copy.sandbox.break_("/v1/account", "garbled", garble=lambda _: {**own, "id": nasty})
    one = copy.ids[0]
    copy.sandbox.break_(
        "/v1/accounts", "garbled", holding=one, garble=lambda a: {**a, "id": nasty}
    )

    assert_clean(copy.run())


def test_a_state_with_such_text_reaches_the_log_as_visible_text_only(copying):
    copy = copying()
    state = {"bookmarks": {f"charges{NASTY}": {"account": NASTY, "version": NASTY}}}

    assert_clean(copy.run(state=state))
