"""What is flagged is gone, and what is gone is flagged."""

from __future__ import annotations

import re

import pytest

# Lists inside objects, read at a path of their own: parents, list, what changes one.
INSIDE = {
    "invoice lines": ("invoices", "lines", "invoice.updated"),
    "sources": ("customers", "sources", "customer.updated"),
    "reversals": ("transfers", "reversals", "transfer.updated"),
    "fee refunds": ("application_fees", "refunds", "application_fee.refunded"),
    "external accounts": ("accounts", "external_accounts", "account.updated"),
}
PATHS = {"external accounts": "/v1/accounts/*/external_accounts"}
TABLES = {
    "invoices": "invoices",
    "customers": "customers",
    "transfers": "transfers",
    "application_fees": "application_fees",
    "accounts": "accounts",
}
FEW = {"invoices": 12, "customers": 8, "transfers": 8, "application_fees": 8}


@pytest.mark.parametrize("times", [1, None])
@pytest.mark.parametrize("which", INSIDE)
def test_a_404_of_a_list_inside_an_object_deletes_nothing(copying, which, times):
    resource, name, event = INSIDE[which]
    copy = copying(sizes=FEW, many_children=0.5)
    copy.sync().assert_well()
    owners: dict[str, list[str]] = {}
    for parent, child in copy.sandbox.children(resource, name):
        owners.setdefault(parent["id"], []).append(child["id"])
    long = [id_ for id_, children in owners.items() if len(children) > 10]
    for id_ in long:
        copy.later(1)
        copy.sandbox.edit(resource, id_, event, metadata={"touched": "yes"})
    copy.sandbox.break_(f"/v1/{resource}/*/{name}", "404", times=times)

    ran = copy.sync()

    assert "Traceback" not in ran.err
    alive = {(TABLES[resource], (id_,)) for id_ in owners}
    assert not alive & copy.flagged()
    if times is None and ran.code:
        ran.assert_names(*long, name, *TABLES)
    copy.sandbox.mend()
    copy.later()
    copy.sync().assert_well()
    copy.assert_equal()


# Kinds that are never deleted: how one changes, and what path shows it.
NEVER = {
    "charges": ("charges", "charge.updated"),
    "refunds": ("refunds", "refund.updated"),
    "transfers": ("transfers", "transfer.updated"),
    "payouts": ("payouts", "payout.updated"),
    "disputes": ("disputes", "charge.dispute.updated"),
    "application_fees": ("application_fees", "application_fee.refunded"),
}
CAN_BE = {
    "customers": ("customers", "customer.updated"),
    "coupons": ("coupons", "coupon.updated"),
    "plans": ("plans", "plan.updated"),
    "invoices": ("invoices", "invoice.updated"),
    "subscriptions": ("subscriptions", "customer.subscription.updated"),
}


def with_one_404(copying, resource, event, *, times):
    copy = copying(sizes={resource: 6})
    copy.sync().assert_well()
    one = copy.sandbox.objects(resource)[2]["id"]
    copy.later(1)
    copy.sandbox.edit(resource, one, event, metadata={"touched": "yes"})
    copy.sandbox.break_(f"/v1/{resource}/{one}", "404", times=times)
    return copy, one


@pytest.mark.parametrize("resource", NEVER)
def test_one_wrong_404_of_what_is_never_deleted_flags_nothing(copying, resource):
    name, event = NEVER[resource]
    copy, one = with_one_404(copying, resource, event, times=1)

    ran = copy.sync()

    assert not copy.flagged(name)
    if copy.differences():
        ran.assert_names(one)
    copy.sandbox.mend()
    copy.later()
    copy.sync().assert_well()
    copy.assert_equal()


@pytest.mark.parametrize("resource", NEVER)
def test_a_404_for_ever_of_what_is_never_deleted_flags_nothing(copying, resource):
    name, event = NEVER[resource]
    copy, one = with_one_404(copying, resource, event, times=None)

    for _ in range(2):
        ran = copy.sync()
        copy.later()

        assert not copy.flagged(name)
        if copy.differences():
            ran.assert_names(one)
    copy.sandbox.mend()
    copy.sync().assert_well()
    copy.assert_equal()


@pytest.mark.parametrize("resource", CAN_BE)
def test_one_wrong_404_of_what_can_be_deleted_is_looked_at_again(copying, resource):
    name, event = CAN_BE[resource]
    copy, one = with_one_404(copying, resource, event, times=1)

    ran = copy.sync()

    assert (name, (one,)) not in copy.flagged()
    if copy.differences():
        ran.assert_names(one)
    copy.later()
    copy.sync().assert_well()
    copy.assert_equal()


