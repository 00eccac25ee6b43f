"""Sets of seconds: what a collection has still to read. Pure.

An interval is a pair of `created` seconds, both included. A set is a sorted list of
intervals that neither overlap nor touch.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

Interval: TypeAlias = tuple[int, int]
Intervals: TypeAlias = list[Interval]


def union(intervals: Iterable[Interval]) -> Intervals:
    """Make a set of intervals that may overlap, be empty or stand in any order."""
    merged: Intervals = []
    for first, last in sorted(intervals):
        if first > last:
            continue
        if merged and first <= merged[-1][1] + 1:
            merged[-1] = (merged[-1][0], max(last, merged[-1][1]))
        else:
            merged.append((first, last))
    return merged


def without(intervals: Iterable[Interval], read: Interval) -> Intervals:
    """Take an interval out of a set."""
    left: Intervals = []
    for first, last in intervals:
        if last < read[0] or first > read[1]:
            left.append((first, last))
            continue
        if first < read[0]:
            left.append((first, read[0] - 1))
        if last > read[1]:
            left.append((read[1] + 1, last))
    return left


def split(intervals: Iterable[Interval], second: int) -> tuple[Intervals, Intervals]:
    """Part a set in what lies up to a second, included, and what lies behind it."""
    held = list(intervals)
    older = [(first, min(last, second)) for first, last in held if first <= second]
    newer = [(max(first, second + 1), last) for first, last in held if last > second]
    return older, newer


def seconds(intervals: Iterable[Interval]) -> int:
    """Count the seconds in a set."""
    return sum(last - first + 1 for first, last in intervals)


def fewer(intervals: Iterable[Interval], most: int) -> Intervals:
    """Join the intervals that lie closest together until few enough are left.

    Args:
        intervals: A set.
        most: How many intervals the answer may have, at least 1.

    Returns:
        A set that covers at least the same seconds.
    """
    joined = list(intervals)
    while len(joined) > most:
        gaps = [
            (after[0] - before[1], place)
            for place, (before, after) in enumerate(pairwise(joined))
        ]
        _, place = min(gaps)
        joined[place : place + 2] = [(joined[place][0], joined[place + 1][1])]
    return joined


def pieces(
    unread: Mapping[str, Iterable[Interval]],
) -> list[tuple[Interval, frozenset[str]]]:
    """Cut the sets of several collections into intervals that are read once.

    Args:
        unread: By collection.

    Returns:
        Intervals, newest first, each with the collections that have it unread.
    """
    edges = sorted(
        {edge for held in unread.values() for a, b in held for edge in (a, b + 1)}
    )
    cut: list[tuple[Interval, frozenset[str]]] = []
    for first, after in pairwise(edges):
        fed = frozenset(
            name
            for name, held in unread.items()
            if any(a <= first <= b for a, b in held)
        )
        if fed:
            cut.append(((first, after - 1), fed))
    return cut[::-1]


def covered(page_first: int | None, interval: Interval) -> Interval:
    """Tell what a page has covered of the interval that was asked for.

    Lists come newest first and several objects can share a second, so the second of
    the page's last object stays unread. https://docs.stripe.com/api/pagination

    Args:
        page_first: `created` of the page's last object; None if it was the last page.
        interval: What was still unread of the interval when the page was asked for.
    """
    return interval if page_first is None else (page_first + 1, interval[1])
