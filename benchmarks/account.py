"""A whole account: how much of the budget is used while there is enough to read."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from benchmarks.server import Asked

COLLECTIONS = (
    "charges",
    "balance_transactions",
    "balance_transaction_fee_details",
    "customers",
    "invoices",
    "invoice_lines",
    "refunds",
    "subscriptions",
)


def sizes(charges: int) -> Mapping[str, int]:
    """Give the sizes of an account of several large collections."""
    return {
        "charges": charges,
        "customers": charges,
        "refunds": charges,
        # One in twelve has a list inside that takes a request of its own.
        "invoices": charges // 10,
        "subscriptions": charges // 10,
    }


def share_until_one_is_left(asked: Asked, *, budget: float) -> float:
    """Give the share of the budget that was used until one listing was left to read.

    Args:
        asked: What was asked.
        budget: Requests/s.
    """
    last: dict[str, float] = {}
    for at, endpoint, _ in asked.answers:
        listing = _listing(endpoint)
        last[listing] = max(at, last.get(listing, at))
    end = sorted(last.values())[-2] if len(last) > 1 else max(last.values())
    began = min(at for at, _, _ in asked.answers) - asked.latency_s
    passed = sum(
        at <= end and status == HTTPStatus.OK for at, _, status in asked.answers
    )
    return passed / (end - began) / budget


def _listing(endpoint: str) -> str:
    """Name the listing that an endpoint is read for: lists inside are its own."""
    resource = endpoint.split("/")[2]
    return {"subscription_items": "subscriptions"}.get(resource, resource)


def timeline(asked: Asked) -> str:
    """Write the requests of each second, one column an endpoint."""
    seconds = asked.per_second()
    endpoints = sorted({name for second in seconds for name in second})
    lines = [f"{'s':>4} {'all':>5}  " + "  ".join(endpoints)]
    for place, second in enumerate(seconds):
        cells = (str(second.get(name, "")).rjust(len(name)) for name in endpoints)
        lines.append(f"{place:>4} {sum(second.values()):>5}  " + "  ".join(cells))
    return "\n".join(lines)
