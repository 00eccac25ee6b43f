"""The whole way in a real browser: its page is opened, and a button is pressed."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.browser import CHROMIUM, Browser
from tests.conftest import Ran
from tests.connect.conftest import APP, KEY, PLATFORM, refused

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed")
DONE = "tap-stripe has Stripe's answer"


@pytest.fixture
def browser(tmp_path: Path) -> Browser:
    return Browser(tmp_path / "profile")


def pressed(project, browser: Browser, button: str, *arguments: str, **variables):
    """Run a command and press a button on the page that it opens."""
    process = project.start(
        *arguments, f"--port={project.port}", BROWSER=browser.command, **variables
    )
    try:
        shown = browser.click(button)
        process.wait(timeout=60)
    finally:
        process.kill()
        # It holds the command's output open.
        browser.close()
        out, err = process.communicate(timeout=60)
    return shown, Ran(process.returncode, out.encode(), err)


def test_an_account_connects_to_a_platform(project, browser) -> None:
    shown, ran = pressed(
        project, browser, "#connect", *PLATFORM, TAP_STRIPE_API_KEY=KEY
    )

    assert ran.code == 0, ran.err
    assert shown.startswith(DONE)
    (account,) = json.loads(project.kept["TAP_STRIPE_ACCOUNT_IDS"])
    synced = project.run("--config=ENV", "--test", **project.kept)
    assert f"Account      {account}" in synced.out.decode(), synced.err


def test_an_account_installs_an_app(project, browser) -> None:
    variables = {"TAP_STRIPE_OAUTH_SECRET_KEY": KEY}

    shown, ran = pressed(project, browser, "#connect", *APP, **variables)

    assert ran.code == 0, ran.err
    assert shown.startswith(DONE)
    synced = project.run("--config=ENV", **project.kept)
    assert synced.code == 0, synced.err
    assert len(synced.messages("RECORD")) > 100


def test_a_user_who_cancels_is_told_how_to_be_asked_anew(project, browser) -> None:
    variables = {"TAP_STRIPE_OAUTH_SECRET_KEY": KEY}

    shown, ran = pressed(project, browser, "#cancel", *APP, **variables)

    assert shown.startswith(DONE)
    assert "run the command again to ask anew" in refused(ran)
    assert not project.env_file.exists()