# What is gone


@pytest.mark.parametrize("how_many", [1, 3])
def test_coupons_that_vanish_without_an_event_are_flagged(copying, how_many):
    copy = copying(sizes={"coupons": 8})
    copy.sync().assert_well()
    gone = [one["id"] for one in copy.sandbox.objects("coupons")][1 : how_many + 1]
    for id_ in gone:
        copy.sandbox.vanish("coupons", id_)
    copy.later()

    copy.sync().assert_well()

    copy.assert_equal()
    assert copy.flagged("coupons") == {("coupons", (id_,)) for id_ in gone}


def test_accounts_that_vanish_without_an_event_are_flagged(copying):
    copy = copying(sizes={"accounts": 4})
    copy.sync().assert_well()
    gone = copy.perform("disconnect_account")
    copy.later()

    copy.sync().assert_well()

    copy.assert_equal("accounts")
    assert ("accounts", (gone,)) in copy.flagged()


@pytest.mark.parametrize("status", [403, 404])
def test_an_account_that_left_is_flagged_and_stops_nothing(copying, status):
    copy = copying(
        sizes={"accounts": 4}, left_account=status, connect_events_on_platform=True
    )
    copy.sync().assert_well()
    left = copy.ids[1]
    copy.perform("update_account", left)
    copy.perform("disconnect_account", left)
    deleted = [copy.perform("delete_customer"), copy.perform("delete_coupon")]

    copy.sync().assert_well()

    assert ("accounts", (left,)) in copy.flagged()
    assert {key[0] for _, key in copy.flagged()} >= set(deleted)
    copy.assert_equal()
    copy.later()
    copy.sync().assert_well()


def test_a_test_clock_takes_its_customers_along(copying):
    copy = copying()
    copy.sync().assert_well()
    customers = [copy.perform("create_clock_customer") for _ in range(2)]
    copy.sync().assert_well()
    copy.assert_equal()
    clock = copy.tables["customers"][customers[1],]["test_clock"]
    assert clock
    copy.perform("delete_test_clock", customers[0])

    copy.sync().assert_well()

    copy.assert_equal()
    assert copy.flagged("customers") == {("customers", (customers[0],))}


@pytest.mark.parametrize("first", [True, False])
@pytest.mark.parametrize("cascade", ["all", "subscriptions"])
@pytest.mark.parametrize("lists", ["rows", 400, 404])
def test_a_deleted_customer_takes_along_what_was_its(copying, lists, cascade, first):
    copy = copying(
        sizes={"customers": 6, "subscriptions": 6},
        many_children=0.3,
        cascade_events=cascade,
        cascade_first=first,
        deleted_customer_lists=lists,
    )
    copy.sync().assert_well()
    owners = {one["customer"] for one in copy.sandbox.objects("subscriptions")}
    for owner in sorted(owners)[:2]:
        copy.perform("delete_customer", owner)

    for _ in range(2):
        copy.sync().assert_well()
        copy.assert_equal()
        copy.later()


def test_the_source_that_a_deleted_customer_names_goes_with_it(copying):
    copy = copying(sizes={"customers": 6}, cascade_events="subscriptions")
    copy.sync().assert_well()
    one = next(
        one for one in copy.sandbox.objects("customers") if one.get("default_source")
    )
    copy.perform("delete_customer", one["id"])

    copy.sync().assert_well()

    flagged = {key[0] for _, key in copy.flagged("cards", "bank_accounts")}
    assert one["default_source"] in flagged


def test_the_items_of_a_deleted_draft_go_with_it(copying):
    copy = copying(sizes={"invoiceitems": 24, "invoices": 8})
    drafts = [copy.perform("create_invoice") for _ in range(4)]
    copy.sync().assert_well()
    for draft in drafts[:3]:
        copy.perform("delete_draft", draft)
    gone = copy.sandbox.deleted("invoiceitems")
    assert gone

    copy.sync().assert_well()

    copy.assert_equal()
    assert {("invoice_items", (id_,)) for id_ in gone} <= copy.flagged()


# What never was

TAIL = "1Q0PsIJvEtkwdCNYMSaVuRz6"
OLD = "2016-07-06"
LINE = {"object": "line_item", "amount": 100}


