"""What was asked of the sandbox and what it answered."""

from __future__ import annotations

from collections import Counter
from threading import Lock
from typing import NamedTuple


class Entry(NamedTuple):
    """One request.

    Attributes:
        at: Unix seconds of its arrival.
        target: Path and query, as sent.
        status: HTTP status; 0 where none was sent.
        fault: The injected fault, if any.
        account: What `Stripe-Account` said.
        version: What `Stripe-Version` said.
    """

    at: float
    method: str
    target: str
    endpoint: str
    status: int
    fault: str | None
    account: str | None
    version: str | None


class RequestLog:
    """All requests since the start or the last `clear`."""

    def __init__(self) -> None:
        self._entries: list[Entry] = []
        self._lock = Lock()

    def add(self, entry: Entry) -> None:
        """Note a request."""
        with self._lock:
            self._entries.append(entry)

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._entries.clear()

    @property
    def entries(self) -> list[Entry]:
        """Every request, in the order of the answers."""
        with self._lock:
            return list(self._entries)

    def __len__(self) -> int:
        return len(self._entries)

    @property
    def by_endpoint(self) -> Counter[str]:
        """Number of requests by endpoint, `GET /v1/charges/:id`."""
        return Counter(entry.endpoint for entry in self.entries)

    @property
    def by_status(self) -> Counter[int]:
        """Number of requests by status."""
        return Counter(entry.status for entry in self.entries)

    @property
    def by_endpoint_and_status(self) -> Counter[tuple[str, int]]:
        """Number of requests by both."""
        return Counter((entry.endpoint, entry.status) for entry in self.entries)
