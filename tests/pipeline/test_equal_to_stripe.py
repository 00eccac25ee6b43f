"""After a sync every table equals Stripe: in a real PostgreSQL, row by row."""

from __future__ import annotations

import copy
import time

import pytest

from tap_stripe.sandbox import Options, Sandbox
from tap_stripe.sandbox.changes.generic import operations
from tests.expected import ALL, DEFAULT, differences
from tests.target import Target

DAY_S = 86400
# Resource in the sandbox: the collection that its deleted objects are in.
DELETED = {
    "bank_accounts": "bank_accounts",
    "cards": "cards",
    "coupons": "coupons",
    "customers": "customers",
    "discounts": "discounts",
    "invoiceitems": "invoice_items",
    "invoice_lines": "invoice_lines",
    "invoices": "invoices",
    "plans": "plans",
    "prices": "prices",
    "products": "products",
    "subscription_items": "subscription_items",
    "tax_ids": "tax_ids",
}


def not_flagged(sandbox, held):
    """Give the rows of deleted objects that are not flagged as deleted."""
    return [
        f"{collection}: {id_}"
        for resource, collection in DELETED.items()
        for id_ in sandbox.deleted(resource)
        if (row := held.get(collection, {}).get((id_,))) is not None
        and not (row["is_deleted"] and row["_sdc_deleted_at"])
    ]


def test_every_table_equals_the_sandbox_after_a_first_sync(
    tap, config, warehouse, everything
):
    with Sandbox(Options(seed=3)) as sandbox:
        warehouse.load(tap, config(sandbox), catalog=everything)

        held = warehouse.tables()
        assert differences(sandbox, held, ALL) == []
        assert set(held) == ALL


def test_tables_that_are_read_unless_asked_otherwise_are_those_by_default(tap, config):
    target = Target()
    with Sandbox(Options(seed=3, scale=0.1)) as sandbox:
        tap.sync(config(sandbox), target)

        assert set(target.tables) == DEFAULT
        assert differences(sandbox, target.tables) == []


def test_tables_of_many_accounts_equal_the_sandbox_although_they_share_ids(
    tap, config, warehouse
):
    options = Options(seed=4, scale=0.3, sizes={"accounts": 6}, connected_data=True)
    with Sandbox(options) as sandbox:
        settings = config(sandbox, account_ids=["own", "connected"])
        warehouse.load(tap, settings)
        ids = [account["id"] for account in sandbox.objects("accounts")]
        for account in ids[:3]:
            sandbox.change(40, seed=1, account=account)
        sandbox.change(40, seed=2)
        warehouse.load(tap, settings)

        held = warehouse.tables()
        coupons = [id_ for _, id_ in held["coupons"]]
        assert len(set(coupons)) < len(coupons)
        for account in (None, *ids):
            mine = {
                name: {
                    key[1:]: row
                    for key, row in rows.items()
                    if key[0] == (account or sandbox.account)
                }
                for name, rows in held.items()
            }
            where = {"account": account} if account else {}
            found = differences(sandbox, mine, **where)
            # The list of accounts is the platform's.
            of_others = [] if account is None else ("accounts:",)
            assert [one for one in found if not one.startswith(tuple(of_others))] == []


def test_the_own_account_is_not_gone_for_being_in_no_list(tap, config):
    target = Target()
    with Sandbox(Options(seed=4, scale=0.1)) as sandbox:
        settings = config(sandbox, lookback_seconds=0)
        tap.sync(settings, target)
        sandbox.perform("update_own_account")
        for _ in range(2):
            tap.sync(settings, target)
            assert differences(sandbox, target.tables) == []
            time.sleep(1.1)  # The event is not read twice.


@pytest.mark.parametrize("seed", [1, 2])
def test_every_table_equals_the_sandbox_after_five_syncs_with_changes(
    tap, config, warehouse, seed
):
    with Sandbox(Options(seed=seed)) as sandbox:
        warehouse.load(tap, config(sandbox))
        for round_ in range(3):
            sandbox.change(60, seed=100 * seed + round_)
            sandbox.start_changing(10)
            warehouse.load(tap, config(sandbox))
            sandbox.stop_changing()
        warehouse.load(tap, config(sandbox))

        held = warehouse.tables()
        assert differences(sandbox, held) == []
        assert not_flagged(sandbox, held) == []


def test_every_table_that_can_be_selected_equals_the_sandbox_after_changes(
    tap, config, everything
):
    target = Target()
    plain = [operation.__name__ for operation in operations()]
    with Sandbox(Options(seed=5, scale=0.5)) as sandbox:
        tap.sync(config(sandbox), target, catalog=everything)
        for round_ in range(3):
            sandbox.change(30, seed=round_)
            sandbox.change(120, seed=round_, only=plain)
            sandbox.start_changing(10)
            tap.sync(config(sandbox), target, catalog=everything)
            sandbox.stop_changing()
        tap.sync(config(sandbox), target, catalog=everything)

        assert differences(sandbox, target.tables, ALL) == []
        assert not_flagged(sandbox, target.tables) == []

        sandbox.change(60, seed=4, only=plain)
        sandbox.forget_events()
        target.state = aged(target.state, 40 * DAY_S)
        tap.sync(config(sandbox), target, catalog=everything)

        # Those of the gap are gone.
        assert differences(sandbox, target.tables, ALL - {"events"}) == []


def test_what_a_gap_of_forty_days_hides_is_found_and_flagged(tap, config, warehouse):
    with Sandbox(Options(seed=4)) as sandbox:
        warehouse.load(tap, config(sandbox))
        sandbox.change(150, seed=4)
        sandbox.forget_events()
        warehouse.state = aged(warehouse.state, 40 * DAY_S)

        said = warehouse.load(tap, config(sandbox))

        held = warehouse.tables()
        assert "charges was last read 40.0 days ago" in said
        assert differences(sandbox, held) == []


def aged(state, seconds):
    """Give a state as if it had been written earlier."""
    older = copy.deepcopy(state)
    for bookmark in older["bookmarks"].values():
        if "watermark" not in bookmark:
            continue  # It is no collection's.
        bookmark["watermark"] -= seconds
        bookmark["listed"] -= seconds
        bookmark["version"] -= seconds
    return older
