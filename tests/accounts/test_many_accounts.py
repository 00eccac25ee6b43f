"""Every account's tables equal Stripe, and no account stands in another's way."""

from __future__ import annotations

import json
import signal
import time

import pytest

from tap_stripe.accounts import Shard
from tap_stripe.sandbox import Limits

MERCHANTS_CHOOSE = ("coupons", "plans")
# More than are read at once, so that some wait for others.
MANY = 30
CHANGED = 5


def test_thirty_accounts_one_revoked_and_one_without_a_permission(platform):
    stripe = platform(MANY)
    revoked, restricted, *others = stripe.ids
    stripe.sandbox.revoke_account(revoked, listed=True)
    stripe.sandbox.restrict_account(restricted, {"customer_read", "event_read"})

    first = stripe.sync()

    assert first.code == 1
    assert f"Not read on: {revoked}" in first.err
    assert f"Not read: charges of {restricted} (/v1/charges: the key lacks" in first.err
    stripe.assert_equal(stripe.sandbox.account, *others)
    assert {row["account_id"] for row in stripe.target.tables["charges"].values()} == {
        stripe.sandbox.account,
        *others,
    }
    for name in MERCHANTS_CHOOSE:
        ids = [key[1] for key in stripe.target.tables[name]]
        assert len(set(ids)) < len(ids), "accounts share ids"
    assert stripe.rows("customers", restricted)
    assert not first.messages("ACTIVATE_VERSION"), "a version is a whole table's"

    idle = stripe.sync()

    assert idle.code == 1
    answered = [
        entry
        for entry in stripe.sandbox.log.entries[-stripe.requests :]
        if entry.status == 200
    ]
    # The rest are the endpoints of the two accounts that refuse.
    assert len(answered) <= MANY + 12
    asked = {line.partition("(")[0] for line in idle.err.splitlines()}
    assert any(f"charges of {restricted}" in line for line in asked)

    for account_id in others[:CHANGED]:
        stripe.sandbox.change(20, account=account_id)
    assert stripe.sync().code == 1

    stripe.assert_equal(stripe.sandbox.account, *others)
    assert stripe.requests < MANY + CHANGED * 80

    stripe.sandbox.restrict_account(restricted, None)
    stripe.sync()

    stripe.assert_equal(restricted)


def test_an_account_that_leaves_is_named_once_and_one_that_joins_is_read_in_full(
    platform,
):
    stripe = platform(6)
    left = stripe.ids[2]
    assert stripe.sync().code == 0
    stripe.sandbox.revoke_account(left)
    joined = stripe.sandbox.perform("connect_account")

    ran = stripe.sync()

    assert ran.code == 0
    assert f"read no more: {left}" in ran.err
    stripe.assert_equal()
    assert stripe.rows("customers", joined)
    assert stripe.rows("customers", left), "what was read of it stays"
    own = stripe.sandbox.account
    assert left not in {row["id"] for row in stripe.rows("accounts", own)}
    assert left not in stripe.sync().err


def test_an_account_in_which_stripe_fails_is_named_and_read_on_with_the_next_run(
    platform,
):
    stripe = platform(5, retry_seconds=2)
    broken, *others = stripe.ids
    stripe.sandbox.break_account(broken)
    stripe.sandbox.latency_seconds = 0.03

    ran = stripe.sync()

    assert ran.code == 1
    assert f"Not read: charges of {broken} (/v1/charges: " in ran.err
    stripe.assert_equal(stripe.sandbox.account, *others)
    stripe.sandbox.mend_account(broken)
    assert stripe.sync().code == 0
    stripe.assert_equal()


def test_a_run_ends_when_stripe_answers_nobody(platform):
    stripe = platform(5, retry_seconds=2)
    stripe.sync()
    stripe.sandbox.down = True
    started = time.monotonic()

    ran = stripe.sync()

    assert ran.code == 1
    assert "Stripe still failed" in ran.err
    assert time.monotonic() - started < 15
    stripe.sandbox.down = False
    assert stripe.sync().code == 0
    stripe.assert_equal()


