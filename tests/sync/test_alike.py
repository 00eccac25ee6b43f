"""What bookmarks have alike: written once, read as it was."""

from __future__ import annotations

import copy
import json

from hypothesis import given
from hypothesis import strategies as st

from tap_stripe.sync.alike import each, once
from tap_stripe.sync.state import write_bookmark
from tests.sync.test_state import BOOKMARK, JSON

NAMES = st.sampled_from(["invoices", "invoice_lines", "discounts"])


@given(st.dictionaries(NAMES, BOOKMARK), st.data())
def test_bookmarks_are_read_as_they_were_written(bookmarks, data):
    held = {name: write_bookmark(bookmark) for name, bookmark in bookmarks.items()}
    if held:
        # Of some the lists are alike.
        first = next(iter(held.values()))
        for bookmark in held.values():
            for key in data.draw(st.sets(st.sampled_from(["unread", "waiting"]))):
                bookmark[key] = copy.deepcopy(first[key])
    before = copy.deepcopy(held)

    written = json.loads(json.dumps(once(held)))

    assert each(written) == json.loads(json.dumps(before))
    assert held == before


def test_what_is_alike_is_written_once():
    ids = [[f"in_{number}", number] for number in range(100)]
    held = {name: {"waiting": {"/v1/invoices": ids}} for name in ("a", "b", "c")}

    written = once(held)

    assert written["a"] == held["a"]
    assert written["b"] == written["c"] == {"waiting": {"/v1/invoices": "a"}}


@given(st.dictionaries(st.sampled_from(["a", "b"]), JSON))
def test_any_json_is_taken(bookmarks):
    assert each(bookmarks).keys() == bookmarks.keys()


def test_a_name_of_no_bookmark_stays_to_be_refused():
    held = {"a": {"waiting": {"/v1/invoices": "b"}}, "c": 1}

    assert each(held) == held
