"""Cards and bank accounts, of customers and of connected accounts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tap_stripe.sandbox.shapes import shape
from tap_stripe.sandbox.words import BRANDS, NAMES, metadata

if TYPE_CHECKING:
    from tap_stripe.sandbox.dice import Dice
    from tap_stripe.sandbox.shapes import Object
    from tap_stripe.sandbox.universe import Universe

# Serials of what belongs to accounts begin here, so that an id tells its owner.
ACCOUNT_SERIALS = 0x4000


def made_source(
    universe: Universe, dice: Dice, rank: int, serial: int, *, owner: tuple[str, str]
) -> Object:
    """A card or a bank account.

    Args:
        universe: Whose ids it gets.
        dice: Its choices.
        rank: Its owner's rank.
        serial: Its number within the owner.
        owner: `customer` or `account`, and the id.
    """
    kind = dice.pick(("card", "card", "bank_account"))
    prefix = {"card": "card_", "bank_account": "ba_"}[kind]
    property_, identifier = owner
    record = shape(kind)
    record.update(
        id=universe.ids.make(prefix, rank, serial),
        fingerprint=f"{dice.bits():016x}",
        last4=f"{dice.below(10_000):04d}",
        metadata=metadata(dice),
    )
    if kind == "card":
        record.update(
            address_city=dice.pick((None, "Kraków")),
            brand=dice.pick(BRANDS)[0],
            country=dice.pick(("US", "DE", None)),
            exp_month=dice.between(1, 12),
            exp_year=dice.between(2027, 2035),
            funding=dice.pick(("credit", "debit", "prepaid")),
            name=dice.pick((None, *NAMES)),
        )
    else:
        record.update(
            account_holder_name=dice.pick((None, *NAMES)),
            bank_name=dice.pick(("STRIPE TEST BANK", "Sparkasse Köln")),
            currency=dice.pick(("usd", "eur")),
            status=dice.pick(("new", "verified", "validated")),
        )
    if property_ == "customer":
        record["customer"] = identifier
    else:
        del record["customer"]
        if kind == "card":
            record["currency"] = "usd"
        record.update(
            account=identifier,
            available_payout_methods=["standard"],
            default_for_currency=False,
        )
    return record
