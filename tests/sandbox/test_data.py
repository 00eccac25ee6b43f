"""The data is the same for the same seed, and shaped as Stripe's."""

from __future__ import annotations

import ast
import re
from functools import cache

import pytest

from scripts.schema_parts.stripe_classes import resource
from tap_stripe.sandbox import Options, Sandbox
from tap_stripe.sandbox.kinds import KINDS
from tap_stripe.sandbox.resources import RESOURCES
from tests.sandbox.client import NOW

CLASSES = {
    collection.name: resource(collection.kind.object)
    for collection in Sandbox(Options(now=NOW)).world.platform.collections.values()
}
CHILDREN = {
    (collection, name): resource(kind)
    for collection, name, kind in (
        ("invoices", "lines", "line_item"),
        ("subscriptions", "items", "subscription_item"),
        ("application_fees", "refunds", "fee_refund"),
        ("transfers", "reversals", "transfer_reversal"),
        *(
            (one.path, name, KINDS[one.object].sublists[name].kind)
            for one in RESOURCES
            for name in one.children
        ),
    )
}


@pytest.fixture(scope="module")
def changed():
    sandbox = Sandbox(Options(now=NOW))
    sandbox.change(600, seed=2)
    return sandbox


@cache
def written(properties):
    return {held.name: ast.unparse(held.annotation) for held in properties}


def misfits(class_, thing, path=""):
    """Properties that the class lacks, and those that it says are always there."""
    known = written(class_.properties)
    for name, value in thing.items():
        if name not in known:
            yield f"{path}{name} is unknown"
            continue
        if value is None and "Optional" not in known[name]:
            yield f"{path}{name} is null"
        words = re.findall(r"[A-Z]\w+", known[name])
        inner = [class_.nested[word] for word in words if word in class_.nested]
        parts = value if isinstance(value, list) else [value]
        if "UntypedStripeObject" in known[name] and value:
            parts = list(value.values())
        for part in parts:
            if inner and isinstance(part, dict) and "object" not in part:
                yield from misfits(inner[0], part, f"{path}{name}.")
    for name, annotation in known.items():
        if not annotation.startswith("Optional") and name not in thing:
            yield f"{path}{name} is missing"


@pytest.mark.parametrize("name", sorted(CLASSES))
def test_objects_have_the_properties_of_the_pinned_version(changed, name):
    things = changed.objects(name)

    assert things
    assert {each for thing in things for each in misfits(CLASSES[name], thing)} == set()


@pytest.mark.parametrize("where", sorted(CHILDREN))
def test_children_have_the_properties_of_the_pinned_version(changed, where):
    pairs = changed.children(*where)

    assert pairs
    found = {each for _, child in pairs for each in misfits(CHILDREN[where], child)}
    assert found == set()


def test_sources_and_discounts_have_them_too(changed):
    kinds = ("card", "bank_account")
    sources = [
        child
        for where in (("customers", "sources"), ("accounts", "external_accounts"))
        for _, child in changed.children(*where)
    ]

    assert {source["object"] for source in sources} == set(kinds)
    for source in sources:
        assert list(misfits(resource(source["object"]), source)) == []
    for owned in changed.discounts():
        assert list(misfits(resource("discount"), owned.discount)) == []


def test_references_lead_to_objects(changed):
    for owner, property_, target in (
        ("refunds", "charge", "charges"),
        ("charges", "balance_transaction", "balance_transactions"),
        ("disputes", "charge", "charges"),
        ("invoice_payments", "invoice", "invoices"),
        ("transfers", "balance_transaction", "balance_transactions"),
        ("application_fees", "charge", "charges"),
        ("payment_intents", "latest_charge", "charges"),
        ("payment_intents", "customer", "customers"),
        ("promotion_codes", "customer", "customers"),
        ("prices", "product", "products"),
        ("issuing/authorizations", "cardholder", "issuing/cardholders"),
    ):
        there = {each["id"] for each in changed.objects(target)}
        there |= set(changed.deleted(target))
        named = {each.get(property_) for each in changed.objects(owner)} - {None}
        assert named
        assert named <= there, (owner, property_)


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

    first, other = made(1), made(2)

    assert made(1) == first
    assert all(other[name] != things for name, things in first.items())


def test_a_million_charges_cost_no_memory():
    sandbox = Sandbox(Options(now=NOW, sizes={"charges": 1_000_000}))
    charges = sandbox.world.platform.charges

    newest = next(sandbox.each("charges"))

    assert charges.total == 1_000_000
    assert charges.rank(newest["id"]) == 999_999


def test_an_unknown_size_is_refused():
    with pytest.raises(ValueError, match="no such collection to size: charge"):
        Options(sizes={"charge": 1})
