"""The client against servers that fail: how long it tries, and what it says then."""

from __future__ import annotations

import contextlib
import json
import logging
import socket
import threading
import time

import msgspec
import pytest

from tap_stripe.api.rate import RateBudget
from tap_stripe.errors import (
    Down,
    NotFound,
    Stopped,
    StripeError,
    Unavailable,
    Unreadable,
)
from tests.api.conftest import answer

decode = msgspec.json.Decoder(dict).decode
GOOD = answer()
REFUSED = json.dumps({"error": {"code": "resource_missing", "message": "No."}}).encode()


def get(client, path="/v1/charges", **more):
    return client.get(path, decode=decode, **more)


def seconds(began):
    return time.monotonic() - began


# Deadlines


def dripping(head, rest):
    def parts():
        yield head
        for byte in rest:
            time.sleep(0.2)
            yield bytes([byte])

    return parts()


SLOW = {
    "headers": lambda: dripping(b"HTTP/1.1 200 OK\r\nX: ", b"x" * 100),
    "a body": lambda: dripping(
        b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n", b"{" + b" " * 98 + b"}"
    ),
    "a body of unknown length": lambda: dripping(
        b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n{}", b" " * 100
    ),
    "a body in pieces": lambda: dripping(
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\n \r\n" * 20
    ),
    "an error": lambda: dripping(
        b"HTTP/1.1 500 No\r\nContent-Length: 100\r\n\r\n", b" " * 100
    ),
}


@pytest.mark.parametrize("what", SLOW)
def test_an_answer_that_drips_fails_after_twice_the_timeout(what, serving, asking):
    server = serving(lambda *_: SLOW[what]())
    client = asking(server.url, timeout_s=0.5, retry_s=0)

    began = time.monotonic()
    with pytest.raises(Down, match="not whole after 1 seconds"):
        get(client)

    assert 0.9 < seconds(began) < 2.5


def test_after_an_answer_that_dripped_the_next_one_is_taken(serving, asking):
    server = serving(lambda _, number: SLOW["a body"]() if number == 1 else GOOD)
    client = asking(server.url, timeout_s=0.4)

    assert get(client).value == {}
    assert len(server.asked) == 2


