"""One bad thing is all that is missing: it is named, kept and tried again."""

from __future__ import annotations

import itertools

import pytest

from tap_stripe.sandbox import Options
from tap_stripe.sandbox.kinds import PERMISSION_NAMES
from tests.trust.conftest import report

# Tries that a failure of Stripe's own, as it may pass, is worth.
TRIES = 6
ANSWERS = ("400", "403", "404 of a url", "500", "no JSON")
# Endpoint: what is read from it.
FEEDS = {
    "charges": ("charges",),
    "balance_transactions": (
        "balance_transactions",
        "balance_transaction_fee_details",
    ),
    "payouts": ("payouts",),
    "disputes": ("disputes",),
    "refunds": ("refunds",),
    "transfers": ("transfers", "transfer_reversals"),
    "application_fees": ("application_fees", "application_fee_refunds"),
    "files": ("file_uploads",),
    "coupons": ("coupons",),
    "plans": ("plans",),
    "customers": ("customers", "cards", "bank_accounts", "discounts"),
    "subscriptions": ("subscriptions", "subscription_items", "discounts"),
    "invoices": ("invoices", "invoice_lines", "discounts"),
    "invoiceitems": ("invoice_items", "discounts"),
    "accounts": ("accounts", "cards", "bank_accounts"),
}
FEW = {
    "accounts": 3,
    "application_fees": 6,
    "coupons": 4,
    "customers": 8,
    "disputes": 4,
    "files": 4,
    "invoices": 8,
    "invoiceitems": 8,
    "payouts": 6,
    "plans": 4,
    "refunds": 4,
    "subscriptions": 6,
    "transfers": 6,
}


def most_requests(answer):
    """Give how many requests a run may spend on what answers so."""
    return TRIES if answer in {"429", "500", "no JSON", "garbled"} else 1


def in_turn(things, *, each):
    """Pair things with answers, so that each of both comes, in not too many pairs."""
    answers = itertools.cycle(ANSWERS)
    return [(thing, next(answers)) for thing in things for _ in range(each)]


def others(copy, collections):
    """Say what differs that isn't merely missing of what the bad thing feeds."""
    return [
        one
        for one in copy.differences()
        if one.partition(":")[0] not in collections or not one.endswith("is missing")
        # An object may embed what else is not read.
    ]


# An endpoint


def test_a_failure_that_stripe_says_will_stay_costs_one_request_a_run(copying):
    copy = copying(sizes=FEW)
    broken = copy.sandbox.break_("/v1/payouts", "500", should_retry=False)

    copy.sync().assert_names("payouts", "/v1/payouts")
    for _ in range(2):
        before = broken.met
        copy.later()

        copy.sync().assert_names("payouts", "/v1/payouts")

        assert broken.met - before == 1


@pytest.mark.parametrize(("resource", "answer"), in_turn(FEEDS, each=2))
def test_an_endpoint_that_answers_badly_for_ever(copying, resource, answer):
    copy = copying(sizes=FEW)
    path, names = f"/v1/{resource}", FEEDS[resource]
    copy.sandbox.break_(path, answer)

    ran = copy.sync()

    ran.assert_names(*names, path)
    wrong = others(copy, names)
    assert not wrong, report(wrong)
    copy.later()
    again = copy.sync()
    again.assert_names(*names, path)
    assert again.paths.count(path) <= most_requests(answer)
    wrong = others(copy, names)
    assert not wrong, report(wrong)
    copy.sandbox.mend()
    copy.later()
    copy.sync().assert_well()
    copy.assert_equal()


@pytest.mark.parametrize("answer", ANSWERS)
@pytest.mark.parametrize("resource", ["balance_transactions", "coupons", "customers"])
def test_an_endpoint_that_begins_to_answer_badly(copying, resource, answer):
    copy = copying(sizes=FEW)
    copy.sync().assert_well()
    copy.change(15)
    path, names = f"/v1/{resource}", FEEDS[resource]
    broken = copy.sandbox.break_(path, answer)

    ran = copy.sync()

    if broken.met:
        ran.assert_names(*names, path)
    wrong = [one for one in copy.differences() if one.partition(":")[0] not in names]
    assert not wrong, report(wrong)
    copy.sandbox.mend()
    copy.later()
    copy.sync().assert_well()
    copy.assert_equal()


