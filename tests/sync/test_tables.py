"""What comes of an account: its rows, what could not be written, and what is gone."""

from __future__ import annotations

import logging

import pytest

from tap_stripe.errors import (
    EndpointGone,
    NotAPlatform,
    PermissionMissing,
    SettingError,
    StripeError,
    Unavailable,
)
from tap_stripe.output.writer import Writer
from tap_stripe.report.report import Report
from tap_stripe.settings import SANDBOX
from tap_stripe.state.bookmarks import AccountState, Bookmark, Failed
from tap_stripe.streams import Collection
from tap_stripe.sync.changes import Changes, Recent, Wanted
from tap_stripe.sync.plan import Times, make_plan, unread_paths
from tap_stripe.sync.tables import SMALL, Tables
from tap_stripe.tap import TapStripe
from tests.sync.made import LISTINGS, decoded, raised
from tests.target import Target

NOW = 1_790_000_000
BEFORE = NOW - 86400
WRONG = Unavailable("Stripe failed")


class Account:
    """An account whose collections were all read before, and a target of its rows."""

    def __init__(self, capture, *names, start=0, livemode=None, maps=None, state=None):
        config = {"api_url": SANDBOX, "stream_maps": maps or {}}
        self.tap = TapStripe(config=config)
        found = [self.tap.streams[name] for name in names]
        selected = [one for one in found if isinstance(one, Collection)]
        self.state = state or AccountState()
        for one in selected:
            mark = Bookmark(watermark=BEFORE, listed=BEFORE, start=start)
            mark.unread = {path: [] for path in unread_paths(one.feeds)}
            self.state.bookmarks.setdefault(one.name, mark)
        self.plan = make_plan(
            self.state,
            selected,
            account=None,
            account_id=None,
            times=Times(start, NOW, NOW - 600, 86400),
            wanted=lambda _: True,
            logger=logging.getLogger("tap-stripe"),
        )
        self.report = Report()
        self.recent = Recent()
        writer = Writer(write=self.tap.write_message, checkpoint_s=0)
        self.tables = Tables(
            self.plan,
            self.state,
            writer,
            self.report,
            changes=Changes(self.plan.followed()),
            recent=self.recent,
            clock=lambda: NOW,
            livemode=livemode,
        )
        self.target = Target()
        self._capture = capture
        writer.begin(selected)

    def source(self, path):
        return self.plan.sources[LISTINGS[path]]

    def hear(self, *events):
        self.tables.changes.add(events)

    def wanted(self, path):
        return self.tables.changes.wanted.get(LISTINGS[path], {})

    def read(self, path, *objects, names=None, by_id=True):
        source = self.source(path)
        self.tables.write(
            source,
            [decoded(object=source.listing.object, **one) for one in objects],
            NOW,
            names or self.plan.names(source),
            by_id=by_id,
        )

    def cut_off(self, path, name, **properties):
        """Read an object of which a list inside could not be read to its end."""
        found = decoded(**properties)
        self.tables.partial(self.source(path), found, {name: WRONG})
        self.read(path, properties)

    def fail(self, path, id_):
        source = self.source(path)
        wanted = self.wanted(path).get(id_) or Wanted(id_, itself=True)
        self.tables.object_failed(source, wanted, WRONG, self.plan.names(source))

    def missing(self, path, id_):
        source = self.source(path)
        wanted = self.wanted(path).get(id_) or Wanted(id_, itself=True)
        self.tables.missing(source, wanted, self.plan.names(source))

    def failed(self):
        return {one.id: one for one in self.tables.failed()}

    def rows(self, name):
        """Give whether each row of a table is deleted, by its id."""
        self.tables.state()
        self.target.take(self._capture.readouterr().out.splitlines(keepends=True))
        table = self.target.tables.get(name, {})
        return {key[0]: row["is_deleted"] for key, row in table.items()}


@pytest.fixture
def account(capsysbinary):
    return lambda *names, **more: Account(capsysbinary, *names, **more)


