"""The data is the same for the same seed, and shaped as Stripe's."""

from __future__ import annotations

import ast
import inspect
import re
import textwrap
from functools import cache

import pytest
import stripe as stripe_sdk

from tap_stripe.sandbox import Options, Sandbox
from tests.sandbox.client import NOW

CLASSES = {
    "accounts": stripe_sdk.Account,
    "application_fees": stripe_sdk.ApplicationFee,
    "balance_transactions": stripe_sdk.BalanceTransaction,
    "charges": stripe_sdk.Charge,
    "coupons": stripe_sdk.Coupon,
    "customers": stripe_sdk.Customer,
    "disputes": stripe_sdk.Dispute,
    "files": stripe_sdk.File,
    "invoice_payments": stripe_sdk.InvoicePayment,
    "invoiceitems": stripe_sdk.InvoiceItem,
    "invoices": stripe_sdk.Invoice,
    "payouts": stripe_sdk.Payout,
    "plans": stripe_sdk.Plan,
    "refunds": stripe_sdk.Refund,
    "subscriptions": stripe_sdk.Subscription,
    "transfers": stripe_sdk.Transfer,
}
CHILDREN = {
    ("invoices", "lines"): stripe_sdk.InvoiceLineItem,
    ("subscriptions", "items"): stripe_sdk.SubscriptionItem,
    ("application_fees", "refunds"): stripe_sdk.ApplicationFeeRefund,
    ("transfers", "reversals"): stripe_sdk.TransferReversal,
}


@pytest.fixture(scope="module")
def changed():
    sandbox = Sandbox(Options(now=NOW))
    sandbox.change(600, seed=2)
    return sandbox


@cache
def annotations_of(class_):
    source = textwrap.dedent(inspect.getsource(class_))
    definition = ast.parse(source).body[0]
    assert isinstance(definition, ast.ClassDef)
    return {
        ast.unparse(statement.target): ast.unparse(statement.annotation)
        for statement in definition.body
        if isinstance(statement, ast.AnnAssign)
    }


def misfits(class_, thing, path=""):
    """Properties that the class lacks, and those that it says are always there."""
    known = annotations_of(class_)
    for name, value in thing.items():
        if name not in known:
            yield f"{path}{name} is unknown"
            continue
        if value is None and "Optional" not in known[name]:
            yield f"{path}{name} is null"
        inner = [
            getattr(class_, word)
            for word in re.findall(r"[A-Z]\w+", known[name])
            if inspect.isclass(getattr(class_, word, None))
        ]
        for part in value if isinstance(value, list) else [value]:
            if inner and isinstance(part, dict) and "object" not in part:
                yield from misfits(inner[0], part, f"{path}{name}.")
    for name, annotation in known.items():
        if not re.search("Optional|ClassVar", annotation) and name not in thing:
            yield f"{path}{name} is missing"


@pytest.mark.parametrize("resource", sorted(CLASSES))
def test_objects_have_the_properties_of_the_pinned_version(changed, resource):
    things = changed.objects(resource)

    assert things
    assert {each for thing in things for each in misfits(CLASSES[resource], thing)} == (
        set()
    )


@pytest.mark.parametrize("where", sorted(CHILDREN))
def test_children_have_the_properties_of_the_pinned_version(changed, where):
    pairs = changed.children(*where)

    assert pairs
    found = {each for _, child in pairs for each in misfits(CHILDREN[where], child)}
    assert found == set()


def test_sources_and_discounts_have_them_too(changed):
    classes = {"card": stripe_sdk.Card, "bank_account": stripe_sdk.BankAccount}
    sources = [
        child
        for where in (("customers", "sources"), ("accounts", "external_accounts"))
        for _, child in changed.children(*where)
    ]

    assert {source["object"] for source in sources} == set(classes)
    for source in sources:
        assert list(misfits(classes[source["object"]], source)) == []
    for owned in changed.discounts():
        assert list(misfits(stripe_sdk.Discount, owned.discount)) == []


def test_references_lead_to_objects(changed):
    for resource, property_, target in (
        ("refunds", "charge", "charges"),
        ("charges", "balance_transaction", "balance_transactions"),
        ("disputes", "charge", "charges"),
        ("invoice_payments", "invoice", "invoices"),
        ("transfers", "balance_transaction", "balance_transactions"),
        ("application_fees", "charge", "charges"),
    ):
        there = {each["id"] for each in changed.objects(target)}
        there |= set(changed.deleted(target))
        named = {each[property_] for each in changed.objects(resource)} - {None}
        assert named
        assert named <= there, (resource, property_)


def test_a_transaction_and_its_source_name_each_other(changed):
    resources = ("charges", "refunds", "payouts", "transfers", "application_fees")
    sources = [each for name in resources for each in changed.objects(name)]
    for where in (("transfers", "reversals"), ("application_fees", "refunds")):
        sources += [child for _, child in changed.children(*where)]
    named = {
        (each["id"], each[name])
        for each in sources
        for name in ("balance_transaction", "failure_balance_transaction")
        if each.get(name)
    }
    named |= {
        (dispute["id"], each["id"])
        for dispute in changed.objects("disputes")
        for each in dispute["balance_transactions"]
    }

    assert named == {
        (each["source"], each["id"])
        for each in changed.objects("balance_transactions")
        if each["source"] is not None
    }


def test_values_vary(changed):
    charges = changed.objects("charges")
    transactions = changed.objects("balance_transactions")

    assert {"jpy", "kwd", "usd"} <= {charge["currency"] for charge in charges}
    assert {charge["status"] for charge in charges} == {"succeeded", "failed"}
    assert any(transaction["amount"] < 0 for transaction in transactions)
    assert {"pending", "available"} == {each["status"] for each in transactions}
    assert {0, 1, 2, 3} <= {len(each["fee_details"]) for each in transactions}
    assert any(
        not each["description"].isascii() for each in charges if each["description"]
    )
    assert {type(each["customer"]) for each in charges} == {str, type(None)}


def test_every_kind_of_owner_has_discounts(changed):
    assert {owned.owner_type for owned in changed.discounts()} == {
        "customer",
        "subscription",
        "subscription_item",
        "invoice",
        "invoiceitem",
    }
    ids = [owned.discount["id"] for owned in changed.discounts()]
    assert len(set(ids)) == len(ids)


def test_the_same_seed_gives_the_same_data_and_changes():
    def made(seed):
        sandbox = Sandbox(Options(now=NOW, seed=seed, scale=0.2, clock=lambda: NOW))
        sandbox.change(200)
        return {
            name: sandbox.objects(name)
            for name in [*sandbox.world.platform.collections, "events", "account"]
        }

    first = made(1)

    assert made(1) == first
    assert all(made(2)[name] != things for name, things in first.items())


def test_a_million_charges_cost_no_memory():
    sandbox = Sandbox(Options(now=NOW, sizes={"charges": 1_000_000}))
    charges = sandbox.world.platform.charges

    newest = next(sandbox.each("charges"))

    assert charges.total == 1_000_000
    assert charges.rank(newest["id"]) == 999_999


def test_an_unknown_size_is_refused():
    with pytest.raises(ValueError, match="no such collection to size: charge"):
        Options(sizes={"charge": 1})
