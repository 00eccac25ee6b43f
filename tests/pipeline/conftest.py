"""A real PostgreSQL, and target-postgres in an environment of its own."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import psycopg2
import pytest
from psycopg2 import sql

from tap_stripe.tap import TapStripe
from tests.expected import ALL, SCHEMAS
from tests.loaders import POSTGRES, loader

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.conftest import Tap


class Warehouse:
    """A schema of a real PostgreSQL that a real target-postgres loads into."""

    def __init__(self, uri: str, loader_uri: str, target: Path, folder: Path) -> None:
        self.state: Any = None
        self._uri = uri
        self._target = target
        self._config = folder / "target.json"
        self._config.write_text(
            json.dumps(
                {
                    "sqlalchemy_url": loader_uri,
                    "default_target_schema": "stripe",
                    "use_copy": True,
                    "validate_records": False,
                    "add_record_metadata": True,
                }
            )
        )

    def load(self, tap: Tap, config: dict[str, Any], **files: Any) -> str:
        """Pipe a sync into the target; keep the state that it acknowledges."""
        if self.state is not None:
            files.setdefault("state", self.state)
        with tap.start(config, **files) as process:
            done = subprocess.run(
                [self._target, "--config", self._config],
                stdin=process.stdout,
                capture_output=True,
                check=False,
            )
            assert process.stderr is not None
            said = process.stderr.read().decode()
        assert process.returncode == 0, said
        assert done.returncode == 0, done.stderr.decode()[-2000:]
        for line in done.stdout.splitlines():
            self.state = json.loads(line)
        return said

    def tables(self) -> dict[str, dict[tuple[Any, ...], dict[str, Any]]]:
        """Give each table's rows by key, in the form of the tap's own rows."""
        with psycopg2.connect(self._uri) as connection, connection.cursor() as cursor:
            cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname='stripe'")
            return {
                name: {self._key(name, row): row for row in self._rows(cursor, name)}
                for (name,) in cursor.fetchall()
            }

    def _rows(self, cursor: Any, name: str) -> Iterator[dict[str, Any]]:
        table = sql.Identifier("stripe", name)
        cursor.execute(sql.SQL("SELECT to_jsonb(t) FROM {} t").format(table))
        for (row,) in cursor.fetchall():
            for column, definition in SCHEMAS[name].items():
                if definition.get("format") == "date-time" and row.get(column):
                    row[column] += "+00:00"  # target-postgres drops the zone, UTC.
            yield row

    @staticmethod
    def _key(name: str, row: dict[str, Any]) -> tuple[Any, ...]:
        own: tuple[Any, ...] = (row.get("id"),)
        if name == "balance_transaction_fee_details":
            own = row["balance_transaction"], row["position"]
        return (row["account_id"], *own) if "account_id" in row else own


@pytest.fixture(scope="session")
def target_postgres() -> Path:
    return loader(*POSTGRES)


@pytest.fixture
def warehouse(server, target_postgres, tmp_path) -> Warehouse:
    name = f"test_{uuid4().hex}"
    server.psql(f"CREATE DATABASE {name}")
    return Warehouse(
        server.get_uri(name),
        server.get_uri(name, driver="psycopg"),
        target_postgres,
        tmp_path,
    )


@pytest.fixture(scope="session")
def everything() -> dict[str, Any]:
    """Give a catalog in which all that there is to read is selected."""
    catalog: dict[str, Any] = TapStripe(config={"api_key": "sk_test_1"}).catalog_dict
    for stream in catalog["streams"]:
        for entry in stream["metadata"]:
            if not entry["breadcrumb"]:
                entry["metadata"]["selected"] = stream["stream"] in ALL
    return catalog
