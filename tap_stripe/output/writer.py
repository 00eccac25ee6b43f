"""The one writer: it owns stdout, and what it says stands on stdout in that order."""

from __future__ import annotations

import io
import sys
import time
from typing import TYPE_CHECKING, Any

import msgspec
from singer_sdk.singerlib import StateMessage

from tap_stripe.output.lines import lines_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from tap_stripe.output.lines import Failed, Lines
    from tap_stripe.streams.base import Collection
    from tap_stripe.streams.shape import Row

_ROWS_HELD = 5_000
"""Rows that are held back for batch files at most: they are memory, and a run that is
stopped has a second to write them."""
_BYTES_PER_STATE = 25
"""A STATE line is a small part of what it follows."""
_LATEST_S = 5.0


class Writer:
    """Writes SCHEMA, RECORD, STATE and ACTIVATE_VERSION lines.

    Args:
        write: Writes a Singer message.
        checkpoint_s: Seconds between two STATE lines at least; with 0 one follows all
            that is written.
    """

    def __init__(self, *, write: Callable[[Any], None], checkpoint_s: float) -> None:
        self._lines: dict[str, Lines] = {}
        self._write = write
        self._checkpoint_s = checkpoint_s
        self._said_at = 0.0
        self._held_for_s = 0.0
        self._said = b""
        self._said_behind = 0
        self._rows = 0

    def begin(self, collections: Iterable[Collection]) -> None:
        """Write the SCHEMA lines of the collections that are selected."""
        _write_whole()
        for collection in collections:
            collection.write_schema()
            self._lines[collection.name] = lines_of(collection)
        self._said_at = time.monotonic()
        self._held_for_s = max(
            (lines.state_every_s for lines in self._lines.values()), default=0.0
        )

    @property
    def has_begun(self) -> bool:
        """Whether anything was written."""
        return bool(self._lines)

    def rows(
        self,
        collection: Collection,
        rows: Sequence[Row],
        failed: Failed,
        *,
        version: int,
        received_at: float,
    ) -> int:
        """Write rows; gives their number. See `Lines.write`."""
        count = self._lines[collection.name].write(
            rows, failed, version=version, received_at=received_at
        )
        self._rows += count
        return count

    def deleted(
        self,
        collection: Collection,
        rows: Sequence[Row],
        failed: Failed,
        *,
        version: int,
        received_at: float,
    ) -> int:
        """Write rows of which only some properties are known; gives their number."""
        if not rows:
            return 0
        return self._lines[collection.name].write_known(
            rows, failed, version=version, received_at=received_at
        )

    def activate(self, collection: Collection, version: int) -> None:
        """Say that a version of a table is complete."""
        self._lines[collection.name].flush()
        collection.write_activate_version(version)

    def flush(self) -> None:
        """Have what was written leave this process."""
        sys.stdout.flush()

    @property
    def state_is_due(self) -> bool:
        """Whether it is time for a STATE line.

        A kill loses what no STATE has told: so one comes several times a second. A
        large one comes less often, and one that makes batch files twice a minute or
        after 5,000 rows.
        """
        elapsed_s = time.monotonic() - self._said_at
        if self._held_for_s:
            return elapsed_s >= self._held_for_s or self._rows >= _ROWS_HELD
        if elapsed_s < self._checkpoint_s:
            return False
        behind = sum(lines.written for lines in self._lines.values())
        return behind - self._said_behind >= _BYTES_PER_STATE * len(
            self._said
        ) or elapsed_s >= min(_LATEST_S, 20 * self._checkpoint_s)

    def state(self, state: dict[str, Any]) -> None:
        """Write a STATE line, unless nothing has changed since the last one.

        Args:
            state: As it is after all that was written.
        """
        for lines in self._lines.values():
            lines.flush()
        said = msgspec.json.encode(state)
        if said != self._said:
            self._write(_State(value=msgspec.Raw(said)))  # type: ignore[arg-type] # JSON
            self._said = said
        self._said_at = time.monotonic()
        self._said_behind = sum(lines.written for lines in self._lines.values())
        self._rows = 0


class _State(StateMessage):
    """A STATE line. singer-sdk's copies each value of it: a quarter of a run's CPU."""

    def to_dict(self) -> dict[str, Any]:
        """Give the message as it is."""
        return {"type": self.type, "value": self.value}


def _write_whole() -> None:
    """Have stdout write all that it is given.

    With PYTHONUNBUFFERED, as images for containers set it, it is a bare file: where a
    signal comes while the pipe is full, a write ends early and says so to nobody.
    """
    if isinstance(sys.stdout.buffer, io.RawIOBase):
        sys.stdout = open(  # noqa: SIM115 - for the rest of the process
            sys.stdout.fileno(), "w", encoding="utf-8", closefd=False
        )
