"""What a run tells when it is over, as a table. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

MONTHLY_READS = 10_000
"""What Stripe allows any account. https://docs.stripe.com/rate-limits"""
HEAD = ("collection", "new", "changed", "deleted")


@dataclass(frozen=True, slots=True)
class Summary:
    """The closing table.

    Attributes:
        title: How the run ended.
        rows: Name, new, changed and deleted rows of each collection; the last is the
            sum.
        facts: What it cost.
    """

    title: str
    rows: tuple[tuple[str, int, int, int], ...]
    facts: tuple[str, ...]

    def text(self) -> str:
        """Give the table for a log."""
        table = _aligned([HEAD, *map(_cells, self.rows)])
        return "\n  ".join((self.title, *table, *self.facts))


def summary_rows(
    names: Iterable[str],
    new: Mapping[str, int],
    changed: Mapping[str, int],
    deleted: Mapping[str, int],
) -> tuple[tuple[str, int, int, int], ...]:
    """Give the rows of the table, their sum at the end."""
    rows = [
        (name, new.get(name, 0), changed.get(name, 0), deleted.get(name, 0))
        for name in names
    ]
    _, *columns = zip(("all", 0, 0, 0), *rows, strict=True)
    sums = [sum(column) for column in columns]
    return (*rows, ("all", sums[0], sums[1], sums[2]))


def cost(
    requests: Mapping[str, int],
    retries: Mapping[str, int],
    throttles: Mapping[str, int],
    *,
    seconds: float,
) -> tuple[str, ...]:
    """Say what a run has cost.

    Args:
        requests: Requests sent, by endpoint.
        retries: Those of them that were sent again, by endpoint.
        throttles: 429s, by endpoint.
        seconds: How long it took.
    """
    sent, again = sum(requests.values()), sum(retries.values())
    share = f"{sent / MONTHLY_READS * 100:.1f} %"
    asked = ", ".join(f"{endpoint} {n:,}" for endpoint, n in sorted(requests.items()))
    return (
        f"{sent:,} requests in {seconds:,.1f} s",
        f"{again:,} requests sent again, {sum(throttles.values()):,} answered with 429",
        f"{share} of the {MONTHLY_READS:,} reads a month that Stripe always allows",
        f"by endpoint: {asked}",
    )


def _cells(row: tuple[str, int, int, int]) -> tuple[str, ...]:
    name, *counts = row
    return (name, *(f"{count:,}" for count in counts))


def _aligned(rows: list[tuple[str, ...]]) -> list[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(
            (row[0].ljust(widths[0]), *map(str.rjust, row[1:], widths[1:]))
        ).rstrip()
        for row in rows
    ]
