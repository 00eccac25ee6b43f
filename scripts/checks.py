"""Every check of the project in one go, the tests last.

python3 scripts/check [what pytest takes]
python3 scripts/check --long [...]     all fault cases, by the chance of today
python3 scripts/check --wheel [...]    tests the built wheel, not the checkout
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import sysconfig
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from scripts import bootstrap

if TYPE_CHECKING:
    from collections.abc import Sequence

    Command: TypeAlias = tuple[str | Path, ...]

CHECKS: tuple[tuple[str, ...], ...] = (
    ("ruff", "check"),
    ("ruff", "format", "--check"),
    ("mypy",),
    ("scripts.generate_schemas", "--check"),
    ("scripts.generate_docs", "--check"),
)
# Twice as many as there are cores: most tests wait for a server's answers.
PARALLEL = ("-n", str(2 * (os.cpu_count() or 1)), "--dist", "loadgroup")
DIST = bootstrap.ROOT / "dist"


def main() -> int:
    """Runs the checks, all of them, and where none fails the tests.

    Returns:
        pytest's exit code, or 1 where a check before it failed.
    """
    parser = argparse.ArgumentParser(prog="scripts/check", add_help=False)
    parser.add_argument("--wheel", action="store_true")
    options, for_pytest = parser.parse_known_args()
    commands: list[Command] = [
        (bootstrap.uv(), "lock", "--check"),
        *((sys.executable, "-m", *check) for check in CHECKS),
    ]
    if failed := _failed_of(commands):
        print("\nFailed, so no test was run:")
        for command in failed:
            print(" ", *command)
        return 1
    if not options.wheel:
        return _run(sys.executable, "-m", "pytest", *PARALLEL, *for_pytest)
    # Not `-m pytest` and not pytest's own way to import: both put the checkout before
    # the wheel.
    pytest = Path(sys.executable).with_name("pytest")
    return _install_wheel() or _run(
        pytest, "--import-mode=append", *PARALLEL, *for_pytest
    )


def _install_wheel() -> int:
    """Puts the built wheel in the place of the checkout in `.venv`."""
    uv = bootstrap.uv()
    if failed := _run(uv, "build", "--clear", "--out-dir", DIST):
        return failed
    (wheel,) = DIST.glob("*.whl")
    # Tests import tests and scripts: from the checkout, but behind the wheel.
    behind = Path(sysconfig.get_path("purelib")) / "checkout.pth"
    behind.write_text(f"{bootstrap.ROOT}\n", encoding="utf-8")
    install = (uv, "pip", "install", "--no-deps", "--force-reinstall")
    return _run(*install, "--python", sys.executable, wheel)


def _failed_of(commands: Sequence[Command]) -> list[Command]:
    """Runs commands at the same time; prints what each says when it has ended."""

    def run(command: Command) -> bool:
        done = subprocess.run(
            command,
            cwd=bootstrap.ROOT,
            env=_environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        print("$", *command, f"\n{done.stdout}", end="", flush=True)
        return done.returncode != 0

    with ThreadPoolExecutor(len(commands)) as threads:
        failed = list(threads.map(run, commands))
    return [command for command, has in zip(commands, failed, strict=True) if has]


def _run(*command: str | Path) -> int:
    print("$", *command, flush=True)
    # Of its own: another pytest at the same time would shut the folder that they share
    # to the database's user.
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        env = {**_environment(), "PYTEST_DEBUG_TEMPROOT": folder}
        done = subprocess.run(command, cwd=bootstrap.ROOT, env=env, check=False)
    return done.returncode


def _environment() -> dict[str, str]:
    """Gives what is set, but lets Python keep what it has compiled.

    Images for containers forbid it. A start of the tap takes three times as long then.
    """
    return {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}


if __name__ == "__main__":
    sys.exit(main())
