"""Threads that wait on the network, and the queue by which they reach the writer."""

from __future__ import annotations

import threading
from queue import SimpleQueue
from typing import TYPE_CHECKING, Protocol, TypeAlias

from tap_stripe.sync.reading import Gone, Page, Refused

if TYPE_CHECKING:
    from collections.abc import Iterator

Item: TypeAlias = Page | Gone | Refused

READERS = 24
_HELD = 24
"""Pieces that may be read or wait for the writer at once: memory does not grow with the
account."""


class Piece(Protocol):
    """What one reader does at a time."""

    def run(self) -> list[Item]:
        """Ask Stripe; what comes goes to the writer."""

    def done(self) -> None:
        """Count as done. Called with the readers' lock held."""


class Work(Protocol):
    """What readers do. Its methods are called with the readers' lock held."""

    def take(self) -> Piece | None:
        """Give a piece; None if there is none right now."""

    def __bool__(self) -> bool:
        """Tell whether there is, or may come, more."""


class Stopped(Exception):
    """The run was asked to stop."""


class Readers:
    """Runs work in threads and hands what they read to one writer.

    Args:
        count: Threads.
    """

    def __init__(self, count: int = READERS) -> None:
        self._count = count
        self._items: SimpleQueue[list[Item] | BaseException | None] = SimpleQueue()
        self._places = threading.Semaphore(_HELD)
        self._changed = threading.Condition()
        self._stopped = False

    def run(self, work: Work) -> Iterator[Item]:
        """Do all of some work, giving what is read as it comes.

        Raises:
            Stopped: `stop` was called.
            Exception: What a piece of work raised.
        """
        threads = [
            threading.Thread(target=self._read, args=(work,), daemon=True)
            for _ in range(self._count)
        ]
        for thread in threads:
            thread.start()
        running = len(threads)
        while running:
            items = self._items.get()
            if self._stopped:
                raise Stopped
            if items is None:
                running -= 1
            elif isinstance(items, BaseException):
                raise items
            else:
                yield from items
                del items
                self._places.release()

    def stop(self) -> None:
        """Make `run` raise. May be called from a signal handler."""
        self._stopped = True
        self._items.put(None)

    def close(self) -> None:
        """Let go of the threads: those that wait come to an end."""
        self._stopped = True
        for _ in range(self._count):
            self._places.release()
        with self._changed:
            self._changed.notify_all()

    def _read(self, work: Work) -> None:
        try:
            while (piece := self._next(work)) is not None:
                self._items.put(piece.run())
                with self._changed:
                    piece.done()
                    # One may be able to go on; it wakes the next one in turn.
                    self._changed.notify()
                del piece
        except BaseException as error:  # noqa: BLE001 - it is the writer's to raise
            self._items.put(error)
        else:
            self._items.put(None)

    def _next(self, work: Work) -> Piece | None:
        self._places.acquire()
        with self._changed:
            while not self._stopped:
                piece = work.take()
                if piece is not None:
                    self._changed.notify()
                    return piece
                if not work:
                    self._changed.notify_all()
                    break
                self._changed.wait()
        self._places.release()
        return None
