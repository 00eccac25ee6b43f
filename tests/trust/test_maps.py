"""What a stream map can't make a row of was not read: the next run reads it again."""

from __future__ import annotations

import pytest

from tests.trust.conftest import report

# A resource in the sandbox: its collection, and what changes one of its objects.
CHANGED = {
    "charges": ("charges", "charge.updated"),
    "coupons": ("coupons", "coupon.updated"),
    "customers": ("customers", "customer.updated"),
    "invoices": ("invoices", "invoice.updated"),
    "payouts": ("payouts", "payout.updated"),
    "plans": ("plans", "plan.updated"),
    "subscriptions": ("subscriptions", "customer.subscription.updated"),
    "transfers": ("transfers", "transfer.updated"),
}
# What can't be computed of one row: by a stream of its own error each.
FAILS = {
    "divided by nothing": "1 / (0 if id == '{id}' else 1)",
    "no such property": "record['none' if id == '{id}' else 'id']",
    "no number": "int('none' if id == '{id}' else '1')",
}


def failing(name, id_, how="divided by nothing"):
    return {name: {"made": FAILS[how].format(id=id_)}}


@pytest.mark.parametrize("resource", CHANGED)
def test_a_change_whose_row_a_map_fails_on_is_not_lost(copying, resource):
    name, event = CHANGED[resource]
    copy = copying(
        scale=0.05, sizes={"coupons": 6, "transfers": 8, "payouts": 8, "plans": 6}
    )
    copy.sync()
    for one in copy.sandbox.objects(resource)[:5]:
        copy.later(1)
        copy.sandbox.edit(resource, one["id"], event, metadata={"touched": "yes"})
    bad = copy.sandbox.objects(resource)[2]["id"]

    ran = copy.sync(stream_maps=failing(name, bad))

    assert ran.code == 1
    assert "Traceback" not in ran.err
    assert name in ran.said
    copy.later(30)
    copy.sync(lookback_seconds=0).assert_well()
    copy.assert_equal()


@pytest.mark.parametrize("how", FAILS)
@pytest.mark.parametrize("name", ["charges", "invoice_lines", "customers"])
def test_what_a_map_fails_on_in_a_first_run_comes_with_the_next(copying, name, how):
    copy = copying()
    rows = {
        "invoice_lines": lambda: copy.sandbox.children("invoices", "lines")[3][1],
        "charges": lambda: copy.sandbox.objects("charges")[3],
        "customers": lambda: copy.sandbox.objects("customers")[1],
    }

    ran = copy.sync(stream_maps=failing(name, rows[name]()["id"], how))

    assert ran.code == 1
    assert "Traceback" not in ran.err
    assert name in ran.said
    copy.sync(lookback_seconds=0).assert_well()
    copy.assert_equal()


@pytest.mark.parametrize("name", ["charges", "customers"])
def test_a_row_that_a_map_fails_on_is_all_that_is_missing(copying, name):
    copy = copying()
    bad = copy.sandbox.objects(name)[1]["id"]

    ran = copy.sync(stream_maps=failing(name, bad))

    assert ran.code == 1
    found = copy.differences(but=[f"{name}: ('{bad}'"])
    assert not found, report(found)


def test_a_deletion_that_comes_with_a_map_that_fails_is_not_lost(copying):
    copy = copying(sizes={"coupons": 6})
    copy.sync()
    gone, changed, *_ = [one["id"] for one in copy.sandbox.objects("coupons")]
    copy.perform("delete_coupon", gone)
    copy.perform("update_coupon", changed)

    ran = copy.sync(stream_maps=failing("coupons", changed))

    assert ran.code == 1
    copy.later(30)
    copy.sync(lookback_seconds=0).assert_well()
    copy.assert_equal()
    assert ("coupons", (gone,)) in copy.flagged()


# Maps that fit live rows and can't be computed of a deleted one.
FIT = {
    "a number": {"customers": {"units": "balance / 100"}},
    "a filter": {"customers": {"__filter__": "balance > -100000"}},
    "a name": {"customers": {"upper": "(name or '').upper()"}},
    "of coupons": {"coupons": {"share": "times_redeemed / 10"}},
    "of invoices": {"invoices": {"dollars": "total / 100"}},
}


@pytest.mark.parametrize("which", FIT)
def test_a_map_that_fits_live_rows_does_not_stop_at_a_deletion(copying, which):
    copy = copying(settings={"stream_maps": FIT[which]}, sizes={"coupons": 6})
    copy.perform("create_invoice")
    copy.sync().assert_well()
    gone = [
        ("customers", copy.perform("delete_customer")),
        ("coupons", copy.perform("delete_coupon")),
        ("invoices", copy.perform("delete_draft")),
    ]
    gone = [(name, (id_,)) for name, id_ in gone]

    ran = copy.sync()

    ran.assert_well()
    assert set(gone) <= copy.flagged()
    copy.assert_equal()


@pytest.mark.parametrize("pattern", ["*", "charges", "invoice_lines"])
def test_a_map_of_what_is_not_selected_is_left_alone(copying, pattern):
    copy = copying(settings={"stream_maps": {pattern: {"mark": "'x'"}}})

    copy.sync(only=("customers", "coupons")).assert_well()

    copy.assert_equal("customers", "coupons")


@pytest.mark.parametrize(
    "maps",
    [
        {"charges": {"x": "id +"}},
        {"charges": {"x": "__import__('os')"}},
        {"charges": {"id": None}},
        {"charges": "x"},
        {"charges": 5},
        {"no_such_collection": {"x": "id"}},
        {"charges": {"__filter__": "amount >"}},
        {"charges": {"__alias__": 5}},
    ],
)
def test_a_map_that_can_not_be_is_no_traceback(copying, maps):
    copy = copying(settings={"stream_maps": maps})

    ran = copy.sync(only=("charges",))

    assert "Traceback" not in ran.err, ran.err[-1500:]
    assert ran.code in {0, 1}
    if ran.code:
        assert ran.errors
