"""The README's first command, from a copy of the project with nothing installed."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys

import psycopg2
import pytest
from filelock import FileLock

from scripts import bootstrap
from scripts.demo import DAY
from tap_stripe.sandbox import Options, Sandbox
from tests.docs.conftest import fenced

# They share a clone, and what is installed in it.
pytestmark = pytest.mark.xdist_group("quickstart")

NOT_IN_GIT = shutil.ignore_patterns(
    ".*_cache", ".git", ".hypothesis", ".meltano", ".tools", ".venv"
)
# What the README shows of the first command's output; "..." stands for more of it.
SHOWN = re.compile(r"<!-- Printed by the first command -->\n```\n(.*?)```", re.DOTALL)
# A line of the second run's answer.
CHANGED = re.compile(r"^ (\w[\w, ]+?) +\|\s+(\d+) \|", re.MULTILINE)
ROWS = re.compile(r"^  (\w+) +([\d,]+) rows$", re.MULTILINE)


def not_cloned(folder, names):
    """Name what a clone would not have; the tap has a folder `output` of its own."""
    made = {"dist", "output"} if folder == str(bootstrap.ROOT) else set()
    return NOT_IN_GIT(folder, names) | made


@pytest.fixture(scope="module")
def clone(tmp_path_factory):
    folder = tmp_path_factory.mktemp("clone") / "tap-stripe"
    shutil.copytree(bootstrap.ROOT, folder, ignore=not_cloned)
    return folder


def quickstart(clone, *arguments, **settings):
    env = {k: v for k, v in os.environ.items() if not k.startswith("TAP_STRIPE")}
    return subprocess.run(
        [sys.executable, "scripts/quickstart", *arguments],
        cwd=clone,
        env=env | settings,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )


def test_the_first_command_loads_tables_and_a_second_run_shows_what_changed(clone):
    first = quickstart(clone)
    second = quickstart(clone)
    asked = quickstart(
        clone,
        "--sql",
        "SELECT count(*) - count(DISTINCT id) FROM stripe_sandbox.charges",
    )

    assert first.returncode == 0, first.stdout
    assert second.returncode == 0, second.stdout
    tables, later = counted(first.stdout), counted(second.stdout)
    assert tables["charges"] > 0
    assert later["charges"] == tables["charges"] + DAY.count("create_charge")
    assert later["refunds"] == tables["refunds"] + DAY.count("refund_charge")
    shown = SHOWN.search((clone / "README.md").read_text())
    assert shown is not None
    for line in shown[1].splitlines():
        assert line == "  ..." or line in first.stdout
    assert "A made-up day has passed" in second.stdout
    changes = {
        what.strip(): int(count) for what, count in CHANGED.findall(second.stdout)
    }
    assert changes["charge, new"] == DAY.count("create_charge")
    assert changes["refund"] == DAY.count("refund_charge")
    assert changes["customer, deleted"] == 1
    assert changes["subscription, canceled"] >= 1
    assert asked.stdout.split()[2] == "0", asked.stdout


def counted(printed):
    return {table: int(rows.replace(",", "")) for table, rows in ROWS.findall(printed)}


def test_the_sql_of_the_docs_can_be_asked(clone):
    queries = [
        block.text.replace("stripe.", "stripe_sandbox.") for block in fenced("sql")
    ]

    asked = quickstart(clone, "--sql", "\n".join(queries))

    assert len(queries) > 10
    assert asked.returncode == 0, asked.stdout
    assert asked.stdout.count(" rows)") + asked.stdout.count("(1 row)") == len(queries)
    assert "(0 rows)" not in asked.stdout


def test_a_kept_database_takes_connections_until_it_is_stopped(clone):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with lock(clone):
        busy = quickstart(clone)

    # A run that reads nothing: it fails at once, and the database is kept all the same.
    kept = quickstart(clone, f"--keep={port}", "--no-such-option")
    (uri,) = re.findall(r"postgresql://\S+", kept.stdout)
    connection = psycopg2.connect(uri)
    with connection, connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM stripe_sandbox.charges")
        ((charges,),) = cursor.fetchall()
    connection.close()
    again = quickstart(clone, "--keep", "--no-such-option")
    stopped = quickstart(clone, "--stop")

    assert busy.returncode == 1
    assert busy.stdout.startswith("Another quickstart is at work in this clone")
    assert charges > 0
    assert uri in again.stdout
    assert stopped.stdout == "Stopped.\n"
    with pytest.raises(psycopg2.OperationalError, match="refused"):
        psycopg2.connect(uri)


def lock(clone):
    return FileLock(clone / "output" / "quickstart" / "lock")


def test_with_a_key_the_same_command_reads_stripe_into_a_schema_of_its_own(clone):
    (clone / ".env").write_text("TAP_STRIPE_API_KEY=sk_test_sandbox\n")

    with Sandbox(Options(scale=0.1)) as in_place_of_stripe:
        ran = quickstart(
            clone,
            TAP_STRIPE_API_URL=in_place_of_stripe.url,
            TAP_STRIPE_REQUESTS_PER_SECOND="100",
        )

    assert ran.returncode == 0, ran.stdout
    assert "tables in schema stripe_test:" in ran.stdout
    assert dict(ROWS.findall(ran.stdout))["charges"] == "100"
    assert "sk_test_sandbox" not in ran.stdout


def test_an_old_python_is_told_in_one_sentence():
    script = (bootstrap.ROOT / "scripts" / "quickstart").read_text()
    as_if_old = script.replace("(3, 11)", "(99, 0)", 1)

    ran = subprocess.run(
        [sys.executable, "-c", as_if_old], capture_output=True, text=True, check=False
    )

    assert ran.returncode == 1
    assert len(ran.stderr.splitlines()) == 1
    assert "needs Python 3.11 or newer" in ran.stderr
