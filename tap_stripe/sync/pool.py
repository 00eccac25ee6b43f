"""Threads that wait on the network, and the queue by which they reach the main thread.

The main thread alone decides what is asked next, writes, and keeps the state: nothing
there needs a lock.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

THREADS = 24
"""Requests that may be under way, or wait to be written: memory does not grow with the
account, and a slow target slows the requests."""


@dataclass(eq=False, slots=True)
class Task:
    """A request, or several that belong together.

    Attributes:
        run: Asks Stripe. Runs in a thread.
        done: Takes what came, in the main thread: the answer, or the error.
        endpoint: What is asked, as Stripe's limits count it: the path of a list,
            `path/{id}` for a single object.
    """

    run: Callable[[], Any]
    done: Callable[[Any, Exception | None], None]
    endpoint: str


class Work(Protocol):
    """What gives tasks."""

    def next_task(self) -> Task | None:
        """Give the next task; None if there is none now, or at all."""


class Once:
    """A single task.

    Args:
        run: What it does; an error is raised in the main thread.
    """

    def __init__(self, run: Callable[[], Any]) -> None:
        self._run: Callable[[], Any] | None = run

    def next_task(self) -> Task | None:
        """Give the task, the first time."""
        run, self._run = self._run, None
        return None if run is None else Task(run, _raised, "")


def _raised(value: Any, error: Exception | None) -> None:
    del value
    if error is not None:
        raise error


class Interrupted(Exception):
    """The run was asked to stop."""


class Pool:
    """Runs tasks in threads, and hands what comes to the thread that iterates.

    Args:
        threads: How many tasks may be under way.
    """

    def __init__(self, threads: int = THREADS) -> None:
        self._threads = threads
        self._executor = ThreadPoolExecutor(threads, thread_name_prefix="stripe")
        # Its `put` may be called from a signal handler.
        self._answers: SimpleQueue[tuple[Task, Any, BaseException | None] | None]
        self._answers = SimpleQueue()
        self._interrupted = False
        self.under_way = 0

    def run(self, work: Work) -> Iterator[None]:
        """Do all of some work; gives way behind each task that is done with.

        Raises:
            Interrupted: `interrupt` was called.
        """
        while True:
            self._fill(work)
            if self._interrupted:
                raise Interrupted
            if not self.under_way:
                return
            answer = self._answers.get()
            if answer is None:
                raise Interrupted
            task, value, error = answer
            self.under_way -= 1
            if error is not None and not isinstance(error, Exception):
                raise error
            task.done(value, error)
            yield

    def _fill(self, work: Work) -> None:
        while not self._interrupted and self.under_way < self._threads:
            task = work.next_task()
            if task is None:
                return
            self.under_way += 1
            self._executor.submit(self._do, task)

    def _do(self, task: Task) -> None:
        try:
            self._answers.put((task, task.run(), None))
        except BaseException as error:  # noqa: BLE001 - it is the main thread's to judge
            self._answers.put((task, None, error))

    def interrupt(self) -> None:
        """Make `run` raise. May be called from a signal handler."""
        self._interrupted = True
        self._answers.put(None)

    def close(self) -> None:
        """Begin nothing more; does not wait for what is under way."""
        self._interrupted = True
        self._executor.shutdown(wait=False, cancel_futures=True)
