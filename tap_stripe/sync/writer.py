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
    from collections.abc import Callable, Iterable

    from tap_stripe.output.lines import Lines
    from tap_stripe.streams.base import Collection
    from tap_stripe.streams.shape import Row

_LEAST_INTERVAL_S = 0.25
_BYTES_PER_S = 40_000
_LEAST_REQUESTS = 3
_BYTES_A_REQUEST = 300_000
# A state of many accounts is no matter of time, but of what it is about.
_SMALL = 16_000
_ROWS_PER_STATE = 25
_ROWS_HELD = 5_000
"""Rows that are held back for batch files at most: they are memory, and a run that is
stopped has a second to write them."""
_LEAST_BYTES_PER_S = 1_000


class Writer:
    """Writes SCHEMA, RECORD, STATE and ACTIVATE_VERSION lines.

    Args:
        state: Gives the state as it is after all that was written.
        write: Writes a Singer message.
        of_many: Whether the state is of many accounts, each of which is a small part
            of it.
    """

    def __init__(
        self,
        *,
        state: Callable[[], dict[str, Any]],
        write: Callable[[Any], None],
        of_many: bool = False,
    ) -> None:
        self._of_many = of_many
        self._lines: dict[str, Lines] = {}
        self._state = state
        self._write = write
        self._said_at = 0.0
        self._every_s = 0.0
        self._size = 0
        self._said_behind = 0
        self._requests = 0
        self._rows = 0
        self._said = b""

    def begin(self, collections: Iterable[Collection]) -> None:
        """Write the SCHEMA lines of the collections that are selected."""
        _write_whole()
        for collection in collections:
            collection.write_schema()
            self._lines[collection.name] = lines_of(collection)
        self._said_at = time.monotonic()
        self._every_s = max(
            (lines.state_every_s for lines in self._lines.values()), default=0.0
        )

    def rows(
        self,
        collection: Collection,
        rows: Iterable[Row],
        *,
        version: int,
        received_at: float,
    ) -> int:
        """Write rows; gives their number."""
        count = self._lines[collection.name].write(
            rows, version=version, received_at=received_at
        )
        self._rows += count
        return count

    def deleted(
        self,
        collection: Collection,
        rows: Iterable[Row],
        *,
        version: int,
        received_at: float,
    ) -> int:
        """Write rows of which only some properties are known; gives their number."""
        found = list(rows)
        if not found:
            return 0
        return self._lines[collection.name].write_known(
            found, version=version, received_at=received_at
        )

    def activate(self, collection: Collection, version: int) -> None:
        """Say that a version of a table is complete."""
        self._lines[collection.name].flush()
        collection.write_activate_version(version)

    def state(self, *, requests: int = 0, now: bool = False) -> None:
        """Write a STATE line if it is time.

        A kill loses what no STATE has told. So one comes several times a second, and
        where requests go fast after some of them; a large one comes less often, and one
        that makes batch files twice a minute or after 5,000 rows.

        Args:
            requests: How many requests what was written since the last call took.
            now: Write it in any case, unless nothing has changed.
        """
        sys.stdout.flush()
        self._requests += requests
        if not now and not self._is_due():
            return
        for lines in self._lines.values():
            lines.flush()
        said = msgspec.json.encode(self._state())
        if said != self._said:
            self._write(_State(value=msgspec.Raw(said)))  # type: ignore[arg-type] # JSON
            self._said = said
            self._size = len(said)
        self._said_at = time.monotonic()
        self._said_behind = self._written()
        self._requests = self._rows = 0

    def _is_due(self) -> bool:
        """Tell whether it is time for a STATE line.

        A kill loses what no STATE has told; a large one is not told often.
        """
        elapsed_s = time.monotonic() - self._said_at
        if elapsed_s < self._every_s and self._rows < _ROWS_HELD:
            return False
        if self._of_many and self._size > _SMALL:
            behind = self._written() - self._said_behind
            return (
                behind > _ROWS_PER_STATE * self._size
                or elapsed_s > self._size / _LEAST_BYTES_PER_S
            )
        return elapsed_s >= max(
            _LEAST_INTERVAL_S, self._size / _BYTES_PER_S
        ) or self._requests >= max(_LEAST_REQUESTS, self._size / _BYTES_A_REQUEST)

    def _written(self) -> int:
        return sum(lines.written for lines in self._lines.values())


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
