"""States that earlier versions of the tap left: nothing they had to do is lost."""

from __future__ import annotations

import copy

from tap_stripe.state.accounts import Accounts
from tap_stripe.state.bookmarks import Bookmark, Failed
from tests.state.test_accounts import merged, said

EMPTY = {
    "events": [],
    "cursors": [],
    "waiting": {},
    "doubtful": {},
    "gone": {},
    "canceled": [],
    "maybe_gone": [],
    "unsettled": [],
    "version": 1796120903,
    "activated": True,
    "sizes": {},
    "ids": {},
    "format": 2,
}
STANDS = {"watermark": 1796120007, "listed": 1796120007, "recent": 1796120003}
UNREAD = [[1796120003, 1796120907]]

# An account whose run was killed while it read what had changed.
KILLED = {
    "charges": {
        **EMPTY,
        **STANDS,
        "unread": {"/v1/charges": UNREAD},
        "waiting": {"/v1/charges": [["ch_1", 1792329380]]},
        "doubtful": {"/v1/charges": [["ch_2", None, 4]]},
        "gone": {"/v1/charges": []},
    },
    "refunds": {
        **EMPTY,
        **STANDS,
        "unread": {"/v1/refunds": UNREAD},
        "waiting": {"/v1/refunds": []},
        "unsettled": [[1751963300, 1751963300]],
    },
    "invoices": {
        **EMPTY,
        **STANDS,
        "unread": {"/v1/invoices": "discounts"},
        "waiting": {"/v1/invoices": "discounts"},
        "doubtful": {"/v1/invoices": "discounts"},
        "gone": {"/v1/invoices": [["in_4", 1790000000, 1796120905]]},
    },
    "invoice_lines": {
        **EMPTY,
        **STANDS,
        "unread": {"/v1/invoices": "discounts"},
        "waiting": {"/v1/invoices": "discounts"},
        "doubtful": {"/v1/invoices": "discounts"},
        "maybe_gone": [["il_1", 1796120001], ["il_2", 1796120906]],
    },
    "discounts": {
        **EMPTY,
        **STANDS,
        "unread": {"/v1/customers": [], "/v1/invoices": UNREAD},
        "waiting": {"/v1/customers": [], "/v1/invoices": [["in_1", 1777892900]]},
        "doubtful": {"/v1/invoices": [["in_2", 1787003300, 3]]},
    },
    "subscriptions": {
        **EMPTY,
        **STANDS,
        "events": [[1796110000, 1796120000]],
        "cursors": [[1796120000, "evt_1"]],
        "unread": {"/v1/subscriptions": []},
        "canceled": ["cus_1"],
    },
    "coupons": {
        **EMPTY,
        **STANDS,
        "unread": {"/v1/coupons": []},
        "sizes": {"/v1/coupons": 0},
        "ids": {"/v1/coupons": ["AUTUMN007", "SUMMER006"]},
    },
}

# Three accounts, two of which stand at the same place; of the third the charges were
# read by themselves.
MANY = {
    "every_collection": {
        "partitions": [
            {
                "context": {"account_id": ["acct_1", "acct_2"]},
                "place": {
                    "watermark": 1796120103,
                    "listed": 1796120104,
                    "read": [
                        ["discounts", ["/v1/customers", "/v1/invoices"]],
                        ["invoices", ["/v1/invoices"]],
                    ],
                },
            },
            {
                "context": {"account_id": ["acct_3"]},
                "place": {
                    "watermark": 1796120103,
                    "listed": 1796120103,
                    "read": [["invoices", ["/v1/invoices"]]],
                },
            },
            {
                "context": {"account_id": ["acct_3"]},
                "place": {
                    "watermark": 1796000000,
                    "listed": 1796000000,
                    "read": [["charges", ["/v1/charges"]]],
                },
            },
        ],
        "seen": [["acct_1", 12884901889]],
        "own": "acct_1",
        "format": 2,
    },
    "discounts": {
        "partitions": [
            {
                "context": {"account_id": "acct_1"},
                "unread": {"/v1/invoices": UNREAD},
                "waiting": {"/v1/invoices": [["in_1", 1777892900]]},
                "recent": 1796120003,
            }
        ]
    },
    "invoices": {
        "partitions": [
            {
                "context": {"account_id": "acct_1"},
                "unread": {"/v1/invoices": "discounts"},
                "waiting": {"/v1/invoices": "discounts"},
                "recent": 1796120003,
            },
            {
                "context": {"account_id": "acct_2"},
                "maybe_gone": [["il_1", 1796110000]],
            },
        ]
    },
    "charges": {"partitions": []},
    "customers": {"partitions": []},
}