def listed(*entries, has_more=False):
    return {"object": "list", "data": [*entries], "has_more": has_more, "url": "/v1/x"}


def line(id_, **more):
    return {"id": id_, "object": "line_item", **more}


def card(id_, **more):
    return {"id": id_, "object": "card", **more}


def customer(id_, *sources):
    return {"id": id_, "created": 5, "sources": listed(*sources)}


# Rows


def test_one_object_that_can_not_be_made_a_row_is_the_only_one_missing(account):
    mine = account("charges")

    mine.read(
        "/v1/charges",
        {"id": "ch_1", "created": 5},
        {"id": "ch_2", "created": 10**15},
        {"id": "ch_3", "created": 7},
    )

    assert mine.rows("charges").keys() == {"ch_1", "ch_3"}
    assert mine.failed() == {"ch_2": Failed("/v1/charges", "ch_2", ["charges"], 10**15)}
    assert mine.report.changed["charges"] == 2
    assert list(mine.report.parts) == ["charges ch_2"]


def test_one_row_inside_an_object_that_can_not_be_written_leaves_all_others(account):
    mine = account(
        "invoices", "invoice_lines", maps={"invoice_lines": {"x": "1/amount"}}
    )

    mine.read(
        "/v1/invoices",
        {
            "id": "in_1",
            "created": 5,
            "lines": listed(line("il_1", amount=0), line("il_2", amount=1)),
        },
    )

    assert mine.rows("invoices").keys() == {"in_1"}
    assert mine.rows("invoice_lines").keys() == {"il_2"}
    assert mine.failed()["in_1"].collections == ["invoice_lines"]
    assert list(mine.report.parts) == ["invoice_lines of in_1"]


def test_an_object_that_failed_is_done_with_once_all_its_rows_are_written(account):
    state = AccountState(
        failed=[Failed("/v1/invoices", "in_1", ["invoice_lines", "invoices"], 5)]
    )
    mine = account("invoices", "invoice_lines", state=state)

    mine.read(
        "/v1/invoices", {"id": "in_1", "created": 5}, names=frozenset(["invoices"])
    )
    assert mine.failed()["in_1"].collections == ["invoice_lines"]
    mine.read("/v1/invoices", {"id": "in_1", "created": 5})

    assert mine.failed() == {}


def test_an_object_that_is_older_than_start_date_gives_no_row_and_waits_no_more(
    account,
):
    mine = account("charges", start=100)
    mine.hear(raised("charge.updated", {"id": "ch_1", "object": "charge"}))

    mine.read(
        "/v1/charges", {"id": "ch_1", "created": 99}, {"id": "ch_2", "created": 100}
    )

    assert mine.rows("charges").keys() == {"ch_2"}
    assert mine.wanted("/v1/charges") == {}


def test_what_a_list_brings_is_what_events_want_and_needs_no_second_look(account):
    mine = account("charges")
    mine.hear(
        *(
            raised("charge.updated", {"id": f"ch_{n}", "object": "charge"})
            for n in (1, 2)
        )
    )

    mine.read("/v1/charges", {"id": "ch_1", "created": 5}, by_id=False)

    assert mine.wanted("/v1/charges").keys() == {"ch_2"}
    assert mine.recent.has("/v1/charges", "ch_1")
    assert mine.report.listed["charges"] == 1


def test_data_of_the_other_mode_is_refused_before_a_row_is_written(account):
    mine = account("charges", livemode=True)

    with pytest.raises(SettingError, match="reads test data"):
        mine.read("/v1/charges", {"id": "ch_1", "created": 5, "livemode": False})

    assert mine.rows("charges") == {}


def test_what_will_change_without_an_event_is_held_until_it_has(account):
    mine = account("refunds")
    refunds = mine.plan.collections[0]

    mine.read(
        "/v1/refunds",
        {"id": "re_1", "created": 5, "status": "pending"},
        {"id": "re_2", "created": 6, "status": "succeeded"},
    )
    assert mine.tables.unsettled(refunds) == {"re_1": 5}
    assert mine.tables.state().bookmarks["refunds"].unsettled == [("re_1", 5)]
    mine.read("/v1/refunds", {"id": "re_1", "created": 5, "status": "succeeded"})

    assert mine.tables.unsettled(refunds) == {}


