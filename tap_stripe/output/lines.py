"""From rows to Singer lines.

The quick way encodes a row as it is. Where config or catalog ask for more than a
selection (stream maps, flattening, batches), singer-sdk's own way is taken.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, Protocol

import msgspec
from singer_sdk.batch import Batcher
from singer_sdk.mapper import SameRecordTransform

from tap_stripe.api.body import plain
from tap_stripe.errors import SettingError
from tap_stripe.output.maps import messages
from tap_stripe.streams.shape import iso

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from singer_sdk.helpers._batch import BatchConfig

    from tap_stripe.streams.base import Collection
    from tap_stripe.streams.shape import Row

_encode = msgspec.json.Encoder().encode
_ROWS_IN_BATCH = 10_000


class Lines(Protocol):
    """Writes the rows of one collection.

    Attributes:
        written: Bytes of rows so far, where that is known at no cost.
        state_every_s: Seconds between STATE lines at least. Each makes it write what it
            holds back.
    """

    written: int
    state_every_s: float

    def write(self, rows: Iterable[Row], *, version: int, received_at: float) -> int:
        """Write rows.

        Args:
            rows: The rows.
            version: Of the table; 0 if it has none.
            received_at: When they came from Stripe, seconds since the epoch.

        Returns:
            How many there were.
        """

    def write_known(
        self, rows: Iterable[Row], *, version: int, received_at: float
    ) -> int:
        """Write rows of which only some properties are known: see `write`.

        Targets that upsert set those properties to null that a record lacks but its
        SCHEMA has: the SCHEMA in force names just those that are known.
        """

    def flush(self) -> None:
        """Write what is held back, because a STATE line is about to claim it."""


def lines_of(collection: Collection) -> Lines:
    """Choose the way in which a collection's rows are written."""
    batch_config = collection.get_batch_config(collection.config)
    if batch_config is not None:
        return BatchLines(collection, batch_config)
    maps = collection.stream_maps
    # Exactly this class: a map that changes anything is a subclass of StreamMap.
    as_it_is = len(maps) == 1 and type(maps[0]) is SameRecordTransform
    if as_it_is and not maps[0].flattening_enabled:
        return QuickLines(collection)
    return MappedLines(collection)


class QuickLines:
    """Encodes rows as they are: 2 µs a charge, where singer-sdk takes 190."""

    state_every_s = 0.0

    def __init__(self, collection: Collection) -> None:
        self._collection = collection
        alias = _encode(collection.stream_maps[0].stream_alias)
        self.written = 0
        self._head = b'{"type":"RECORD","stream":' + alias + b',"record":'

    def write(self, rows: Iterable[Row], *, version: int, received_at: float) -> int:
        """Write rows: see `Lines`."""
        head = self._head
        extracted = iso(received_at).encode()
        table = b',"version":%d' % version if version else b""
        tail = table + b',"time_extracted":"%s"}\n' % extracted
        parts: list[bytes] = []
        for row in rows:
            parts += (head, _encode(row), tail)
        self.written += sys.stdout.buffer.write(b"".join(parts))
        return len(parts) // 3

    def write_known(
        self, rows: Iterable[Row], *, version: int, received_at: float
    ) -> int:
        """Write rows of which only some properties are known: see `Lines`."""
        return sum(
            self.write(known, version=version, received_at=received_at)
            for known in _by_what_is_known(self._collection, rows)
        )

    def flush(self) -> None:
        """Nothing is held back."""


class MappedLines:
    """Lets singer-sdk map and flatten each row."""

    written = 0
    state_every_s = 0.0

    def __init__(self, collection: Collection) -> None:
        self._collection = collection

    def write(self, rows: Iterable[Row], *, version: int, received_at: float) -> int:
        """Write rows: see `Lines`."""
        del received_at
        count = 0
        for row in rows:
            for message in messages(
                self._collection, plain(row), version=version or None
            ):
                self._collection.write_message(message)
            count += 1
        return count

    def write_known(
        self, rows: Iterable[Row], *, version: int, received_at: float
    ) -> int:
        """Write rows of which only some properties are known: see `Lines`."""
        del received_at
        count = 0
        for row in rows:
            for message in messages(
                self._collection, plain(row), version=version or None, is_partial=True
            ):
                self._collection.write_schema(
                    only=frozenset(message.record), alias=message.stream
                )
                self._collection.write_message(message)
            count += 1
        self._collection.write_schema()
        return count

    def flush(self) -> None:
        """Nothing is held back."""


class BatchLines:
    """Lets singer-sdk write rows to files and BATCH messages that name them."""

    written = 0
    # A file of a few rows costs a warehouse as much as one of thousands.
    state_every_s = 30.0

    def __init__(self, collection: Collection, config: BatchConfig) -> None:
        self._collection = collection
        self._config = config
        self._held: dict[str, list[dict[str, Any]]] = {}

    def write(self, rows: Iterable[Row], *, version: int, received_at: float) -> int:
        """Write rows: see `Lines`."""
        del version, received_at
        count = 0
        for row in rows:
            for message in messages(self._collection, plain(row), version=None):
                self._held.setdefault(message.stream, []).append(message.record)
            count += 1
        if any(len(held) >= _ROWS_IN_BATCH for held in self._held.values()):
            self.flush()
        return count

    def write_known(
        self, rows: Iterable[Row], *, version: int, received_at: float
    ) -> int:
        """Write rows of which only some properties are known: see `Lines`."""
        del version, received_at
        self.flush()
        count = 0
        alike: dict[tuple[str, frozenset[str]], list[dict[str, Any]]] = {}
        for row in rows:
            for message in messages(
                self._collection, plain(row), version=None, is_partial=True
            ):
                names = frozenset(message.record)
                alike.setdefault((message.stream, names), []).append(message.record)
            count += 1
        for (stream, names), known in alike.items():
            self._collection.write_schema(only=names, alias=stream)
            self._held[stream] = known
            self.flush()
        self._collection.write_schema()
        return count

    def flush(self) -> None:
        """Write the rows that are held back as batch files.

        Raises:
            SettingError: The files can't be written where the settings say.
        """
        held, self._held = self._held, {}
        for stream, records in held.items():
            batcher = Batcher(self._collection.tap_name, stream, self._config)
            try:
                for manifest in batcher.get_batches(records=iter(records)):
                    self._collection.write_batch(
                        stream, self._config.encoding, manifest
                    )
            except BrokenPipeError:
                raise
            except (ImportError, OSError, ValueError) as error:
                message = (
                    f"The setting batch_config can't be used: {type(error).__name__}: "
                    f"{error}."
                )
                raise SettingError(message) from None


def _by_what_is_known(
    collection: Collection, rows: Iterable[Row]
) -> Iterator[list[Row]]:
    """Give rows that have the same properties, each time behind a SCHEMA of just those.

    The collection's whole SCHEMA follows the last of them.
    """
    alike: dict[frozenset[str], list[Row]] = {}
    for row in rows:
        alike.setdefault(frozenset(row), []).append(row)
    for names, known in alike.items():
        collection.write_schema(only=names)
        yield known
    collection.write_schema()
