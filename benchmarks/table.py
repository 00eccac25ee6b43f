"""The table that is printed, as text or Markdown."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from benchmarks.taps import Measure

HEAD = (
    "run",
    "records",
    "records/s",
    "of the budget",
    "CPU ms/record",
    "peak MB",
    "requests",
    "records/request",
    "429",
    "others' CPU",
)


@dataclass(frozen=True, kw_only=True)
class Row:
    """One line; what is None does not apply.

    Attributes:
        records_per_second: From the first request to the last answer; for a target
            from its start to its end.
        budget_share: Of the requests/s that the sandbox allows.
        cpu_ms: User and system time of the process a record, its start included.
        others_share: Share of the machine's CPU that something else used.
    """

    name: str
    records: int
    records_per_second: float
    budget_share: float | None = None
    cpu_ms: float | None = None
    peak_mb: float | None = None
    requests: int | None = None
    throttled: int | None = None
    others_share: float | None = None

    @classmethod
    def of(cls, name: str, measure: Measure) -> Row:
        """Give the line of a tap's run."""
        return cls(
            name=name,
            records=measure.records,
            records_per_second=measure.records_per_second,
            budget_share=measure.budget_share,
            cpu_ms=measure.cpu_ms,
            peak_mb=measure.took.peak_mb,
            requests=measure.requests,
            throttled=measure.asked.throttled,
            others_share=measure.others_share,
        )

    def cells(self) -> tuple[str, ...]:
        """Write each value."""
        per_request = self.records / self.requests if self.requests else None
        return (
            self.name,
            f"{self.records:,}",
            f"{self.records_per_second:,.0f}",
            _percent(self.budget_share),
            "" if self.cpu_ms is None else f"{self.cpu_ms:.3f}",
            "" if self.peak_mb is None else f"{self.peak_mb:.0f}",
            "" if self.requests is None else f"{self.requests:,}",
            "" if per_request is None else f"{per_request:.1f}",
            "" if self.throttled is None else f"{self.throttled}",
            _percent(self.others_share),
        )


def _percent(share: float | None) -> str:
    return "" if share is None else f"{100 * share:.1f} %"


def text(rows: Iterable[Row]) -> str:
    """Give a table in columns."""
    lines = [HEAD, *(row.cells() for row in rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join(_aligned(line, widths).rstrip() for line in lines)


def markdown(rows: Iterable[Row]) -> str:
    """Give a table in Markdown."""
    rule = ("---", *("--:" for _ in HEAD[1:]))
    lines = [HEAD, rule, *(row.cells() for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _aligned(line: Sequence[str], widths: Sequence[int]) -> str:
    first, *rest = (
        cell.rjust(width) if place else cell.ljust(width)
        for place, (cell, width) in enumerate(zip(line, widths, strict=True))
    )
    return "  ".join((first, *rest))
