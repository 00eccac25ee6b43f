"""A stranger's call does not end the wait for the answer of Stripe's page."""

from __future__ import annotations

import sys

import pytest

from tap_stripe.sandbox import Options, Sandbox
from tests.connect.conftest import APP, KEY, NOW, PLATFORM, Project

# What any web page can have a browser call, and then who presses the button.
STRANGER = """
import contextlib
import sys
import requests
from tests.connect.visitor import pressed

for query in sys.argv[1].split():
    with contextlib.suppress(requests.RequestException):
        requests.get(f"http://127.0.0.1:{sys.argv[2]}/stripe?{query}", timeout=5)
led_to = pressed(sys.argv[3], "connect")
with contextlib.suppress(requests.RequestException):
    requests.get(led_to, timeout=10)
"""
CALLS = {
    "a wrong state": "code=ac_1&state=x",
    "no state": "code=ac_1",
    "a refusal": "error=access_denied&state=x",
    "nothing": "state=",
    "many": "code=1&state=1 code=2&state=2 error=x error=y&state=y",
}


@pytest.fixture
def project(tmp_path):
    options = Options(now=NOW, scale=0.03, keys={KEY: None}, connected_data=True)
    with Sandbox(options) as sandbox:
        yield Project(tmp_path, sandbox)


@pytest.mark.parametrize("command", ["platform", "app"])
@pytest.mark.parametrize("calls", CALLS)
def test_a_strangers_call_is_answered_and_ignored(project, tmp_path, command, calls):
    script = tmp_path / "stranger.py"
    script.write_text(STRANGER, encoding="utf-8")
    browser = f"{sys.executable} {script} '{CALLS[calls]}' {project.port} %s"
    arguments, key = {
        "platform": (PLATFORM, "TAP_STRIPE_API_KEY"),
        "app": (APP, "TAP_STRIPE_OAUTH_SECRET_KEY"),
    }[command]

    ran = project.connect(*arguments, BROWSER=browser, **{key: KEY})

    assert ran.code == 0, ran.err
    assert project.kept
