"""The live display: a table at the bottom of a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING, TextIO

from rich.console import Console
from rich.progress_bar import ProgressBar
from rich.table import Table

from tap_stripe.report.footer import Footer
from tap_stripe.report.progress import Figures, beside, duration, percent, rounded
from tap_stripe.report.summary import HEAD

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rich.console import RenderableType

    from tap_stripe.report.progress import Moment
    from tap_stripe.report.summary import Summary

_LEAST_LINES = 12
_BESIDE_ROWS = 3
"""Lines that are no collection's: the head, the sum, what stands beside."""
_BAR_COLUMNS = 10
_WITH_BAR_COLUMNS = 100
_WIDEST = 110


class Terminal:
    """Draws the table, and prints the closing one.

    Args:
        stream: The terminal.
        footer: Where the table stands; None for the terminal's bottom.
        every_s: Seconds between two drawings.
    """

    with_metrics = False

    def __init__(
        self, stream: TextIO, footer: Footer | None = None, *, every_s: float = 0.5
    ) -> None:
        self._console = Console(file=stream, highlight=False)
        self._footer = footer or Footer(stream)
        self.every_s = every_s

    def show(
        self, now: Moment, in_all: Figures, collections: Mapping[str, Figures]
    ) -> None:
        """Draw the table, on the lower half of the terminal at most."""
        width, height = self._footer.size()
        if height < _LEAST_LINES:
            self._footer.close()
            return
        room = height // 2 - _BESIDE_ROWS
        shown = sorted(collections, key=lambda name: -collections[name].records_per_s)
        running = {name: collections[name] for name in sorted(shown[:room])}
        table = _table(in_all, running, width=min(width - 1, _WIDEST))
        with self._console.capture() as capture:
            self._console.print(table)
        told = beside(now)
        if len(shown) > room:
            told.append(f"{len(shown) - room} more collections")
        lines = capture.get().splitlines()
        self._footer.show([*lines, "; ".join(told)[: width - 1]])

    def end(self, summary: Summary) -> None:
        """Print the closing table in the display's place."""
        self._footer.close()
        table = Table(title=summary.title, title_justify="left", title_style="bold")
        name, *counts = HEAD
        table.add_column(name)
        for count in counts:
            table.add_column(count, justify="right")
        for name, *numbers in summary.rows[:-1]:
            table.add_row(name, *map(_number, numbers))
        table.add_section()
        name, *numbers = summary.rows[-1]
        table.add_row(name, *map(_number, numbers), style="bold")
        self._console.print(table)
        for told in summary.facts:
            self._console.print(told, markup=False)


def _number(number: int) -> str:
    return f"{number:,}" if number else ""


def _table(in_all: Figures, collections: Mapping[str, Figures], *, width: int) -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim", width=width)
    table.add_column("collection", no_wrap=True, ratio=1)
    for head in ("records", "/s", "", "read", "left", "requests/s", "budget", "429s"):
        table.add_column(head, justify="right", no_wrap=True)
    with_bar = width >= _WITH_BAR_COLUMNS
    for name, figures in collections.items():
        table.add_row(name, *_cells(figures, with_bar=with_bar))
    table.add_row("all", *_cells(in_all, with_bar=with_bar), style="bold")
    return table


def _cells(figures: Figures, *, with_bar: bool) -> tuple[RenderableType, ...]:
    share, left = figures.share, duration(figures.left_s)
    bar: RenderableType = ""
    if with_bar and share is not None:
        bar = ProgressBar(total=1, completed=share, width=_BAR_COLUMNS)
    return (
        f"{figures.records:,}",
        f"{figures.records_per_s:,.0f}",
        bar,
        f"~{percent(share)}" if share is not None and share < 1 else percent(share),
        f"~{left}" if left else "",
        f"{figures.requests_per_s:.1f}",
        rounded(figures.budget),
        f"{figures.throttles:,}",
    )
