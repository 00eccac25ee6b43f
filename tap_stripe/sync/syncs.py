"""The syncs of several accounts at once, for one set of readers and one writer."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from tap_stripe.sync.readers import Give, Item, Piece, Work

AT_ONCE = 24
"""Accounts that are under way at once: what is held of each is memory."""
_MOST_OF_ONE = 12
"""Readers that one of several accounts may take: it may fail for minutes."""


@dataclass(frozen=True, slots=True)
class Phase:
    """What is to be done before anything else of an account can be.

    Attributes:
        work: For the readers.
        take: Takes in what they bring, in the main thread.
    """

    work: Work[Piece]
    take: Callable[[Item], None]


class Sync(Protocol):
    """The sync of one account."""

    def phases(self) -> Iterator[Phase]:
        """Give the phases one after the other; each is over when the next is asked for.

        Runs in the main thread.
        """


class Task:
    """A sync that is under way.

    Attributes:
        sync: Whose.
        phase: What is being done; None before the first.
        running: Pieces that readers are at, or that the writer has not taken in.
        is_ended: Whether the account is let go of.
    """

    def __init__(self, sync: Sync) -> None:
        self.sync = sync
        self.phase: Phase | None = None
        self.running = 0
        self.is_ended = False
        self._phases = sync.phases()

    def is_over(self) -> bool:
        """Tell whether nothing is left of the phase."""
        return self.running == 0 and not (self.phase and self.phase.work)

    def next_phase(self) -> Phase | None:
        """Go on to the next phase that has work; None if there is none."""
        return next((phase for phase in self._phases if phase.work), None)


class TaskPiece:
    """A piece of an account's work."""

    def __init__(self, task: Task, piece: Piece) -> None:
        self.task = task
        self._piece = piece

    def run(self, give: Give) -> list[Item]:
        """Ask Stripe."""
        return self._piece.run(give)

    def done(self) -> None:
        """Count as done."""
        self._piece.done()


class Syncs:
    """Which accounts are read now, and which then.

    Its methods are to be called with the readers' lock held.
    """

    def __init__(self) -> None:
        self._tasks: list[Task] = []
        self._waiting: deque[Callable[[], Sync]] = deque()
        self._starting = 0

    def add(self, syncs: Iterable[Callable[[], Sync]]) -> None:
        """Have further accounts read; each is made when it is its turn."""
        self._waiting.extend(syncs)

    def next_sync(self) -> Callable[[], Sync] | None:
        """Give an account that may begin now, to be added by `start`."""
        if not self._waiting or len(self._tasks) + self._starting >= AT_ONCE:
            return None
        self._starting += 1
        return self._waiting.popleft()

    def start(self, task: Task) -> None:
        """Have readers at an account that `next_sync` gave."""
        self._starting -= 1
        self._tasks.append(task)

    def end(self, task: Task) -> None:
        """Let go of an account."""
        self._tasks.remove(task)

    # What readers ask

    def take(self) -> TaskPiece | None:
        """Give a piece of the account that has the fewest readers."""
        for task in sorted(self._tasks, key=lambda task: task.running):
            if len(self._tasks) > 1 and task.running >= _MOST_OF_ONE:
                break
            piece = task.phase.work.take() if task.phase else None
            if piece is not None:
                task.running += 1
                return TaskPiece(task, piece)
        return None

    def __bool__(self) -> bool:
        """Tell whether anything is left to be read."""
        return bool(self._tasks or self._waiting or self._starting)
