"""Every check of the project in one go, the tests last.

python3 scripts/check [what pytest takes]
python3 scripts/check --wheel [...]    tests the built wheel, not the checkout
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path

from scripts import bootstrap

CHECKS: tuple[tuple[str, ...], ...] = (
    ("ruff", "check"),
    ("ruff", "format", "--check"),
    ("mypy",),
    ("scripts.generate_schemas", "--check"),
    ("scripts.generate_docs", "--check"),
)
DIST = bootstrap.ROOT / "dist"


def main() -> int:
    """Runs the checks, all of them, and where none fails the tests.

    Returns:
        pytest's exit code, or 1 where a check before it failed.
    """
    parser = argparse.ArgumentParser(prog="scripts/check", add_help=False)
    parser.add_argument("--wheel", action="store_true")
    options, for_pytest = parser.parse_known_args()
    commands = [
        (bootstrap.uv(), "lock", "--check"),
        *((sys.executable, "-m", *check) for check in CHECKS),
    ]
    failed = [command for command in commands if _run(*command)]
    if failed:
        print("\nFailed, so no test was run:")
        for command in failed:
            print(" ", *command)
        return 1
    if not options.wheel:
        return _run(sys.executable, "-m", "pytest", *for_pytest)
    # Not `-m pytest` and not pytest's own way to import: both put the checkout before
    # the wheel.
    pytest = Path(sys.executable).with_name("pytest")
    return _install_wheel() or _run(pytest, "--import-mode=append", *for_pytest)


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


def _run(*command: str | Path) -> int:
    print("$", *command, flush=True)
    # Of its own: another pytest at the same time would shut the folder that they share
    # to the database's user.
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        env = {**os.environ, "PYTEST_DEBUG_TEMPROOT": folder}
        done = subprocess.run(command, cwd=bootstrap.ROOT, env=env, check=False)
    return done.returncode


if __name__ == "__main__":
    sys.exit(main())
