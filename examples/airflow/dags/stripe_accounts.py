"""Reads all accounts of a Stripe platform every 3 hours, one task a shard.

With an `account_id` it reads that one account from its beginning, with a state of its
own; the other accounts' tasks are skipped.
"""

from __future__ import annotations

import hashlib
import json
import os
import shlex
from datetime import UTC, datetime, timedelta
from typing import Any

from airflow.sdk import DAG, Param, task
from airflow.sdk.exceptions import AirflowSkipException

MELTANO = os.environ.get("MELTANO", "meltano")
ENVIRONMENT = os.environ.get("MELTANO_ENVIRONMENT", "prod")
SHARDS = int(os.environ.get("STRIPE_SHARDS", "4"))
# Meltano takes a run that was killed for alive for 5 minutes more and refuses another
# one with its state id. That keeps two processes off a shard, and a retry has to wait.
RETRY_DELAY_S = float(os.environ.get("STRIPE_RETRY_DELAY_S", "360"))


def shard_of(account_id: str) -> int:
    """Says which shard an account is in; the tap takes the same hash."""
    digest = hashlib.sha256(account_id.encode()).digest()
    return int.from_bytes(digest[:8], "big") % SHARDS + 1


@task.bash(
    retries=3,
    retry_delay=timedelta(seconds=RETRY_DELAY_S),
    cwd=os.environ.get("MELTANO_PROJECT_ROOT"),
    # Over all runs: what takes longer than 3 hours, or is asked for by hand, holds up
    # its own shard and no other, and no account is read by two at once.
    max_active_tis_per_dag=1,
)
def read(shard: int, params: Any = None, dag_run: Any = None) -> str:
    """Gives the command that reads a shard, or what is asked for by hand of it."""
    account_ids, suffix = ["own", "connected"], f"shard-{shard}-of-{SHARDS}"
    if account_id := params["account_id"]:
        if shard_of(account_id) != shard:
            raise AirflowSkipException
        # A state id of its own is an empty state, which the run's retries go on from.
        account_ids = [account_id]
        suffix = f"{account_id}-{dag_run.run_after:%Y%m%dT%H%M%S}"
    # Not `meltano run`: its runs of a plugin share their files for catalog and state;
    # two at once take each other's. https://github.com/meltano/meltano/issues/8763
    command = (
        MELTANO,
        "el",
        f"--state-id={ENVIRONMENT}:tap-stripe-to-target-postgres:{suffix}",
        "tap-stripe",
        "target-postgres",
    )
    settings = {
        "TAP_STRIPE_ACCOUNT_IDS": json.dumps(account_ids),
        "TAP_STRIPE_SHARD": f"{shard}/{SHARDS}",
    }
    assigned = (f"{name}={shlex.quote(value)}" for name, value in settings.items())
    return f"{' '.join(assigned)} exec {shlex.join(command)}"


with DAG(
    "stripe",
    doc_md=__doc__,
    schedule="0 */3 * * *",
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,  # A run reads all that has happened since the last one.
    max_active_tasks=SHARDS,
    params={
        "account_id": Param(
            None,
            type=["null", "string"],
            pattern="^acct_[A-Za-z0-9]+$",
            description="Read this account alone, from its beginning.",
        )
    },
) as dag:
    for shard in range(1, SHARDS + 1):
        read.override(task_id=f"shard-{shard}-of-{SHARDS}")(shard)
