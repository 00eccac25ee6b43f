"""The SDK's metrics, as its own way of reading a stream would log them.

Under Meltano they go where the project's logging sends them.
https://sdk.meltano.com/en/latest/implementation/logging.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from singer_sdk import metrics

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Mapping

    from tap_stripe.streams.base import Collection


class Metering:
    """Counts records and requests, and times the collections.

    A counter writes a line a minute at most, and one at the end.

    Args:
        collections: Those that are selected.
    """

    def __init__(self, collections: Iterable[Collection]) -> None:
        self._records: dict[str, metrics.Counter] = {}
        self._timers: dict[str, metrics.Timer] = {}
        self._requests: dict[str, metrics.Counter] = {}
        self._streams: dict[str, str] = {}
        self._counted: dict[str, int] = {}
        self._asked: dict[str, int] = {}
        for collection in collections:
            self._records[collection.name] = collection.get_record_counter()
            self._timers[collection.name] = collection.get_sync_timer()
            path = collection.feeds[0].listing.path
            self._streams.setdefault(path, collection.name)

    def count(self, rows: Mapping[str, int], requests: Mapping[str, int]) -> None:
        """Take the counts as they stand.

        Args:
            rows: Rows written, by collection.
            requests: Requests sent, by endpoint. One that feeds several collections is
                counted for the first of them.
        """
        for name, number in rows.items():
            _raise(self._records[name], number - self._counted.get(name, 0))
            self._counted[name] = number
        for endpoint, number in requests.items():
            counter = self._requests.get(endpoint)
            if counter is None:
                counter = self._requests[endpoint] = self._of_endpoint(endpoint)
            _raise(counter, number - self._asked.get(endpoint, 0))
            self._asked[endpoint] = number

    def close(self, failed: Container[str]) -> None:
        """Write the last lines.

        Args:
            failed: Names of the collections that were not, or not wholly, read.
        """
        for counter in (*self._records.values(), *self._requests.values()):
            counter.exit()
        for name, timer in self._timers.items():
            is_failed = name in failed
            status = metrics.Status.FAILED if is_failed else metrics.Status.SUCCEEDED
            timer.tags[metrics.Tag.STATUS] = status
            timer.__exit__(None, None, None)

    def _of_endpoint(self, endpoint: str) -> metrics.Counter:
        found = [
            path for path in self._streams if f"{endpoint}/".startswith(f"{path}/")
        ]
        counter = metrics.http_request_counter("", endpoint)
        if found:
            counter.tags[metrics.Tag.STREAM] = self._streams[max(found, key=len)]
        else:
            # The events are every collection's.
            del counter.tags[metrics.Tag.STREAM]
        return counter


def _raise(counter: metrics.Counter, number: int) -> None:
    if number:
        counter.increment(number)