# What is gone


def test_an_object_that_is_not_there_is_flagged_where_it_can_be_deleted(account):
    mine = account("customers", "charges")

    mine.missing("/v1/customers", "cus_1")
    mine.missing("/v1/charges", "ch_1")

    assert mine.rows("customers") == {"cus_1": True}
    assert mine.rows("charges") == {}
    assert mine.failed().keys() == {"ch_1"}
    assert "deletes none" in str(mine.report.parts)


def test_an_object_of_another_events_that_is_not_there_is_not_concluded_to_be_gone(
    account,
):
    mine = account("customers")
    mine.hear(raised("tax_id.created", {"object": "tax_id", "customer": "cus_1"}))

    mine.missing("/v1/customers", "cus_1")

    assert mine.rows("customers") == {}
    assert mine.failed() == {}
    assert mine.wanted("/v1/customers") == {}


def test_what_is_read_after_all_is_not_deleted(account):
    mine = account("coupons")
    coupon = {"id": "SUMMER", "created": 5}
    mine.tables.flag(mine.source("/v1/coupons"), "SUMMER", decoded(**coupon), 7)

    mine.read("/v1/coupons", coupon)

    assert mine.rows("coupons") == {"SUMMER": False}


def test_a_deletion_before_start_date_gives_no_row(account):
    mine = account("customers", start=100)
    mine.hear(
        *(
            raised(
                "customer.deleted",
                {"id": id_, "object": "customer", "created": created},
            )
            for id_, created in (("cus_1", 99), ("cus_2", 100))
        )
    )

    for listing, wanted in list(mine.tables.changes.take_gone()):
        mine.tables.gone(mine.plan.sources[listing], wanted)

    assert mine.rows("customers") == {"cus_2": True}
    assert list(mine.tables.customers_gone) == ["cus_1", "cus_2"]


# Rows inside objects


def gone_from(*owners):
    """Give the event that a discount is deleted which some objects had."""
    about = {"id": "di_1", "object": "discount", **dict(owners)}
    return raised("customer.discount.deleted", about, created=NOW - 5)


DISCOUNT = {"id": "di_1", "object": "discount"}
WITH = {"discount": DISCOUNT, "discounts": [DISCOUNT]}
OF_BOTH = gone_from(("customer", "cus_1"), ("subscription", "sub_1"))
PLACES = {"/v1/customers": "cus_1", "/v1/subscriptions": "sub_1"}


@pytest.mark.parametrize("shown", [True, False])
def test_a_row_is_gone_only_if_its_object_does_not_show_it(account, shown):
    mine = account("cards")
    mine.hear(raised("customer.source.deleted", card("card_1", customer="cus_1")))

    mine.read("/v1/customers", customer("cus_1", *([card("card_1")] if shown else [])))

    assert mine.rows("cards") == {"card_1": not shown}


@pytest.mark.parametrize("first", PLACES)
def test_a_row_that_one_of_its_objects_shows_is_not_gone(account, first):
    mine = account("discounts")
    mine.hear(OF_BOTH)

    for path in sorted(PLACES, key=lambda path: path != first):
        with_it = WITH if path == "/v1/customers" else {}
        mine.read(path, {"id": PLACES[path], "created": 5, **with_it})

    assert mine.rows("discounts") == {"di_1": False}


def test_a_row_that_none_of_its_objects_shows_is_gone_once_all_are_read(account):
    mine = account("discounts")
    mine.hear(OF_BOTH)

    mine.read("/v1/customers", {"id": "cus_1", "created": 5})
    assert mine.rows("discounts") == {}
    mine.missing("/v1/subscriptions", "sub_1")

    assert mine.rows("discounts") == {"di_1": True}