@pytest.mark.parametrize("answer", ["404 of a url", "500"])
def test_an_endpoint_that_answers_badly_stops_no_long_list(copying, answer):
    copy = copying(
        kind=True,
        sizes={**FEW, "charges": 120},
        most_per_page=10,
        latency_seconds=0.01,
    )
    copy.sandbox.break_("/v1/disputes", answer)

    copy.sync(requests_per_second=60).assert_names("disputes")

    copy.assert_equal(but=["disputes: "])


@pytest.mark.parametrize("answer", ANSWERS)
def test_a_change_feed_that_answers_badly(copying, answer):
    copy = copying(sizes=FEW)
    copy.sync().assert_well()
    copy.change(15)
    made = [copy.perform(f"create_{what}") for what in ("charge", "customer", "plan")]
    copy.sandbox.break_("/v1/events", answer)

    for _ in range(2):
        ran = copy.sync()
        assert "Traceback" not in ran.err
        assert ran.code == 1
        assert "events" in ran.said
        copy.later()
    assert ran.paths.count("/v1/events") <= most_requests(answer)

    # What is new is listed all the same.
    held = {key[0] for rows in copy.tables.values() for key in rows}
    assert set(made) <= held
    copy.sandbox.mend()
    copy.sync().assert_well()
    copy.assert_equal()


# An object

BY_ID = {
    "charges": "charge.updated",
    "customers": "customer.updated",
    "invoices": "invoice.updated",
    "subscriptions": "customer.subscription.updated",
    "coupons": "coupon.updated",
    "payouts": "payout.updated",
    "disputes": "charge.dispute.updated",
    "transfers": "transfer.updated",
    "refunds": "refund.updated",
    "plans": "plan.updated",
}


def touch(copy, resource, id_, mark="yes"):
    copy.later(1)
    copy.sandbox.edit(resource, id_, BY_ID[resource], metadata={"touched": mark})


@pytest.mark.parametrize("everywhere", [False, True])
@pytest.mark.parametrize(
    ("resource", "answer"), [*in_turn(BY_ID, each=1), ("charges", "garbled")]
)
def test_a_changed_object_that_answers_badly_for_ever(
    copying, resource, answer, everywhere
):
    copy = copying(sizes=FEW)
    copy.sync().assert_well()
    bad = copy.sandbox.objects(resource)[1]["id"]
    for each in BY_ID:
        for one in copy.sandbox.objects(each)[:4]:
            touch(copy, each, one["id"])
    by_id = copy.sandbox.break_(f"/v1/{resource}/{bad}", answer)
    if everywhere:
        copy.sandbox.break_(f"/v1/{resource}", answer, holding=bad)
    # Beyond any lookback, so that it is asked for because of its event.
    copy.later(1_000)

    ran = copy.sync()

    found = copy.differences(but=[bad])
    assert not found, report(found)
    is_missing = bool(copy.differences())
    if is_missing:
        ran.assert_names(bad)
    copy.later(1_000)
    before = by_id.met
    again = copy.sync()
    found = copy.differences(but=[bad])
    assert not found, report(found)
    if is_missing:
        again.assert_names(bad)
        assert by_id.met - before <= most_requests(answer)
    copy.sandbox.mend()
    copy.later()
    copy.sync().assert_well()
    copy.assert_equal()


def test_an_object_that_answers_badly_hides_no_later_change_of_it(copying):
    copy = copying(sizes=FEW)
    copy.sync().assert_well()
    bad = copy.sandbox.objects("customers")[1]["id"]
    touch(copy, "customers", bad)
    copy.sandbox.break_(f"/v1/customers/{bad}", "500")
    for number in range(3):
        copy.sync()
        touch(copy, "customers", bad, mark=str(number))
        copy.later(1_000)
    copy.sandbox.mend()

    copy.sync(lookback_seconds=0).assert_well()

    copy.assert_equal()


def test_what_was_bad_is_tried_last(copying):
    copy = copying(sizes=FEW)
    copy.sync().assert_well()
    bad, *rest = [one["id"] for one in copy.sandbox.objects("customers")]
    touch(copy, "customers", bad)
    copy.sandbox.break_(f"/v1/customers/{bad}", "500")
    copy.later(1_000)
    copy.sync().assert_names(bad)
    touch(copy, "customers", rest[1])
    touch(copy, "plans", copy.sandbox.objects("plans")[1]["id"])
    copy.later(1_000)

    ran = copy.sync()

    ran.assert_names(bad)
    copy.assert_equal(but=[bad])
    place = ran.paths.index(f"/v1/customers/{bad}")
    assert "/v1/events" in ran.paths[:place]
    assert {path for path in ran.paths[place:] if path.count("/") > 2} == {
        f"/v1/customers/{bad}"
    }


