"""The README's first command, from a copy of the project with nothing installed."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys

import pytest

from scripts import bootstrap

NOT_IN_GIT = shutil.ignore_patterns(
    ".*_cache", ".git", ".hypothesis", ".meltano", ".tools", ".venv", "dist", "output"
)
ROWS = re.compile(r"^  (\w+) +([\d,]+) rows$", re.MULTILINE)


@pytest.fixture(scope="module")
def clone(tmp_path_factory):
    folder = tmp_path_factory.mktemp("clone") / "tap-stripe"
    shutil.copytree(bootstrap.ROOT, folder, ignore=NOT_IN_GIT)
    return folder


def quickstart(clone, *arguments):
    env = {k: v for k, v in os.environ.items() if not k.startswith("TAP_STRIPE")}
    return subprocess.run(
        [sys.executable, "scripts/quickstart", *arguments],
        cwd=clone,
        env=env,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )


def test_the_first_command_loads_tables_and_a_second_run_none_twice(clone):
    first = quickstart(clone)
    second = quickstart(clone)
    asked = quickstart(
        clone,
        "--sql",
        "SELECT count(*) - count(DISTINCT id) FROM stripe_sandbox.charges",
    )

    assert first.returncode == 0, first.stdout
    assert second.returncode == 0, second.stdout
    tables = dict(ROWS.findall(first.stdout))
    assert int(tables["charges"].replace(",", "")) > 0
    assert dict(ROWS.findall(second.stdout)) == tables
    assert str(clone / "output" / "quickstart" / "postgres") in first.stdout
    assert asked.stdout.split()[2] == "0", asked.stdout
