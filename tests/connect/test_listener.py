"""What this machine's port takes for an answer of Stripe's page."""

from __future__ import annotations

import socket

import pytest
import requests

from tap_stripe.connect.listener import Listener
from tap_stripe.errors import ConnectError
from tests.connect.conftest import free_port


def test_only_an_answer_is_taken_for_one() -> None:
    port = free_port()
    with Listener(port) as listener:
        asked = {
            path: requests.get(f"http://127.0.0.1:{port}{path}", timeout=5).status_code
            for path in ("/", "/favicon.ico", "/stripe", "/stripe?code=1&state=2")
        }

        assert listener.answer(within_s=5) == "/stripe?code=1&state=2"

    assert list(asked.values()) == [404, 404, 404, 200]


def test_a_browser_that_says_nothing_at_first_holds_nobody_up() -> None:
    port = free_port()
    with Listener(port) as listener, socket.create_connection(("127.0.0.1", port)):
        requests.get(f"{listener.redirect_uri}?code=1", timeout=5)

        assert listener.answer(within_s=5) == "/stripe?code=1"


def test_the_wait_has_an_end() -> None:
    with Listener(free_port()) as listener, pytest.raises(ConnectError, match="0 sec"):
        listener.answer(within_s=0)


def test_the_page_says_nothing_of_the_answer_and_sends_it_nowhere() -> None:
    port = free_port()
    with Listener(port) as listener:
        page = requests.get(f"{listener.redirect_uri}?code=secret_code", timeout=5)

    assert "secret_code" not in page.text
    assert page.headers["Referrer-Policy"] == "no-referrer"
