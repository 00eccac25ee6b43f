"""One account's sync, step by step: stopped anywhere, it goes on."""

from __future__ import annotations

import json
import logging
import random
from contextlib import closing
from urllib.parse import parse_qs, urlsplit

import pytest

from tap_stripe.output.writer import Writer
from tap_stripe.report.report import Report
from tap_stripe.sandbox import Options, Sandbox
from tap_stripe.settings import SANDBOX
from tap_stripe.state.accounts import Accounts
from tap_stripe.streams import Collection
from tap_stripe.sync.account import AccountSync, Shared
from tap_stripe.sync.fetch import Fetch
from tap_stripe.sync.plan import Times, make_plan
from tap_stripe.sync.pool import Pool
from tap_stripe.tap import TapStripe
from tests.expected import differences
from tests.sync.made import client
from tests.target import Target

START = 1_790_000_000
FULL_LOOK_S = 86400
NAMES = (
    "charges",
    "refunds",
    "customers",
    "cards",
    "discounts",
    "coupons",
    "invoices",
    "invoice_lines",
    "invoice_items",
    "subscriptions",
    "subscription_items",
    "balance_transactions",
)


class Copy:
    """A sandbox whose time is set, and a target that its account is synced into.

    Attributes:
        state: The last STATE's bookmarks, as a file has them.
        largest: Of the states of a run, in bytes.
        named: The most objects that were to be read at once.
    """

    def __init__(self, capture, names=NAMES, **options):
        self.now = START
        self.sandbox = Sandbox(Options(now=START, clock=lambda: self.now, **options))
        self.target, self.state = Target(), {}
        self.largest = self.named = 0
        self.report = Report()
        tap = TapStripe(config={"api_url": SANDBOX})
        self._tap = tap
        found = [tap.streams[name] for name in names]
        self._selected = [one for one in found if isinstance(one, Collection)]
        self._names = names
        self._capture = capture

    def sync(self, *, steps=None, most_in_slice=None, every_step=False):
        """Run a sync; give whether it came to its end.

        Args:
            steps: After so many answers it is killed: its state is of then.
            most_in_slice: As for `AccountSync`.
            every_step: Whether a state is made after each answer.
        """
        self.sandbox.log.clear()
        accounts = Accounts(self.state, several=False)
        state, pool = accounts.take(None), Pool()
        writer = Writer(write=self._tap.write_message, checkpoint_s=0)
        self.report = Report()
        self.largest = self.named = 0
        with closing(client(self.sandbox.url)) as way:
            plan = make_plan(
                state,
                self._selected,
                account=None,
                account_id=None,
                times=Times(0, self.now, self.now - 600, FULL_LOOK_S),
                wanted=lambda _: True,
                logger=logging.getLogger("tap-stripe"),
            )
            shared = Shared(
                way, Fetch(way), writer, self.report, logging.getLogger("x"), None
            )
            sync = AccountSync(plan, state, shared, most_in_slice=most_in_slice)
            writer.begin(self._selected)
            for step, _ in enumerate(pool.run(sync), start=1):
                self.named = max(self.named, sync.changed())
                if every_step:
                    self._keep(accounts, sync)
                if step == steps:
                    break
            self._keep(accounts, sync)
            pool.close()
        writer.flush()
        self.target.take(self._capture.readouterr().out.splitlines(keepends=True))
        return sync.is_over

    def _keep(self, accounts, sync):
        accounts.put(None, sync.state())
        said = json.dumps(accounts.bookmarks(self._names))
        self.largest = max(self.largest, len(said))
        self.state = json.loads(said)

    def change(self, seconds, each=3, **which):
        """Let time pass in which something happens every second."""
        for _ in range(seconds):
            self.now += 1
            self.sandbox.change(each, **which)

    def wait(self, seconds=700):
        self.now += seconds

    def asked(self, path=""):
        """Give the requests of the last run: the path, and its query."""
        parts = [urlsplit(entry.target) for entry in self.sandbox.log.entries]
        return [
            (one.path, parse_qs(one.query))
            for one in parts
            if one.path.startswith(path)
        ]

    def differences(self):
        names = tuple(f"{name}:" for name in self._names)
        found = differences(self.sandbox, self.target.tables)
        return [one for one in found if one.startswith(names)]


@pytest.fixture
def copy(capsysbinary):
    made: list[Copy] = []

    def start(**options):
        options = {"scale": 0.2, "seed": 3, **options}
        made.append(Copy(capsysbinary, **options))
        made[-1].sandbox.start()
        return made[-1]

    yield start
    for one in made:
        one.sandbox.close()


def test_what_has_changed_is_read_oldest_slice_first_whatever_it_is(copy):
    mine = copy()
    assert mine.sync()
    mine.wait()
    mine.change(120)
    mine.wait()

    assert mine.sync(most_in_slice=MOST_IN_SLICE, every_step=True)

    assert mine.differences() == []
    firsts = [int(query["created[gte]"][0]) for _, query in mine.asked("/v1/events")]
    slices = sorted(set(firsts))
    assert len(slices) > 4
    assert firsts == sorted(firsts)
    # Twice as many as a slice should, and those that the objects brought up.
    assert 0 < mine.named < 2 * 100 + 100


def test_a_second_in_which_very_much_happens_makes_no_others_costly(copy):
    mine = copy(names=("charges",))
    mine.sync()
    mine.wait()
    mine.change(1, each=250, only=["update_charge"])
    mine.wait(3 * 86400)

    mine.sync(most_in_slice=100)

    assert mine.differences() == []
    # A second of three pages, found by halves; then the seconds behind it.
    assert len(mine.asked("/v1/events")) < 60


