"""What a run reads, by what the one before has read and what was changed since."""

from __future__ import annotations

import logging

import pytest

from tap_stripe.settings import SANDBOX
from tap_stripe.state.bookmarks import AccountState, Bookmark
from tap_stripe.sync.plan import Times, make_plan
from tap_stripe.tap import TapStripe
from tests.sync.made import collections

DAY = 86400
NOW = 1_790_000_000
BEFORE = NOW - DAY
CHARGES = "/v1/charges"
LOGGER = logging.getLogger("tap-stripe")


def plan(state, *names, start=0, now=NOW, account_id=None, selected=None, wanted=None):
    return make_plan(
        state,
        selected or collections(*(names or ("charges",))),
        account=account_id,
        account_id=account_id,
        times=Times(start, now, now - 600, DAY),
        wanted=wanted or (lambda _: True),
        logger=LOGGER,
    )


def read_before(*, start=0, at=BEFORE, **more):
    """Give the state of an account whose charges were read to their end."""
    mark = Bookmark(
        watermark=at,
        listed=at,
        start=start,
        unread={CHARGES: []},
        version=at,
        activated=True,
        **more,
    )
    return AccountState({"charges": mark})


def charges(state):
    return state.bookmarks["charges"]


def test_all_of_a_first_run_is_unread_and_what_happens_meanwhile_is_events():
    state = AccountState()

    made = plan(state, start=5)

    mark = charges(state)
    assert mark.unread == {CHARGES: [(5, NOW)]}
    assert mark.watermark == mark.listed == NOW - 600
    assert (mark.version, mark.activated, mark.start) == (NOW, False, 5)
    assert made.kept == frozenset()
    assert made.followed() == []


def test_a_run_that_was_stopped_goes_on_where_it_was():
    state = read_before()
    charges(state).unread = {CHARGES: [(10, 20)]}
    charges(state).activated = False

    made = plan(state)

    assert charges(state).unread == {CHARGES: [(10, 20)]}
    assert charges(state).version == BEFORE
    assert made.kept == {"charges"}


def test_a_collection_that_is_new_is_read_beside_those_that_go_on():
    state = read_before()

    made = plan(state, "charges", "refunds")

    assert made.kept == {"charges"}
    assert state.bookmarks["refunds"].unread == {"/v1/refunds": [(0, NOW)]}
    assert charges(state).is_complete


def test_an_endpoint_that_an_earlier_tap_did_not_read_is_unread_up_to_now():
    state = AccountState(
        {"cards": Bookmark(watermark=90, listed=95, unread={"/v1/customers": []})}
    )

    plan(state, "cards", now=200, start=3)

    assert state.bookmarks["cards"].unread == {
        "/v1/customers": [],
        "/v1/accounts": [(3, 95)],
    }


def test_endpoints_that_are_another_accounts_are_not_read():
    state = AccountState()

    made = plan(
        state,
        "accounts",
        "cards",
        account_id="acct_1",
        wanted=lambda listing: listing.path == "/v1/customers",
    )

    assert [one.name for one in made.collections] == ["cards"]
    assert state.bookmarks.keys() == {"cards"}
    assert state.bookmarks["cards"].unread.keys() == {"/v1/customers"}


# start_date


def test_start_date_moved_back_has_the_span_between_read_too():
    state = read_before(start=1000)

    plan(state, start=400)

    assert charges(state).unread == {CHARGES: [(400, 999)]}
    assert charges(state).version == BEFORE
    assert charges(state).start == 400


def test_start_date_moved_forward_changes_nothing_that_was_read():
    state = read_before(start=400)

    plan(state, start=1000)

    assert charges(state).is_complete
    assert charges(state).version == BEFORE


def test_start_date_moved_forward_and_back_has_the_span_read_again():
    # What changed in it meanwhile was not wanted.
    state = read_before(start=400)

    plan(state, start=1000)
    plan(state, start=400)

    assert charges(state).unread == {CHARGES: [(400, 999)]}


# The catalog


