"""What this machine's port takes for an answer of Stripe's page."""

from __future__ import annotations

import socket

import pytest
import requests

from tap_stripe.connect.listener import Listener
from tap_stripe.errors import ConnectError
from tests.connect.conftest import free_port

STATE = "of_this_command"


def test_only_an_answer_is_taken_for_one() -> None:
    port = free_port()
    with Listener(port, state=STATE) as listener:
        asked = {
            path: requests.get(f"http://127.0.0.1:{port}{path}", timeout=5).status_code
            for path in (
                "/",
                "/favicon.ico",
                "/stripe",
                f"/stripe?code=1&state={STATE}",
            )
        }

        assert listener.answer(within_s=5) == f"/stripe?code=1&state={STATE}"

    assert list(asked.values()) == [404, 404, 400, 200]


@pytest.mark.parametrize(
    "path",
    [
        "/stripe?code=1",
        "/stripe?code=1&state=another",
        f"/stripe?code=1&state={STATE}x",
        "/stripe?error=access_denied",
        f"/elsewhere?code=1&state={STATE}",
        "//[?code=1",
    ],
)
def test_a_strangers_call_is_refused_and_the_wait_goes_on(path) -> None:
    port = free_port()
    with Listener(port, state=STATE) as listener:
        with socket.create_connection(("127.0.0.1", port), timeout=5) as stranger:
            stranger.sendall(f"GET {path} HTTP/1.0\r\n\r\n".encode())
            said = stranger.makefile("rb").read()
        with pytest.raises(ConnectError, match="nothing back"):
            listener.answer(within_s=0)
        requests.get(f"{listener.redirect_uri}?code=1&state={STATE}", timeout=5)

        assert listener.answer(within_s=5) == f"/stripe?code=1&state={STATE}"

    assert said.split()[1] in {b"400", b"404"}


def test_a_browser_that_says_nothing_at_first_holds_nobody_up() -> None:
    port = free_port()
    with (
        Listener(port, state=STATE) as listener,
        socket.create_connection(("127.0.0.1", port)),
    ):
        requests.get(f"{listener.redirect_uri}?code=1&state={STATE}", timeout=5)

        assert listener.answer(within_s=5) == f"/stripe?code=1&state={STATE}"


def test_the_wait_has_an_end() -> None:
    with (
        Listener(free_port(), state=STATE) as listener,
        pytest.raises(ConnectError, match="0 sec"),
    ):
        listener.answer(within_s=0)


def test_the_page_says_nothing_of_the_answer_and_sends_it_nowhere() -> None:
    port = free_port()
    with Listener(port, state=STATE) as listener:
        answer = f"{listener.redirect_uri}?code=secret_code&state={STATE}"
        page = requests.get(answer, timeout=5)

    assert "secret_code" not in page.text
    assert page.headers["Referrer-Policy"] == "no-referrer"
