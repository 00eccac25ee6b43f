"""Whose a state is and what it was made with: a difference is acted upon or said."""

from __future__ import annotations

import copy as copies
import json
from datetime import UTC, datetime, timedelta

import pytest

from tap_stripe.sandbox.kinds import PERMISSION_NAMES
from tests.expected import EXPANDED, LISTED
from tests.trust.conftest import properties_of
from tests.trust.test_net import cut_behind_each_state

DAY_S = 86_400
TEST_KEY = "sk_test_51TrustOfASandboxKey"
LIVE_KEY = "sk_live_51TrustOfASandboxKey"
OTHER_TEST_KEY = "rk_test_51AnotherOfASandboxKey"
KEYS = {TEST_KEY: None, LIVE_KEY: None, OTHER_TEST_KEY: None}


# Whose it is


@pytest.mark.parametrize("accounts", [0, 2])
def test_the_state_of_another_account_is_refused(copying, accounts):
    one = copying(seed=11, accounts=accounts)
    other = copying(seed=12, accounts=accounts)
    one.sync().assert_well()

    other.run(state=one.target.state).assert_refused("state")

    # Nor does a run that was refused spoil anything.
    one.sync().assert_well()
    one.assert_equal()


@pytest.mark.parametrize(
    ("first", "then"), [(TEST_KEY, LIVE_KEY), (LIVE_KEY, TEST_KEY)]
)
def test_the_state_of_the_other_mode_is_refused(copying, first, then):
    copy = copying(keys=KEYS)
    copy.sync(api_key=first).assert_well()

    copy.run(state=copy.target.state, api_key=then).assert_refused("state")


def test_another_key_of_the_same_account_and_mode_goes_on(copying):
    copy = copying(keys=KEYS, kind=True)
    copy.sync(api_key=TEST_KEY).assert_well()
    copy.later()

    ran = copy.sync(api_key=OTHER_TEST_KEY)

    ran.assert_well()
    assert not [one for one in ran.messages("RECORD") if one["stream"] == "charges"]
    copy.assert_equal()


@pytest.mark.parametrize(("key", "livemode"), [(TEST_KEY, True), (LIVE_KEY, False)])
def test_a_key_of_the_wrong_mode_fills_no_table(copying, key, livemode):
    copy = copying(keys=KEYS, settings={"livemode": livemode})

    copy.run(api_key=key).assert_refused("livemode")

    assert not copy.sandbox.log.entries


# start_date


def at(copy, days):
    """Give a setting: so many days ago, or none."""
    if days is None:
        return {}
    second = copy.sandbox.world.clock() - days * DAY_S
    return {"start_date": datetime.fromtimestamp(second, UTC).isoformat()}


def wrong(copy, days):
    """Say what is missing of what was created since, in tables of listed objects."""
    second = 0 if days is None else copy.sandbox.world.clock() - days * DAY_S + 60
    found = []
    for name, resource in LISTED.items():
        time_of = "date" if resource == "invoiceitems" else "created"
        wanted = {
            one["id"]
            for one in copy.sandbox.expanded(resource, *EXPANDED.get(name, ()))
            if one.get(time_of, second) >= second
        }
        held = {
            key[0]
            for key, row in copy.tables.get(name, {}).items()
            if not row["is_deleted"]
        }
        found += [f"{name}: {id_} is missing" for id_ in sorted(wanted - held)]
    return found


MOVES = {
    "back": (20, 75),
    "back and away": (20, 75, None),
    "away": (20, None),
    "forward": (75, 20),
    "forward and back": (75, 20, 75),
    "from none and back": (None, 20, None),
}


@pytest.mark.parametrize("move", MOVES)
def test_a_start_date_that_moves_is_acted_upon_and_flags_nothing(copying, move):
    copy = copying(scale=0.04, span_seconds=120 * DAY_S)
    for days in MOVES[move]:
        copy.change(5, only=("create_charge", "update_charge", "create_customer"))
        copy.later()

        copy.sync(**at(copy, days)).assert_well()

        assert wrong(copy, days) == []
        assert copy.flagged() == set()
    if MOVES[move][-1] is None:
        copy.assert_equal()


