"""The sandbox of quickstart, in which a made-up day passes from run to run.

Its data lead up to the first run. At each later one, what happened on the days before
is done again, at the times at which it happened: all runs see the same account.
"""

from __future__ import annotations

import json
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from tap_stripe.sandbox import Options, Sandbox

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# What happens on a day, in this order.
DAY = (
    *("create_charge",) * 9,
    "create_customer",
    "refund_charge",
    *("create_charge",) * 8,
    "update_customer",
    "cancel_subscription",
    *("create_charge",) * 7,
    "delete_customer",
    "refund_charge",
)
# All that a day brings, by a query of the tables.
CHANGES = """
SELECT 'charge, new' AS what, count(*), max(id) AS one_of_them
  FROM {schema}.charges WHERE created >= '{since}'
UNION ALL
SELECT 'refund', count(*), max(id)
  FROM {schema}.refunds WHERE created >= '{since}'
UNION ALL
SELECT 'customer, new', count(*), max(id)
  FROM {schema}.customers WHERE created >= '{since}'
UNION ALL
SELECT 'customer, deleted', count(*), max(id)
  FROM {schema}.customers WHERE is_deleted AND _sdc_deleted_at >= '{since}'
UNION ALL
SELECT 'subscription, canceled', count(*), max(id)
  FROM {schema}.subscriptions WHERE canceled_at >= '{since}';
"""


class Demo:
    """The account that quickstart reads when it has no key.

    Attributes:
        since: Unix time of the last run's end, if this is not the first one.
    """

    def __init__(self, home: Path) -> None:
        self._file = home / "sandbox.json"
        self._runs: list[list[int]] = []
        if self._file.exists():
            self._runs = json.loads(self._file.read_text(encoding="utf-8"))
        self.since = self._runs[-1][1] if self._runs else None

    @contextmanager
    def serving(self) -> Iterator[Sandbox]:
        """Serve the account as it is now, and remember when that was."""
        now = int(time.time())
        # Kept before anyone can have seen what happens now.
        self._runs.append([now, now])
        self._save()
        first, *later = self._runs
        clock = _Clock()
        with Sandbox(Options(now=first[0], clock=clock)) as sandbox:
            before = first[1]
            for start, end in later:
                for number, operation in enumerate(DAY):
                    clock.time = before + (start - before) * (number + 1) / len(DAY)
                    # After some hundred days there is no subscription left to cancel.
                    with suppress(LookupError):
                        sandbox.perform(operation)
                before = end
            clock.time = None
            yield sandbox
        self._runs[-1][1] = int(time.time())
        self._save()

    def _save(self) -> None:
        self._file.write_text(json.dumps(self._runs), encoding="utf-8")


class _Clock:
    """The machine's, but while the past is made."""

    def __init__(self) -> None:
        self.time: float | None = None

    def __call__(self) -> float:
        return time.time() if self.time is None else self.time