@pytest.mark.parametrize("to", ["no id", "a number", "another type", "no created"])
@pytest.mark.parametrize("resource", ["charges", "customers", "coupons"])
def test_a_garbled_object_on_a_page_is_all_that_is_missing(copying, resource, to):
    copy = copying(sizes=FEW)
    bad = copy.sandbox.objects(resource)[2]["id"]
    garble = {
        "no id": lambda one: {key: one[key] for key in one if key != "id"},
        "a number": lambda _: 5,
        "another type": lambda one: {**one, "object": "customers_of_old"},
        "no created": lambda one: {key: one[key] for key in one if key != "created"},
    }[to]
    for path in (f"/v1/{resource}", f"/v1/{resource}/*"):
        copy.sandbox.break_(path, "garbled", holding=bad, garble=garble)

    ran = copy.sync()

    children = {
        child["id"]
        for parent, child in copy.sandbox.children("customers", "sources")
        if parent["id"] == bad
    }
    found = copy.differences(but=[bad, *children, "discounts: "])
    assert not found, report(found)
    ran.assert_names(*FEEDS[resource], f"/v1/{resource}")
    copy.sandbox.mend()
    copy.later()
    copy.sync().assert_well()
    copy.assert_equal()


ODD_IDS = [".", "..", "a/b", "a?b", "50% OFF", "a#b", "ünï", " "]


@pytest.mark.parametrize("id_", ODD_IDS)
def test_an_id_that_a_path_can_not_hold_stops_nothing(copying, id_):
    copy = copying(sizes=FEW)
    copy.sync().assert_well()
    plan = copy.sandbox.objects("plans")[0]
    copy.sandbox.raise_event("plan.updated", {**plan, "id": id_})
    for each in BY_ID:
        for one in copy.sandbox.objects(each)[:2]:
            touch(copy, each, one["id"])

    ran = copy.sync()

    assert "Traceback" not in ran.err
    copy.assert_equal()
    if ran.code:
        ran.assert_names(id_.strip() or "plans")
    copy.perform("update_customer")
    copy.sync()
    copy.assert_equal()


# A list inside an object

INSIDE = {
    "invoice lines": ("invoices", "lines", "/v1/invoices/{id}/lines", {}),
    "sources": ("customers", "sources", "/v1/customers/{id}/sources", {}),
    "reversals": ("transfers", "reversals", "/v1/transfers/{id}/reversals", {}),
    "fee refunds": (
        "application_fees",
        "refunds",
        "/v1/application_fees/{id}/refunds",
        {},
    ),
    "external accounts": (
        "accounts",
        "external_accounts",
        "/v1/accounts/{id}/external_accounts",
        {},
    ),
    "items": ("subscriptions", "items", "/v1/subscription_items", "subscription"),
}


def long_one(copy, which):
    """Give a parent with more children than it shows, and their ids."""
    resource, name, _, _ = INSIDE[which]
    owners: dict[str, list[str]] = {}
    for parent, child in copy.sandbox.children(resource, name):
        owners.setdefault(parent["id"], []).append(child["id"])
    return next((id_, ids) for id_, ids in owners.items() if len(ids) > 10)


def break_inside(copy, which, id_, answer):
    _, _, path, query = INSIDE[which]
    return copy.sandbox.break_(
        path.format(id=id_), answer, query={query: id_} if query else {}
    )


@pytest.mark.parametrize(
    ("which", "answer"),
    [
        *in_turn(INSIDE, each=2),
        ("invoice lines", "429"),
        ("invoice lines", "garbled"),
        ("sources", "404"),
    ],
)
def test_a_list_inside_an_object_that_answers_badly_for_ever(copying, which, answer):
    copy = copying(sizes=FEW, many_children=0.5)
    resource, _, _, _ = INSIDE[which]
    bad, children = long_one(copy, which)
    broken = break_inside(copy, which, bad, answer)

    ran = copy.sync()

    assert broken.met
    ran.assert_names(bad, *children)
    found = copy.differences(but=[bad, *children])
    assert not found, report(found)
    table = FEEDS[resource][0]
    assert not copy.tables[table][bad,]["is_deleted"], "the row with what is shown"
    assert copy.flagged() == set()
    copy.later(1_000)
    before = broken.met
    copy.sync().assert_names(bad, *children)
    assert 1 <= broken.met - before <= most_requests(answer)
    copy.sandbox.mend()
    copy.later()
    copy.sync().assert_well()
    copy.assert_equal()


