"""The API key is in nothing that a run leaves behind or sends elsewhere."""

from __future__ import annotations

import json
import signal
import time
from pathlib import Path
from typing import Any

import pytest

from tap_stripe.sandbox import Faults, Limits, Options
from tests.conftest import Ran
from tests.connect.conftest import installed
from tests.faults.conftest import JSON, assert_one_sentence, listed, refused

KEY = "sk_test_51FaultsVerySecret+/=Key"
OTHER_KEY = "sk_test_51FaultsUnknownSecretKey"


@pytest.fixture(autouse=True)
def _loud(monkeypatch):
    """Have every run log all that it can."""
    monkeypatch.setenv("LOGLEVEL", "DEBUG")


@pytest.fixture
def small(copying, seed):
    options = Options(seed=seed, scale=0.05, keys={KEY: None})
    return copying(options, retry_seconds=0.3, request_timeout=1)


def assert_no_key(ran, key=KEY):
    for text in (key, key[:-1], json.dumps(key).strip('"')):
        assert text not in ran.err, ran.err[:2000]
        assert text.encode() not in ran.out


def echo(*names):
    """Say the key in a page, wherever a message could take it from."""
    charge = {"id": "ch_1", "object": "charge", "created": 500}
    return listed({**charge, **dict.fromkeys(names, KEY)})


SITUATIONS = {
    "a sync": lambda _: None,
    "an error that says the key": lambda _: refused(400, f"The key {KEY} is bad."),
    "a code and a param that say it": lambda _: refused(
        400, "No.", code=KEY, param=KEY
    ),
    "a 401 that says it": lambda _: refused(401, f"Invalid API Key provided: {KEY}"),
    "a 403 that says it": lambda _: refused(
        403,
        f"The provided key '{KEY}' does not have the required permissions for this "
        "endpoint. Having the 'rak_charge_read' permission would allow this request.",
        code="more_permissions_required",
    ),
    "a 500 that says it": lambda _: refused(500, f"{KEY} has broken us."),
    "a request id that is it": lambda _: (400, b"{}", {"Request-Id": KEY}),
    "a redirect to it": lambda _: (302, b"", {"Location": f"https://{KEY}/"}),
    "no JSON but the key": lambda _: (200, KEY.encode(), JSON),
    "an object named for it": lambda _: (
        200,
        json.dumps({"object": KEY, "data": [], "has_more": False}).encode(),
        JSON,
    ),
    "a type named for it": lambda _: echo("object"),
    "a time that is it": lambda _: echo("created"),
    "a property named for it": lambda _: listed(
        {"id": "ch_1", "object": "charge", "created": 500, KEY: 1}
    ),
    "an address that is it": lambda _: listed(
        {
            "id": "in_1",
            "object": "invoice",
            "created": 500,
            "lines": {
                "object": "list",
                "data": [],
                "has_more": True,
                "url": f"https://{KEY}/v1/x",
            },
        },
    ),
}


@pytest.mark.parametrize("situation", SITUATIONS)
def test_the_key_is_in_no_output_even_when_the_server_says_it(small, situation):
    answer = SITUATIONS[situation](None)
    paths = ("/v1/charges", "/v1/invoices?")
    small.sandbox.impostor = lambda target: answer if target.startswith(paths) else None

    ran = small.sync()

    assert "DEBUG" in ran.err
    assert_no_key(ran)


TROUBLE = {
    "cut": Faults(cut=0.5),
    "reset": Faults(reset=0.5),
    "hang": Faults(hang=0.3, hang_seconds=3),
    "error": Faults(server_error=0.5),
}


@pytest.mark.parametrize("trouble", TROUBLE)
def test_the_key_is_in_no_output_when_requests_fail(small, trouble):
    small.sandbox.faults = TROUBLE[trouble]

    assert_no_key(small.sync())


def test_the_key_is_in_no_output_when_requests_are_too_many(small):
    small.sandbox.limits = Limits(requests_per_second=10)

    assert_no_key(small.sync())


def test_the_key_is_in_no_output_when_nothing_listens(small):
    url = small.sandbox.url
    small.sandbox.close()

    ran = small.sync(api_url=url)

    assert ran.code == 1
    assert_no_key(ran)


def test_an_unknown_key_is_in_no_output(small):
    ran = small.sync(api_key=OTHER_KEY)

    assert_one_sentence(ran, "Invalid API Key")
    assert_no_key(ran, OTHER_KEY)


WRONG: dict[str, dict[str, Any]] = {
    "with a space": {"api_key": f"{KEY} x"},
    "with an accent": {"api_key": f"{KEY}é"},
    "with a line break": {"api_key": f"{KEY}\nX-Header: 1"},
    "in a list": {"api_key": [KEY]},
    "in the address": {"api_url": f"https://{KEY}:@api.stripe.example"},
    "in the address's query": {"api_url": f"https://api.stripe.example/?key={KEY}"},
    "in place of the account": {"account_ids": [KEY]},
    "in place of the date": {"start_date": KEY},
    "in a setting that is none": {"api_kee": KEY},
    "in place of a number": {"requests_per_second": KEY},
}


@pytest.mark.parametrize("where", WRONG)
def test_a_key_in_a_wrong_place_is_in_no_output(small, where):
    ran = small.sync(**WRONG[where])

    assert "Traceback" not in ran.err
    assert_no_key(ran)