def test_a_revoked_key_ends_the_run_at_once(platform):
    stripe = platform(5)
    stripe.sync()
    stripe.sandbox.revoke(stripe.sandbox.key)

    ran = stripe.sync()

    assert ran.code == 1
    assert "Expired API Key" in ran.err
    assert stripe.requests < 5


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_nothing_is_lost_when_a_run_ends_in_the_middle(platform, tmp_path, number):
    stripe = platform(12)
    stripe.sandbox.latency_seconds = 0.02
    for requests in (20, 60, 90):
        out = tmp_path / "out"
        before = len(stripe.sandbox.log)
        with out.open("wb") as file:
            process = stripe.tap.start(
                stripe.settings, state=stripe.target.state, stdout=file
            )
        while process.poll() is None and len(stripe.sandbox.log) - before < requests:
            time.sleep(0.001)
        process.send_signal(number)
        process.communicate(timeout=30)
        stripe.target.take(out.read_bytes().splitlines(keepends=True))
    # What was read before is not read again.
    assert stripe.sync().code == 0
    stripe.assert_equal()
    for account_id in stripe.ids[:4]:
        stripe.sandbox.change(20, account=account_id)

    assert stripe.sync().code == 0

    stripe.assert_equal()


def test_an_idle_account_is_looked_at_in_full_once_a_day(platform):
    stripe = platform(4)
    stripe.sync()
    [account_id] = stripe.ids[:1]
    # No event tells how often a coupon was redeemed.
    stripe.sandbox.perform("redeem_coupon", account=account_id)

    stripe.sync()
    assert stripe.requests <= 2 * 5
    assert any("coupons" in one for one in stripe.differences(account_id))

    stripe.age(86_400)
    stripe.sync()
    assert stripe.requests > 10 * 5
    stripe.assert_equal()


def test_what_one_selection_has_seen_another_has_still_to_read(platform):
    stripe = platform(2)
    catalog = json.loads(stripe.tap.run(stripe.settings, "--discover").out)

    def sync_only(name):
        for stream in catalog["streams"]:
            for entry in stream["metadata"]:
                if not entry["breadcrumb"]:
                    entry["metadata"]["selected"] = stream["stream"] == name
        ran = stripe.tap.sync(stripe.settings, stripe.target, catalog=catalog)
        assert ran.code == 0, ran.err

    stripe.sync()
    time.sleep(1.1)  # The next run's watermark is another second.
    account_id = stripe.ids[0]
    stripe.sandbox.perform("update_customer", account=account_id)

    sync_only("charges")
    sync_only("customers")

    stripe.assert_equal(account_id)


def test_after_a_gap_everything_is_read_again_and_known_deletions_are_flagged(platform):
    stripe = platform(3)
    stripe.sync()
    account_id = stripe.ids[0]
    deleted = stripe.sandbox.perform("delete_customer", account=account_id)
    stripe.age(40 * 86_400)

    ran = stripe.sync()

    assert f"customers of {account_id} was last read 40" in ran.err
    assert not ran.messages("ACTIVATE_VERSION")
    assert len(ran.messages("RECORD")) > len(stripe.target.tables["charges"])
    stripe.assert_equal()
    row = stripe.target.tables["customers"][account_id, deleted]
    assert row["is_deleted"]
    assert row["_sdc_deleted_at"]


@pytest.mark.parametrize("on_platform", [False, True])
def test_events_about_accounts_are_understood_wherever_they_are(platform, on_platform):
    # Whether a platform's own events tell of its accounts is not documented.
    stripe = platform(5, options={"connect_events_on_platform": on_platform})
    assert stripe.sync().code == 0
    stripe.sandbox.perform("update_own_account")
    for account_id in stripe.ids[:2]:
        stripe.sandbox.perform("update_account", account_id)
        stripe.sandbox.change(10, account=account_id)

    assert stripe.sync().code == 0

    stripe.assert_equal()
    stripe.sandbox.perform("update_own_account")
    assert stripe.sync(account_ids=["own"]).code == 0


def test_accounts_by_id(platform):
    stripe = platform(4)
    one, two, *_ = stripe.ids

    assert stripe.sync(account_ids=[one, two]).code == 0

    charges = stripe.target.tables["charges"].values()
    assert {row["account_id"] for row in charges} == {one, two}
    stripe.assert_equal(one, two)
    # The list of accounts is the platform's.
    assert {row["account_id"] for row in stripe.target.tables["accounts"].values()} == {
        stripe.sandbox.account
    }


