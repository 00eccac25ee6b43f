"""What the reports say is what the sandbox's own arithmetic says, to the cent."""

from __future__ import annotations

from collections import defaultdict

import pytest

from tests.dbt.conftest import EVERYWHERE, SCHEMA

# One process makes the databases.
pytestmark = pytest.mark.xdist_group("dbt")
BOTH = pytest.mark.parametrize("dialect", ["postgres", "duckdb"])
MARTS = "analytics_stripe_marts"


@pytest.fixture
def business(request, which):
    return request.getfixturevalue(which)


def accounts(business, which):
    """Give each account's id, as the rows have it, and its books."""
    sandbox = business.sandbox
    if which == "one_account":
        return {None: business.books()}
    connected = [account["id"] for account in sandbox.objects("accounts")]
    return {
        sandbox.account: business.books(),
        **{account: business.books(account) for account in connected},
    }


def of_accounts(rows):
    """Give rows by their account, each without it."""
    found = defaultdict(list)
    for account, *rest in rows:
        found[account].append(tuple(rest))
    return found


@EVERYWHERE
def test_recurring_revenue(dialect, business, which):
    warehouse = business.warehouses[dialect]
    said = of_accounts(
        warehouse.ask(
            f"SELECT account_id, month, currency, mrr FROM {MARTS}.stripe_mrr_by_month"
        )
    )
    moved = of_accounts(
        warehouse.ask(
            "SELECT account_id, month, currency, movement, sum(change)"
            f" FROM {MARTS}.stripe_customer_mrr WHERE movement IS NOT NULL"
            " GROUP BY account_id, month, currency, movement"
        )
    )

    seen = set()
    for account, books in accounts(business, which).items():
        assert {
            (month[:7], currency): mrr for month, currency, mrr in said[account] if mrr
        } == {key: mrr for key, mrr in books.mrr().items() if mrr}
        movements = {
            (month[:7], currency, kind): int(change)
            for month, currency, kind, change in moved[account]
        }
        assert movements == books.movements()
        seen |= {kind for _, _, kind in movements}
    assert {"new", "churn"} <= seen


@EVERYWHERE
def test_revenue_by_day(dialect, business, which):
    said = of_accounts(
        business.warehouses[dialect].ask(
            "SELECT account_id, day, currency, gross, refunds, disputes, fees, net"
            f" FROM {MARTS}.stripe_revenue_by_day"
        )
    )

    for account, books in accounts(business, which).items():
        names = ("gross", "refunds", "disputes", "fees", "net")
        assert {
            (day, currency): dict(zip(names, amounts, strict=True))
            for day, currency, *amounts in said[account]
        } == books.revenue()


@EVERYWHERE
def test_balance_by_day(dialect, business, which):
    said = of_accounts(
        business.warehouses[dialect].ask(
            "SELECT account_id, day, currency, balance, available, pending"
            f" FROM {MARTS}.stripe_balance_by_day ORDER BY day"
        )
    )

    for account, books in accounts(business, which).items():
        by_day = {(day, currency): rest for day, currency, *rest in said[account]}
        assert {key: by_day[key][0] for key in books.balances()} == books.balances()
        now = {currency: rest for (_, currency), rest in by_day.items()}
        last = books.balance()
        for currency, (_, available, pending) in now.items():
            assert available == last.get((currency, "available"), 0)
            assert pending == last.get((currency, "pending"), 0)


@EVERYWHERE
def test_payouts(dialect, business, which):
    said = of_accounts(
        business.warehouses[dialect].ask(
            "SELECT account_id, payout, amount, reconciled, difference"
            f" FROM {MARTS}.stripe_payout_reconciliation WHERE is_automatic"
        )
    )

    for account, books in accounts(business, which).items():
        swept = books.payouts()
        assert said[account]
        for payout, amount, reconciled, difference in said[account]:
            assert amount == reconciled == swept.get(payout, 0)
            assert difference == 0


@BOTH
def test_major_units_follow_the_currency(dialect, one_account):
    said = one_account.warehouses[dialect].ask(
        "SELECT currency, sum(amount), sum(amount_major)"
        " FROM analytics_stripe_current.stripe_charges GROUP BY currency"
    )

    units = {"jpy": 1, "usd": 100, "eur": 100, "gbp": 100, "kwd": 1000}
    assert {currency for currency, *_ in said} == set(units)
    for currency, amount, major in said:
        assert float(major) * units[currency] == pytest.approx(int(amount), abs=0.01)


@BOTH
def test_a_row_that_is_missing_is_named_by_its_day(dialect, one_account):
    warehouse = one_account.warehouses[dialect]
    transactions = one_account.sandbox.objects("balance_transactions")
    charge = next(one for one in transactions[500:] if one["type"] == "charge")
    fee = next(
        one
        for one in transactions[500:]
        if one["type"] == "stripe_fee" and one_account.sandbox.payout_of(one["id"])
    )
    payout = one_account.sandbox.payout_of(fee["id"])
    days = {
        "charge": warehouse.ask(
            f"SELECT cast(created AS date) FROM {SCHEMA}.charges"
            f" WHERE id = '{charge['source']}'"
        )[0][0],
        "payout": warehouse.ask(
            f"SELECT cast(created AS date) FROM {SCHEMA}.payouts WHERE id = '{payout}'"
        )[0][0],
    }
    for gone in (charge, fee):
        warehouse.ask(
            f"UPDATE {SCHEMA}.balance_transactions SET is_deleted = true"
            f" WHERE id = '{gone['id']}'"
        )
    try:
        said = warehouse.dbt(
            "build",
            "--select",
            "+tie_out",
            "--exclude-resource-types",
            "seed",
            as_of=one_account.as_of,
        )
    finally:
        warehouse.ask(f"UPDATE {SCHEMA}.balance_transactions SET is_deleted = false")

    assert said.returncode == 1
    assert f"Does not tie out on {days['charge']}: charges say" in said.stdout
    assert f"Does not tie out on {days['payout']}: payouts say" in said.stdout
    assert "balances say" in said.stdout
