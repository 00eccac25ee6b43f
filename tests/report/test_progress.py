"""Figures from two moments: right where they can be, and silent where not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tap_stripe.report.progress import (
    Figures,
    Limits,
    Moment,
    Part,
    beside,
    by_collection,
    duration,
    in_all,
    line,
    percent,
)

LIMITS = Limits(15, 25)
CHARGES = frozenset({"charges"})
INVOICES = frozenset({"invoices", "invoice_lines"})
BEGIN = Moment(0, {}, {}, {})


def moment(at, *parts, **known):
    given = {"rows": {}, "requests": {}, "throttles": {}, **known}
    return Moment(at, parts=parts, **given)


def test_paces_are_those_between_the_two_moments():
    before = moment(100, rows={"charges": 1000}, requests={"/v1/charges": 10})
    now = moment(110, rows={"charges": 3000}, requests={"/v1/charges": 130})

    found = in_all(before, now, LIMITS)

    assert found.records == 3000
    assert found.records_per_s == 200
    assert found.requests_per_s == 12
    assert found.budget == 0.8


def test_share_and_time_left_follow_from_the_requests_that_are_left():
    parts = (
        Part("/v1/charges", CHARGES, 30, 70),
        Part("/v1/invoices", INVOICES, 70, 30),
    )
    now = moment(10, *parts, requests={"/v1/charges": 30, "/v1/invoices": 70})

    found = in_all(BEGIN, now, LIMITS)

    assert found.share == 0.5
    assert found.left_s == 10


def test_the_longest_list_bounds_the_time_left():
    now = moment(1, Part("/v1/charges", CHARGES, 1, 2500), requests={"/v1/events": 100})

    assert in_all(BEGIN, now, Limits(100, 25)).left_s == 100


@pytest.mark.parametrize(
    "now",
    [
        pytest.param(BEGIN, id="nothing has begun"),
        pytest.param(
            moment(9, Part("/v1/charges", CHARGES, 5, None)), id="a list without end"
        ),
        pytest.param(
            moment(9, Part("/v1/events", frozenset(), 5, 7)), id="events, first"
        ),
        pytest.param(
            moment(9, Part("/v1/events", frozenset(), 5, 0), changed=7),
            id="events read, lists to come",
        ),
    ],
)
def test_nothing_is_said_where_nothing_is_known(now):
    found = in_all(BEGIN, now, LIMITS)

    assert (found.share, found.left_s or None) == (None, None)


def test_events_don_t_count_as_part_of_the_lists():
    parts = (
        Part("/v1/events", frozenset(), 900, 0),
        Part("/v1/charges", CHARGES, 1, 3),
    )

    assert in_all(BEGIN, moment(1, *parts), LIMITS).share == 0.25


def test_no_time_is_told_while_more_changed_objects_wait_than_pages():
    part = Part("/v1/charges", CHARGES, 10, 10)
    requests = {"/v1/charges": 10}

    few = moment(10, part, requests=requests, changed=5)
    many = moment(10, part, requests=requests, changed=500)

    assert in_all(BEGIN, few, LIMITS).left_s == 15
    assert in_all(BEGIN, many, LIMITS).left_s is None


def test_behind_the_lists_changed_objects_tell_the_time_left():
    part = Part("/v1/charges", CHARGES, 10, 0)

    found = in_all(moment(0, part, changed=300), moment(10, part, changed=200), LIMITS)

    assert found.share is None
    assert found.left_s == 20


def test_accounts_tell_the_share_where_there_are_several():
    part = Part("/v1/charges", CHARGES, 10, None)

    early = in_all(BEGIN, moment(9, part, accounts=1000, accounts_done=1), LIMITS)
    late = in_all(BEGIN, moment(100, part, accounts=1000, accounts_done=250), LIMITS)

    assert (early.share, early.left_s) == (0.001, None)
    assert (late.share, late.left_s) == (0.25, 300)
    [charges] = by_collection(
        BEGIN, moment(9, Part("/v1/charges", CHARGES, 10, 1), accounts=2), LIMITS
    ).values()
    assert (charges.share, charges.left_s) == (None, None)


def test_a_collection_has_the_requests_to_its_lists_and_to_single_objects():
    part = Part("/v1/account", CHARGES, 5, 5)
    requests = {"/v1/account": 5, "/v1/account/{id}/lines": 5, "/v1/accounts": 50}
    throttles = {"/v1/account": 2, "/v1/accounts": 7}

    now = moment(10, part, requests=requests, throttles=throttles)
    found = by_collection(BEGIN, now, LIMITS)["charges"]

    assert found.requests_per_s == 1
    assert found.throttles == 2


def test_a_collection_is_not_said_to_take_longer_than_all():
    parts = (
        Part("/v1/charges", CHARGES, 90, 90),
        Part("/v1/invoices", INVOICES, 10, 30),
    )
    now = moment(10, *parts, requests={"/v1/charges": 90, "/v1/invoices": 10})

    found = by_collection(BEGIN, now, LIMITS)

    assert found["invoices"].left_s == in_all(BEGIN, now, LIMITS).left_s == 12


def test_collections_are_told_of_while_they_are_read():
    done = Part("/v1/charges", CHARGES, 9, 0)
    rows = {"charges": 9, "invoices": 2}

    lists = moment(1, done, Part("/v1/invoices", INVOICES, 1, 1), rows=rows)
    behind = moment(2, done, rows={**rows, "charges": 10}, changed=3)

    assert list(by_collection(BEGIN, lists, LIMITS)) == ["invoice_lines", "invoices"]
    assert list(by_collection(lists, behind, LIMITS)) == ["charges"]
    assert by_collection(lists, behind, LIMITS)["charges"].share is None


NAMES = st.sampled_from(["charges", "invoices", "refunds"])
COUNTS = st.integers(0, 10**9)
PATHS = st.sampled_from(["/v1/charges", "/v1/invoices", "/v1/invoices/{id}/lines"])
MOMENTS = st.builds(
    Moment,
    at=st.floats(0, 10**7),
    rows=st.dictionaries(NAMES, COUNTS),
    requests=st.dictionaries(PATHS, COUNTS),
    throttles=st.dictionaries(PATHS, COUNTS),
    parts=st.lists(
        st.builds(
            Part,
            path=PATHS,
            names=st.frozensets(NAMES),
            read=COUNTS,
            left=st.none() | st.floats(0, 10**9),
        )
    ).map(tuple),
    changed=COUNTS,
    accounts_done=st.integers(0, 50),
    accounts=st.just(1) | st.integers(50, 10**5),
)


@given(MOMENTS, MOMENTS)
def test_figures_are_possible_ones_whatever_is_known(before, now):
    for figures in (
        in_all(before, now, LIMITS),
        *by_collection(before, now, LIMITS).values(),
    ):
        assert figures.share is None or 0 <= figures.share <= 1
        assert figures.left_s is None or figures.left_s >= 0
        assert "None" not in line(figures)


@pytest.mark.parametrize(
    ("seconds", "told"),
    [
        (None, ""),
        (0, ""),
        (0.2, "1 s"),
        (119, "119 s"),
        (130, "2 min"),
        (7100, "118 min"),
        (7300, "2 h"),
        (200_000, "2 days"),
    ],
)
def test_a_time_is_told_as_roughly_as_it_is_known(seconds, told):
    assert duration(seconds) == told


def test_only_all_is_a_hundred_percent():
    assert [percent(share) for share in (0.999, 1.0, None)] == ["99 %", "100 %", ""]


def test_a_line_says_only_what_is_known():
    known = Figures(12_345, 678.9, 0.34, 700, 14.9, 0.993, 2)
    unknown = Figures(5, 1, None, None, 0, 0, 0)

    assert line(known) == (
        "12,345 records, 679/s; about 34 % read, about 12 min left; 14.9 requests/s, "
        "99 % of the budget; 2 answered with 429"
    )
    assert line(unknown) == (
        "5 records, 1/s; 0.0 requests/s, 0 % of the budget; 0 answered with 429"
    )


def test_what_is_no_figure_stands_beside():
    assert beside(moment(1)) == []
    assert beside(moment(1, changed=1200, accounts=1000, accounts_done=7)) == [
        "7 of 1,000 accounts done",
        "1,200 changed objects to read again",
    ]