@pytest.mark.parametrize("answer", ["400", "404 of a url", "500"])
@pytest.mark.parametrize("which", ["invoice lines", "items"])
def test_a_list_inside_a_changed_object_that_answers_badly(copying, which, answer):
    copy = copying(sizes=FEW, many_children=0.5)
    copy.sync().assert_well()
    resource, _, _, _ = INSIDE[which]
    bad, children = long_one(copy, which)
    touch(copy, resource, bad)
    copy.change(10)
    broken = break_inside(copy, which, bad, answer)

    ran = copy.sync()

    assert broken.met
    ran.assert_names(bad, *children)
    found = copy.differences(but=[bad, *children])
    assert not found, report(found)
    assert not copy.tables[resource][bad,]["is_deleted"]
    copy.sandbox.mend()
    copy.later()
    copy.sync().assert_well()
    copy.assert_equal()


# A page

PAGED = ("charges", "balance_transactions", "customers")


@pytest.mark.parametrize(("resource", "answer"), in_turn(PAGED, each=2))
def test_a_page_that_answers_badly_for_ever(copying, resource, answer):
    copy = copying(kind=True, sizes={**FEW, resource: 360})
    names = ("coupons", "plans", *FEEDS[resource][:1])
    order = [one["id"] for one in copy.sandbox.objects(resource)]
    bad = order[180]
    # A page has 100 objects at most: what is farther off can be read without it.
    near = set(order[80:281])
    broken = copy.sandbox.break_(f"/v1/{resource}", answer, holding=bad)

    ran = copy.sync(only=names)

    ran.assert_names(*FEEDS[resource], f"/v1/{resource}")
    found = [
        one for one in copy.differences(*names) if not any(id_ in one for id_ in near)
    ]
    assert not found, report(found)
    assert all(one.endswith("is missing") for one in copy.differences(*names))
    copy.later()
    before = broken.met
    copy.sync(only=names).assert_names(*FEEDS[resource], f"/v1/{resource}")
    assert 1 <= broken.met - before <= most_requests(answer)
    copy.sandbox.mend()
    copy.later()
    copy.sync(only=names).assert_well()
    copy.assert_equal(*names)


# An account


@pytest.mark.parametrize("answer", ANSWERS)
def test_an_endpoint_of_one_account_that_answers_badly(copying, answer):
    copy = copying(accounts=3)
    bad = copy.ids[1]
    copy.sandbox.break_("/v1/charges", answer, account=bad)

    ran = copy.sync()

    ran.assert_names(bad)
    found = [
        one
        for one in copy.differences(but=[])
        if not (one.startswith("charges: ") and one.endswith("is missing"))
    ]
    assert not found, report(found)
    charges = {key[0] for key in copy.tables["charges"]}
    assert charges == {copy.sandbox.account, *copy.ids} - {bad}
    copy.sandbox.mend()
    copy.later()
    copy.sync().assert_well()
    copy.assert_equal()


# Permissions

KEY = "rk_test_51TrustOfASandboxKey"


def test_without_permission_for_events_the_first_run_says_so_and_new_ones_come(copying):
    copy = copying(keys={KEY: set(PERMISSION_NAMES) - {"event_read"}})

    first = copy.sync()

    assert first.code == 1
    assert "event_read" in first.said
    copy.assert_equal()
    made = [copy.perform(f"create_{what}") for what in ("charge", "customer", "plan")]
    copy.later(10)
    later = copy.sync()
    assert later.code == 1
    assert "event_read" in later.said
    assert set(made) <= {key[0] for rows in copy.tables.values() for key in rows}
    copy.change(10)
    copy.sandbox.set_key(KEY, set(PERMISSION_NAMES))
    copy.sync().assert_well()
    copy.assert_equal()


def test_the_unkind_side_is_all_that_nobody_has_proved():
    kind, unkind = vars(Options()), vars(Options.unkind())

    assert {name for name in kind if kind[name] != unkind[name]} >= {
        "absent_nulls",
        "embedded_url",
        "left_account",
        "payouts_as_transfers",
        "shuffled_seconds",
    }
