"""Killed behind any STATE line, a run loses nothing: the net under all the rest."""

from __future__ import annotations

import copy as copies
import json

import pytest

from tests.target import Target
from tests.trust.conftest import report

PAGE = 7
# One endpoint that feeds several collections, one that is large, one that is small,
# one without events, and lists inside objects.
SOME = (
    "accounts",
    "balance_transactions",
    "balance_transaction_fee_details",
    "bank_accounts",
    "cards",
    "charges",
    "coupons",
    "customers",
    "discounts",
    "invoice_lines",
    "invoices",
)
# STATE lines that the short form goes on from, each day others.
MOST = 7
SEEDS = 2
LONG_SEEDS = 5


def cut_behind_each_state(out):
    """Give what a target has got of a run, for each of its STATE lines."""
    lines = out.splitlines(keepends=True)
    return [
        lines[: place + 1]
        for place, line in enumerate(lines)
        if json.loads(line)["type"] == "STATE"
    ]


@pytest.fixture
def places(pytestconfig):
    """Give a function that says which of so many STATE lines to go on from."""

    def tried(count):
        step = 1 if pytestconfig.option.long else max(1, -(-count // MOST))
        return range(pytestconfig.option.day % step, count, step)

    return tried


def go_on_from_each(copy, before, out, places, *, names=(), **how):
    """Go on from STATE lines as a killed run would; say what is wrong then."""
    every = cut_behind_each_state(out)
    assert every, "a run says what it has done"
    found = []
    for place in places(len(every)):
        target = copies.deepcopy(before)
        target.take(every[place])
        ran = copy.run(state=target.state, **how)
        target.take(ran.out.splitlines(keepends=True))
        wrong = copy.differences(*names, target=target)
        if ran.code or wrong:
            which = f"STATE {place + 1} of {len(every)}: exit {ran.code}"
            found += [which, ran.said[-600:] if ran.code else "", *wrong]
    assert not found, report(found)


def pytest_generate_tests(metafunc):
    if "chance" in metafunc.fixturenames:
        option = metafunc.config.option
        count = LONG_SEEDS if option.long else SEEDS
        metafunc.parametrize(
            "chance", range(100 * option.seed, 100 * option.seed + count)
        )


def test_a_first_run_may_be_killed_behind_any_state(copying, chance, places):
    copy = copying(
        seed=chance,
        most_per_page=PAGE,
        jitter_seconds=0.02,
        settings={"lookback_seconds": 0},
    )
    ran = copy.run(often=True)
    ran.assert_well()
    copy.change(12)

    go_on_from_each(copy, Target(), ran.out, places)


def test_a_later_run_may_be_killed_behind_any_state(copying, chance, places):
    copy = copying(
        seed=chance,
        most_per_page=PAGE,
        jitter_seconds=0.02,
        settings={"lookback_seconds": 0},
    )
    copy.sync()
    copy.change(40)
    before = copies.deepcopy(copy.target)
    ran = copy.sync(often=True)
    ran.assert_well()
    copy.assert_equal()
    copy.change(8)

    go_on_from_each(copy, before, ran.out, places)


def test_a_first_run_of_many_accounts_may_be_killed_behind_any_state(
    copying, chance, places
):
    copy = copying(
        seed=chance, accounts=3, jitter_seconds=0.02, settings={"lookback_seconds": 0}
    )
    ran = copy.run(often=True, only=SOME)
    ran.assert_well()
    for account in copy.ids[:2]:
        copy.change(4, account=account)

    go_on_from_each(copy, Target(), ran.out, places, names=SOME, only=SOME)


def test_a_later_run_of_many_accounts_may_be_killed_behind_any_state(
    copying, chance, places
):
    copy = copying(
        seed=chance, accounts=3, jitter_seconds=0.02, settings={"lookback_seconds": 0}
    )
    copy.sync(only=SOME)
    for account in (None, *copy.ids):
        copy.change(8, account=account)
    before = copies.deepcopy(copy.target)
    ran = copy.sync(often=True, only=SOME)
    ran.assert_well()
    copy.assert_equal(*SOME)

    go_on_from_each(copy, before, ran.out, places, names=SOME, only=SOME)
