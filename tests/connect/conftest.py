"""The commands as processes, in a Meltano project of their own."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
import requests
from dotenv import dotenv_values

from tap_stripe.connect.token_file import Tokens
from tap_stripe.sandbox import Options, Sandbox
from tests.conftest import Ran, environment, forked_tap
from tests.connect.visitor import pressed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.forked import Process

KEY = "sk_test_51ConnectOfTheOwner"
NOW = 1_790_000_000
VISITOR = Path(__file__).with_name("visitor.py")
PLATFORM = ("connect", "platform", "--client-id=ca_sandbox")
APP = ("connect", "app", "--client-id=ca_sandbox")


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port: int = taken.getsockname()[1]
        return port


class Project:
    """A Meltano project's folder, in which commands are run against a sandbox."""

    def __init__(self, folder: Path, sandbox: Sandbox) -> None:
        self.folder = folder
        self.sandbox = sandbox
        self.env_file = folder / ".env"
        self.port = free_port()
        (folder / "meltano.yml").write_text("version: 1\n", encoding="utf-8")

    @property
    def kept(self) -> dict[str, str | None]:
        """Give what the environment file says."""
        return dotenv_values(self.env_file)

    def environment(self, button: str = "connect", **variables: str) -> dict[str, str]:
        return environment(
            **{
                "BROWSER": f"{sys.executable} {VISITOR} {button} %s",
                "TAP_STRIPE_API_URL": self.sandbox.url,
                **variables,
            }
        )

    def start(
        self, *arguments: str, button: str = "connect", **variables: str
    ) -> Process:
        return forked_tap().start(
            arguments,
            cwd=self.folder,
            env=self.environment(button, **variables),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(
        self,
        *arguments: str,
        button: str = "connect",
        pasted: str | None = None,
        **variables: str,
    ) -> Ran:
        process = self.start(*arguments, button=button, **variables)
        out, err = process.communicate(pasted, timeout=60)
        return Ran(process.returncode, out.encode(), err)

    def connect(
        self, *arguments: str, button: str = "connect", **variables: str
    ) -> Ran:
        """Run a command that opens a page and waits for its answer."""
        return self.run(
            *arguments,
            f"--port={self.port}",
            "--wait=20",
            button=button,
            **variables,
        )

    def connect_by_hand(
        self,
        *arguments: str,
        change: Callable[[str], str] = str,
        **variables: str,
    ) -> Ran:
        """Run a command to which the address that the page leads to is pasted."""
        process = self.start(*arguments, "--paste", **variables)
        assert process.stdout is not None
        said = ""
        while "Paste that address" not in said:
            line = process.stdout.readline()
            assert line, process.communicate()
            said += line
        (address,) = (line for line in said.splitlines() if line.startswith("http://"))
        led_to = pressed(address, "connect")
        out, err = process.communicate(change(led_to) + "\n", timeout=60)
        return Ran(process.returncode, (said + out).encode(), err)


def refused(ran: Ran) -> str:
    """Give the one sentence with which a command has ended."""
    lines = ran.err.splitlines()
    assert ran.code == 1, (ran.code, ran.err)
    assert "Traceback" not in ran.err, ran.err
    (sentence,) = (line for line in lines if line.startswith("Error: "))
    return sentence.removeprefix("Error: ")


def installed(sandbox: Sandbox, path: Path, *, age_s: float = 3_300) -> Path:
    """Install the app, and write the tokens as if they were so old."""
    page = (
        f"{sandbox.url}/oauth/v2/authorize?client_id=ca_sandbox&redirect_uri=http://x"
    )
    code = pressed(page, "connect").partition("code=")[2].partition("&")[0]
    granted = requests.post(
        f"{sandbox.url}/v1/oauth/token",
        data={"code": code},
        auth=(sandbox.key, ""),
        timeout=5,
    ).json()
    tokens = Tokens(
        account=granted["stripe_user_id"],
        livemode=granted["livemode"],
        access_token=granted["access_token"],
        refresh_token=granted["refresh_token"],
        obtained_at=time.time() - age_s,
    )
    path.write_bytes(msgspec.json.encode(tokens))
    sandbox.log.clear()
    return path


def exchanges(sandbox: Sandbox) -> int:
    """Count the exchanges that were asked for."""
    return sandbox.log.by_endpoint["POST /v1/oauth/token"]


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    options = Options(now=NOW, scale=0.03, keys={KEY: None}, connected_data=True)
    with Sandbox(options) as serving:
        yield serving


@pytest.fixture
def project(tmp_path: Path, sandbox: Sandbox) -> Project:
    return Project(tmp_path, sandbox)


@pytest.fixture
def projects(tmp_path: Path) -> Iterator[Callable[..., Project]]:
    """Give a function that makes a project with a sandbox of its own."""
    made: list[Sandbox] = []

    def make(**options: Any) -> Project:
        own = {"now": NOW, "scale": 0.03, "keys": {KEY: None}, **options}
        sandbox = Sandbox(Options(**own))
        sandbox.start()
        made.append(sandbox)
        return Project(tmp_path, sandbox)

    yield make
    for sandbox in made:
        sandbox.close()
