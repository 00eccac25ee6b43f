"""Where a run's progress is seen: in a terminal, or in the log."""

from __future__ import annotations

import logging
import os
import sys
from typing import TYPE_CHECKING, Protocol

from tap_stripe.masking import Lines
from tap_stripe.sync.progress import Figures, beside, line

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tap_stripe.sync.progress import Moment
    from tap_stripe.sync.summary import Summary


class Display(Protocol):
    """Shows how far a run is.

    Attributes:
        every_s: Seconds between two looks.
        with_metrics: Whether the SDK's metrics are logged beside it.
    """

    every_s: float
    with_metrics: bool

    def show(
        self, now: Moment, in_all: Figures, collections: Mapping[str, Figures]
    ) -> None:
        """Show how far the run is."""

    def end(self, summary: Summary) -> None:
        """Show the closing table."""


class Log:
    """Lines of the log.

    Args:
        logger: Where they go.
        every_s: Seconds between them.
    """

    with_metrics = True

    def __init__(self, logger: logging.Logger, *, every_s: float = 10.0) -> None:
        self._logger = logger
        self.every_s = every_s

    def show(
        self, now: Moment, in_all: Figures, collections: Mapping[str, Figures]
    ) -> None:
        """Write a line for each collection, and one for all."""
        for name, figures in collections.items():
            self._logger.info("Progress of %s: %s.", name, line(figures))
        self._logger.info("Progress: %s.", "; ".join([line(in_all), *beside(now)]))

    def end(self, summary: Summary) -> None:
        """Write the closing table."""
        self._logger.info(Lines(summary.text()))


def display(logger: logging.Logger) -> Display:
    """Choose the terminal where somebody watches it, and else the log."""
    if not _is_watched() or not logger.isEnabledFor(logging.INFO):
        return Log(logger)
    # rich takes a tenth of a second to import.
    from tap_stripe.sync.terminal import Terminal  # noqa: PLC0415 - see above

    return Terminal(sys.stderr)


def _is_watched() -> bool:
    # Meltano sets it: a program reads the lines.
    if "SINGER_SDK_LOG_CONFIG" in os.environ or os.environ.get("TERM") == "dumb":
        return False
    # Where rows run through the terminal there is nothing to watch.
    return os.name == "posix" and sys.stderr.isatty() and not sys.stdout.isatty()
