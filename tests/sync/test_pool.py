"""Threads that ask, and one that takes what comes."""

from __future__ import annotations

import threading
from collections import deque
from functools import partial
from typing import Any

import pytest

from tap_stripe.sync.pool import Interrupted, Pool, Task


class Steps:
    """Work whose tasks may bring further ones.

    Attributes:
        done: What came, in the order in which it was taken.
        by: Names of the threads that took it.
    """

    def __init__(self, *runs):
        self.left = deque(runs)
        self.done: list[Any] = []
        self.by: set[str] = set()

    def next_task(self):
        if not self.left:
            return None
        return Task(self.left.popleft(), self.take, "/v1/charges")

    def take(self, value, error):
        self.by.add(threading.current_thread().name)
        self.done.append(error or value)
        if callable(value):
            self.left.append(value)


@pytest.fixture
def pool():
    made = Pool(threads=3)
    yield made
    made.close()


def test_everything_is_asked_and_taken_by_the_thread_that_iterates(pool):
    work = Steps(*(partial(int, n) for n in range(20)))

    steps = sum(1 for _ in pool.run(work))

    assert steps == 20
    assert sorted(work.done) == list(range(20))
    assert work.by == {threading.current_thread().name}


def test_what_a_task_brings_is_asked_for_too(pool):
    work = Steps(lambda: partial(int, 7))

    for _ in pool.run(work):
        pass

    assert work.done[1:] == [7]


def test_what_comes_first_is_taken_first(pool):
    late = threading.Event()
    work = Steps(partial(late.wait, 30), lambda: "quick")

    for _ in pool.run(work):
        late.set()

    assert work.done == ["quick", True]


def test_no_more_are_under_way_than_there_are_threads(pool):
    lock, most, now = threading.Lock(), [0], [0]
    all_there = threading.Barrier(3, timeout=30)

    def run():
        with lock:
            now[0] += 1
            most[0] = max(most[0], now[0])
        all_there.wait()
        with lock:
            now[0] -= 1

    for _ in pool.run(Steps(*[run] * 12)):
        pass

    assert most == [3]


def test_an_error_is_the_tasks_own_and_the_others_go_on(pool):
    work = Steps(partial(int, "x"), partial(int, 1))

    for _ in pool.run(work):
        pass

    kinds = {type(one) for one in work.done}
    assert kinds == {ValueError, int}


def test_what_is_no_error_of_a_task_ends_everything(pool):
    def run():
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        list(pool.run(Steps(run)))


def test_a_fault_in_taking_is_raised_where_the_work_is_done(pool):
    class Faulty(Steps):
        def take(self, value, error):
            super().take(value, error)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        list(pool.run(Faulty(int)))


def test_an_interrupt_ends_the_wait_for_what_may_never_come(pool):
    never = threading.Event()
    work = Steps(lambda: "first", partial(never.wait, 30))

    steps = pool.run(work)
    next(steps)
    pool.interrupt()

    with pytest.raises(Interrupted):
        next(steps)
    assert work.done == ["first"]
    never.set()


def test_nothing_is_begun_once_it_was_interrupted(pool):
    pool.interrupt()
    work = Steps(lambda: "first")

    with pytest.raises(Interrupted):
        list(pool.run(work))

    assert work.done == []
    assert len(work.left) == 1