def selecting(*, without=(), **metadata):
    """Give charges with some properties deselected."""
    catalog = TapStripe(config={"api_url": SANDBOX}).catalog_dict
    catalog["streams"] = [
        one for one in catalog["streams"] if one["stream"] == "charges"
    ]
    for entry in catalog["streams"][0]["metadata"]:
        place = tuple(entry["breadcrumb"][1::2])
        entry["metadata"]["selected"] = place not in without
        if not place:
            entry["metadata"] |= metadata
    if "forced-replication-method" in metadata:
        catalog["streams"][0]["replication_method"] = "FULL_TABLE"
    tap = TapStripe(config={"api_url": SANDBOX}, catalog=catalog)
    return [tap.streams["charges"]]


def test_a_property_that_is_selected_later_is_read_of_all():
    state = AccountState()
    plan(state, selected=selecting(without={("amount",)}))
    assert charges(state).deselected == ["amount"]
    charges(state).unread = {CHARGES: []}

    plan(state, now=NOW + DAY, selected=selecting())

    assert charges(state).unread == {CHARGES: [(0, NOW + DAY)]}
    assert charges(state).version == NOW, "no row of it is gone"
    assert charges(state).deselected == []


def test_a_property_that_is_deselected_later_costs_nothing():
    state = AccountState()
    plan(state, selected=selecting())
    charges(state).unread = {CHARGES: []}

    plan(state, now=NOW + DAY, selected=selecting(without={("amount",)}))

    assert charges(state).is_complete
    assert charges(state).deselected == ["amount"]


def test_a_full_table_is_read_as_a_new_version_each_time_it_is_complete():
    full = selecting(**{"forced-replication-method": "FULL_TABLE"})
    assert full[0].replication_method == "FULL_TABLE"
    state = AccountState()

    plan(state, selected=full)
    version = charges(state).version
    charges(state).unread = {CHARGES: [(10, 20)]}
    plan(state, now=NOW + DAY, selected=full)
    assert charges(state).version == version, "it goes on while it is not"
    charges(state).unread, charges(state).activated = {CHARGES: []}, True
    made = plan(state, now=NOW + DAY, selected=full)

    assert charges(state).version == NOW + DAY
    assert charges(state).unread == {CHARGES: [(0, NOW + DAY)]}
    assert made.kept == frozenset()


# Gaps


@pytest.mark.parametrize(
    ("at", "said"),
    [
        (NOW - 29.5 * DAY, "was last read 29.5 days ago"),
        (NOW + 2 * DAY, "in the future, by a wrong clock"),
    ],
)
def test_what_events_can_not_bring_up_to_date_is_read_again_as_a_new_version(
    at, said, caplog
):
    state = read_before(at=int(at))
    charges(state).unsettled = [("ch_1", 5)]

    made = plan(state)

    mark = charges(state)
    assert mark.unread == {CHARGES: [(0, NOW)]}
    assert mark.watermark == NOW - 600
    assert mark.version > int(at)
    assert not mark.activated
    assert made.kept == frozenset()
    assert [said in record.getMessage() for record in caplog.records] == [True]


def test_of_one_of_many_accounts_no_version_is_new_and_events_tell_what_is_gone(caplog):
    state = read_before(at=NOW - 40 * DAY, looked=7)

    made = plan(state, account_id="acct_1")

    mark = charges(state)
    assert mark.unread == {CHARGES: [(0, NOW)]}
    assert mark.activated
    assert NOW - 30 * DAY < mark.watermark < NOW - 27 * DAY
    assert made.kept == {"charges"}
    assert "charges of acct_1" in caplog.text


@pytest.mark.parametrize("at", [NOW - 28 * DAY, NOW + DAY // 2])
def test_a_gap_that_events_cover_is_no_reason_to_start_over(at, caplog):
    state = read_before(at=at)

    made = plan(state)

    assert made.kept == {"charges"}
    assert charges(state).is_complete
    assert not caplog.records


def test_a_version_is_newer_than_the_one_before_whatever_the_clock_says():
    state = read_before(at=NOW + 40 * DAY)

    plan(state)

    assert charges(state).version == NOW + 40 * DAY + 1
