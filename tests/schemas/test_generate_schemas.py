"""The files in schemas/ against their generator, the rules, and Stripe's examples.

examples/ holds the example objects that Stripe publishes with its API description
(https://github.com/stripe/openapi, openapi/fixtures3.json), one a collection.
"""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft7Validator

from scripts.generate_schemas import COLLECTIONS, COMMENT, SCHEMAS, differences, write
from scripts.schema_parts.collection_schema import overrides, times
from scripts.schema_parts.stripe_classes import resource
from scripts.schema_parts.times import is_time
from tap_stripe.client import API_VERSION
from tap_stripe.streams import Collection

EXAMPLES = Path(__file__).with_name("examples")
ROOT = SCHEMAS.parent

KEYS = {"balance_transaction_fee_details": {"balance_transaction", "position"}}

# Reviewed one by one. What every collection has, received_at and _sdc_deleted_at, and
# what old names keep, is left out.
TIMES = {
    "accounts": {"created"},
    "application_fee_refunds": {"created"},
    "application_fees": {"created"},
    "balance_transaction_fee_details": {"parent_created"},
    "balance_transactions": {"available_on", "created"},
    "bank_accounts": {"parent_created"},
    "billing_credit_grants": {
        "created",
        "effective_at",
        "expires_at",
        "updated",
        "voided_at",
    },
    "billing_meters": {"created", "updated"},
    "bitcoin_receivers": {"created"},
    "cards": {"parent_created"},
    "charges": {"created"},
    "checkout_session_line_items": {"parent_created"},
    "checkout_sessions": {"created", "expires_at"},
    "coupons": {"created", "redeem_by"},
    "credit_note_line_items": {"parent_created"},
    "credit_notes": {"created", "effective_at", "voided_at"},
    "customers": {"created"},
    "discounts": {"end", "start"},
    "disputes": {"created"},
    "early_fraud_warnings": {"created"},
    "events": {"created"},
    "file_uploads": {"created", "expires_at"},
    "invoice_items": {"date"},
    "invoice_lines": {"parent_created"},
    "invoice_payments": {"created"},
    "invoices": {
        "automatically_finalizes_at",
        "created",
        "date",
        "due_date",
        "effective_at",
        "finalized_at",
        "next_payment_attempt",
        "period_end",
        "period_start",
        "subscription_proration_date",
        "webhooks_delivered_at",
    },
    "issuing_authorizations": {"created"},
    "issuing_cardholders": {"created"},
    "issuing_cards": {"created"},
    "issuing_transactions": {"created"},
    "payment_intents": {"canceled_at", "created"},
    "payment_links": set(),
    "payouts": {"arrival_date", "created", "date"},
    "plans": {"created"},
    "prices": {"created"},
    "products": {"created", "updated"},
    "promotion_codes": {"created", "expires_at"},
    "quote_line_items": {"parent_created"},
    "quotes": {"created", "expires_at"},
    "refunds": {"created"},
    "setup_intents": {"created"},
    "shipping_rates": {"created"},
    "subscription_items": {
        "billed_until",
        "created",
        "current_period_end",
        "current_period_start",
    },
    "subscription_schedules": {
        "canceled_at",
        "completed_at",
        "created",
        "released_at",
    },
    "subscriptions": {
        "billing_cycle_anchor",
        "cancel_at",
        "canceled_at",
        "created",
        "current_period_end",
        "current_period_start",
        "ended_at",
        "next_pending_invoice_item_invoice",
        "start",
        "start_date",
        "trial_end",
        "trial_start",
    },
    "tax_ids": {"created"},
    "tax_rates": {"created"},
    "top_ups": {"created", "expected_availability_date"},
    "transfer_reversals": {"created"},
    "transfers": {"created", "date"},
}


def schema_of(collection: str) -> dict[str, Any]:
    text = (SCHEMAS / f"{collection}.json").read_text(encoding="utf-8")
    schema: dict[str, Any] = json.loads(text)
    return schema


def allows(schema: dict[str, Any], json_type: str) -> bool:
    return json_type in schema["type"]


def unknown(value: object, schema: dict[str, Any], path: str) -> Iterator[str]:
    """Name what a value has and a schema does not tell of, or tells otherwise."""
    if isinstance(value, dict) and allows(schema, "object"):
        for name, inner in value.items() if "properties" in schema else ():
            if name in schema["properties"]:
                yield from unknown(inner, schema["properties"][name], f"{path}.{name}")
            else:
                yield f"{path}.{name}"
    elif isinstance(value, list) and allows(schema, "array"):
        for inner in value:
            yield from unknown(inner, schema["items"], f"{path}[]")
    elif not fits(value, schema):
        yield f"{path} is {type(value).__name__}"


