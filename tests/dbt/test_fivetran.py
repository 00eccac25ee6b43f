"""Fivetran's tables, as packages that are made for them want to find them."""

from __future__ import annotations

import pytest

from scripts.dbt_parts.fivetran import share, views
from tests.dbt.conftest import EVERYWHERE, SCHEMA

# Of Fivetran's columns, how many have a value here: only ever raised.
LEAST_SHARE = 0.97
SCHEMA_OF_VIEWS = "analytics_stripe_fivetran"
ONE_PROCESS = pytest.mark.xdist_group("dbt")
BOTH = pytest.mark.parametrize("dialect", ["postgres", "duckdb"])


def test_the_share_of_columns_that_are_there_does_not_fall():
    there, wanted = share()

    assert LEAST_SHARE <= there / wanted < LEAST_SHARE + 0.02, "raise LEAST_SHARE"


@ONE_PROCESS
@BOTH
def test_each_view_has_the_columns_that_are_listed(dialect, one_account):
    said = one_account.warehouses[dialect].ask(
        "SELECT table_name, column_name FROM information_schema.columns"
        f" WHERE table_schema = '{SCHEMA_OF_VIEWS}'"
    )

    assert {tuple(pair) for pair in said} == {
        (view.name, column)
        for view in views()
        if view.is_made
        for column in ("_fivetran_synced", *view.columns)
    }


@ONE_PROCESS
@BOTH
def test_invoices_and_charges_find_each_other(dialect, one_account):
    ((matched,),) = one_account.warehouses[dialect].ask(
        f"SELECT count(*) FROM {SCHEMA_OF_VIEWS}.invoice AS invoice"
        f" INNER JOIN {SCHEMA_OF_VIEWS}.charge AS charge"
        " ON invoice.charge_id = charge.id AND charge.invoice_id = invoice.id"
        " WHERE invoice.paid AND charge.amount = invoice.amount_paid"
    )

    invoices = one_account.sandbox.objects("invoices")
    paid = sum(invoice["status"] == "paid" for invoice in invoices)
    assert matched == paid > 0


@ONE_PROCESS
@EVERYWHERE
def test_only_accounts_whose_data_it_is_are_in_account(dialect, which, request):
    business = request.getfixturevalue(which)
    ids = business.warehouses[dialect].ask(f"SELECT id FROM {SCHEMA_OF_VIEWS}.account")

    wanted = {business.sandbox.account}
    if which == "many_accounts":
        wanted |= {one["id"] for one in business.sandbox.objects("accounts")}
    assert sorted(id_ for (id_,) in ids) == sorted(wanted)


@ONE_PROCESS
def test_ids_that_merchants_choose_are_no_other_accounts(many_accounts):
    warehouse = many_accounts.warehouses["duckdb"]
    ((plans, ids),) = warehouse.ask(
        f"SELECT count(*), count(DISTINCT id) FROM {SCHEMA_OF_VIEWS}.plan"
    )
    ((chosen,),) = warehouse.ask(f"SELECT count(DISTINCT id) FROM {SCHEMA}.plans")
    ((lines, joined),) = warehouse.ask(
        "SELECT count(DISTINCT line.id), count(*)"
        f" FROM {SCHEMA_OF_VIEWS}.invoice_line_item AS line"
        f" INNER JOIN {SCHEMA_OF_VIEWS}.plan AS plan ON plan.id = line.plan_id"
    )

    assert plans == ids > chosen
    assert lines == joined > 0
