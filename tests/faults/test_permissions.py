"""Keys that may not read everything: what is left out is named, and comes later."""

from __future__ import annotations

import pytest

from tap_stripe.sandbox import Options
from tap_stripe.sandbox.kinds import KINDS, PERMISSION_NAMES
from tests.faults.conftest import assert_one_sentence, errors

KEY = "rk_test_51FaultsOfASandboxKey"
EVERY = frozenset({*PERMISSION_NAMES, *(k.permission for k in KINDS.values())}) - {""}
# Whoever may read a balance transaction's source may read the transaction.
IMPLIED = {"balance_read": {"balance_transaction_source_read"}}
LATER = ("charge_read", "source_read", "coupon_read", "invoice_read", "event_read")
ENOUGH_REQUESTS = 150

# Permission: the collections that can't be read without it, or not wholly.
NEEDED_BY = {
    "application_fee_read": {"application_fees", "application_fee_refunds"},
    "balance_read": {"balance_transactions", "balance_transaction_fee_details"},
    "charge_read": {"charges", "refunds"},
    "checkout_session_read": {"checkout_sessions", "checkout_session_line_items"},
    "connected_account_read": {"accounts", "bank_accounts", "cards"},
    "coupon_read": {"coupons", "discounts"},
    "credit_note_read": {"credit_notes", "credit_note_line_items"},
    "customer_read": {"customers", "bank_accounts", "cards", "discounts", "tax_ids"},
    "dispute_read": {"disputes"},
    "file_read": {"file_uploads"},
    "invoice_read": {
        "invoices",
        "invoice_items",
        "invoice_lines",
        "invoice_payments",
        "discounts",
    },
    "payout_read": {"payouts"},
    "plan_read": {"plans", "prices"},
    "source_read": {"bank_accounts", "cards"},
    "subscription_read": {
        "subscriptions",
        "subscription_items",
        "subscription_schedules",
        "discounts",
    },
    "transfer_read": {"transfers", "transfer_reversals"},
}


def without(permission):
    return EVERY - {permission} - IMPLIED.get(permission, set())


@pytest.fixture
def restricted(copying, seed):
    """Give a function that makes a copy whose key lacks a permission."""

    def make(permission, **options):
        keys = {KEY: without(permission)}
        return copying(Options(seed=seed, scale=0.15, keys=keys, **options))

    return make


def of_others(found, names):
    return [one for one in found if one.partition(":")[0] not in names]


def named(ran):
    return {
        line.removeprefix("Not read: ").partition(" ")[0]
        for line in errors(ran)
        if line.startswith("Not read: ")
    }


@pytest.mark.parametrize("permission", NEEDED_BY)
def test_what_a_first_sync_may_not_read_is_named_and_comes_once_it_is_allowed(
    restricted, permission
):
    copy = restricted(permission)
    skipped = NEEDED_BY[permission]

    ran = copy.sync()

    assert ran.code == 1
    assert "Traceback" not in ran.err
    assert named(ran) == skipped
    assert all(permission in one for one in errors(ran) if one.startswith("Not read"))
    assert f"permissions[]=rak_{permission}" in errors(ran)[-1]
    assert KEY not in ran.err
    assert of_others(copy.differences(), skipped) == []
    assert len(copy.sandbox.log) < ENOUGH_REQUESTS
    copy.sandbox.set_key(KEY, EVERY)
    assert copy.sync().code == 0
    copy.assert_equal()


@pytest.mark.parametrize("permission", ["charge_read", "source_read", "coupon_read"])
@pytest.mark.parametrize("wording", ["present", "older"])
@pytest.mark.parametrize("status", [401, 403])
def test_every_form_of_the_refusal_is_understood(
    restricted, permission, wording, status
):
    copy = restricted(permission, permission_wording=wording, permission_status=status)

    ran = copy.sync()

    assert ran.code == 1
    assert named(ran) == NEEDED_BY[permission]
    assert all(permission in one for one in errors(ran) if one.startswith("Not read"))


