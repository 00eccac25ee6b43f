"""What is being read at a moment, of all accounts of a run."""

from __future__ import annotations

from collections import Counter
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

from tap_stripe.report.progress import Part

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    class Source(Protocol):
        """A list endpoint."""

        @property
        def path(self) -> str: ...  # noqa: D102
        @property
        def names(self) -> frozenset[str]: ...  # noqa: D102

    class Standing(Protocol):
        """What is read of lists."""

        def standing(self) -> Sequence[tuple[Source, int, float | None]]: ...  # noqa: D102


class UnderWay:
    """Knows the lists and the changed objects that are being read.

    What it tells is as good as estimates are: it looks at what the main thread changes.
    """

    def __init__(self) -> None:
        self._open: list[Standing] = []
        self._read: Counter[str] = Counter()
        self._names: dict[str, frozenset[str]] = {}
        self.counts: dict[object, Callable[[], int]] = {}

    @contextmanager
    def reading(self, lists: Standing) -> Iterator[None]:
        """Watch lists while they are read."""
        self._open.append(lists)
        try:
            yield
        finally:
            self._open.remove(lists)
            for source, taken, _ in lists.standing():
                self._read[source.path] += taken
                self._note(source)

    def changed(self) -> int:
        """Count the changed objects that wait to be read."""
        return sum(count() for count in list(self.counts.values()))

    def parts(self) -> tuple[Part, ...]:
        """Tell how far each list is read, in all accounts together."""
        read = self._read.copy()
        left: dict[str, float | None] = dict.fromkeys(read, 0.0)
        for lists in list(self._open):
            for source, taken, foreseen in lists.standing():
                self._note(source)
                read[source.path] += taken
                left[source.path] = _sum(left.get(source.path, 0.0), foreseen)
        return tuple(
            Part(path, self._names[path], read[path], left[path]) for path in left
        )

    def _note(self, source: Source) -> None:
        before = self._names.get(source.path, frozenset())
        self._names[source.path] = before | source.names


def _sum(left: float | None, more: float | None) -> float | None:
    return None if left is None or more is None else left + more
