"""The state: what a run says, and what the next one makes of it."""

from __future__ import annotations

import copy
import json

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tap_stripe.errors import StateError
from tap_stripe.state.accounts import Accounts
from tap_stripe.state.bookmarks import (
    FORMAT,
    AccountState,
    Bookmark,
    Failed,
    Whose,
    read_bookmark,
)
from tests.state.strategies import ACCOUNT_STATE, BOOKMARK, JSON, NAMES

IDS = st.none() | st.sampled_from([f"acct_{number}" for number in range(4)])


def at(second, *, unread=(), **more):
    return Bookmark(
        watermark=second, listed=second, unread={"/v1/charges": [*unread]}, **more
    )


def said(accounts, names=NAMES):
    """Give the state's bookmarks as a file has them."""
    return json.loads(json.dumps(accounts.bookmarks(names)))


def merged(later, earlier):
    """Merge as Meltano does with --merge-state: objects deeply, all else replaced."""
    result = copy.deepcopy(earlier)
    for key, value in later.items():
        if isinstance(value, dict) and isinstance(result.get(key), dict):
            result[key] = merged(value, result[key])
        else:
            result[key] = value
    return result


# What is put is taken


@settings(max_examples=40)
@given(ACCOUNT_STATE)
def test_the_state_of_an_account_is_read_as_it_was_written(state):
    accounts = Accounts({}, several=False)
    accounts.put(None, copy.deepcopy(state))

    again = Accounts(said(accounts), several=False)

    assert again.take(None) == state


@settings(max_examples=40)
@given(st.lists(st.tuples(st.sampled_from("abcd"), ACCOUNT_STATE), max_size=6))
def test_each_of_many_accounts_is_read_as_it_was_last_put(steps):
    accounts = Accounts({}, several=True)
    last: dict[str, AccountState] = {}
    for account_id, state in steps:
        accounts.put(account_id, copy.deepcopy(state))
        kept = last.get(account_id, AccountState()).bookmarks
        last[account_id] = copy.deepcopy(state)
        # What is not selected now stays where it was.
        last[account_id].bookmarks = {**kept, **state.bookmarks}

    again = Accounts(said(accounts), several=True)

    assert again.ids().keys() == last.keys()
    for account_id, state in last.items():
        assert again.take(account_id) == state
        marks = [bookmark.watermark or 0 for bookmark in state.bookmarks.values()]
        assert again.ids()[account_id] == min(marks)


@settings(max_examples=40)
@given(
    st.lists(st.tuples(st.sampled_from("abc"), ACCOUNT_STATE), min_size=1, max_size=5),
    st.booleans(),
    st.integers(0, 4),
)
def test_a_later_state_merged_into_an_earlier_one_is_the_later_one(
    steps, several, earlier
):
    accounts, written = Accounts({}, several=several), []
    for account_id, state in steps:
        accounts.put(account_id if several else None, copy.deepcopy(state))
        written.append(said(accounts))

    state = merged(written[-1], written[min(earlier, len(written) - 1)])

    before = Accounts(written[-1], several=several)
    after = Accounts(state, several=several)
    for account_id in "abc" if several else [None]:
        assert after.take(account_id) == before.take(account_id)


@settings(max_examples=40)
@given(ACCOUNT_STATE, st.sampled_from(NAMES), st.booleans())
def test_a_bookmark_that_was_taken_out_by_hand_has_its_collection_read_again(
    state, name, several
):
    account_id = "acct_1" if several else None
    accounts = Accounts({}, several=several)
    accounts.put(account_id, copy.deepcopy(state))
    held = said(accounts)

    held.pop(name, None)

    found = Accounts(held, several=several).take(account_id)
    left = {one: kept for one, kept in state.bookmarks.items() if one != name}
    assert found.bookmarks == left
    assert found.failed == state.failed


def test_an_account_that_was_dropped_is_new():
    accounts = Accounts({}, several=True)
    accounts.put("acct_1", AccountState({"charges": at(9, unread=[(1, 2)])}, seen=5))

    accounts.drop("acct_1")

    again = Accounts(said(accounts), several=True)
    assert again.ids() == {}
    assert again.take("acct_1") == AccountState()
    assert again.is_empty


def test_an_account_takes_little_more_than_its_id():
    accounts = Accounts({}, several=True)
    names = [f"collection_{number}" for number in range(22)]
    for number in range(10_000):
        marks = {name: at(1_790_000_000, activated=True) for name in names}
        accounts.put(f"acct_{number:016}", AccountState(marks))

    assert len(json.dumps(accounts.bookmarks(names))) < 10_000 * 30


def test_every_collection_that_is_asked_for_has_a_bookmark():
    assert said(Accounts({}, several=True), ["charges"])["charges"] == {
        "partitions": []
    }


@pytest.mark.parametrize("several", [False, True])
def test_whose_data_it_is_is_known_the_next_time(several):
    accounts = Accounts({}, several=several)
    assert accounts.is_empty

    accounts.whose = Whose("acct_9", livemode=True, several=several)
    accounts.put("acct_9" if several else None, AccountState({"charges": at(9)}))

    again = Accounts(said(accounts), several=several)
    assert again.whose == accounts.whose
    assert not again.is_empty


def test_a_state_that_an_interrupted_first_run_left_claims_nothing_it_has_not_read():
    accounts = Accounts({}, several=False)

    accounts.put(None, AccountState({"charges": Bookmark()}))

    assert "charges" not in said(accounts)


# What can't be used


@pytest.mark.parametrize(
    "kept", [{}, {"replication_key": "received_at", "replication_key_value": "2026"}]
)
def test_a_bookmark_without_our_keys_claims_nothing(kept):
    found = Accounts({"charges": kept}, several=False).take(None)

    assert found.bookmarks == {"charges": Bookmark()}


