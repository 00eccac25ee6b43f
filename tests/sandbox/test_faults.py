from __future__ import annotations

import http.client
import json
import socket
import time

import pytest

from tap_stripe.sandbox import Faults
from tests.sandbox.client import Client, serving


@pytest.mark.parametrize(
    ("faults", "status"),
    [
        (Faults(server_error=1), 500),
        (Faults(unavailable=1), 503),
        (Faults(conflict=1), 409),
    ],
)
def test_errors_come_as_asked_and_go_again(faults, status):
    with serving(faults=faults) as client:
        failed = client.get("/v1/plans")
        client.sandbox.faults = Faults()
        well = client.get("/v1/plans")

        assert failed.status == status
        assert failed.error["message"]
        assert well.status == 200


def test_a_lock_timeout_is_a_429_without_reason():
    with serving(faults=Faults(lock_timeout=1)) as client:
        reply = client.get("/v1/plans")

        assert reply.status == 429
        assert reply.error["code"] == "lock_timeout"
        assert "Stripe-Rate-Limited-Reason" not in reply.headers


def test_should_retry_is_sent_where_wanted():
    with serving(faults=Faults(conflict=1, should_retry=False)) as client:
        assert client.get("/v1/plans").headers["Stripe-Should-Retry"] == "false"


def test_a_reset_comes_before_any_byte():
    with serving(faults=Faults(reset=1)) as client, pytest.raises(ConnectionError):
        client.get("/v1/plans")


def test_a_cut_body_is_shorter_than_announced():
    with (
        serving(faults=Faults(cut=1)) as client,
        pytest.raises(http.client.IncompleteRead),
    ):
        client.get("/v1/plans")


def test_a_body_cut_unannounced_ends_like_a_whole_one():
    with (
        serving(faults=Faults(cut_unannounced=1)) as client,
        pytest.raises(json.JSONDecodeError),
    ):
        client.get("/v1/plans")


def test_a_hang_ends_without_an_answer():
    with serving(faults=Faults(hang=1, hang_seconds=0.2)) as client:
        begun = time.monotonic()
        with pytest.raises(ConnectionError):
            client.get("/v1/plans")

        assert time.monotonic() - begun >= 0.2


def test_a_heavy_page_comes_whole_only_when_small():
    with serving(faults=Faults(heavy={"/v1/charges": 50})) as client:
        for _ in range(3):
            broken = Client(client.sandbox)
            with pytest.raises(http.client.IncompleteRead):
                broken.get("/v1/charges", limit=100)
            broken.close()

        assert len(client.get("/v1/charges", limit=50).ids) == 50
        assert len(client.get("/v1/plans", limit=100).ids) == 15


def test_down_means_everything():
    with serving() as client:
        client.sandbox.down = True
        down = client.get("/v1/plans")
        client.sandbox.down = False

        assert down.status == 503
        assert client.get("/v1/plans").status == 200


def test_faults_come_at_their_rate_and_the_same_with_the_same_seed():
    def met(seed):
        with serving(seed=seed, faults=Faults(server_error=0.2)) as client:
            return [client.get("/v1/account").status for _ in range(200)]

    first = met(1)

    assert 20 <= first.count(500) <= 60
    assert met(1) == first
    assert met(2) != first


def test_the_log_tells_every_request():
    with serving(faults=Faults(server_error=1)) as client:
        client.get("/v1/plans")
        client.sandbox.faults = Faults()
        client.get("/v1/plans", limit=3)
        client.get("/v1/charges/ch_x")
        log = client.sandbox.log

        assert [entry.status for entry in log.entries] == [500, 200, 404]
        assert log.entries[0].fault == "server_error"
        assert log.entries[0].account is None
        assert log.entries[0].version is None
        assert log.entries[1].target == "/v1/plans?limit=3"
        assert log.by_endpoint == {"GET /v1/plans": 2, "GET /v1/charges/:id": 1}
        assert log.by_endpoint_and_status["GET /v1/plans", 500] == 1
        log.clear()
        assert len(log) == 0


def test_what_is_not_http_is_dropped(stripe):
    with socket.create_connection(("127.0.0.1", stripe.sandbox.port), 5) as raw:
        raw.sendall(b"GET / HTTP/1.1\r\nContent-Length: many\r\n\r\n")

        assert raw.recv(100) == b""
    assert stripe.get("/v1/plans").status == 200


def test_two_requests_at_once_are_answered_in_turn(stripe):
    request = b"GET /v1/plans HTTP/1.1\r\nAuthorization: Bearer sk_test_sandbox\r\n"
    last = request + b"Connection: close\r\n\r\n"
    with socket.create_connection(("127.0.0.1", stripe.sandbox.port), 5) as raw:
        raw.sendall(request + b"\r\n" + last)
        answer = b"".join(iter(lambda: raw.recv(65_536), b""))

    assert answer.count(b"HTTP/1.1 200 OK") == 2


def test_an_impostor_says_what_stripe_never_would():
    with serving() as client:
        client.sandbox.impostor = lambda target: (
            (200, b'{"data":[],"has_more":true}', {"X-Forged": "yes"})
            if target.startswith("/v1/plans")
            else None
        )
        forged = client.get("/v1/plans", limit=3)

        assert forged.body == {"data": [], "has_more": True}
        assert forged.headers["X-Forged"] == "yes"
        assert client.get("/v1/charges").ids


def test_latency_is_kept():
    with serving(latency_seconds=0.2) as client:
        begun = time.monotonic()
        client.get("/v1/plans")

        assert time.monotonic() - begun >= 0.2