PLAIN = ("charges", "customers")
UPDATES = ["update_charge", "update_customer"]
MOST_IN_SLICE = 100


def test_neither_state_nor_memory_grows_with_what_has_changed(copy):
    mine = copy(names=PLAIN)
    mine.sync()
    sizes, named = [], []
    for seconds in (60, 240):
        mine.wait()
        mine.change(seconds, only=UPDATES)
        mine.wait()
        mine.sync(most_in_slice=MOST_IN_SLICE, every_step=True)
        sizes.append(mine.largest)
        named.append(mine.named)

    assert mine.differences() == []
    assert sizes[1] < 1.2 * sizes[0]
    # A page more than twice what a slice may name is never taken in.
    assert max(named) <= 2 * MOST_IN_SLICE


def test_an_account_in_which_nothing_happens_costs_a_request_or_two(copy):
    mine = copy()
    mine.sync()
    mine.wait()
    mine.sync()
    mine.wait()
    before = dict(mine.target.records)

    mine.sync()

    assert [path for path, _ in mine.asked()] == ["/v1/events"]
    assert mine.target.records == before


def test_a_run_that_is_killed_in_a_slice_reads_on_what_is_left_of_it(copy):
    whole, mine = copy(names=PLAIN), copy(names=PLAIN)
    for one in (whole, mine):
        one.sync()
        one.wait()
        one.change(60, each=5, only=UPDATES)
        one.wait()
    whole.sync()

    assert not mine.sync(steps=2 * len(whole.asked()) // 3)
    first = len(mine.asked())
    assert mine.state["account"]["slice"], "it was in the middle of one"
    assert mine.sync()

    assert mine.differences() == []
    events = len(whole.asked("/v1/events"))
    # The events again, and what was in flight.
    assert first + len(mine.asked()) < len(whole.asked()) + events + 15


@pytest.mark.parametrize("chance", range(4))
def test_nothing_is_lost_wherever_a_run_is_killed(copy, chance):
    dice = random.Random(chance)
    mine = copy(seed=chance + 1, many_children=0.3)
    runs = kills = 0

    while runs < 3:
        steps = dice.choice([1, 2, 5, 10, 20, 40, 80, None])
        over = mine.sync(steps=steps, most_in_slice=dice.choice([100, 10_000]))
        kills += not over
        runs += over
        if over or dice.random() < 0.3:
            mine.wait(dice.choice([1, 700]))
            mine.change(dice.randrange(40))
    mine.wait()
    assert mine.sync()

    assert kills > 0
    assert mine.differences() == []


def test_all_that_a_state_claims_is_written(copy):
    mine = copy()
    mine.sync(steps=4)
    held = mine.state["charges"]["unread"]["/v1/charges"]
    written = {key[0] for key in mine.target.tables["charges"]}

    unread = {
        one["id"]
        for one in mine.sandbox.objects("charges")
        if any(first <= one["created"] <= last for first, last in held)
    }
    everything = {one["id"] for one in mine.sandbox.objects("charges")}
    assert everything - unread <= written
    assert unread


def test_what_was_refused_is_asked_for_once_and_read_when_it_may_be(copy):
    mine = copy(names=("charges", "coupons"))
    key = mine.sandbox.key
    mine.sandbox.set_key(key, {"charge_read", "event_read"})
    mine.sync()
    assert mine.state["coupons"]["refused"] == ["/v1/coupons"]
    assert mine.state["charges"]["activated"]
    assert not mine.state["coupons"]["activated"]

    mine.wait()
    mine.change(10, only=["update_coupon", "update_charge"])
    mine.wait()
    mine.sync()
    assert {query["limit"][0] for _, query in mine.asked("/v1/coupons")} == {"1"}
    mine.sandbox.set_key(key, None)
    mine.wait()
    mine.sync()

    assert mine.differences() == []
    assert mine.state["coupons"]["refused"] == []


def test_an_object_that_can_not_be_read_is_named_kept_and_read_the_next_time(copy):
    mine = copy(names=("charges",))
    mine.sync()
    mine.wait()
    mine.change(20, only=["update_charge"])
    mine.wait()
    [bad, *_] = mine.sandbox.objects("charges")
    mine.sandbox.perform("update_charge", bad["id"])
    mine.wait()
    mine.sandbox.impostor = lambda target: (
        (400, b'{"error":{"message":"Bad."}}', {"Content-Type": "application/json"})
        if target.startswith(("/v1/charges?", f"/v1/charges/{bad['id']}"))
        else None
    )
    mine.sync()
    assert [one["id"] for one in mine.state["account"]["failed"]] == [bad["id"]]
    assert any(bad["id"] in what for what in mine.report.parts)

    mine.sandbox.impostor = None
    mine.sync()

    assert mine.state["account"]["failed"] == []
    assert mine.differences() == []


def test_what_was_on_a_deleted_clock_is_gone(copy):
    mine = copy(names=("customers", "subscriptions", "invoices"))
    mine.sync()
    mine.wait()
    mine.change(5, only=["create_clock_customer"])
    mine.wait()
    mine.sync()
    mine.change(3, each=1, only=["delete_test_clock"])
    mine.wait()

    mine.sync()

    assert mine.differences() == []
    assert mine.report.deleted["customers"] > 0


def test_what_waits_for_a_list_inside_it_is_not_claimed_by_the_next_page(copy):
    mine = copy(
        names=("customers", "cards"), scale=0.3, many_children=0.5, most_per_page=5
    )
    lost = {}
    for steps in range(1, 200, 4):
        mine.target, mine.state = Target(), {}
        if mine.sync(steps=steps):
            break
        mine.sync()
        if found := mine.differences():
            lost[steps] = found[:3]

    assert steps > 15
    assert not lost