@pytest.mark.parametrize("first", [True, False], ids=["shown first", "failed first"])
def test_a_row_that_one_object_shows_while_another_fails_is_not_gone_later(
    account, first
):
    mine = account("discounts")
    mine.hear(OF_BOTH)

    if not first:
        mine.fail("/v1/subscriptions", "sub_1")
    mine.read("/v1/customers", {"id": "cus_1", "created": 5, **WITH})
    if first:
        mine.fail("/v1/subscriptions", "sub_1")
    mine.read("/v1/subscriptions", {"id": "sub_1", "created": 5})

    assert mine.rows("discounts") == {"di_1": False}
    assert mine.failed() == {}


def test_a_row_of_a_list_that_is_cut_off_is_judged_once_the_list_is_read(account):
    mine = account("cards")
    mine.hear(raised("customer.source.deleted", card("card_1", customer="cus_1")))

    mine.cut_off("/v1/customers", "sources", **customer("cus_1", card("card_2")))
    assert mine.rows("cards") == {"card_2": False}
    assert mine.failed()["cus_1"].children == [("cards", "card_1", 100)]
    mine.read("/v1/customers", customer("cus_1", card("card_2")))

    assert mine.rows("cards") == {"card_1": True, "card_2": False}
    assert mine.failed() == {}


def test_a_row_of_an_object_that_fails_is_judged_in_the_next_run(account, capsysbinary):
    mine = account("cards")
    mine.hear(raised("customer.source.deleted", card("card_1", customer="cus_1")))
    mine.fail("/v1/customers", "cus_1")

    again = Account(capsysbinary, "cards", state=mine.tables.state())
    again.read("/v1/customers", customer("cus_1"))

    assert again.rows("cards") == {"card_1": True}
    assert again.failed() == {}


def test_with_an_object_that_is_not_there_goes_what_an_event_calls_deleted(account):
    mine = account("cards")
    mine.hear(raised("customer.source.deleted", card("card_1", customer="cus_1")))

    mine.missing("/v1/customers", "cus_1")

    assert mine.rows("cards") == {"card_1": True}


def test_an_object_that_failed_is_put_off_with_what_was_in_it(account):
    mine = account(
        "cards", state=AccountState(failed=[Failed("/v1/customers", "cus_1", [])])
    )
    mine.hear(raised("customer.source.deleted", card("card_1", customer="cus_1")))
    source = mine.source("/v1/customers")
    assert mine.tables.is_failed(source, "cus_1")

    mine.tables.put_off(source, mine.wanted("/v1/customers")["cus_1"])

    assert mine.failed()["cus_1"].children == [("cards", "card_1", 100)]
    assert mine.failed()["cus_1"].collections == ["cards"]


def test_the_items_of_an_invoice_that_failed_are_looked_at_once_it_is_read(account):
    mine = account("invoices", "invoice_items")
    about = {"id": "in_1", "object": "invoice", "created": 5}
    mine.hear(raised("invoice.created", about))
    mine.fail("/v1/invoices", "in_1")
    assert mine.failed()["in_1"].lines

    lines = listed(line("il_1", invoice_item="ii_1"))
    mine.read("/v1/invoices", {"id": "in_1", "created": 5, "lines": lines})

    assert mine.wanted("/v1/invoiceitems").keys() == {"ii_1"}


# Lists whose deletions no event tells


def read_whole(mine, path, *objects):
    source = mine.source(path)
    decoded_ = [decoded(object=source.listing.object, **one) for one in objects]
    mine.tables.met(source, decoded_, is_whole=True)
    mine.read(path, *objects, by_id=False)
    mine.tables.whole_list_read(source, source.names)


def test_what_is_missing_from_a_list_is_asked_for_before_it_is_gone(account):
    mine = account("coupons")
    for id_ in ("A", "B"):
        mine.state.bookmarks["coupons"].ids.setdefault("/v1/coupons", []).append(id_)

    read_whole(
        mine, "/v1/coupons", {"id": "B", "created": 5}, {"id": "C", "created": 6}
    )

    assert mine.rows("coupons") == {"B": False, "C": False}
    assert mine.wanted("/v1/coupons")["A"].itself
    assert mine.state.bookmarks["coupons"].ids["/v1/coupons"] == ["A", "B", "C"]
    mine.missing("/v1/coupons", "A")
    assert mine.rows("coupons")["A"]
    assert mine.state.bookmarks["coupons"].ids["/v1/coupons"] == ["B", "C"]


