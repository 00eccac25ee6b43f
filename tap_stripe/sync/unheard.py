"""The events that are still to be read. Pure.

Thousands of events can share a second, so a run that is killed in one goes on behind
the last event that it has read.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from tap_stripe.api.body import Object, integer, text
from tap_stripe.sync.unread import split, union, without

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from tap_stripe.sync.state import Bookmark
    from tap_stripe.sync.unread import Interval, Intervals


class Stretch(NamedTuple):
    """Events that are read one behind the other.

    Attributes:
        unread: Their `created` intervals.
        cursor: Id of the event of the last second behind which they begin.
    """

    unread: Intervals
    cursor: str | None


class Unheard:
    """What is to be read of an account's events.

    Args:
        bookmarks: Of the collections that are kept up to date.
        last: The last second that events are read of.
    """

    def __init__(self, bookmarks: Iterable[Bookmark], last: int) -> None:
        held = [
            (
                union([*bookmark.events, (bookmark.watermark or 0, last)]),
                dict(bookmark.cursors),
            )
            for bookmark in bookmarks
        ]
        self._left = union(interval for left, _ in held for interval in left)
        self._cursors = {
            second: cursor
            for _, cursors in held
            for second, cursor in cursors.items()
            # Another collection may need what comes before in that second.
            if all(
                others.get(second) == cursor or not _holds(left, second)
                for left, others in held
            )
        }

    def stretches(self) -> list[Stretch]:
        """Give what is to be read."""
        found, left = [], self._left
        for second, cursor in sorted(self._cursors.items()):
            older, left = split(left, second)
            if older and older[-1][1] == second:
                found.append(Stretch(older, cursor))
            elif older:
                found.append(Stretch(older, None))
        return [*found, Stretch(left, None)] if left else found

    def read(self, covers: Interval, events: Sequence[Object]) -> None:
        """Take out what a page has covered."""
        self._left = without(self._left, covers)
        for second in [one for one in self._cursors if _holds([covers], one)]:
            del self._cursors[second]
        oldest = integer(events[-1].get("created")) if events else None
        # Where more is behind the page, its last second is not covered.
        if oldest is not None and oldest == covers[0] - 1:
            self._cursors[oldest] = text(events[-1].get("id")) or ""

    def until(self, second: int) -> tuple[Intervals, list[tuple[int, str]]]:
        """Give what is left up to a second, for the state: `events` and `cursors`.

        That second is read again as a whole: it may not have been over.
        """
        left, _ = split(self._left, second)
        cursors = sorted(self._cursors.items())
        return left, [(at, cursor) for at, cursor in cursors if at < second]


def _holds(intervals: Iterable[Interval], second: int) -> bool:
    return any(first <= second <= last for first, last in intervals)
