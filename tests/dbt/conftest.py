"""A sandbox in a real PostgreSQL and in a real DuckDB, and dbt on top of each."""

from __future__ import annotations

import json
import os
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import psycopg2
import pytest

from scripts import bootstrap
from tap_stripe.sandbox import Options, Sandbox
from tap_stripe.sandbox.books import Books
from tests.conftest import Tap
from tests.loaders import DUCKDB, POSTGRES, loader

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

PROJECT = bootstrap.ROOT / "dbt"
SCHEMA = "raw"
# DuckDB speaks to the version of itself that dbt has, which the tests' Python has not.
ASK_DUCKDB = """
import duckdb, json, sys
found = duckdb.connect(sys.argv[1]).execute(sys.argv[2])
print(json.dumps(found.fetchall() if found.description else [], default=str))
"""


class Warehouse:
    """A database that holds a sandbox's tables."""

    def __init__(self, dialect: str, folder: Path, **settings: str) -> None:
        self.dialect = dialect
        self._folder = folder
        self._settings = settings
        self.command = bootstrap.dbt()

    def dbt(self, *arguments: str, as_of: int) -> subprocess.CompletedProcess[str]:
        """Run dbt."""
        moment = f"{datetime.fromtimestamp(as_of, UTC):%Y-%m-%d %H:%M:%S}"
        told = json.dumps({"tap_stripe_schema": SCHEMA, "tap_stripe_as_of": moment})
        folders = {
            "DBT_PROJECT_DIR": str(PROJECT),
            "DBT_PROFILES_DIR": str(PROJECT),
            "DBT_TARGET_PATH": str(self._folder / f"{self.dialect}-target"),
            "DBT_LOG_PATH": str(self._folder / f"{self.dialect}-log"),
        }
        return subprocess.run(
            [self.command, "--no-use-colors", *arguments, "--vars", told],
            env={
                **os.environ,
                **folders,
                **self._settings,
                "DBT_TARGET": self.dialect,
                # Connections of forks and temporary files are dbt's own affair.
                "PYTHONWARNINGS": "default",
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )

    def load(self, lines: Path) -> None:
        """Load what the tap has written."""
        raise NotImplementedError

    def ask(self, query: str) -> list[list[Any]]:
        """Give the rows of a query, dates as text."""
        raise NotImplementedError

    def _load(self, command: Path, config: dict[str, Any], lines: Path) -> None:
        path = self._folder / f"{self.dialect}.json"
        path.write_text(json.dumps(config))
        with lines.open("rb") as given:
            done = subprocess.run(
                [command, "--config", path],
                stdin=given,
                capture_output=True,
                check=False,
            )
        assert done.returncode == 0, done.stderr.decode()[-2000:]


class Postgres(Warehouse):
    """A database of the tests' PostgreSQL."""

    def __init__(self, folder: Path, server: Any) -> None:
        name = f"dbt_{uuid4().hex}"
        server.psql(f"CREATE DATABASE {name}")
        self._loaded = server.get_uri(name, driver="psycopg")
        self._connection = psycopg2.connect(server.get_uri(name))
        self._connection.autocommit = True
        told = self._connection.get_dsn_parameters()
        super().__init__(
            "postgres",
            folder,
            DBT_POSTGRES_HOST=told["host"],
            DBT_POSTGRES_USER=told["user"],
            DBT_POSTGRES_DATABASE=name,
        )

    def load(self, lines: Path) -> None:
        config = {
            "sqlalchemy_url": self._loaded,
            "default_target_schema": SCHEMA,
            "use_copy": True,
            "validate_records": False,
            "add_record_metadata": True,
        }
        self._load(loader(*POSTGRES), config, lines)

    def ask(self, query: str) -> list[list[Any]]:
        with self._connection.cursor() as cursor:
            cursor.execute(query)
            found = cursor.fetchall() if cursor.description else []
        return json.loads(json.dumps(found, default=str))  # type: ignore[no-any-return]


class DuckDB(Warehouse):
    """A DuckDB file."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "stripe.duckdb"
        super().__init__("duckdb", folder, DBT_DUCKDB_PATH=str(self._path))

    def load(self, lines: Path) -> None:
        config = {
            "path": str(self._path),
            "default_target_schema": SCHEMA,
            "batch_size_rows": 10000,
            "flush_all_streams": True,
            "add_metadata_columns": True,
        }
        self._load(loader(*DUCKDB), config, lines)

    def ask(self, query: str) -> list[list[Any]]:
        python = self.command.with_name("python")
        done = subprocess.run(
            [python, "-c", ASK_DUCKDB, self._path, query],
            capture_output=True,
            text=True,
            check=True,
        )
        return json.loads(done.stdout)  # type: ignore[no-any-return]


class Business:
    """A sandbox and the databases that it was loaded into."""

    def __init__(
        self, sandbox: Sandbox, folder: Path, warehouses: Sequence[Warehouse]
    ) -> None:
        self.sandbox = sandbox
        self.as_of = 0
        self._folder = folder
        self.warehouses = {one.dialect: one for one in warehouses}

    def load(self, **settings: Any) -> None:
        """Read the sandbox once, and load it everywhere."""
        config = {
            "api_key": self.sandbox.key,
            "api_url": self.sandbox.url,
            "requests_per_second": 1000,
            "requests_per_second_per_endpoint": 1000,
            **settings,
        }
        ran = Tap(self._folder).run(config)
        assert ran.code == 0, ran.err
        self.as_of = int(time.time()) + 1
        lines = self._folder / "lines.jsonl"
        lines.write_bytes(ran.out)
        self._everywhere(lambda one: one.load(lines))

    def build(self) -> dict[str, subprocess.CompletedProcess[str]]:
        """Build everything everywhere; give what dbt said."""
        return self._everywhere(lambda one: one.dbt("build", as_of=self.as_of))

    def books(self, account: str | None = None) -> Books:
        return Books(self.sandbox, now=self.as_of, account=account)

    def _everywhere(self, work: Any) -> dict[str, Any]:
        with ThreadPoolExecutor(len(self.warehouses)) as threads:
            done = threads.map(work, self.warehouses.values())
            return dict(zip(self.warehouses, done, strict=True))


def told_by_stripe(business: Business) -> Iterator[str]:
    """Give SQL for two tables that the package uses where there are such."""
    sandbox = business.sandbox
    said = sandbox.balance()
    now = f"{datetime.fromtimestamp(business.as_of, UTC):%Y-%m-%d %H:%M:%S}"
    pending = {part["currency"]: part["amount"] for part in said["pending"]}
    yield f"""CREATE TABLE {SCHEMA}.balances (currency text, source_type text,
        available bigint, pending bigint, received_at timestamp, is_deleted boolean)"""
    yield _insert(
        "balances",
        [
            (
                part["currency"],
                "card",
                part["amount"],
                pending[part["currency"]],
                now,
                False,
            )
            for part in said["available"]
        ],
    )
    yield f"""CREATE TABLE {SCHEMA}.payout_balance_transactions (payout text, id text,
        is_deleted boolean)"""
    yield _insert(
        "payout_balance_transactions",
        [
            (payout, one["id"], False)
            for one in sandbox.objects("balance_transactions")
            if (payout := sandbox.payout_of(one["id"]))
        ],
    )


def _insert(table: str, rows: Sequence[tuple[Any, ...]]) -> str:
    values = ", ".join(
        "(" + ", ".join(f"'{value}'" for value in row) + ")" for row in rows
    )
    return f"INSERT INTO {SCHEMA}.{table} VALUES {values}"


# Each number of accounts in each database.
EVERYWHERE = pytest.mark.parametrize(
    ("which", "dialect"),
    [
        ("one_account", "postgres"),
        ("one_account", "duckdb"),
        ("many_accounts", "duckdb"),
        pytest.param(
            "many_accounts", "postgres", marks=pytest.mark.long("DuckDB alone")
        ),
    ],
)


@pytest.fixture(scope="session")
def one_account(server, tmp_path_factory) -> Iterator[Business]:
    """Give a business that changes were made to, with all tables there may be."""
    with Sandbox(Options(seed=11)) as sandbox:
        sandbox.change(200, seed=11)
        folder = tmp_path_factory.mktemp("one")
        warehouses = [Postgres(folder, server), DuckDB(folder)]
        business = Business(sandbox, folder, warehouses)
        business.load()
        for statement in told_by_stripe(business):
            for warehouse in business.warehouses.values():
                warehouse.ask(statement)
        for said in business.build().values():
            assert said.returncode == 0, said.stdout
        yield business


@pytest.fixture(scope="session")
def many_accounts(server, tmp_path_factory, pytestconfig) -> Iterator[Business]:
    """Give a platform and its twelve accounts; in the short form in DuckDB alone."""
    options = Options(seed=12, scale=0.3, sizes={"accounts": 12}, connected_data=True)
    with Sandbox(options) as sandbox:
        folder = tmp_path_factory.mktemp("many")
        warehouses: list[Warehouse] = [DuckDB(folder)]
        if pytestconfig.option.long:
            warehouses.append(Postgres(folder, server))
        business = Business(sandbox, folder, warehouses)
        business.load(account_ids=["own", "connected"])
        for said in business.build().values():
            assert said.returncode == 0, said.stdout
        yield business
