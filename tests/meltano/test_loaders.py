"""sandbox → tap → each loader, by `meltano run`, twice."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from tests.meltano.conftest import SYSTEM, key

if TYPE_CHECKING:
    from pathlib import Path

Ids = dict[str, list[str]]

QUERY = """
import duckdb, json, sys
connection = duckdb.connect(sys.argv[1], read_only=True)
tables = connection.execute(
    "SELECT table_name FROM duckdb_tables() WHERE schema_name = ?", [sys.argv[2]]
).fetchall()
rows = {}
for (table,) in tables:
    found = connection.execute(f'SELECT to_json(t) FROM {sys.argv[2]}."{table}" t')
    rows[table] = [json.loads(row) for (row,) in found.fetchall()]
print(json.dumps(rows))
"""


def in_duckdb(path: Path) -> Ids:
    python = SYSTEM / "loaders" / "target-duckdb" / "venv" / "bin" / "python"
    told = subprocess.run(
        [python, "-c", QUERY, path, "stripe_sandbox"], check=True, capture_output=True
    )
    tables: dict[str, list[dict[str, Any]]] = json.loads(told.stdout)
    return {table: sorted(map(key, rows)) for table, rows in tables.items()}


def in_jsonl(folder: Path) -> Ids:
    """Returns the ids; target-jsonl appends, so a row read again is one line more."""
    found = {}
    for file in folder.iterdir():
        with file.open() as lines:
            found[file.stem] = sorted({key(json.loads(line)) for line in lines})
    return found


@pytest.fixture
def loader(request, tmp_path, postgres):
    """The settings of a loader, and how to see what it has loaded."""
    match request.param:
        case "target-postgres":
            return (
                request.param,
                {"TARGET_POSTGRES_SQLALCHEMY_URL": postgres.loader},
                lambda: postgres.ids("stripe_sandbox"),
            )
        case "target-duckdb":
            path = tmp_path / "stripe.duckdb"
            return (
                request.param,
                {"TARGET_DUCKDB_PATH": str(path)},
                lambda: in_duckdb(path),
            )
        case _:
            folder = tmp_path / "jsonl"
            return (
                request.param,
                {"TARGET_JSONL_DESTINATION_PATH": str(folder)},
                lambda: in_jsonl(folder),
            )


@pytest.mark.parametrize(
    "loader", ["target-postgres", "target-duckdb", "target-jsonl"], indirect=True
)
def test_a_second_run_loads_no_row_twice(loader, meltano):
    name, settings, ids = loader
    run = ("--environment=sandbox", "run", "tap-stripe", name)

    meltano(*run, **settings)
    first = ids()
    meltano(*run, **settings)
    second = ids()

    assert first["charges"]
    assert all(len(set(keys)) == len(keys) for keys in first.values())
    assert second == first


def test_only_what_is_selected_is_loaded(meltano, tmp_path):
    meltano(
        "--environment=sandbox",
        "run",
        "tap-stripe",
        "target-jsonl",
        TAP_STRIPE__SELECT='["charges.id", "charges.amount", "refunds.*"]',
        TARGET_JSONL_DESTINATION_PATH=str(tmp_path / "jsonl"),
    )

    files = {path.stem: path for path in (tmp_path / "jsonl").iterdir()}
    charge = json.loads(files["charges"].read_text().partition("\n")[0])
    assert files.keys() == {"charges", "refunds"}
    assert charge.keys() >= {"id", "amount"}
    assert "currency" not in charge


def test_the_schedule_loads_into_postgres_every_3_hours(meltano, postgres):
    said = meltano("schedule", "list", "--format=json")
    (schedule,) = json.loads(said[said.index("{") :])["schedules"]["job"]

    meltano(
        "--environment=test",
        "schedule",
        "run",
        schedule["name"],
        TAP_STRIPE_API_URL="sandbox",
        TAP_STRIPE__SELECT='["charges.*"]',
        TARGET_POSTGRES_SQLALCHEMY_URL=postgres.loader,
    )

    assert schedule["cron_interval"] == "0 */3 * * *"
    assert postgres.ids("stripe_test")["charges"]


def test_two_accounts_have_a_schema_and_a_state_each(meltano, postgres):
    run = ("--environment=sandbox", "run", "stripe-accounts")

    meltano(
        *run,
        TAP_STRIPE_EU__SELECT='["charges.*"]',
        TAP_STRIPE_US__SELECT='["charges.*"]',
        TARGET_POSTGRES_SQLALCHEMY_URL=postgres.loader,
    )
    states = meltano("--environment=sandbox", "state", "list")

    assert postgres.ids("stripe_eu_sandbox")["charges"]
    assert postgres.ids("stripe_us_sandbox").keys() == {"charges"}
    assert "sandbox:tap-stripe-eu-to-target-postgres" in states
    assert "sandbox:tap-stripe-us-to-target-postgres" in states


def test_an_account_without_a_key_does_not_read_with_another_ones(meltano, tmp_path):
    said = meltano(
        "--environment=prod",
        "run",
        "tap-stripe-eu",
        "target-jsonl",
        fails=True,
        TAP_STRIPE_API_KEY="sk_live_of_another_account",
        # Nothing listens there: with a key the message would be another one.
        TAP_STRIPE_API_URL="http://127.0.0.1:1",
        TARGET_JSONL_DESTINATION_PATH=str(tmp_path),
    )

    assert "api_key" in said
    assert "sk_live_of_another_account" not in said