def test_the_key_is_in_no_command_line_and_no_output_of_a_stopped_run(
    small, monkeypatch
):
    monkeypatch.setenv("LOGLEVEL", "INFO")  # No reader empties stderr meanwhile.
    small.sandbox.latency_seconds = 0.3
    process = small.start(afresh=True)
    titles = set()
    deadline = time.monotonic() + 30
    while len(small.sandbox.log) < 5 and time.monotonic() < deadline:
        for name in ("cmdline", "comm", "status"):
            titles.add(Path(f"/proc/{process.pid}/{name}").read_bytes())
        time.sleep(0.05)
    process.send_signal(signal.SIGTERM)
    _, err = process.communicate(timeout=30)

    assert titles
    assert not any(KEY.encode() in title for title in titles)
    assert_no_key(Ran(process.returncode, small.said(), err.decode()))


@pytest.mark.parametrize("arguments", [("--discover",), ("--test",), ("--about",)])
def test_the_key_is_in_no_output_of_other_commands(small, tap, arguments):
    assert_no_key(tap.run(small.config(), *arguments))


PLAIN = (
    "http://api.stripe.com",
    "http://127.0.0.1.example",
    "http://localhost.example",
    "http://127.0.0.1@stripe.example",
    "http://10.0.0.1",
    "http://0.0.0.0",
    "http://[::2]",
    "HTTP://stripe.example",
    "//stripe.example",
    "ftp://127.0.0.1",
    "file:///etc/passwd",
)


@pytest.mark.parametrize("url", PLAIN)
def test_the_key_goes_to_no_other_machine_in_plain_text(small, url):
    ran = small.sync(api_url=url)

    assert_one_sentence(ran, "api_url")
    assert_no_key(ran)


@pytest.mark.parametrize("name", ["http_proxy", "ALL_PROXY"])
def test_the_key_goes_to_no_proxy_in_plain_text(
    small, copying, seed, name, monkeypatch
):
    proxy = copying(Options(seed=seed, scale=0.05))
    monkeypatch.setenv(name, proxy.sandbox.url)
    for unset in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(unset, raising=False)

    ran = small.sync(api_url=f" {small.sandbox.url}")

    assert ran.code == 0, ran.err[-2000:]
    assert len(proxy.sandbox.log) == 0


def test_the_key_does_not_follow_a_redirect(small, copying, seed):
    elsewhere = copying(Options(seed=seed, scale=0.05, keys={KEY: None}))
    small.sandbox.impostor = lambda target: (
        (307, b"", {"Location": elsewhere.sandbox.url + target})
        if target.startswith("/v1/charges")
        else None
    )

    ran = small.sync()

    assert_one_sentence(ran, "/v1/charges")
    assert len(elsewhere.sandbox.log) == 0
    assert_no_key(ran)


# Tokens of OAuth


class Installed:
    """A copy that is read with an app's tokens, which it renews at once."""

    def __init__(self, copy, path):
        self.copy = copy
        self.path = installed(copy.sandbox, path)
        self.seen = set()
        self.look()

    def look(self):
        """Note the tokens that the file has now."""
        kept = json.loads(self.path.read_bytes())
        self.seen |= {kept["access_token"], kept["refresh_token"]}
        return kept

    def settings(self):
        return {
            "api_key": "",
            "oauth_token_file": str(self.path),
            "oauth_secret_key": KEY,
        }

    def assert_hidden(self, ran):
        self.look()
        assert_no_key(ran)
        for token in self.seen:
            assert_no_key(ran, token)


@pytest.fixture
def app(small, tmp_path):
    return Installed(small, tmp_path / "tokens.json")


TOLD = {
    "nothing": lambda _: None,
    "an error": lambda token: refused(400, f"The token {token} is bad."),
    "a 401": lambda token: refused(401, f"Expired API Key provided: {token}"),
    "a 500": lambda token: refused(500, f"{token} has broken us."),
    "a refused exchange": lambda token: (
        400,
        json.dumps({"error": "invalid_grant", "error_description": token}).encode(),
        JSON,
    ),
    "an error's name": lambda token: (400, json.dumps({"error": token}).encode(), JSON),
    "a request id": lambda token: (400, b"{}", {"Request-Id": token}),
    "no JSON": lambda token: (200, token.encode(), JSON),
}


@pytest.mark.parametrize("which", ["access_token", "refresh_token"])
@pytest.mark.parametrize("path", ["/v1/charges", "/v1/oauth/token"])
@pytest.mark.parametrize("told", TOLD)
def test_tokens_are_in_no_output_even_when_the_server_says_them(app, told, path, which):
    def say(target):
        # What is in the file when it is said: renewed ones too.
        kept = app.look()
        return TOLD[told](kept[which]) if target.startswith(path) else None

    app.copy.sandbox.impostor = say

    ran = app.copy.sync(**app.settings())

    assert "DEBUG" in ran.err
    app.assert_hidden(ran)


def test_tokens_are_in_no_command_line_and_no_output_of_a_stopped_run(app, monkeypatch):
    monkeypatch.setenv("LOGLEVEL", "INFO")  # No reader empties stderr meanwhile.
    app.copy.sandbox.latency_seconds = 0.3
    process = app.copy.start(afresh=True, **app.settings())
    titles = set()
    deadline = time.monotonic() + 30
    while len(app.copy.sandbox.log) < 5 and time.monotonic() < deadline:
        for name in ("cmdline", "comm", "status"):
            titles.add(Path(f"/proc/{process.pid}/{name}").read_bytes())
        time.sleep(0.05)
    process.send_signal(signal.SIGTERM)
    _, err = process.communicate(timeout=30)

    app.assert_hidden(Ran(process.returncode, app.copy.said(), err.decode()))
    assert len(app.seen) == 4
    assert titles
    assert not any(token.encode() in title for title in titles for token in app.seen)
