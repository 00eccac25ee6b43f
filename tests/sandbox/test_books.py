"""The sandbox's books are true: one business that adds up, whatever changes."""

from __future__ import annotations

import json
from collections import Counter

import pytest

from tap_stripe.sandbox import Options, Sandbox
from tap_stripe.sandbox.__main__ import main
from tap_stripe.sandbox.books import Books
from tests.sandbox.client import NOW, serving


@pytest.fixture(scope="module", params=["at the start", "after changes", "connected"])
def business(request):
    sandbox = Sandbox(Options(now=NOW, connected_data=True))
    account = None
    if request.param == "connected":
        account = sandbox.objects("accounts")[0]["id"]
    if request.param != "at the start":
        sandbox.change(600, seed=3, account=account)
    return Business(sandbox, account)


class Business:
    """One account's objects by resource."""

    def __init__(self, sandbox, account):
        self.sandbox = sandbox
        self.account = account

    def __getattr__(self, resource):
        return self.sandbox.objects(resource, account=self.account)

    def children(self, *where):
        return self.sandbox.children(*where, account=self.account)

    def books(self):
        return Books(self.sandbox, now=NOW, account=self.account)


def by_id(things):
    return {thing["id"]: thing for thing in things}


def paid_by(business):
    """Give each paid invoice and the charge that paid it."""
    charges = business.charges
    of_intent = {
        charge["payment_intent"]: charge for charge in charges if charge["paid"]
    }
    invoices, known = by_id(business.invoices), by_id(charges)
    for payment in business.invoice_payments:
        if payment["status"] == "paid":
            how = payment["payment"]
            charge = known[how["charge"]] if "charge" in how else None
            yield (
                invoices[payment["invoice"]],
                charge or of_intent[how["payment_intent"]],
            )


def test_a_paid_invoice_is_what_its_charge_is(business):
    pairs = list(paid_by(business))

    paid = {one["id"] for one in business.invoices if one["status"] == "paid"}
    assert {invoice["id"] for invoice, _ in pairs} == paid
    assert len({charge["id"] for _, charge in pairs}) == len(pairs)
    for invoice, charge in pairs:
        assert charge["status"] == "succeeded"
        assert charge["captured"]
        for ours, theirs in (
            ("amount_paid", "amount_captured"),
            ("currency", "currency"),
            ("customer", "customer"),
        ):
            assert invoice[ours] == charge[theirs], (invoice["id"], ours)


def test_a_subscription_has_one_currency_and_its_invoices_bill_its_items(business):
    subscriptions = by_id(business.subscriptions)
    items = {
        item["id"]: item for _, item in business.children("subscriptions", "items")
    }
    gone = business.sandbox.deleted("subscription_items", account=business.account)

    for item in items.values():
        currency = subscriptions[item["subscription"]]["currency"]
        assert {item["plan"]["currency"], item["price"]["currency"]} == {currency}
    billed = 0
    for invoice, line in business.children("invoices", "lines"):
        assert line["currency"] == invoice["currency"]
        details = line["parent"]["subscription_item_details"]
        if details and details["subscription_item"] not in gone:
            billed += 1
            item = items[details["subscription_item"]]
            assert item["subscription"] == line["subscription"]
            assert (
                invoice["customer"] == (subscriptions[item["subscription"]]["customer"])
            )
            assert line["pricing"]["price_details"]["price"] == item["price"]["id"]
            if not details["proration"]:
                assert line["period"]["start"] >= item["created"]
    assert billed > 0


def test_an_invoice_is_the_sum_of_its_lines(business):
    sums: Counter[str] = Counter()
    for invoice, line in business.children("invoices", "lines"):
        sums[invoice["id"]] += line["amount"]
        sums[invoice["id"]] += sum(tax["amount"] for tax in line["taxes"])

    for invoice in business.invoices:
        assert invoice["total"] == sums[invoice["id"]]
        assert invoice["amount_due"] == max(invoice["total"], 0)


def test_a_refund_gives_back_of_its_charge_what_the_charge_says(business):
    returned: Counter[str] = Counter()
    for refund in business.refunds:
        if refund["status"] != "failed":
            returned[refund["charge"]] += refund["amount"]

    # One that fails leaves its charge as it was.
    failed = {one["charge"] for one in business.refunds if one["status"] == "failed"}
    for charge in business.charges:
        if charge["id"] not in failed:
            assert charge["amount_refunded"] == returned[charge["id"]]
        assert charge["amount_refunded"] <= charge["amount_captured"]


def test_a_transaction_is_its_parts(business):
    for one in business.balance_transactions:
        assert one["net"] == one["amount"] - one["fee"]
        assert one["fee"] == sum(part["amount"] for part in one["fee_details"])
        assert {part["currency"] for part in one["fee_details"]} <= {one["currency"]}


def test_an_automatic_payout_is_the_sum_of_what_it_paid_out(business):
    swept = business.books().payouts()

    automatic = [one for one in business.payouts if one["automatic"]]
    assert len(automatic) > len(business.payouts) // 2
    for payout in automatic:
        assert payout["amount"] == swept.pop(payout["id"], 0)
    assert swept == {}


def test_the_balance_is_the_sum_of_all_transactions(business):
    balance = business.sandbox.balance(account=business.account)

    said = {
        (part["currency"], state): part["amount"]
        for state in ("available", "pending")
        for part in balance[state]
        if part["amount"]
    }
    summed = {key: net for key, net in business.books().balance().items() if net}
    assert said == summed
    assert {state for _, state in said} == {"available", "pending"}


def test_transactions_of_a_payout_can_be_listed():
    with serving() as client:
        payout = next(
            one for one in client.sandbox.objects("payouts") if one["automatic"]
        )

        listed = client.everything("/v1/balance_transactions", payout=payout["id"])

        assert sum(one["net"] for one in listed) == 0
        assert payout["balance_transaction"] in {one["id"] for one in listed}
        assert len(listed) > 1


def test_the_balance_is_answered():
    with serving() as client:
        reply = client.get("/v1/balance")

        assert reply.status == 200
        assert reply.body == client.sandbox.balance()


def test_the_command_prints_the_books(capsys):
    assert main(["--books", "--now", str(NOW), "--scale", "0.2"]) == 0

    books = json.loads(capsys.readouterr().out)
    assert set(books) == {
        "balance",
        "mrr",
        "mrr_movements",
        "payouts",
        "revenue_by_day",
    }
    moved: Counter[str] = Counter()
    for key, change in books["mrr_movements"].items():
        moved[key.split()[1]] += change
    # Whatever came, went and changed is what is there now.
    assert any(moved.values())
    for currency, total in moved.items():
        assert total == books["mrr"].get(f"2026-09 {currency}", 0)