def false_events(copy):
    """Give events with ids that stand for nothing: by what is odd about them."""
    sandbox = copy.sandbox
    invoice = sandbox.objects("invoices")[0]
    payout = sandbox.objects("payouts")[0]
    preview = {**invoice, "id": f"upcoming_in_{TAIL}"}
    lines = [{"id": f"{prefix}_{TAIL}", **LINE} for prefix in ("sub", "ii", "sli")]
    return {
        "a preview": [("invoice.upcoming", preview, None, "")],
        "a preview without id": [("invoice.upcoming", {"object": "invoice"}, None, "")],
        "a preview that is deleted": [("invoice.deleted", preview, None, "")],
        "lines of old": [
            ("invoice.updated", invoice, {"lines": {"data": lines}}, "2019-10-17")
        ],
        "lines without ids": [
            ("invoice.updated", invoice, {"lines": {"data": [LINE]}}, "2015-10-16")
        ],
        "a payout called a transfer": [
            (
                f"transfer.{what}",
                {"object": "transfer", "id": payout["id"], "type": "bank_account"},
                None,
                OLD,
            )
            for what in ("created", "updated", "paid", "failed", "canceled")
        ],
        "a source": [
            (
                "customer.source.deleted",
                {"object": "source", "id": f"src_{TAIL}", "type": "ideal"},
                None,
                "",
            )
        ],
        "a discount of old": [
            (
                "customer.discount.deleted",
                {"object": "discount", "coupon": {"id": "A", "object": "coupon"}},
                None,
                OLD,
            )
        ],
        "a dispute as a charge": [
            ("charge.refunded", {"object": "charge", "id": f"dp_{TAIL}"}, None, OLD)
        ],
        "another kind of transaction": [
            (
                "customer_cash_balance_transaction.created",
                {
                    "object": "customer_cash_balance_transaction",
                    "id": f"ccsbtxn_{TAIL}",
                },
                None,
                "",
            )
        ],
        "what nobody knows": [
            ("future.deleted", {"object": "future", "id": f"fut_{TAIL}"}, None, "")
        ],
    }


@pytest.mark.parametrize(
    "which",
    [
        "a preview",
        "a preview without id",
        "a preview that is deleted",
        "lines of old",
        "lines without ids",
        "a payout called a transfer",
        "a source",
        "a discount of old",
        "a dispute as a charge",
        "another kind of transaction",
        "what nobody knows",
    ],
)
def test_an_id_that_stands_for_nothing_gives_no_row(copying, which):
    copy = copying()
    copy.sync().assert_well()
    before = {name: set(rows) for name, rows in copy.tables.items()}
    for event, thing, previous, version in false_events(copy)[which]:
        copy.later(1)
        copy.sandbox.raise_event(event, thing, previous=previous, version=version)
    changed = copy.perform("update_customer")

    ran = copy.sync()

    assert "Traceback" not in ran.err
    if which != "a dispute as a charge":  # Whether that is an error, who knows.
        ran.assert_well()
    after = {name: set(rows) for name, rows in copy.tables.items()}
    assert {name: after[name] - before[name] for name in after if after[name]} == {
        name: set() for name in after if after[name]
    }
    assert copy.flagged() == set()
    assert changed in {key[0] for key in copy.tables["customers"]}
    copy.assert_equal()


@pytest.mark.parametrize("old", [True, False])
def test_events_about_payouts_are_about_payouts_whatever_they_are_called(copying, old):
    copy = copying(payouts_as_transfers=old)
    copy.sync().assert_well()
    made = [copy.perform("create_payout") for _ in range(3)]
    copy.sync().assert_well()
    copy.assert_equal()
    for payout in made[:2]:
        copy.perform("end_payout", payout)
    copy.later(3_600)

    copy.sync().assert_well()

    copy.assert_equal()
    ids = {key[0] for key in copy.tables["transfers"]}
    assert not [id_ for id_ in ids if re.match("po_", id_)]


@pytest.mark.parametrize("accounts", [0, 2])
def test_payments_are_charges(copying, accounts):
    copy = copying(accounts=accounts)
    copy.sync().assert_well()
    account = copy.ids[0] if accounts else None
    payments = [copy.perform("create_payment", account=account) for _ in range(3)]
    # Later than any lookback: only the event tells.
    copy.later(2 * 3_600)
    copy.perform("update_customer", account=account)

    copy.sync().assert_well()

    copy.assert_equal()
    assert set(payments) <= {key[-1] for key in copy.tables["charges"]}
