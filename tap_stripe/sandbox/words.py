"""Names and texts that data is made of, with what breaks careless readers."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tap_stripe.sandbox.dice import Dice
    from tap_stripe.sandbox.shapes import Object

NAMES = (
    "Jenny Rosen",
    "Zoë Müller-Lüdenscheidt",
    "山田 太郎",
    'O\'Brien, "Pat"',
    "Łukasz Żółć",
    "مريم حداد",
    "Ana María Núñez",
    "🐙 Octo Ltd",
)
CITIES = ("Berlin", "São Paulo", "東京", "Springfield", "Kraków")
COUNTRIES = ("DE", "US", "JP", "GB", "BR")
TEXTS = (
    "Monthly membership",
    "Order #1001: 2 “Große Tassen”",
    "line one\nline two\tand a tab",
    "100 % cotton \\ backslash",
    "请求 🧾",
)
CURRENCIES = ("usd", "usd", "usd", "eur", "eur", "gbp", "jpy", "kwd")
BRANDS = (("Visa", "visa"), ("MasterCard", "mastercard"), ("American Express", "amex"))


def address(dice: Dice) -> Object:
    """A postal address, in parts null."""
    return {
        "city": dice.pick(CITIES),
        "country": dice.pick(COUNTRIES),
        "line1": f"{dice.between(1, 400)} Main Street",
        "line2": dice.pick((None, "c/o Schmidt")),
        "postal_code": f"{dice.below(100_000):05d}",
        "state": dice.pick((None, "CA")),
    }


def metadata(dice: Dice) -> dict[str, str]:
    """Metadata: mostly empty."""
    made: dict[str, str] = {}
    if dice.chance(0.4):
        made["order_id"] = f"{dice.below(1_000_000)}"
    if dice.chance(0.1):
        made["مفتاح / キー"] = dice.pick(TEXTS)
    return made
