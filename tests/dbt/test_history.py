"""History has a version for each change, and for nothing else."""

from __future__ import annotations

import pytest

from tests.dbt.conftest import SCHEMA

HISTORY = "analytics_stripe_history.stripe_customers_history"


@pytest.mark.xdist_group("dbt")
@pytest.mark.parametrize("dialect", ["postgres", "duckdb"])
def test_what_is_read_again_makes_no_version_and_what_has_changed_does(
    dialect, one_account
):
    warehouse = one_account.warehouses[dialect]
    ((before,),) = warehouse.ask(f"SELECT count(*) FROM {HISTORY}")
    ((customer, name),) = warehouse.ask(
        f"SELECT id, name FROM {SCHEMA}.customers"
        " WHERE name IS NOT NULL AND NOT is_deleted ORDER BY id LIMIT 1"
    )
    warehouse.ask(f"UPDATE {SCHEMA}.customers SET received_at = '2030-01-01'")
    warehouse.ask(
        f"UPDATE {SCHEMA}.customers SET name = 'Somebody else' WHERE id = '{customer}'"
    )

    said = warehouse.dbt(
        *("build", "--select", "stripe_customers", "stripe_customers_history"),
        as_of=one_account.as_of,
    )

    assert said.returncode == 0, said.stdout
    ((after,),) = warehouse.ask(f"SELECT count(*) FROM {HISTORY}")
    names = warehouse.ask(
        f"SELECT name FROM {HISTORY} WHERE id = '{customer}' ORDER BY dbt_valid_from"
    )
    assert after == before + 1
    assert names == [[name], ["Somebody else"]]
