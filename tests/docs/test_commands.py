"""Every command of the documentation is run, here or in a test that is named here."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tap_stripe.sandbox import Options, Sandbox
from tests.docs.conftest import ROOT, fenced

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# By command: the test that runs it, or after "not run" the reason why none can.
QUICKSTART = "tests/meltano/test_quickstart.py"
LOADERS = "tests/meltano/test_loaders.py"
CONNECT = "tests/connect/test_browser.py"
DISCONNECT = "tests/connect/test_commands.py"
REPORTS = "tests/meltano/test_reports.py"
NEW_COLLECTION = "tests/docs/test_new_collection.py"
ELSEWHERE = {
    "python3 scripts/quickstart": QUICKSTART,
    (
        'python3 scripts/quickstart --sql "SELECT status, count(*) FROM'
        ' stripe_sandbox.charges GROUP BY 1"'
    ): QUICKSTART,
    "export TAP_STRIPE_API_KEY=rk_live_...": QUICKSTART,
    ".venv/bin/tap-stripe connect app --client-id ca_...": CONNECT,
    ".venv/bin/tap-stripe connect platform --client-id ca_...": CONNECT,
    ".venv/bin/tap-stripe disconnect app --app-id app_...": DISCONNECT,
    (
        ".venv/bin/tap-stripe disconnect platform --client-id ca_... --account acct_..."
    ): DISCONNECT,
    "python3 scripts/check": "not run: it is what runs this test",
    (
        "export TARGET_POSTGRES_SQLALCHEMY_URL="
        "postgresql+psycopg://user:password@host/database"
    ): LOADERS,
    ".tools/meltano/bin/meltano run tap-stripe target-postgres": LOADERS,
    (
        ".tools/meltano/bin/meltano --environment=sandbox run tap-stripe target-duckdb"
    ): LOADERS,
    (
        ".tools/meltano/bin/meltano --environment=sandbox run tap-stripe target-jsonl"
    ): LOADERS,
    (
        ".tools/meltano/bin/meltano --environment=sandbox select tap-stripe --list "
        "--all"
    ): "tests/meltano/test_select.py",
    (
        ".tools/meltano/bin/meltano invoke --dump=catalog tap-stripe > catalog.json"
    ): "tests/meltano/test_select.py",
    ".tools/meltano/bin/meltano install utility dbt-postgres": REPORTS,
    (
        ".tools/meltano/bin/meltano run tap-stripe target-postgres dbt-postgres:build"
    ): REPORTS,
    "dbt build --select package:tap_stripe": "tests/dbt/test_fivetran.py",
    "dbt build --select package:stripe": "not run: a package from dbt's registry",
    ".venv/bin/python -m scripts.generate_schemas": NEW_COLLECTION,
    ".venv/bin/python -m scripts.generate_docs": "tests/docs/test_generated.py",
    ".venv/bin/tap-stripe --discover": NEW_COLLECTION,
}
BLOCKS = [
    block for block in fenced("sh") if not any(c in ELSEWHERE for c in block.commands)
]
# Stands in for a target: prints the last state, as targets do.
ANY_TARGET = f"""#!{sys.executable}
import json, sys
states = [line for line in map(json.loads, sys.stdin) if line["type"] == "STATE"]
print(json.dumps(states[-1]["value"]))
"""


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(Options(now=1_790_000_000, scale=0.02)) as serving:
        yield serving


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory, sandbox: Sandbox) -> Path:
    """Make a folder that looks like a checkout with a config and a run behind it."""
    folder = tmp_path_factory.mktemp("checkout")
    (folder / ".venv").symlink_to(sys.prefix)
    (folder / "bin").mkdir()
    target = folder / "bin" / "any-target"
    target.write_text(ANY_TARGET, encoding="utf-8")
    target.chmod(0o755)
    config = {
        "api_key": sandbox.key,
        "api_url": sandbox.url,
        "requests_per_second": 1000,
    }
    (folder / "config.json").write_text(json.dumps(config))
    found = run(folder, ".venv/bin/tap-stripe --config config.json --discover")
    (folder / "catalog.json").write_text(found.stdout)
    loaded = folder / "output" / "stripe_sandbox"
    loaded.mkdir(parents=True)
    (loaded / "charges.jsonl").write_text('{"id": "ch_1"}\n')
    return folder


def run(folder: Path, script: str, **env: str) -> subprocess.CompletedProcess[str]:
    own = {k: v for k, v in os.environ.items() if not k.startswith("TAP_STRIPE")}
    path = f"{folder / 'bin'}:{os.environ['PATH']}"
    return subprocess.run(
        ["/bin/bash", "-euo", "pipefail", "-c", script],
        cwd=folder,
        env={**own, "PATH": path, **env},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


@pytest.mark.parametrize(
    "block", BLOCKS, ids=[f"{b.page}-{b.commands[0][:50]}" for b in BLOCKS]
)
def test_the_commands_of_a_block_run(block, checkout: Path, sandbox: Sandbox) -> None:
    ran = run(
        checkout,
        block.text,
        TAP_STRIPE_API_KEY=sandbox.key,
        TAP_STRIPE_API_URL=sandbox.url,
    )

    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert " ERROR " not in ran.stderr


def test_every_command_that_is_not_run_here_is_run_elsewhere_or_has_a_reason() -> None:
    commands = {command for block in fenced("sh") for command in block.commands}

    mixed = [
        command
        for block in fenced("sh")
        if block not in BLOCKS
        for command in block.commands
        if command not in ELSEWHERE
    ]
    assert not mixed, "a block is run here as a whole or not at all"
    assert ELSEWHERE.keys() <= commands, "named here and in no page"
    for place in ELSEWHERE.values():
        assert place.startswith("not run: ") or (ROOT / place).is_file(), place


def test_no_command_hides_in_a_block_without_a_language() -> None:
    for block in fenced("", "text", "bash", "shell", "console"):
        assert not re.search(
            r"^(\$ |python3? |export |\.venv|\.tools|meltano |tap-stripe |uvx? |pip )",
            block.text,
            re.MULTILINE,
        ), block


def test_the_configs_that_are_shown_are_json() -> None:
    shown = [block for block in fenced("json") if block.page == "docs/quickstart.md"]

    assert [sorted(json.loads(block.text)) for block in shown] == [
        ["api_key"],
        ["api_url"],
    ]
