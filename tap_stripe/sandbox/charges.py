"""Charges: the big collection, rendered by substitution into bytes."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import msgspec

from tap_stripe.sandbox.collection import Collection
from tap_stripe.sandbox.dice import Dice, mix, seed_of
from tap_stripe.sandbox.money import NUMBERS
from tap_stripe.sandbox.shapes import Template, shape
from tap_stripe.sandbox.spread import Spread
from tap_stripe.sandbox.words import (
    BRANDS,
    CURRENCIES,
    NAMES,
    TEXTS,
    address,
    metadata,
)

if TYPE_CHECKING:
    from tap_stripe.sandbox.shapes import Object
    from tap_stripe.sandbox.universe import Universe

_VARIANTS = 48
_PATTERN = 16
_FAILED, _UNCAPTURED = 7, 11
_ANONYMOUS = 9
_NOT_CAPTURED = frozenset({_FAILED, _UNCAPTURED})
# One in twenty fails, one in forty waits to be captured.
_FAIL_EVERY, _FAIL_AT = 20, 7
_WAIT_EVERY, _WAIT_AT = 40, 19
_BOOLEANS = (b"false", b"true")
# What differs from one charge to the next; `_filled` gives it in this order.
_HOLES = (
    "token",
    "created",
    "amount",
    "amount_captured",
    "amount_refunded",
    "refunded",
    "disputed",
    "balance_transaction",
    "currency",
    "customer",
    "print",
    "last4",
    "risk",
)


class ChargeFacts(NamedTuple):
    """What other objects take from a charge."""

    amount: int
    currency: str
    customer: int | None


class Charges(Collection, object_name="charge"):
    """Charges.

    https://docs.stripe.com/api/charges
    """

    name = "charges"
    prefix = "ch_"
    filters = ("customer", "payment_intent", "transfer_group")

    def __init__(self, universe: Universe) -> None:
        super().__init__(universe)
        drawings = [self._drawing(variant) for variant in range(_VARIANTS)]
        # Of what pays no invoice.
        self._currencies = [
            CURRENCIES[variant % len(CURRENCIES)] for variant in range(_VARIANTS)
        ]
        self._has_customer = [variant % _ANONYMOUS != 0 for variant in range(_VARIANTS)]
        self._templates = [Template(drawing, _HOLES) for drawing in drawings]
        self._token = universe.ids.token
        self._customers = universe.size("customers")
        self.payments = Spread(universe.invoice_payments_count, self.count)
        self._encoded = {name: f'"{name}"'.encode() for name in CURRENCIES}

    def facts(self, rank: int) -> ChargeFacts:
        """Amount and the like of a base charge."""
        chance = mix(self.seed + rank)
        return self._facts(rank, chance, self._variant(rank, chance))

    def _facts(self, rank: int, chance: int, variant: int) -> ChargeFacts:
        payment = self.payments.of_many(rank) if rank < self.count else None
        if payment is not None:
            invoices = self.universe.invoices
            invoice = invoices.payments.of_few(payment)
            owed = invoices.original(invoice)
            return ChargeFacts(
                amount=owed["amount_due"],
                currency=owed["currency"],
                customer=invoices.customer(invoice),
            )
        return ChargeFacts(
            amount=_amount(chance),
            currency=self._currencies[variant],
            customer=self._customer(chance) if self._has_customer[variant] else None,
        )

    def intent(self, charge: str) -> str:
        """Id of the payment intent of a charge, whose digits it shares."""
        return charge.replace("ch_", "pi_", 1)

    def is_captured(self, rank: int) -> bool:
        """Whether a charge has brought money: what is given back has."""
        return self._kind(rank) not in _NOT_CAPTURED

    def _kind(self, rank: int) -> int:
        fails = rank % _FAIL_EVERY == _FAIL_AT
        if not fails and rank % _WAIT_EVERY != _WAIT_AT:
            return 0
        universe = self.universe
        if universe.refunds.of_charge(rank) is None and not universe.disputes.has(rank):
            return _FAILED if fails else _UNCAPTURED
        return 0

    def base(self, rank: int) -> Object:
        """The record before any change."""
        record: Object = msgspec.json.decode(self._filled(rank))
        return record

    def made(self, rank: int, created: int) -> Object:
        """A new charge, with no balance transaction yet."""
        record = self.base(rank)
        record.update(
            amount_refunded=0,
            balance_transaction=None,
            created=created,
            disputed=False,
            refunded=False,
        )
        return record

    def rendered(self, rank: int) -> bytes:
        """The JSON in a list."""
        if self.changed(rank) or self.universe.options.absent_nulls:
            return super().rendered(rank)
        return self._filled(rank)

    def _variant(self, rank: int, chance: int) -> int:
        variant = (chance >> 40) % _VARIANTS
        kind = self._kind(rank)
        if kind or variant % _PATTERN in _NOT_CAPTURED:
            variant += kind - variant % _PATTERN
        return variant

    def _customer(self, chance: int) -> int:
        return (chance >> 20) % self._customers

    def _transaction(self, rank: int) -> bytes:
        token = self._token(rank, NUMBERS["charge"])
        return b'"txn_1%b%012x"' % (self.universe.tag, token)

    def _owner(self, customer: int | None) -> bytes:
        if customer is None:
            return b"null"
        return b'"cus_1%b%012x"' % (self.universe.tag, self._token(customer))

    def _filled(self, rank: int) -> bytes:
        chance = mix(self.seed + rank)
        variant = self._variant(rank, chance)
        is_captured = variant % _PATTERN not in _NOT_CAPTURED
        facts = self._facts(rank, chance, variant)
        amount = facts.amount
        refunded = self.universe.refunds.returned(rank, amount)
        return self._templates[variant].render(
            (
                self._token(rank),
                self.created(rank),
                amount,
                amount if is_captured else 0,
                refunded,
                _BOOLEANS[refunded == amount],
                _BOOLEANS[self.universe.disputes.has(rank)],
                self._transaction(rank) if is_captured else b"null",
                self._encoded[facts.currency],
                self._owner(facts.customer),
                chance,
                chance % 10_000,
                chance % 60,
            )
        )

    def _drawing(self, variant: int) -> Object:
        """A charge with holes for what differs from one to the next."""
        dice = Dice(seed_of(self.universe.seed, "charge", variant))
        tag = self.universe.ids.tag
        kind = variant % _PATTERN
        name = dice.pick(NAMES)
        email = f"customer.{{last4:04d}}+{variant}@example.com"
        drawing = shape("charge")
        drawing.update(
            id=f"ch_1{tag}{{token:012x}}",
            amount="{amount:d}",
            amount_captured="{amount_captured:d}",
            amount_refunded="{amount_refunded:d}",
            balance_transaction="{balance_transaction}",
            captured=kind not in _NOT_CAPTURED,
            created="{created:d}",
            currency="{currency}",
            customer="{customer}",
            description=dice.pick((None, *TEXTS)),
            disputed="{disputed}",
            metadata={
                **metadata(dice),
                "order_url": "https://shop.example.com/orders/{print:016x}",
                "warehouse": dice.pick(("Berlin-Adlershof", "São Paulo", "")),
            },
            paid=kind != _FAILED,
            payment_intent=f"pi_1{tag}{{token:012x}}",
            payment_method=f"pm_1{tag}{{token:012x}}",
            receipt_email=dice.pick((None, email)),
            receipt_url=f"https://pay.stripe.com/receipts/payment/CAcaFwoVYWNjdF8x{tag}"
            "{token:012x}{print:016x}ei7UGMgZv2SKfiY6LCJrxC7awazgQA9I88krZKw5uuCkZ5Nup",
            refunded="{refunded}",
            shipping={
                "address": address(dice),
                "carrier": None,
                "name": name,
                "phone": None,
                "tracking_number": None,
            },
            statement_descriptor=dice.pick((None, "SANDBOX")),
            status="failed" if kind == _FAILED else "succeeded",
            transfer_group=dice.pick((None, None, f"group_{variant}")),
        )
        drawing["billing_details"].update(
            address=address(dice), name=name, email=email, phone="+49 30 901820"
        )
        drawing["outcome"]["risk_score"] = "{risk:d}"
        self._draw_card(drawing, dice)
        if kind == _FAILED:
            drawing.update(
                failure_code="card_declined", failure_message="Your card was declined."
            )
            drawing["outcome"].update(
                network_status="declined_by_network",
                reason="generic_decline",
                seller_message="The bank did not return any further details.",
                type="issuer_declined",
            )
        return drawing

    def _draw_card(self, drawing: Object, dice: Dice) -> None:
        tag = self.universe.ids.tag
        brand, network = dice.pick(BRANDS)
        month, year = dice.between(1, 12), dice.between(2027, 2035)
        drawing["payment_method_details"]["card"].update(
            brand=network,
            network=network,
            exp_month=month,
            exp_year=year,
            fingerprint="{print:016x}",
            last4="{last4:04d}",
            amount_authorized="{amount:d}",
            network_transaction_id="{print:020d}",
            overcapture={
                "maximum_amount_capturable": "{amount:d}",
                "status": "unavailable",
            },
            three_d_secure=dice.pick(
                (
                    None,
                    {
                        "authentication_flow": "challenge",
                        "electronic_commerce_indicator": "05",
                        "exemption_indicator": None,
                        "result": "authenticated",
                        "result_reason": None,
                        "transaction_id": "{print:016x}",
                        "version": "2.2.0",
                    },
                )
            ),
        )
        if dice.chance(0.75):
            card = shape("card")
            card.update(
                id=f"card_1{tag}{{token:012x}}",
                brand=brand,
                customer=drawing["customer"],
                exp_month=month,
                exp_year=year,
                fingerprint="{print:016x}",
                last4="{last4:04d}",
                name=drawing["billing_details"]["name"],
            )
            drawing["source"] = card
            drawing["payment_method"] = card["id"]


def _amount(chance: int) -> int:
    return 50 + chance % 49_950
