"""What is being read at a moment, of all accounts of a run."""

from __future__ import annotations

import threading
import weakref
from collections import Counter
from contextlib import contextmanager
from typing import TYPE_CHECKING

from tap_stripe.sync.progress import Part

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tap_stripe.sync.changes import Changes
    from tap_stripe.sync.reading import Reading
    from tap_stripe.sync.windows import Windows


class UnderWay:
    """Knows the windows and the changed objects that are being read.

    All may be called from any thread. What it tells is as good as estimates are: it
    looks at windows and changes without their locks.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._open: list[Windows] = []
        self._changes: list[weakref.ref[Changes]] = []
        self._read: Counter[str] = Counter()
        self._names: dict[str, frozenset[str]] = {}

    @contextmanager
    def reading(self, windows: Windows) -> Iterator[None]:
        """Watch windows while they are read."""
        with self._lock:
            self._open.append(windows)
        try:
            yield
        finally:
            with self._lock:
                self._open.remove(windows)
                self._add(windows)

    def rereading(self, changes: Changes) -> None:
        """Watch the changed objects that wait, for as long as somebody holds them."""
        with self._lock:
            self._changes = [one for one in self._changes if one() is not None]
            self._changes.append(weakref.ref(changes))

    def changed(self) -> int:
        """Count the changed objects that wait to be read again."""
        with self._lock:
            held = [changes for one in self._changes if (changes := one()) is not None]
        return sum(changes.count() for changes in held)

    def parts(self) -> tuple[Part, ...]:
        """Tell how far each listing is read, in all accounts together."""
        with self._lock:
            read, names = self._read.copy(), dict(self._names)
            held = list(self._open)
        left: dict[str, float | None] = dict.fromkeys(read, 0.0)
        for windows in held:
            for reading, taken, foreseen in windows.standing():
                path = reading.listing.path
                read[path] += taken
                names[path] = names.get(path, frozenset()) | _names(reading)
                left[path] = _sum(left.get(path, 0.0), foreseen)
        return tuple(Part(path, names[path], read[path], left[path]) for path in read)

    def _add(self, windows: Windows) -> None:
        for reading, taken, _ in windows.standing():
            path = reading.listing.path
            self._read[path] += taken
            self._names[path] = self._names.get(path, frozenset()) | _names(reading)


def _sum(left: float | None, more: float | None) -> float | None:
    return None if left is None or more is None else left + more


def _names(reading: Reading) -> frozenset[str]:
    return frozenset(c.name for c, feed in reading.feeds if not feed.changes_only)