def test_a_long_list_is_not_read_whole_again(account):
    mine = account("coupons")

    read_whole(
        mine, "/v1/coupons", *({"id": f"C{n}", "created": 5} for n in range(SMALL + 1))
    )

    mark = mine.state.bookmarks["coupons"]
    assert mark.many == ["/v1/coupons"]
    assert mark.ids["/v1/coupons"] == []


def test_a_row_that_no_account_shows_any_more_is_gone(account):
    mine = account("cards")
    mine.state.bookmarks["cards"].ids["/v1/accounts"] = ["card_1", "card_2"]

    read_whole(
        mine,
        "/v1/accounts",
        {"id": "acct_1", "external_accounts": listed(card("card_2"))},
    )

    assert mine.rows("cards") == {"card_1": True, "card_2": False}


def test_a_row_of_an_account_that_can_not_be_read_is_not_gone(account):
    mine = account("cards")
    mine.state.bookmarks["cards"].ids["/v1/accounts"] = ["card_1"]
    mine.fail("/v1/accounts", "acct_1")

    read_whole(mine, "/v1/accounts")

    assert mine.rows("cards") == {}
    assert mine.state.bookmarks["cards"].ids["/v1/accounts"] == ["card_1"]


# What can't be read


def test_an_endpoint_that_is_refused_is_noted_and_its_changes_wait(account):
    mine = account("charges", "refunds")
    mine.hear(raised("charge.updated", {"id": "ch_1", "object": "charge"}))

    mine.tables.refuse(mine.source("/v1/charges"), PermissionMissing("no"), ["charges"])

    assert mine.state.bookmarks["charges"].refused == ["/v1/charges"]
    assert mine.state.bookmarks["refunds"].refused == []
    assert mine.wanted("/v1/charges") == {}
    assert mine.report.lacking == {"charge_read"}


@pytest.mark.parametrize(
    ("name", "path", "error"),
    [
        ("bitcoin_receivers", "/v1/bitcoin/receivers", EndpointGone("gone")),
        ("accounts", "/v1/accounts", NotAPlatform("none")),
    ],
)
def test_an_endpoint_that_has_nothing_is_read(account, name, path, error):
    mine = account(name)
    mine.state.bookmarks[name].unread[path] = [(0, NOW)]

    mine.tables.refuse(mine.source(path), error, [name])

    assert mine.state.bookmarks[name].unread[path] == []
    assert mine.state.bookmarks[name].refused == []
    assert not mine.report.refused


def test_what_the_key_may_not_read_of_an_object_is_not_taken_as_read(account):
    mine = account("customers", "cards")
    source = mine.source("/v1/customers")
    for name in ("customers", "cards"):
        mine.state.bookmarks[name].unread["/v1/customers"] = [(0, 9)]

    mine.tables.lack(source, ("sources",), PermissionMissing("no"))
    mine.tables.listed(source, source.names, (0, 9))

    assert mine.state.bookmarks["customers"].unread["/v1/customers"] == []
    assert mine.state.bookmarks["cards"].unread["/v1/customers"] == [(0, 9)]
    assert mine.tables.short == {"cards"}


def test_the_subscriptions_of_a_customer_that_can_not_be_read_are_tried_again(account):
    mine = account("customers", "subscriptions")
    names = frozenset(["subscriptions"])

    mine.tables.customer_failed(
        mine.source("/v1/subscriptions"), Wanted("cus_1"), StripeError("no"), names
    )

    [left] = mine.tables.failed()
    assert (left.path, left.id, left.itself) == ("/v1/customers", "cus_1", True)
    assert list(mine.report.parts) == ["subscriptions of cus_1"]
