"""What events mean, and that no event does harm."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tap_stripe.sync.routing import Changed, ChildGone, Deleted, Routes, read_event
from tests.sync.made import feeds, raised

FEEDS = feeds()
ACCOUNT = ("/v1/accounts", "acct_1")


def meanings(*event, **more):
    read = read_event(raised(*event, **more))
    assert read is not None
    return list(Routes(FEEDS).of(read))


def meant(*event, **more):
    """Give what an event means: changed, deleted, and gone from its parents."""
    found = meanings(*event, **more)
    changed = {(c.listing.path, c.id) for c in found if isinstance(c, Changed)}
    deleted = {(d.listing.path, d.id) for d in found if isinstance(d, Deleted)}
    children = {
        (c.collection.name, c.id, *(id_ for _, id_ in c.parents))
        for c in found
        if isinstance(c, ChildGone)
    }
    return changed, deleted, children


# What an event is about


@pytest.mark.parametrize("type_", ["charge.succeeded", "charge.new_in_2027"])
def test_an_event_is_routed_by_its_object_whatever_its_type_is_called(type_):
    about = {"id": "ch_1", "object": "charge", "created": 5}

    [found] = meanings(type_, about)

    assert isinstance(found, Changed)
    assert (found.listing.path, found.id, found.created) == ("/v1/charges", "ch_1", 5)
    assert found.itself


@pytest.mark.parametrize("type_", ["transfer.paid", "transfer.created"])
def test_a_payout_that_an_event_of_2016_calls_a_transfer_is_a_payout(type_):
    about = {"id": "po_1", "object": "transfer", "created": 5}

    assert meant(type_, about) == ({("/v1/payouts", "po_1")}, set(), set())


def test_an_id_that_does_not_fit_is_asked_for_but_deletes_nothing():
    about = {"id": "xx_1", "object": "customer", "created": 5}

    [changed] = meanings("customer.updated", about)
    assert isinstance(changed, Changed)
    assert not changed.itself
    assert meant("customer.deleted", about) == (set(), set(), set())


def test_an_invoice_that_is_only_previewed_means_nothing():
    about = {"object": "invoice", "lines": {"data": []}}

    assert meant("invoice.upcoming", about) == (set(), set(), set())


def test_an_event_about_what_nobody_reads_means_nothing():
    about = {"id": "prv_1", "object": "review"}

    assert meant("review.opened", about) == (set(), set(), set())


@pytest.mark.parametrize(
    "broken",
    [
        {"data": None},
        {"data": {"object": "ch_1"}},
        {"data": {"object": {"id": "ch_1", "object": "charge"}}, "created": "now"},
        {"data": {"object": {"id": "ch_1", "object": "charge"}}, "type": None},
    ],
)
def test_what_has_not_the_form_of_an_event_is_none(broken):
    assert read_event(raised("charge.succeeded", {}, **broken)) is None


# What changes with it


def test_a_canceled_subscription_is_read_again_and_not_deleted():
    about = {"id": "sub_1", "object": "subscription", "status": "canceled"}

    changed, deleted, _ = meant("customer.subscription.deleted", about)

    assert changed == {("/v1/subscriptions", "sub_1")}
    assert not deleted


@pytest.mark.parametrize(
    ("kind", "about", "announced"),
    [
        ("dispute", {"id": "dp_1", "charge": "ch_1"}, ("/v1/charges", "ch_1")),
        (
            "refund",
            {"id": "re_1", "charge": "ch_1", "status": "failed"},
            ("/v1/charges", "ch_1"),
        ),
        (
            "transfer_reversal",
            {"id": "trr_1", "transfer": "tr_1"},
            ("/v1/transfers", "tr_1"),
        ),
        (
            "fee_refund",
            {"id": "fr_1", "fee": {"id": "fee_1", "object": "application_fee"}},
            ("/v1/application_fees", "fee_1"),
        ),
        ("price", {"id": "price_1", "type": "recurring"}, ("/v1/plans", "price_1")),
        ("capability", {"id": "card_payments", "account": "acct_1"}, ACCOUNT),
    ],
)
def test_an_event_about_another_object_has_this_one_read_again(kind, about, announced):
    changed, _, _ = meant(f"{kind}.updated", {**about, "object": kind})

    assert announced in changed


def test_a_refund_that_succeeds_has_an_event_of_its_charge_beside_it():
    about = {"id": "re_1", "object": "refund", "charge": "ch_1", "status": "succeeded"}

    assert meant("refund.updated", about)[0] == {("/v1/refunds", "re_1")}


def test_a_one_time_price_is_no_plan():
    about = {"id": "price_1", "object": "price", "type": "one_time"}

    assert meant("price.updated", about) == ({("/v1/prices", "price_1")}, set(), set())


def test_an_account_that_has_connected_is_named_by_the_event_alone():
    about = {"id": "ca_1", "object": "application"}

    changed, _, _ = meant("account.application.authorized", about, account="acct_1")

    assert changed == {ACCOUNT}


def test_a_balance_transaction_that_comes_late_is_asked_for():
    about = {"id": "ch_1", "object": "charge", "balance_transaction": "txn_1"}

    changed, _, _ = meant(
        "charge.updated", about, previous={"balance_transaction": None}
    )

    assert changed == {("/v1/charges", "ch_1"), ("/v1/balance_transactions", "txn_1")}


def test_the_invoice_items_of_a_drafts_lines_are_read_again():
    line = {"id": "il_1", "object": "line_item", "invoice_item": "ii_1"}
    invoice = {"id": "in_1", "object": "invoice", "lines": {"data": [line]}}

    found = meanings("invoice.created", invoice)

    changed = {(c.id, c.itself, c.lines) for c in found if isinstance(c, Changed)}
    assert changed == {("in_1", True, True), ("ii_1", False, False)}


# What is gone


def test_a_card_announces_its_customer_and_its_own_deletion():
    card = {"id": "card_1", "object": "card", "customer": "cus_1"}

    assert meant("customer.source.deleted", card) == (
        {("/v1/customers", "cus_1")},
        set(),
        {("cards", "card_1", "cus_1")},
    )


def test_a_deleted_card_of_which_nothing_is_known_has_no_parent():
    card = {"id": "card_1", "object": "card"}

    assert meant("customer.source.deleted", card)[2] == {("cards", "card_1")}


def test_a_discount_that_two_objects_had_is_gone_from_both():
    discount = {
        "id": "di_1",
        "object": "discount",
        "customer": "cus_1",
        "subscription": "sub_1",
    }

    changed, _, children = meant("customer.discount.deleted", discount)

    assert {("/v1/customers", "cus_1"), ("/v1/subscriptions", "sub_1")} <= changed
    assert children == {("discounts", "di_1", "cus_1", "sub_1")}


def test_a_deleted_customer_takes_its_sources_along():
    card = {"id": "card_1", "object": "card"}
    customer = {"id": "cus_1", "object": "customer", "sources": {"data": [card]}}

    _, deleted, children = meant("customer.deleted", customer)

    assert deleted == {("/v1/customers", "cus_1")}
    assert children == {("cards", "card_1", "cus_1")}


def test_a_deleted_draft_invoice_is_gone_for_good():
    invoice = {"id": "in_1", "object": "invoice"}

    [found] = meanings("invoice.deleted", invoice, created=7)

    assert isinstance(found, Deleted)
    assert (found.final, found.at) == (True, 7)


def test_lines_that_an_edit_took_away_are_doubted():
    line = {"id": "il_1", "object": "line_item"}
    invoice = {"id": "in_1", "object": "invoice", "status": "draft"}

    changed, deleted, children = meant(
        "invoice.updated", invoice, previous={"lines": {"data": [line]}}
    )

    assert ("/v1/invoices", "in_1") in changed
    assert not deleted
    assert children == {("invoice_lines", "il_1", "in_1")}


def test_lines_of_2016_that_are_named_by_what_they_are_about_are_no_lines():
    lines = {"data": [{"id": "sub_1", "object": "line_item"}, "ii_1"]}
    invoice = {"id": "in_1", "object": "invoice", "lines": lines}

    assert not meant("invoice.deleted", invoice)[2]


def test_a_deleted_test_clock_is_known_as_one():
    about = {"id": "clock_1", "object": "test_helpers.test_clock"}

    found = read_event(raised("test_helpers.test_clock.deleted", about))

    assert found is not None
    assert found.is_clock_deleted


# No event does harm

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["id", "object", "data", "lines", "items", "discounts"]),
            inner,
        )
    ),
    max_leaves=10,
)
KINDS = ["invoice", "customer", "card", "discount", "subscription", "price", "unknown"]


@given(
    st.dictionaries(st.sampled_from(["id", "customer", "lines", "sources"]), JSON),
    st.sampled_from(KINDS),
    st.sampled_from(["x.deleted", "x.updated"]),
    st.dictionaries(st.sampled_from(["lines", "items", "discounts"]), JSON),
)
def test_no_event_does_harm(about, kind, type_, previous):
    found = meanings(type_, {**about, "object": kind}, previous=previous)

    assert all(isinstance(one.id, str) and one.id for one in found)
