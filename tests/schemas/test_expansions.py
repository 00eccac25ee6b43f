"""No column is always null because only an expansion would bring it.

The stripe package marks what may be null and what may be left out alike. So each object
or list that a class calls optional and that Stripe's example lacks stands in one of two
lists: `expansions` in overrides.toml, or the one here of what Stripe sends unasked.
"""

import ast
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from scripts.generate_schemas import COLLECTIONS, SCHEMAS
from scripts.schema_parts.collection_schema import overrides, rows_class
from scripts.schema_parts.stripe_classes import StripeClass, resolve, resource
from tap_stripe.streams import Collection

EXAMPLES = Path(__file__).with_name("examples")
EXPANSIONS = overrides()["expansions"]
OPEN = {path.rpartition(".")[2] for path in overrides()["open"]}
# Expansions that are neither object nor list.
TEXTS = {"issuing.card.cvc", "issuing.card.number"}
# Reviewed one by one in https://docs.stripe.com/api, which marks none as Expandable.
SENT_WHERE_IT_APPLIES = {
    "account.company",
    "account.external_accounts",
    "account.groups",
    "account.individual",
    "bank_account.available_payout_methods",
    "bank_account.future_requirements",
    "bank_account.requirements",
    "card.available_payout_methods",
    "card.networks",
    "charge.level3",
    "charge.presentment_details",
    "charge.radar_options",
    "checkout.session.allowed_payment_method_types",
    "checkout.session.branding_settings",
    "checkout.session.excluded_payment_method_types",
    "checkout.session.name_collection",
    "checkout.session.optional_items",
    "checkout.session.presentment_details",
    "checkout.session.tax_id_collection",
    "file.links",
    "invoice.status_details",
    "invoice.threshold_reason",
    "invoiceitem.frozen_fields",
    "invoiceitem.invoicing_rules",
    "invoiceitem.proration_details",
    "issuing.authorization.fraud_challenges",
    "issuing.authorization.treasury",
    "issuing.transaction.treasury",
    "payment_intent.allowed_payment_method_types",
    "payment_intent.hooks",
    "payment_intent.payment_details",
    "payment_intent.presentment_details",
    "payment_link.name_collection",
    "payment_link.optional_items",
    "person.additional_tos_acceptances",
    "person.address",
    "person.address_kana",
    "person.address_kanji",
    "person.dob",
    "person.full_name_aliases",
    "person.future_requirements",
    "person.metadata",
    "person.registered_address",
    "person.relationship",
    "person.requirements",
    "person.us_cfpb_data",
    "person.verification",
    "product.tax_details",
    "refund.next_action",
    "refund.presentment_details",
    "setup_intent.allowed_payment_method_types",
    "setup_intent.managed_payments",
    "subscription.presentment_details",
    "subscription.status_details",
    "subscription_item.current_trial",
    "topup.payment_method_options",
}


def properties_of(collection: str) -> dict[str, Any]:
    text = (SCHEMAS / f"{collection}.json").read_text(encoding="utf-8")
    found: dict[str, Any] = json.loads(text)["properties"]
    return found


def resources(stripe_class: StripeClass) -> Iterator[str]:
    """Name the resources that objects of a class are or hold, expansions aside."""
    pending = [stripe_class]
    seen: list[StripeClass] = []
    while pending:
        found = pending.pop()
        if any(found is one for one in seen):
            continue
        seen.append(found)
        if found.object_name:
            yield found.object_name
        for held in found.properties:
            path = f"{found.object_name}.{held.name}"
            if path not in EXPANSIONS and held.name not in OPEN:
                pending += classes_in(held.annotation, found)


def classes_in(annotation: ast.expr, seen_from: StripeClass) -> Iterator[StripeClass]:
    """Give the classes whose properties a schema shows for an annotation."""
    match annotation:
        case ast.Subscript(value=ast.Name(id="Optional" | "List"), slice=inner):
            yield from classes_in(inner, seen_from)
        case ast.Constant(value=str(quoted)):
            yield from classes_in(ast.parse(quoted, mode="eval").body, seen_from)
        case ast.Name() | ast.Attribute():
            name = ast.unparse(annotation)
            if name not in {"str", "int", "float", "bool", "Decimal"}:
                yield resolve(name, seen_from=seen_from)
        case _:
            pass


def may_be_left_out(object_name: str) -> Iterator[str]:
    """Name the objects and lists of a resource that a plain answer may lack."""
    shown: dict[str, Any] = {}
    for collection, of in COLLECTIONS.items():
        path = EXAMPLES / f"{collection}.json"
        if of == object_name and path.exists():
            shown = json.loads(path.read_text(encoding="utf-8"))
    for held in resource(object_name).properties:
        match held.annotation:
            case ast.Subscript(
                value=ast.Name(id="Optional"),
                slice=ast.Subscript(value=ast.Name(id="ListObject")),
            ):
                # Stripe's examples show some lists that are not always there.
                yield f"{object_name}.{held.name}"
            case ast.Subscript(
                value=ast.Name(id="Optional"),
                slice=ast.Subscript(value=ast.Name(id="List" | "UntypedStripeObject")),
            ):
                if held.name not in shown:
                    yield f"{object_name}.{held.name}"
            case ast.Subscript(value=ast.Name(id="Optional"), slice=inner):
                if held.name not in shown and any(
                    classes_in(inner, resource(object_name))
                ):
                    yield f"{object_name}.{held.name}"
            case _:
                pass


def in_schemas() -> set[str]:
    """Name all resources that a schema shows the properties of."""
    return {
        name
        for collection, of in COLLECTIONS.items()
        if (found := rows_class(collection, of)) is not None
        for name in resources(found)
    }


def test_each_property_that_may_be_left_out_is_known_to_be_sent_or_to_be_expanded():
    found = {path for name in in_schemas() for path in may_be_left_out(name)}

    assert found == EXPANSIONS.keys() - TEXTS | SENT_WHERE_IT_APPLIES


@pytest.mark.parametrize("path", EXPANSIONS)
def test_a_column_that_only_an_expansion_brings_is_expanded_or_is_none(path):
    object_name, _, name = path.partition(".")

    for collection, of in COLLECTIONS.items():
        if of == object_name:
            expanded = name in Collection.registered[collection].expand
            assert (name in properties_of(collection)) == expanded