def test_an_account_without_access_is_one_sentence(platform):
    stripe = platform(1)

    ran = stripe.sync(account_ids=["acct_x"])

    assert ran.code == 1
    [said] = [line for line in ran.err.splitlines() if "| ERROR" in line]
    assert "Not all was read: acct_x; " in said
    assert "does not have access to account 'acct_x'" in said
    assert "Traceback" not in ran.err


def test_shards_have_all_accounts_and_none_twice(platform):
    stripe = platform(20)
    held: dict[int, set[str]] = {}
    for number in (1, 2, 3):
        # Each has its own state.
        stripe.target.state = None
        assert stripe.sync(shard=f"{number}/3").code == 0
        accounts = {
            row["account_id"] for row in stripe.target.tables["customers"].values()
        }
        held[number] = accounts - {a for one in held.values() for a in one}

    stripe.assert_equal()
    assert all(held.values())
    assert stripe.sandbox.account in held[1]
    for number, accounts in held.items():
        connected = accounts - {stripe.sandbox.account}
        assert all(Shard(number, 3).has(account_id) for account_id in connected)


def test_an_account_is_in_the_same_shard_for_all_times():
    # Whoever changes this has every account of every user read anew.
    places = [
        next(n for n in range(1, 17) if Shard(n, 16).has(f"acct_{place}"))
        for place in range(8)
    ]
    assert places == [4, 3, 8, 8, 5, 14, 11, 12]


def test_an_account_that_is_throttled_slows_no_other(platform):
    limits = Limits(account_requests_per_second=40)
    stripe = platform(6, options={"limits": limits}, requests_per_second=500)

    ran = stripe.sync()

    assert ran.code == 0
    stripe.assert_equal()
    refused = stripe.sandbox.log.by_status[429]
    assert refused < 0.35 * len(stripe.sandbox.log)


def test_stripes_limit_for_the_platform_is_found(platform):
    limits = Limits(requests_per_second=60)
    stripe = platform(20, options={"limits": limits}, requests_per_second=500)

    ran = stripe.sync()

    assert ran.code == 0
    stripe.assert_equal()
    refused = stripe.sandbox.log.by_status[429]
    assert refused < 0.35 * len(stripe.sandbox.log)


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"account_ids": ["acct_1", "everyone"]}, "account_ids has 'everyone'"),
        ({"account_ids": ["connected"], "shard": "0/4"}, "shard is '0/4'"),
        ({"account_ids": ["connected"], "shard": "5/4"}, "shard is '5/4'"),
        ({"account_ids": ["connected"], "shard": "half"}, "shard is 'half'"),
        ({"account_ids": ["own"], "shard": "1/4"}, "name them in account_ids"),
    ],
)
def test_a_setting_that_can_not_be_used_is_one_sentence(platform, settings, sentence):
    stripe = platform(1)

    ran = stripe.sync(**settings)

    assert ran.code == 1
    assert sentence in ran.err
    assert "Traceback" not in ran.err
    assert stripe.requests == 0


def test_a_key_that_may_not_list_accounts_is_told_so(platform):
    stripe = platform(1)
    stripe.sandbox.set_key(stripe.sandbox.key, {"charge_read", "event_read"})

    ran = stripe.sync(account_ids=["connected"])

    assert ran.code == 1
    assert "the permission connected_account_read" in ran.err
    assert "Traceback" not in ran.err


def test_a_key_of_no_platform_is_told_so(platform):
    stripe = platform(
        1,
        options={"platform": False, "platform_refusal": "platform_account_required"},
    )

    ran = stripe.sync(account_ids=["connected"])

    assert ran.code == 1
    assert "no platform" in ran.err
    assert "Traceback" not in ran.err


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_every_account_is_equal_after_each_of_several_syncs(platform, seed):
    options = {"seed": seed, "scale": 0.3, "cascade_events": "all"}
    stripe = platform(6, options=options)
    assert stripe.sync().code == 0
    for round_ in range(3):
        for account_id in (None, *stripe.ids[round_ : round_ + 3]):
            stripe.sandbox.change(30, seed=10 * seed + round_, account=account_id)

        ran = stripe.sync()

        assert ran.code == 0, ran.err
        stripe.assert_equal()
