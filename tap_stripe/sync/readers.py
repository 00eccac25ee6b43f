"""Threads that wait on the network, and the queue by which they reach the writer."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from dataclasses import dataclass
from queue import SimpleQueue
from typing import TYPE_CHECKING, Generic, Protocol, TypeAlias, TypeVar

from tap_stripe.sync.reading import Filtered, Gone, Page, Refused

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

Item: TypeAlias = Page | Gone | Filtered | Refused
Give: TypeAlias = "Callable[[list[Item]], None]"

READERS = 24
_HELD = 24
"""Pieces that may be read or wait for the writer at once: memory does not grow with the
account."""
UNWRITTEN = 5
"""So many that wait for the writer, or are being written, are enough: a kill loses
them."""


class Piece(Protocol):
    """What one reader does at a time."""

    def run(self, give: Give) -> list[Item]:
        """Ask Stripe; what comes goes to the writer.

        Args:
            give: Takes what comes before the end.
        """

    def done(self) -> None:
        """Count as done. Called with the readers' lock held."""


P = TypeVar("P", bound=Piece)
P_co = TypeVar("P_co", bound=Piece, covariant=True)


class Work(Protocol[P_co]):
    """What readers do. Its methods are called with the readers' lock held."""

    def take(self) -> P_co | None:
        """Give a piece; None if there is none right now."""

    def __bool__(self) -> bool:
        """Tell whether there is, or may come, more."""


@dataclass(frozen=True, slots=True)
class Read(Generic[P]):
    """What came of a piece.

    Attributes:
        piece: Which.
        items: What it brought.
        error: Why it brought nothing.
        is_last: Whether the piece is done with it.
    """

    piece: P
    items: list[Item]
    error: Exception | None = None
    is_last: bool = True


class Stopped(Exception):
    """The run was asked to stop."""


class Readers:
    """Runs work in threads and hands what they read to one writer.

    Args:
        count: Threads.
    """

    def __init__(self, count: int = READERS) -> None:
        self._count = count
        self._read_in: SimpleQueue[Read[Piece] | BaseException | None] = SimpleQueue()
        self._changed = threading.Condition()
        self._held = 0
        self._unwritten = 0
        self._stopped = False

    def run(self, work: Work[P]) -> Iterator[Read[P]]:
        """Do all of some work, giving what is read as it comes.

        Raises:
            Stopped: `stop` was called.
        """
        threads = [
            threading.Thread(target=self._read, args=(work,), daemon=True)
            for _ in range(self._count)
        ]
        for thread in threads:
            thread.start()
        running = len(threads)
        while running:
            read = self._read_in.get()
            if self._stopped:
                raise Stopped
            if read is None:
                running -= 1
            elif isinstance(read, BaseException):
                raise read
            else:
                is_last = read.is_last
                yield read  # type: ignore[misc] # its piece is of this work
                del read
                with self._changed:
                    self._unwritten -= 1
                    self._held -= is_last
                    self._changed.notify()

    @contextmanager
    def changing(self) -> Iterator[None]:
        """Hold the readers' lock while work changes; they look at it anew behind it."""
        with self._changed:
            yield
            self._changed.notify_all()

    def unwritten(self) -> int:
        """Count the answers that wait for the writer. From any thread, about."""
        return self._unwritten

    def stop(self) -> None:
        """Make `run` raise. May be called from a signal handler."""
        self._stopped = True
        self._read_in.put(None)

    def close(self) -> None:
        """Let go of the threads: those that wait come to an end."""
        self._stopped = True
        with self._changed:
            self._changed.notify_all()

    def _read(self, work: Work[P]) -> None:
        try:
            while (piece := self._next(work)) is not None:
                read = self._run(piece)
                with self._changed:
                    if read.error is None:
                        piece.done()
                    self._unwritten += 1
                    # One may be able to go on; it wakes the next one in turn.
                    self._changed.notify()
                self._read_in.put(read)  # type: ignore[arg-type] # `run` knows its work
                del piece, read
        except BaseException as error:  # noqa: BLE001 - it is the writer's to raise
            self._read_in.put(error)
        else:
            self._read_in.put(None)

    def _run(self, piece: P) -> Read[P]:
        def give(items: list[Item]) -> None:
            with self._changed:
                self._unwritten += 1
            self._read_in.put(Read(piece, items, is_last=False))

        try:
            return Read(piece, piece.run(give))
        except Exception as error:  # noqa: BLE001 - it is the writer's to judge
            return Read(piece, [], error)

    def _next(self, work: Work[P]) -> P | None:
        with self._changed:
            while not self._stopped:
                piece = work.take() if self._has_room() else None
                if piece is not None:
                    self._held += 1
                    self._changed.notify()
                    return piece
                if not work:
                    self._changed.notify_all()
                    break
                self._changed.wait()
        return None

    def _has_room(self) -> bool:
        return self._held < _HELD and self._unwritten < UNWRITTEN
