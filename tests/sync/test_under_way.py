"""What several accounts read at once adds up, and is let go with them."""

from __future__ import annotations

import gc
from typing import Any

import pytest

from tap_stripe.streams import Collection, listings
from tap_stripe.streams.listing import Listing
from tap_stripe.sync.changes import Changes
from tap_stripe.report.progress import Part
from tap_stripe.sync.reading import Reading
from tap_stripe.report.under_way import UnderWay
from tap_stripe.sync.windows import FullPage, Window, Windows

CHARGES = Listing("/v1/charges", "charge")
BEGAN = 1_500_000_000


def windows_of(account):
    reading = Reading(account, CHARGES, ())
    window = Window(reading, frozenset(), [(BEGAN, BEGAN + 1000)], BEGAN + 1000)
    return Windows([window], at_once=lambda _: 1)


def read_page(windows):
    window = windows.take()
    windows.give_back(window, FullPage(BEGAN + 1000, BEGAN + 900, 100, 0, "ch_1"), 100)


def test_nothing_is_under_way_at_first():
    assert UnderWay().parts() == ()
    assert UnderWay().changed() == 0


def test_accounts_add_up():
    under_way, one, other = UnderWay(), windows_of("acct_1"), windows_of("acct_2")

    with under_way.reading(one), under_way.reading(other):
        read_page(one)
        unknown = under_way.parts()
        read_page(other)
        known = under_way.parts()

    assert unknown == (Part("/v1/charges", frozenset(), 1, None),)
    [part] = known
    assert part.read == 2
    assert part.left == pytest.approx(2 * 9, abs=1)


def test_what_was_read_stays_counted_and_nothing_of_it_is_left():
    under_way, windows = UnderWay(), windows_of(None)

    with under_way.reading(windows):
        read_page(windows)

    assert under_way.parts() == (Part("/v1/charges", frozenset(), 1, 0),)


def test_an_account_that_fails_is_let_go():
    under_way = UnderWay()

    def fail():
        with under_way.reading(windows_of(None)):
            raise NotImplementedError

    with pytest.raises(NotImplementedError):
        fail()

    assert under_way.parts() == (Part("/v1/charges", frozenset(), 0, 0),)


def test_a_list_counts_for_the_collections_that_are_read_from_it():
    invoices: list[Any] = [
        (collection, feed)
        for collection in Collection.registered.values()
        for feed in collection.feeds
        if feed.listing is listings.INVOICES
    ]
    reading = Reading(None, listings.INVOICES, tuple(invoices))
    under_way = UnderWay()

    with under_way.reading(
        Windows([Window(reading, frozenset(), [(0, 9)], 9)], at_once=int)
    ):
        [part] = under_way.parts()

    assert {"invoices", "invoice_lines", "discounts"} <= part.names


def test_changed_objects_are_counted_for_as_long_as_the_account_is_held():
    under_way, changes = UnderWay(), [Changes(()), Changes(())]
    for place, each in enumerate(changes):
        under_way.rereading(each)
        each.add_id(CHARGES, "ch_1")
        each.add_id(CHARGES, f"ch_{place}")

    held = under_way.changed()
    del changes, each
    gc.collect()

    assert held == 3
    assert under_way.changed() == 0