def fits(value: object, schema: dict[str, Any]) -> bool:
    """Whether a value is as the schema says, on the wire: times are integers there."""
    if "format" in schema:
        return value is None or isinstance(value, int)
    return (
        Draft7Validator({"type": schema["type"]}).is_valid(value)
        # An expanded reference: the schema has the id that a row holds.
        or (isinstance(value, dict) and "id" in value and allows(schema, "string"))
    )


def test_schemas_are_what_the_generator_gives():
    assert differences(SCHEMAS) == []


def test_generator_gives_the_same_bytes_each_time(tmp_path):
    for name in ("first", "second"):
        folder = tmp_path / name
        folder.mkdir()
        write(folder)

    first, second = (
        {path.name: path.read_bytes() for path in (tmp_path / name).iterdir()}
        for name in ("first", "second")
    )

    assert first == second
    assert first.keys() == {f"{collection}.json" for collection in COLLECTIONS}


def test_differences_name_what_was_edited_lost_or_left_over(tmp_path):
    write(tmp_path)
    edited = tmp_path / "charges.json"
    edited.write_text(edited.read_text(encoding="utf-8").replace("amount", "sum"))
    (tmp_path / "refunds.json").unlink()
    (tmp_path / "skus.json").write_text("{}\n")

    found = {line.split()[1] for line in differences(tmp_path) if line[:3] == "---"}

    assert found == {"charges.json", "refunds.json", "skus.json"}
    write(tmp_path)
    assert differences(tmp_path) == []


def test_check_passes_from_the_command_line():
    command = [sys.executable, "-m", "scripts.generate_schemas", "--check"]

    result = subprocess.run(  # noqa: S603 - Our own script.
        command, cwd=ROOT, capture_output=True, text=True, check=False
    )

    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")


def test_schemas_are_of_the_version_that_the_tap_asks_for():
    assert f"API {API_VERSION}." in COMMENT


@pytest.mark.parametrize("collection", COLLECTIONS)
class TestSchema:
    def test_is_a_json_schema_and_says_where_it_is_from(self, collection):
        text = (SCHEMAS / f"{collection}.json").read_text(encoding="utf-8")

        Draft7Validator.check_schema(json.loads(text))

        assert text.splitlines()[1].startswith(
            '  "$comment": "Generated by scripts/generate_schemas.py from stripe '
        )

    def test_only_keys_and_what_the_tap_always_sets_are_never_null(self, collection):
        properties = schema_of(collection)["properties"]

        never_null = {
            name for name, found in properties.items() if not allows(found, "null")
        }

        keys = KEYS.get(collection, {"id"})
        assert never_null == keys | {"received_at", "is_deleted"}

    def test_has_the_columns_of_the_tap(self, collection):
        properties = schema_of(collection)["properties"]

        assert properties["received_at"]["format"] == "date-time"
        assert properties["is_deleted"]["type"] == "boolean"
        assert properties["_sdc_deleted_at"]["format"] == "date-time"

    def test_times_are_those_that_were_reviewed(self, collection):
        found = set(times(schema_of(collection)))

        assert found - {"received_at", "_sdc_deleted_at"} == TIMES[collection]

    def test_is_small(self, collection):
        line = json.dumps(schema_of(collection), separators=(",", ":"))

        assert len(line) < 150_000


@pytest.mark.parametrize(
    "example", sorted(EXAMPLES.iterdir()), ids=lambda path: path.stem
)
def test_no_property_of_stripes_example_is_unknown(example):
    value = json.loads(example.read_text(encoding="utf-8"))
    # The example of a charge shows its refunds, which Stripe sends on expansion only.
    expansions = {
        path.replace(COLLECTIONS[example.stem], example.stem, 1)
        for path in overrides()["expansions"]
    }
    left_out = overrides()["removed"].keys() | expansions

    found = list(unknown(value, schema_of(example.stem), example.stem))

    assert [path for path in found if path not in left_out] == []


@pytest.mark.parametrize("path", overrides()["times"])
def test_no_override_says_what_the_rule_says_already(path):
    collection, name = path.split(".")
    properties = resource(Collection.registered[collection].stripe_object).properties
    (found,) = (held for held in properties if held.name == name)

    assert not is_time(found.name, found.docstring)


def test_every_collection_but_two_has_an_example():
    examples = {path.stem for path in EXAMPLES.iterdir()}

    assert COLLECTIONS.keys() - examples == {
        "balance_transaction_fee_details",  # No object of its own.
        "bitcoin_receivers",  # Removed by Stripe.
    }


def test_unknown_properties_are_found():
    schema = {"type": ["object"], "properties": {"a": {"type": ["string", "null"]}}}

    found = list(unknown({"a": 1, "b": None}, schema, "x"))

    assert found == ["x.a is int", "x.b"]
