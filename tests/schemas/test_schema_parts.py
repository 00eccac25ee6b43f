"""The generator's rules, each on a class of a few lines."""

import ast

import pytest

from scripts.schema_parts.json_types import OPEN_OBJECT, Schema, nullable, schema_of
from scripts.schema_parts.stripe_classes import parsed, resolve, resource
from scripts.schema_parts.times import is_time

SOURCE = '''
from typing import Optional
from stripe._refund import Refund as RefundResource

class Charge(ListableAPIResource["Charge"]):
    """A payment."""

    OBJECT_NAME: ClassVar[Literal["charge"]] = "charge"

    class Address(StripeObject):
        city: Optional[str]
        """
        City,
        see [city names](https://docs.stripe.com/cities).

        And more of it.
        """

    amount: int
    """
    How much.
    """
    address: Optional[Address]
    again: "Charge"
    _inner_class_types = {"address": Address}

    def capture(self): ...

class Empty(StripeObject):
    pass
'''
CHARGE = parsed(SOURCE).classes["Charge"]
CITY = {
    "properties": {
        "city": {
            "description": "City, see city names.",
            "type": ["string", "null"],
        }
    }
}


def schema(annotation: str) -> Schema:
    return schema_of(ast.parse(annotation, mode="eval").body, seen_from=CHARGE)


def test_properties_have_their_docstrings():
    found = {held.name: held.docstring.strip() for held in CHARGE.properties}

    assert found == {"amount": "How much.", "address": "", "again": ""}


def test_names_mean_what_they_mean_in_python():
    own = resolve("Address", seen_from=CHARGE)
    dotted = resolve("Charge.Address", seen_from=CHARGE)
    imported = resolve("RefundResource", seen_from=CHARGE)

    assert own is dotted is CHARGE.nested["Address"]
    assert imported is resource("refund")


def test_a_name_that_is_no_class_is_refused():
    with pytest.raises(LookupError, match="Nothing, named by Charge"):
        resolve("Nothing", seen_from=CHARGE)


@pytest.mark.parametrize(
    ("annotation", "wanted"),
    [
        ("str", nullable("string")),
        ("Optional[int]", nullable("integer")),
        ("Optional[Decimal]", nullable("string")),
        ("float", nullable("number")),
        ("bool", nullable("boolean")),
        ("Optional[Literal[True]]", nullable("boolean")),
        ("Union[Literal['a', 'b'], str]", nullable("string")),
        ("ExpandableField['Customer']", nullable("string")),
        ("Optional[ExpandableField[Union['A', 'B']]]", nullable("string")),
        ("List[ExpandableField['A']]", {**nullable("array"), "items": schema("str")}),
        ("UntypedStripeObject[str]", OPEN_OBJECT),
        ("Union['Charge', 'RefundResource']", OPEN_OBJECT),
        ("Empty", OPEN_OBJECT),
        ("Optional[Address]", OPEN_OBJECT | CITY),
        ("List['Address']", {**nullable("array"), "items": OPEN_OBJECT | CITY}),
    ],
)
def test_annotation(annotation, wanted):
    assert schema(annotation) == wanted


def test_embedded_lists_leave_their_entries_open():
    found = schema("Optional[ListObject['Refund']]")

    assert found["properties"]["data"]["items"] == OPEN_OBJECT
    assert found["properties"].keys() == {"data", "has_more", "object", "url"}


def test_a_class_that_holds_itself_is_cut():
    assert schema("Charge") == OPEN_OBJECT


@pytest.mark.parametrize("annotation", ["Tuple[int]", "Union[int, str]", "a + b"])
def test_what_has_no_rule_is_refused(annotation):
    with pytest.raises(NotImplementedError):
        schema(annotation)


@pytest.mark.parametrize(
    ("name", "docstring"),
    [
        ("created", "Time at which the object was created."),
        ("expires_at", ""),
        ("available_on", ""),
        ("redeem_by", ""),
        ("trial_end", ""),
        ("next_payment_attempt", "The time at which payment will next be attempted."),
        ("x", "Measured in seconds since the Unix epoch."),
        ("x", "The approximate timestamp on which items will be billed."),
    ],
)
def test_is_a_time(name, docstring):
    assert is_time(name, docstring)


@pytest.mark.parametrize(
    ("name", "docstring"),
    [
        ("amount", "The amount captured at the time of the charge."),
        ("exp_month", "Two-digit number representing the card's expiration month."),
        ("trial_period_days", "Default number of trial days."),
        ("days_until_due", "Number of days until the date."),
        ("amount_due", "Final amount due at this time for this invoice."),
    ],
)
def test_is_no_time(name, docstring):
    assert not is_time(name, docstring)
