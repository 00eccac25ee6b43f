"""What tests share: the sandbox, and the tap as a process."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import hypothesis
import pytest

from tests import forked

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.forked import Process
    from tests.target import Target

    Started: TypeAlias = Process | subprocess.Popen[bytes]

# Other processes may be at work on the same cores: time says nothing of the code.
hypothesis.settings.register_profile(
    "tap",
    deadline=None,
    suppress_health_check=[hypothesis.HealthCheck.too_slow],
)
hypothesis.settings.load_profile("tap")

TAP = str(Path(sys.executable).with_name("tap-stripe"))


def environment(**variables: str) -> dict[str, str]:
    """Give the environment of a run; no setting of whoever runs the tests is in it."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith("TAP_STRIPE")}
    return kept | variables


def forked_tap() -> forked.Server:
    """Give what starts the tap without the second and a half that its imports take."""
    return forked.server("tap_stripe.tap:TapStripe.cli")


class Tap:
    """Runs the tap as a process against a server."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def start(
        self,
        config: dict[str, Any],
        *arguments: str,
        state: Any = None,
        catalog: Any = None,
        stdout: Any = subprocess.PIPE,
        afresh: bool = False,
    ) -> Started:
        """Start it; the files it is given are written first.

        Args:
            config: The settings.
            arguments: Other arguments.
            state: The content of the state file.
            catalog: The content of the catalog file.
            stdout: As `subprocess.Popen` takes it.
            afresh: As a user does, with an interpreter that has imported nothing yet,
                in place of a fork of one that has.
        """
        given = ["--config", self._file("config", config), *arguments]
        if state is not None:
            given += ["--state", self._file("state", state)]
        if catalog is not None:
            given += ["--catalog", self._file("catalog", catalog)]
        if afresh:
            return subprocess.Popen(
                [TAP, *given],
                stdout=stdout,
                stderr=subprocess.PIPE,
                env=environment(),
            )
        return forked_tap().start(given, stdout=stdout, env=environment())

    def run(self, config: dict[str, Any], *arguments: str, **files: Any) -> Ran:
        """Run it to its end."""
        process = self.start(config, *arguments, **files)
        out, err = process.communicate(timeout=300)
        return Ran(process.returncode, out, err.decode())

    def sync(self, config: dict[str, Any], target: Target, **files: Any) -> Ran:
        """Run a sync into a target, from the target's state."""
        if target.state is not None:
            files.setdefault("state", target.state)
        ran = self.run(config, **files)
        target.take(ran.out.splitlines(keepends=True))
        return ran

    def _file(self, name: str, content: Any) -> str:
        path = self.folder / f"{name}.json"
        path.write_text(content if isinstance(content, str) else json.dumps(content))
        return str(path)


class Ran:
    """What a process left behind."""

    def __init__(self, code: int, out: bytes, err: str) -> None:
        self.code = code
        self.out = out
        self.err = err

    def messages(self, kind: str) -> list[dict[str, Any]]:
        """Give the Singer messages of a type."""
        lines = map(json.loads, self.out.splitlines())
        return [line for line in lines if line["type"] == kind]


@pytest.fixture
def tap(tmp_path: Path) -> Tap:
    return Tap(tmp_path)


@pytest.fixture
def config() -> Callable[..., dict[str, Any]]:
    """Give a config for a sandbox."""

    def made(sandbox: Any, **settings: Any) -> dict[str, Any]:
        return {
            "api_key": sandbox.key,
            "api_url": sandbox.url,
            "requests_per_second": 1000,
            "requests_per_second_per_endpoint": 1000,
            **settings,
        }

    return made
