"""`start_date` bounds what the tables hold, and flags nothing."""

from __future__ import annotations

import time
from datetime import UTC, datetime

from tap_stripe.sandbox import Options, Sandbox
from tests.expected import DEFAULT, LISTED
from tests.target import Target

TIME = {"invoice_items": "date"}


def middle(sandbox, resource):
    """Give a time before and after which such objects were created."""
    found = sandbox.objects(resource)
    times = sorted(one["created"] for one in found if "created" in one)
    return times[len(times) // 2]


def starting(config, sandbox, second):
    return config(
        sandbox,
        lookback_seconds=0,
        start_date=datetime.fromtimestamp(second, UTC).isoformat(),
    )


def flagged(target):
    return {
        (name, key)
        for name, rows in target.tables.items()
        for key, row in rows.items()
        if row["is_deleted"] or row.get("_sdc_deleted_at")
    }


def test_what_was_created_before_is_in_no_table_also_when_it_changes(tap, config):
    target = Target()
    with Sandbox(Options(seed=5, scale=0.3)) as sandbox:
        start = middle(sandbox, "charges")
        settings = starting(config, sandbox, start)
        tap.sync(settings, target)
        sandbox.change(80, seed=5)
        time.sleep(1.1)
        tap.sync(settings, target)

        for name in LISTED.keys() & DEFAULT:
            resource = LISTED[name]
            time_of = TIME.get(name, "created")
            wanted = {
                one["id"]
                for one in sandbox.objects(resource)
                if one.get(time_of, start) >= start
            }
            held = {
                key[0]
                for key, row in target.tables[name].items()
                if not row["is_deleted"]
            }
            assert held == wanted, name


def test_what_an_earlier_start_date_has_brought_is_not_gone(tap, config):
    target = Target()
    options = Options(seed=5, scale=0.2, sizes={"accounts": 12})
    with Sandbox(options) as sandbox:
        start = middle(sandbox, "accounts")
        tap.sync(starting(config, sandbox, 0), target)
        before = flagged(target)

        for _ in range(2):
            tap.sync(starting(config, sandbox, start), target)
            assert flagged(target) == before
            sandbox.perform("update_customer")
            time.sleep(1.1)