@pytest.mark.parametrize("permission", LATER)
def test_what_a_later_sync_may_not_read_any_more_keeps_its_state(
    restricted, seed, permission
):
    copy = restricted("")
    copy.sync()
    before = copy.held()
    copy.sandbox.change(60, seed=seed)
    copy.sandbox.set_key(KEY, without(permission))
    skipped = NEEDED_BY.get(permission, set(before))

    ran = copy.sync()

    held = copy.held()
    assert ran.code == 1
    assert "Traceback" not in ran.err
    assert named(ran) == skipped
    for name in skipped:
        assert held[name]["watermark"] == before[name]["watermark"], name
    assert of_others(copy.differences(), skipped) == []
    assert len(copy.sandbox.log) < 2 * ENOUGH_REQUESTS
    copy.sandbox.set_key(KEY, EVERY)
    assert copy.sync().code == 0
    copy.assert_equal()


def test_what_may_not_be_read_inside_other_objects_is_not_looked_for(copying, seed):
    sizes = {"customers": 2_000, "invoices": 2_000, "subscriptions": 1_000}
    keys = {KEY: without("coupon_read")}
    copy = copying(
        Options(seed=seed, scale=0.1, sizes=sizes, keys=keys, many_children=0)
    )
    copy.sync()
    first = len(copy.sandbox.log)

    assert copy.sync().code == 1

    # One page of each list, to know whether it is allowed by now.
    assert len(copy.sandbox.log) - first < first / 2 < 70
    copy.sandbox.set_key(KEY, EVERY)
    assert copy.sync().code == 0
    copy.assert_equal()


def test_a_missing_permission_can_be_no_failure(restricted):
    copy = restricted("dispute_read")

    ran = copy.sync(fail_on_missing_permission=False)

    assert ran.code == 0
    assert "dispute_read" in ran.err
    assert of_others(copy.differences(), {"disputes"}) == []


def test_a_key_that_may_read_nothing_names_everything_and_claims_nothing(copying, seed):
    copy = copying(Options(seed=seed, scale=0.05, keys={KEY: ()}))

    ran = copy.sync()

    assert ran.code == 1
    assert "Traceback" not in ran.err
    assert not ran.messages("RECORD")
    assert not ran.messages("ACTIVATE_VERSION")
    assert len(copy.sandbox.log) < 2 * ENOUGH_REQUESTS
    copy.sandbox.set_key(KEY, None)
    assert copy.sync().code == 0
    copy.assert_equal()


@pytest.mark.parametrize("when", ["first", "later"])
def test_a_key_revoked_in_mid_run_is_one_sentence_and_a_true_state(copying, seed, when):
    copy = copying(Options(seed=seed, scale=0.3, keys={KEY: None}))
    if when == "later":
        copy.sync()
        copy.sandbox.change(100, seed=seed)
    copy.sandbox.latency_seconds = 0.05
    start = len(copy.sandbox.log)

    def revoke(_):
        if len(copy.sandbox.log) > start + 25:
            copy.sandbox.revoke(KEY)

    copy.sandbox.impostor = revoke
    ran = copy.sync()

    assert_one_sentence(ran, "Expired API Key")
    assert KEY not in ran.err
    copy.sandbox.impostor = None
    copy.sandbox.set_key(KEY, None)
    assert copy.sync().code == 0
    copy.assert_equal()


def test_an_account_that_refuses_access_is_one_sentence(copying, seed):
    copy = copying(Options(seed=seed, scale=0.1, keys={KEY: None}, connected_data=True))
    account = copy.sandbox.objects("accounts")[0]["id"]
    assert copy.sync(account_ids=[account]).code == 0
    copy.sandbox.revoke_account(account)

    ran = copy.sync(account_ids=[account])

    assert_one_sentence(ran, account)