@pytest.mark.parametrize("days", [75, None])
def test_a_start_date_that_moves_back_after_an_interrupted_run_is_whole(copying, days):
    copy = copying(scale=0.04, span_seconds=120 * DAY_S, most_per_page=7)
    ran = copy.run(often=True, **at(copy, 20))
    every = cut_behind_each_state(ran.out)
    copy.target.take(every[len(every) // 2])

    copy.sync(**at(copy, days)).assert_well()

    assert wrong(copy, days) == []


def in_hours(hours):
    return (datetime.now(UTC) + timedelta(hours=hours)).isoformat()


@pytest.mark.parametrize("hours", [6, 14, 72, 24 * 400])
def test_a_start_date_to_come_does_not_spoil_the_state(copying, hours):
    copy = copying(settings={"full_look_seconds": 0})
    ran = copy.sync(start_date=in_hours(hours))

    assert "Traceback" not in ran.err
    if hours > 26 or ran.code:  # It is nowhere on earth that day yet.
        ran.assert_refused("start_date")
    copy.sync(start_date=in_hours(-24 * 30 * 40)).assert_well()
    copy.sync().assert_well()
    copy.assert_equal()


# Selection


def with_properties(copy, name, *, without):
    """Give a catalog of a collection, in which some properties are not selected."""
    catalog = copy.catalog(name)
    [stream] = [one for one in catalog["streams"] if one["stream"] == name]
    for property_ in without:
        properties_of(stream, ("properties", property_))["selected"] = False
    return catalog


ADDED = {
    "charges": "description",
    "customers": "metadata",
    "invoices": "status",
    "coupons": "name",
    "invoice_lines": "amount",
    "balance_transactions": "fee",
}


@pytest.mark.parametrize("name", ADDED)
def test_a_property_selected_later_is_filled_in_old_rows_too(copying, name):
    copy = copying()
    copy.sync(catalog=with_properties(copy, name, without=[ADDED[name]])).assert_well()
    assert all(row.get(ADDED[name]) is None for row in copy.tables[name].values())
    copy.later()

    copy.sync(catalog=with_properties(copy, name, without=[])).assert_well()

    copy.assert_equal(name)


def test_a_property_no_longer_selected_costs_nothing(copying):
    copy = copying(kind=True)
    copy.sync(catalog=with_properties(copy, "charges", without=[])).assert_well()
    copy.later()

    ran = copy.sync(catalog=with_properties(copy, "charges", without=["description"]))

    ran.assert_well()
    assert len(ran.messages("RECORD")) < len(copy.tables["charges"])


@pytest.mark.parametrize("name", ["coupons", "charges", "invoice_lines", "discounts"])
def test_a_collection_selected_later_is_read_whole(copying, name):
    copy = copying()
    others = ("customers", "invoices")
    copy.sync(only=others).assert_well()
    copy.change(5)
    copy.later()

    copy.sync(only=(*others, name)).assert_well()

    copy.assert_equal(*others, name)


@pytest.mark.parametrize("where", ["replication-method", "replication_method"])
@pytest.mark.parametrize("name", ["charges", "coupons", "invoice_lines"])
def test_full_table_in_a_catalog_reads_the_collection_whole_each_time(
    copying, name, where
):
    copy = copying()
    catalog = copy.catalog("customers", name)
    [stream] = [one for one in catalog["streams"] if one["stream"] == name]
    if where == "replication-method":
        properties_of(stream, ())["replication-method"] = "FULL_TABLE"
    else:
        stream["replication_method"] = "FULL_TABLE"
    copy.sync(catalog=catalog).assert_well()

    for _ in range(2):
        copy.later()
        ran = copy.sync(catalog=catalog)

        ran.assert_well()
        rows = [one for one in ran.messages("RECORD") if one["stream"] == name]
        living = {
            row["record"]["id"] for row in rows if not row["record"]["is_deleted"]
        }
        assert len(living) == len(copy.tables[name])
        versions = [
            one for one in ran.messages("ACTIVATE_VERSION") if one["stream"] == name
        ]
        assert len(versions) == 1
        copy.assert_equal(name)


# Settings

MISTYPED = {
    "strat_date": "start_date",
    "startdate": "start_date",
    "api_keys": "api_key",
    "account_id": "account_ids",
    "lookback_second": "lookback_seconds",
    "stream_map": "stream_maps",
    "request_timout": "request_timeout",
}


@pytest.mark.parametrize("name", MISTYPED)
def test_a_mistyped_setting_is_refused_and_the_nearest_named(copying, name):
    copy = copying()

    copy.run(**{name: "2026-01-01"}).assert_refused(name, MISTYPED[name])


def settings_of_the_tap(copy):
    about = json.loads(copy.run("--about", "--format=json").out)
    return sorted(about["settings"]["properties"])


def test_settings_that_are_null_are_the_default(copying):
    copy = copying()
    names = set(settings_of_the_tap(copy)) - set(copy.config())

    ran = copy.sync(**dict.fromkeys(names))

    ran.assert_well()
    copy.assert_equal()


def test_a_missing_permission_fails_the_run_where_that_setting_is_null(copying):
    key = "rk_test_51TrustWithoutDisputes"
    every = set(PERMISSION_NAMES)
    copy = copying(keys={key: every - {"dispute_read"}})

    copy.sync(fail_on_missing_permission=None).assert_names("disputes")

    copy.assert_equal(but=["disputes: "])


def test_a_null_inside_a_number_setting_is_no_traceback(copying):
    copy = copying()
    for name in ("requests_per_second", "retry_seconds", "request_timeout"):
        ran = copy.run(**{name: None})
        assert "Traceback" not in ran.err
        assert ran.code == 0, ran.said


# Bookmarks

INTERRUPTED = (1, 2, 3)


@pytest.mark.parametrize("part", INTERRUPTED)
@pytest.mark.parametrize("is_later", [False, True])
def test_a_bookmark_taken_out_by_hand_has_that_collection_read_anew(
    copying, is_later, part
):
    copy = copying(most_per_page=7)
    if is_later:
        copy.sync()
        copy.change(20)
    ran = copy.run(often=True, state=copy.target.state)
    every = cut_behind_each_state(ran.out)
    copy.target.take(every[len(every) * part // 4])
    names = [
        name for name in copy.target.state["bookmarks"] if name in copy.target.tables
    ]
    assert names, "Singer keeps a bookmark by the stream's name"
    # A few of different kinds, and not the same ones of each part.
    for name in names[part :: max(1, len(names) // 3)]:
        state = copies.deepcopy(copy.target.state)
        del state["bookmarks"][name]
        target = copies.deepcopy(copy.target)

        again = copy.run(state=state)

        assert again.code == 0, (name, again.said)
        target.take(again.out.splitlines(keepends=True))
        assert copy.differences(target=target) == [], name


def test_a_bookmark_taken_out_of_a_whole_state_brings_every_row_again(copying):
    copy = copying()
    copy.sync()
    copy.later()
    state = copies.deepcopy(copy.target.state)
    del state["bookmarks"]["charges"]

    ran = copy.run(state=state)

    ran.assert_well()
    brought = {
        one["record"]["id"]
        for one in ran.messages("RECORD")
        if one["stream"] == "charges"
    }
    assert brought == {one["id"] for one in copy.sandbox.objects("charges")}


# Many accounts


def test_a_run_of_the_list_of_accounts_alone_forgets_no_account(copying):
    copy = copying(accounts=4, kind=True)
    copy.sync().assert_well()
    copy.sync(only=("accounts",)).assert_well()
    account = copy.ids[1]
    gone = copy.perform("delete_customer", account=account)
    first = len(copy.tables["charges"])

    ran = copy.sync()

    ran.assert_well()
    copy.assert_equal()
    assert ("customers", (account, gone)) in copy.flagged()
    again = [one for one in ran.messages("RECORD") if one["stream"] == "charges"]
    assert len(again) < first / 2


@pytest.mark.parametrize("runs", [1, 2])
def test_an_account_that_is_missing_from_the_list_is_not_forgotten(copying, runs):
    copy = copying(accounts=4, kind=True)
    copy.sync().assert_well()
    account = copy.ids[2]
    gone = copy.perform("delete_customer", account=account)
    come_back = copy.sandbox.withhold("accounts", account)
    for _ in range(runs):
        copy.later()
        ran = copy.sync()
        assert "Traceback" not in ran.err
    come_back()
    first = sum(key[0] == account for key in copy.tables["charges"])
    copy.sandbox.edit("accounts", account, "account.updated", email="back@example.com")

    ran = copy.sync()

    ran.assert_well()
    copy.assert_equal()
    assert ("customers", (account, gone)) in copy.flagged()
    again = [
        one
        for one in ran.messages("RECORD")
        if one["stream"] == "charges" and one["record"]["account_id"] == account
    ]
    assert len(again) < max(2, first)


def test_an_account_that_was_named_and_is_not_any_more_keeps_its_rows(copying):
    copy = copying(accounts=3, kind=True)
    one, two, _ = copy.ids
    copy.sync(account_ids=[one, two]).assert_well()
    before = {key for key in copy.tables["charges"] if key[0] == two}
    gone = copy.perform("delete_customer", account=two)
    copy.sync(account_ids=[one]).assert_well()
    assert not copy.flagged("charges")
    assert before <= copy.tables["charges"].keys()
    copy.later()

    ran = copy.sync(account_ids=[one, two])

    ran.assert_well()
    assert ("customers", (two, gone)) in copy.flagged()


# Counts


def test_the_size_of_a_small_list_is_the_number_of_its_ids(copying):
    copy = copying(kind=True, sizes={"coupons": 980})
    copy.sync(only=("coupons",)).assert_well()
    for _ in range(3):
        copy.change(25, only=("update_coupon",))
        copy.later()
        copy.sync(only=("coupons",)).assert_well()
    copy.perform("redeem_coupon")
    copy.later(DAY_S + 1)

    copy.sync(only=("coupons",)).assert_well()

    copy.assert_equal("coupons")