def test_a_slow_answer_within_the_deadline_is_taken(serving, asking):
    server = serving(
        lambda *_: dripping(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n", b"{  }")
    )
    client = asking(server.url, timeout_s=0.7)

    assert get(client).value == {}


# How long, and what is said then


def test_what_fails_alone_is_tried_five_times_more(serving, asking):
    server = serving(lambda path, _: answer(500) if "refunds" in path else GOOD)
    client = asking(server.url, retry_s=300)
    reading = threading.Event()

    def read():
        while not reading.wait(0.1):
            get(client)

    threading.Thread(target=read, daemon=True).start()
    with pytest.raises(Unavailable, match="after 6 tries: GET /v1/refunds") as raised:
        get(client, "/v1/refunds")
    reading.set()

    assert not isinstance(raised.value, Down)
    assert raised.value.status == 500
    assert server.asked.count("/v1/refunds") == 6


def test_what_is_tried_last_is_told_from_stripe_being_down(serving, asking):
    server = serving(lambda path, _: answer(500) if "refunds" in path else GOOD)
    client = asking(server.url, retry_s=300)
    get(client)

    with pytest.raises(Unavailable) as raised:
        get(client, "/v1/refunds")

    assert not isinstance(raised.value, Down)
    assert server.asked == ["/v1/charges", *["/v1/refunds"] * 6, "/v1/charges"]


def test_so_it_is_when_the_retry_time_is_short(serving, asking):
    server = serving(lambda path, _: answer(500) if "refunds" in path else GOOD)
    client = asking(server.url, retry_s=0.1)
    get(client)

    with pytest.raises(Unavailable, match="after 0 seconds") as raised:
        get(client, "/v1/refunds")

    assert not isinstance(raised.value, Down)


def test_several_that_fail_last_at_once_are_told_from_stripe_being_down(
    serving, asking
):
    server = serving(lambda path, _: answer(200, b"<") if "refunds" in path else GOOD)
    client = asking(server.url, retry_s=0.1)
    get(client)
    raised: list[Exception] = []

    def ask():
        try:
            get(client, "/v1/refunds")
        except StripeError as error:
            raised.append(error)

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert {type(one) for one in raised} == {Unreadable}
    assert server.asked.count("/v1/charges") <= 3


@pytest.mark.parametrize(
    "failing", [answer(500), answer(503, b""), None, answer(200, b"<html>")]
)
def test_stripe_is_down_when_nothing_is_answered(failing, serving, asking):
    server = serving(lambda _, number: GOOD if number == 1 else failing)
    client = asking(server.url, retry_s=1)
    get(client)

    with pytest.raises(Down, match=r"seconds of trying: .* next run goes on"):
        get(client)

    assert len(server.asked) > 2


def test_a_404_shows_that_stripe_is_not_down(serving, asking):
    server = serving(
        lambda path, _: answer(404, REFUSED) if path == "/v1/a" else answer(500)
    )
    client = asking(server.url, retry_s=1)

    def ask_for_another():
        with contextlib.suppress(NotFound):
            get(client, "/v1/a")

    threading.Timer(0.4, ask_for_another).start()

    with pytest.raises(Unavailable) as raised:
        get(client)

    assert not isinstance(raised.value, Down)


def test_what_is_no_json_is_tried_a_few_times(serving, asking):
    server = serving(lambda path, _: answer(200, b"<") if "refunds" in path else GOOD)
    client = asking(server.url, retry_s=300)
    get(client)

    with pytest.raises(Unreadable, match="something else than Stripe documents"):
        get(client, "/v1/refunds")

    assert server.asked.count("/v1/refunds") == 6


def test_403_without_a_code_is_what_it_is(serving, asking):
    server = serving(lambda *_: answer(403, b'{"error":{"message":"No."}}'))

    with pytest.raises(StripeError, match="No") as raised:
        get(asking(server.url))

    assert type(raised.value) is StripeError
    assert len(server.asked) == 1


def test_each_further_failure_asks_for_half(serving, asking):
    server = serving(lambda _, number: GOOD if number > 3 else answer(500))
    client = asking(server.url, retry_s=60)
    failures: list[int] = []

    def lighter(count):
        failures.append(count)
        return (("limit", str(100 >> (count - 1))),)

    get(client, lighter=lighter)

    assert failures == [1, 2, 3]
    assert server.asked[-1] == "/v1/charges?limit=25"


# Retry-After


@pytest.mark.parametrize(
    ("headers", "least", "most"),
    [
        ({"Retry_After": "1"}, 1, 2),
        ({"Retry_After": "-5"}, 0, 1),
        ({"Retry_After": "nan"}, 0, 1),
        ({"Retry_After": "soon"}, 0, 1),
        (
            {
                "Date": "Wed, 01 Jan 2020 00:00:00 GMT",
                "Retry_After": "Wed, 01 Jan 2020 00:00:02 GMT",
            },
            2,
            3,
        ),
        (
            {
                "Date": "Wed, 01 Jan 2020 00:00:00 GMT",
                "Retry_After": "Tue, 31 Dec 2019 00:00:00 GMT",
            },
            0,
            1,
        ),
    ],
)
def test_retry_after_is_waited_for(headers, least, most, serving, asking):
    server = serving(lambda _, number: answer(503, **headers) if number == 1 else GOOD)

    get(asking(server.url, retry_s=30))

    first, second = server.at
    assert least <= second - first < most


@pytest.mark.parametrize("told", ["3600", "inf", "Fri, 01 Jan 2100 00:00:00 GMT"])
def test_retry_after_is_bounded_by_the_retry_time(told, serving, asking):
    server = serving(lambda *_: answer(503, Retry_After=told))

    began = time.monotonic()
    with pytest.raises(Down):
        get(asking(server.url, retry_s=1))

    assert 1 <= seconds(began) < 2
    assert len(server.asked) == 2


# Closing


def closed_while(client, wait_s=0.3):
    """Ask in a thread, close meanwhile; give what was raised, and how soon."""
    raised: list[BaseException] = []

    def ask():
        try:
            get(client)
        except BaseException as error:  # noqa: BLE001 - it is what is looked for
            raised.append(error)

    thread = threading.Thread(target=ask)
    thread.start()
    time.sleep(wait_s)
    began = time.monotonic()
    client.close()
    thread.join(5)
    assert not thread.is_alive()
    return raised, seconds(began)


def test_closing_ends_a_wait_for_the_next_try(serving, asking):
    server = serving(lambda *_: answer(503, Retry_After="60"))

    (raised,), took = closed_while(asking(server.url, retry_s=300))

    assert isinstance(raised, Stopped)
    assert took < 0.5


def test_closing_ends_a_wait_for_the_pace(serving, asking):
    budget = RateBudget(0.01)
    budget.all.reserve()
    budget.all.reserve()
    client = asking(serving(lambda *_: GOOD).url, budget=budget)

    (raised,), took = closed_while(client)

    assert isinstance(raised, Stopped)
    assert took < 0.5


def test_closing_ends_a_wait_for_a_place(serving, asking):
    client = asking(serving(lambda *_: GOOD).url, budget=RateBudget(100, in_flight=1))

    with client.budget.in_flight.place("/v1/charges"):
        (raised,), took = closed_while(client)

    assert isinstance(raised, Stopped)
    assert took < 0.5


@pytest.mark.parametrize("what", [*SLOW, "nothing"])
def test_closing_ends_an_answer_under_way(what, serving, asking):
    def nothing():
        time.sleep(20)
        yield b""

    server = serving(lambda *_: SLOW.get(what, nothing)())

    (raised,), took = closed_while(asking(server.url, timeout_s=30))

    assert isinstance(raised, Stopped)
    assert took < 0.5


def test_a_closed_client_asks_nothing(serving, asking):
    server = serving(lambda *_: GOOD)
    client = asking(server.url)
    get(client)
    client.close()
    client.close()

    with pytest.raises(Stopped):
        get(client)

    assert len(server.asked) == 1


# What is said of a network that is not there


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


UNREACHED = {
    "refused": (lambda: f"http://127.0.0.1:{free_port()}", "refuses the connection"),
    "no name": (lambda: "https://no-such-host.invalid", "is not found"),
}


@pytest.mark.parametrize("what", UNREACHED)
def test_the_first_failed_try_says_why_and_what_to_do(what, asking, caplog):
    make, why = UNREACHED[what]

    with pytest.raises(Down, match=why):
        get(asking(make(), retry_s=1))

    (warning,) = caplog.records
    assert warning.levelno == logging.WARNING
    assert "can't be reached: " in warning.getMessage()
    assert why in warning.getMessage()
    assert "HTTPS_PROXY" in warning.getMessage()
    assert "again for 1 seconds" in warning.getMessage()


def test_a_proxy_that_refuses_is_named_without_its_password(
    serving, asking, caplog, monkeypatch
):
    proxy = serving(lambda *_: answer(407, b""))
    address = proxy.url.replace("http://", "http://me:hush@")
    monkeypatch.setenv("HTTPS_PROXY", address)
    monkeypatch.setenv("NO_PROXY", "")

    with pytest.raises(Down, match="HTTPS_PROXY names does not let it through"):
        get(asking("https://api.stripe.com", retry_s=0.2))

    assert "HTTPS_PROXY" in caplog.text
    assert "hush" not in caplog.text


def test_nothing_within_the_timeout_names_its_setting(serving, asking, caplog):
    server = serving(lambda *_: time.sleep(1))

    with pytest.raises(Down, match=r"nothing came for 0.2 seconds \(request_timeout\)"):
        get(asking(server.url, timeout_s=0.2, retry_s=1))

    assert "request_timeout" in caplog.text


def test_one_reset_among_answers_is_not_worth_a_warning(serving, asking, caplog):
    server = serving(lambda _, number: None if number == 3 else GOOD)
    client = asking(server.url)

    for _ in range(4):
        get(client)

    assert not caplog.records
    assert len(server.asked) == 5


# Stripe's clock


def test_answers_are_dated_by_stripes_clock(serving, asking, caplog):
    server = serving(lambda *_: answer(Date="Wed, 01 Jan 2020 00:00:00 GMT"))
    client = asking(server.url)

    received_at = get(client).received_at

    assert 1577836799 <= received_at <= 1577836801
    assert client.clock.now() == pytest.approx(received_at, abs=1)
    assert client.clock.offset < -86400
    (warning,) = caplog.records
    assert "ahead of Stripe's: the tap goes by Stripe's" in warning.getMessage()


def test_without_a_date_the_machines_clock_counts(serving, asking, caplog):
    received_at = get(asking(serving(lambda *_: GOOD).url)).received_at

    assert received_at == pytest.approx(time.time(), abs=1)
    assert not caplog.records
