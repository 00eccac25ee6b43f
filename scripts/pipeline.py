"""Loads Stripe tables into a local PostgreSQL by Meltano, and says what it loaded.

    python3 scripts/quickstart [what `meltano run` takes]
    python3 scripts/quickstart --keep[=PORT]          lets the database run on
    python3 scripts/quickstart --stop                 ends it
    python3 scripts/quickstart --sql "SELECT ..."     asks the database
    python3 scripts/quickstart --sql                  opens psql on it
    python3 scripts/quickstart --dbt                  builds the reports of dbt/ too

Reads made-up data, in which a day passes from run to run, or with TAP_STRIPE_API_KEY
(in the environment or `.env`) Stripe. The database lives in output/quickstart and runs
only as long as the command. What Meltano knows (the state above all) is kept beside it:
neither is worth a thing alone.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from dotenv import dotenv_values
from filelock import FileLock, Timeout

from scripts import bootstrap, database
from scripts.demo import CHANGES, Demo
from tap_stripe.keys import livemode_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from scripts.database import Database

HOME = bootstrap.ROOT / "output" / "quickstart"
PORT = 54329
BUSY = (
    "Another quickstart is at work in this clone: wait until it has ended. With --sql "
    "the database can be asked meanwhile."
)
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
    parser.add_argument("--keep", nargs="?", const=PORT, type=int, metavar="PORT")
    parser.add_argument("--stop", action="store_true")
    parser.add_argument("--dbt", action="store_true")
    options, for_meltano = parser.parse_known_args()
    try:
        HOME.mkdir(parents=True, exist_ok=True)
        with ExitStack() as stack:
            if options.sql is None:
                # Before the database: two that make it at once are in each other's way.
                stack.enter_context(_alone())
            server = stack.enter_context(database.running(HOME))
            if options.sql is not None:
                return server.psql(options.sql)
            if options.stop:
                print("Stopped." if server.stop() else "It was not running.")
                return 0
            failed = _load(server, for_meltano, reports=options.dbt)
            if options.keep is not None:
                _say_where(server.keep(options.keep))
            return failed
    except bootstrap.BootstrapError as error:
        print(error, file=sys.stderr)
        return 1
    except OSError as error:
        where = Path(error.filename or HOME)
        if not where.is_relative_to(bootstrap.ROOT / "output"):
            raise
        print(bootstrap.READ_ONLY.format(where, error.strerror), file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


@contextmanager
def _alone() -> Iterator[None]:
    try:
        with FileLock(HOME / "lock", timeout=0):
            yield
    except Timeout:
        raise bootstrap.BootstrapError(BUSY) from None


def _load(server: Database, for_meltano: list[str], *, reports: bool) -> int:
    env = {**dotenv_values(bootstrap.ROOT / ".env"), **os.environ}
    environment = environment_for(env.get("TAP_STRIPE_API_KEY"))
    source, schema = ENVIRONMENTS[environment]
    print(f"Reading {source}.", flush=True)
    meltano = [str(bootstrap.meltano()), f"--environment={environment}", "run"]
    demo = Demo(HOME) if environment == "sandbox" else None
    with ExitStack() as stack:
        settings = _with_loader(os.environ, server)
        if demo is not None:
            if demo.since is not None:
                print("A made-up day has passed since the last run.", flush=True)
            sandbox = stack.enter_context(demo.serving())
            settings |= {
                "TAP_STRIPE_API_KEY": sandbox.key,
                "TAP_STRIPE_API_URL": sandbox.url,
                "TAP_STRIPE_REQUESTS_PER_SECOND": "100",
            }
        plugins = [*PLUGINS, *([REPORTS] if reports else [])]
        failed = _run_and_print([*meltano, *for_meltano, *plugins], env=settings)
    if failed:
        print(f"\nThe run failed (exit code {failed}); why stands above.")
    _tell(server, schema)
    if demo is not None and demo.since is not None and not failed:
        since = datetime.fromtimestamp(demo.since, UTC).isoformat()
        query = CHANGES.format(schema=schema, since=since)
        print(f"\nWhat happened since the last run:\n{query}", flush=True)
        server.psql(query)
    return failed


def _say_where(uri: str) -> None:
    print("\nThe database goes on running. For dbt, a BI tool, or psql:")
    print(f"  {uri}")
    print("It takes connections from this machine only. To end it:")
    print("  python3 scripts/quickstart --stop")


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


def _with_loader(env: Mapping[str, str], server: Database) -> dict[str, str]:
    return {
        **env,
        "TARGET_POSTGRES_SQLALCHEMY_URL": server.uri(driver="psycopg"),
        "DBT_POSTGRES_HOST": server.host,
        "DBT_POSTGRES_PORT": server.port,
        "MELTANO_DATABASE_URI": f"sqlite:///{HOME / 'meltano.db'}",
        "MELTANO_PROJECT_ROOT": str(bootstrap.ROOT),
    }


def _tell(server: Database, schema: str) -> None:
    rows = server.rows(schema)
    width = max(map(len, rows), default=0)
    print(f"\n{len(rows)} tables in schema {schema}:")
    for table, count in rows.items():
        print(f"  {table:<{width}} {count:>9,} rows")
    example = f"SELECT * FROM {schema}.charges LIMIT 3"  # noqa: S608 (only printed)
    print(f"\nThe database (PostgreSQL) is in {HOME / 'postgres'}. Look at it with")
    print(f'  python3 scripts/quickstart --sql "{example}"')
    print("or without the query, in psql. Run the first command again for what is new.")


if __name__ == "__main__":
    sys.exit(main())