@pytest.mark.parametrize(
    "broken",
    [
        {"format": FORMAT + 1, "watermark": 1, "listed": 1},
        {"format": "one", "watermark": 1, "listed": 1},
        {"watermark": "yesterday", "listed": 1},
        {"watermark": 1},
        {"watermark": 1, "listed": 1, "unread": {"/v1/charges": [[9, 3]]}},
        {"watermark": 1, "listed": 1, "unread": {"/v1/charges": [[9]]}},
        {"watermark": 1, "listed": 1, "unread": [1, 2]},
        {"watermark": 1, "listed": 1, "unsettled": None},
        {"format": 1, "version": 1.5},
        {"format": 2, "watermark": 1, "listed": 1, "waiting": {"/v1/charges": [7]}},
        {"format": 2, "watermark": 1, "listed": 1, "events": 3},
    ],
)
def test_a_broken_bookmark_is_refused_with_its_name_and_what_to_do(broken):
    with pytest.raises(StateError, match=r"[Tt]he state of .*drop"):
        Accounts({"charges": broken}, several=False).take(None)


@pytest.mark.parametrize(
    "broken",
    [
        {"account": {"format": FORMAT + 1}},
        {"account": {"partitions": 3}},
        {"account": {"partitions": [{"failed": 3}]}},
        {"account": {"places": [{"account_id": ["acct_1"]}]}},
        {"account": {"places": [{"bookmarks": {}, "account_id": "acct_1"}]}},
        {"account": {"whose": 3}},
        {"account": 3},
        {"charges": {"partitions": "acct_1"}},
        {"charges": {"partitions": [{"context": "acct_1"}]}},
        {"every_collection": {"partitions": [{"context": {"account_id": ["a"]}}]}},
        {"every_collection": {"partitions": 3}},
    ],
)
def test_a_broken_state_of_many_accounts_is_refused_in_words(broken):
    with pytest.raises(StateError, match="drop"):
        Accounts(broken, several=True)


def refusal(bookmarks, *, several):
    """Read a state and write it again; give why that can't be."""
    try:
        accounts = Accounts(bookmarks, several=several)
        for account_id in [*accounts.ids(), "acct_1"] if several else [None]:
            accounts.put(account_id, accounts.take(account_id))
        said(accounts)
    except StateError as error:
        return str(error)
    return None


OUR_KEYS = st.sampled_from(
    [*Bookmark.__struct_fields__, "events", "waiting", "doubtful", "gone", "canceled"]
)
FORMATS = st.sampled_from([1, 2, 3])


@settings(max_examples=60)
@given(
    st.dictionaries(OUR_KEYS | st.text(), JSON),
    st.sampled_from(["charges", "account"]),
    st.none() | FORMATS,
)
@example({"watermark": 1, "listed": 1, "unread": {"/v1/charges": "charges"}}, "x", 2)
@example({"watermark": 1, "listed": 1, "gone": {"/v1/charges": [[1, 2, 3]]}}, "x", 2)
def test_any_json_is_a_bookmark_or_is_refused_in_words(kept, name, number):
    if number is not None:
        kept["format"] = number

    for several in (False, True):
        refused = refusal({name: kept}, several=several)

        assert refused is None or "drop" in refused


@settings(max_examples=60)
@given(JSON)
@example({"watermark": "x", "listed": 1, "unread": 3})
@example({"charges": {"watermark": "x"}, "invoices": {"watermark": 3}})
def test_any_json_is_the_state_of_many_accounts_or_is_refused_in_words(held):
    place = {"bookmarks": {"charges": held}, "account_id": ["acct_1"]}
    for bookmarks in (
        {"account": held},
        {"account": {"places": held}},
        {"account": {"places": [place]}, "charges": {}},
        {"account": {"places": [{**place, "bookmarks": held}]}, "charges": {}},
        {"account": {"partitions": held}},
        {"charges": {"partitions": held}},
        {"every_collection": held},
        {"every_collection": {"partitions": held}},
    ):
        refused = refusal(bookmarks, several=True)

        assert refused is None or "drop" in refused


@settings(max_examples=60)
@given(st.dictionaries(OUR_KEYS, JSON))
@example({"unread": None})
def test_any_partition_of_an_account_is_read_or_refused_in_words(own):
    whole = json.loads(json.dumps(said_of_one("acct_1")))
    whole["charges"]["partitions"] = [{"context": {"account_id": "acct_1"}, **own}]

    refused = refusal(whole, several=True)

    assert refused is None or "charges" in refused


def said_of_one(account_id):
    accounts = Accounts({}, several=True)
    accounts.put(account_id, AccountState({"charges": at(9)}))
    return said(accounts)


@settings(max_examples=60)
@given(BOOKMARK)
def test_intervals_that_were_written_by_hand_are_put_in_order(bookmark):
    written = {
        "watermark": 9,
        "listed": 9,
        "unread": {
            path: [[a, b] for a, b in reversed(held)] * 2
            for path, held in bookmark.unread.items()
        },
    }

    assert read_bookmark("charges", written).unread == bookmark.unread


def test_what_failed_is_kept_with_what_was_in_it():
    failed = Failed("/v1/invoices", "in_1", ["invoice_lines"], 5, itself=True)
    failed.children = [("invoice_lines", "il_1", 7)]
    accounts = Accounts({}, several=True)

    accounts.put("acct_1", AccountState({"charges": at(9)}, failed=[failed]))

    assert Accounts(said(accounts), several=True).take("acct_1").failed == [failed]