def killed():
    return Accounts(copy.deepcopy(KILLED), several=False).take(None)


def test_a_bookmark_of_format_1_or_2_stands_where_it_stood():
    for number in (1, 2):
        kept = {**EMPTY, **STANDS, "unread": {"/v1/payouts": []}, "format": number}

        found = Accounts({"payouts": kept}, several=False).take(None)

        assert found.bookmarks == {
            "payouts": Bookmark(
                watermark=1796120007,
                listed=1796120007,
                unread={"/v1/payouts": []},
                version=1796120903,
                activated=True,
            )
        }
        assert found.failed == []


def test_what_collections_share_is_unread_of_each():
    marks = killed().bookmarks

    for name in ("invoices", "invoice_lines", "discounts"):
        assert marks[name].unread["/v1/invoices"] == [(1796120003, 1796120907)]
    assert marks["discounts"].unread["/v1/customers"] == []


def test_events_are_read_from_the_first_that_was_not_followed():
    marks = killed().bookmarks

    assert marks["charges"].watermark == 1796120007
    assert marks["subscriptions"].watermark == 1796110000
    # Its event says what these rows were in.
    assert marks["invoice_lines"].watermark == 1796120001


def test_what_was_to_be_read_is_tried_by_its_id():
    failed = {(one.path, one.id): one for one in killed().failed}

    assert failed.keys() == {
        ("/v1/charges", "ch_1"),
        ("/v1/charges", "ch_2"),
        ("/v1/invoices", "in_1"),
        ("/v1/invoices", "in_2"),
        ("/v1/invoices", "in_4"),
        ("/v1/customers", "cus_1"),
    }
    assert failed["/v1/charges", "ch_1"] == Failed(
        "/v1/charges", "ch_1", ["charges"], 1792329380, itself=True
    )
    assert not failed["/v1/charges", "ch_2"].itself
    assert failed["/v1/invoices", "in_1"].collections == [
        "invoices",
        "invoice_lines",
        "discounts",
    ]
    assert failed["/v1/invoices", "in_2"].lines
    assert failed["/v1/invoices", "in_4"].itself


def test_what_was_unsettled_is_listed_again():
    [held] = killed().bookmarks["refunds"].unread.values()

    assert held == [(1751963300, 1751963300), (1796120003, 1796120907)]


def test_the_ids_of_a_list_are_known_still():
    assert killed().bookmarks["coupons"].ids == {
        "/v1/coupons": ["AUTUMN007", "SUMMER006"]
    }


def test_each_of_many_accounts_stands_where_it_stood():
    accounts = Accounts(copy.deepcopy(MANY), several=True)

    assert accounts.whose.id == "acct_1"
    assert accounts.ids() == {
        "acct_1": 1796120103,
        "acct_2": 1796110000,
        "acct_3": 1796000000,
    }
    one, two, three = (accounts.take(f"acct_{n}") for n in (1, 2, 3))
    assert one.bookmarks["invoices"].unread == {
        "/v1/invoices": [(1796120003, 1796120907)]
    }
    assert one.bookmarks["discounts"].unread == {
        "/v1/customers": [],
        "/v1/invoices": [(1796120003, 1796120907)],
    }
    assert [(f.id, f.collections) for f in one.failed] == [
        ("in_1", ["discounts", "invoices"])
    ]
    assert two.bookmarks["discounts"].watermark == 1796120103
    assert two.bookmarks["discounts"].is_complete
    assert three.bookmarks.keys() == {"invoices", "charges"}
    assert three.bookmarks["invoices"].watermark == 1796120103


def test_a_state_that_is_upgraded_once_stays_as_it_is():
    for old, several in ((KILLED, False), (MANY, True)):
        first = Accounts(copy.deepcopy(old), several=several)
        ids = [*first.ids()] if several else [None]

        again = Accounts(said(first), several=several)

        assert [again.take(one) for one in ids] == [first.take(one) for one in ids]


def test_a_new_state_that_meltano_merged_into_an_old_one_is_the_new_one():
    for old, several in ((KILLED, False), (MANY, True)):
        accounts = Accounts(copy.deepcopy(old), several=several)
        account_id = "acct_1" if several else None
        state = accounts.take(account_id)
        for bookmark in state.bookmarks.values():
            bookmark.watermark = 1800000000
        state.failed = []
        accounts.put(account_id, state)

        found = Accounts(merged(said(accounts), old), several=several).take(account_id)

        assert found == state
