"""Which window of which listing is read next, so that no request is idle or empty.

Lists come newest first and follow a cursor, so one reader goes through a window page by
page. Windows that turn out to be dense are cut, so that all readers have work. A cut
costs about half a page (the last page of a window is not full), so there are only so
many for so many pages, and none where little is left.
"""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tap_stripe.errors import ResponseError
from tap_stripe.state.intervals import seconds, split

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from tap_stripe.state.intervals import Interval, Intervals
    from tap_stripe.sync.source import Source

PAGE = 100
MOST_PAGES = 1000
"""More pages of one second, or of one embedded list, are taken for a fault."""
_LEAST_REQUESTS = 2
_MOST_WHOLE = 20_000
_MOST_TIMES = 5
"""So often a cursor may come again: a second's order is not always the same."""
_FIRST_PIECE = 20
_WASTE = 3.0
_WASTE_PER_PAGE = 0.04
_FORESEEN = 40
"""How many times what was read of a list may be assumed to lie below it."""
_BEFORE_STRIPE = 1_293_840_000
"""Start of 2011. A window that begins before says nothing of where its list ends."""
_BESIDE_MIDDLE = 0.25
"""How far from the middle, as a share of a window, a gap is still worth a cut."""
_FAILURES_AT_FIRST = 5
"""After so many failures and no page a list is taken to be refused: in a short one two
objects may be bad."""
_MOST_FAILURES = 100
_DENSER = 8
"""How many times as dense as all that was read of a list a window may be taken to be:
a second with many objects says little of the next day."""


@dataclass(frozen=True, slots=True)
class FullPage:
    """Where a page that has more behind it ends.

    Attributes:
        newest: `created` of its first object.
        oldest: `created` of its last object; its second stays unread.
        count: How many objects it had.
        top: `created[lte]` of the requests behind it.
        cursor: Id of its last object.
    """

    newest: int
    oldest: int
    count: int
    top: int
    cursor: str


@dataclass(eq=False, slots=True)
class Window:
    """A piece of a listing that at most one reader is at.

    What lies between its intervals is passed over where a page ends in it.

    Attributes:
        source: The endpoint.
        fed: Names of the collections that get its rows.
        unread: `created` intervals still to read.
        top: `created[lte]` of its requests.
        cursor: Id for `starting_after`.
        bottom: Whether it is the oldest piece, of which nobody knows where it ends.
        density: Objects/s; None until known.
        newest: `created` of the first object read.
        count: Objects read.
        pages: Pages read.
        taken: Whether a reader is at it.
        whole: Whether the list is read as one, without `created` filter.
        stuck: Pages in a row that ended in the same second.
        cursors: All so far, where the list is read as one.
        last_ids: Of the objects of its last page that are written.
    """

    source: Source
    fed: frozenset[str]
    unread: Intervals
    top: int
    cursor: str | None = None
    bottom: bool = False
    density: float | None = None
    newest: int = 0
    count: int = 0
    pages: int = 0
    taken: bool = False
    whole: bool = False
    stuck: int = 0
    cursors: Counter[str] = field(default_factory=Counter)
    last_ids: frozenset[str] = frozenset()
    grown: int = _FIRST_PIECE

    @property
    def between(self) -> Interval | None:
        """The seconds that it asks for; None where the list is read as one."""
        return None if self.whole else (self.unread[0][0], self.unread[-1][1])

    def go_on(self, full: FullPage) -> None:
        """Move on behind a page that has more behind it.

        Raises:
            ResponseError: A second holds more pages than can be true.
        """
        if self.pages == 0:
            self.newest = full.newest
        self.count += full.count
        # Over all that was read: a single second may hold a page of its own.
        self.density = self.count / max(1, self.newest - full.oldest)
        stuck = full.oldest == self.unread[-1][1] and not self.whole
        self.stuck = self.stuck + 1 if stuck else 0
        again = self.whole and self.cursors[full.cursor] > _MOST_TIMES
        if self.whole:
            self.cursors[full.cursor] += 1
        if again or self.stuck > MOST_PAGES or len(self.cursors) > _MOST_WHOLE:
            message = (
                f"Stripe listed pages without end at {self.source.path}; "
                "nothing of them was taken as read."
            )
            raise ResponseError(message)
        self.pages += 1
        self.unread, _ = split(self.unread, full.oldest)
        self.top, self.cursor = full.top, full.cursor
        if self.unread and self.unread[-1][1] < full.oldest:
            # The page ends between two intervals.
            self.top, self.cursor = self.unread[-1][1], None


@dataclass(slots=True)
class _Progress:
    """What is known of a listing.

    Attributes:
        windows: Those that are still open.
        pages: Pages read.
        objects: Objects read.
        seconds: Seconds of the listing that they cover.
        requests: Requests that the pages took, lists inside their objects included.
        oldest: `created` of the oldest object read.
        is_first: Whether the list is read down to its beginning.
        failures: Pages that could not be had.
    """

    windows: list[Window]
    pages: int = 0
    objects: int = 0
    seconds: int = 0
    requests: int = 0
    oldest: int | None = None
    is_first: bool = False
    failures: int = 0

    def pages_left(self, window: Window) -> float:
        """Estimate how many pages of a window are still to read."""
        if window.density is None:
            return math.inf
        pages = self.pages_in(window, window.unread)
        # Nobody knows how old an account is: little is foreseen of the oldest piece.
        return min(pages, _FORESEEN * max(1, self.pages)) if window.bottom else pages

    def pages_in(self, window: Window, unread: Intervals) -> float:
        """Estimate how many pages some of the intervals of a window hold."""
        most = _DENSER * self.objects / max(1, self.seconds)
        density = min(window.density or 0.0, most)
        return max(1.0, density * seconds(unread) / PAGE)

    def all_left(self) -> float:
        """Estimate how many pages are still to read."""
        return sum(map(self.pages_left, self.windows))

    def close(self, window: Window) -> None:
        """Take out a window that is read to its end."""
        self.windows.remove(window)
        if window.bottom and not window.count and self.windows:
            # Nothing was there: the list ends somewhere above.
            min(self.windows, key=lambda one: one.unread[0]).bottom = True

    def requests_left(self) -> float:
        """Estimate how many requests are still to be made."""
        return self.all_left() * self.requests_a_page()

    def foreseen(self, began: int | None) -> float | None:
        """Estimate as `requests_left` does, for somebody who wants to know.

        Args:
            began: When the account's data begin, as far as other listings tell.

        Returns:
            None where nobody can know.
        """
        pages = 0.0
        oldest = _older(began, self.oldest)
        for window in list(self.windows):
            unread = window.unread
            is_open = window.bottom and unread and unread[0][0] < _BEFORE_STRIPE
            if window.density is None or (is_open and began is None):
                return None
            if began is not None and oldest is not None:
                # Windows are cut below the account's beginning, too.
                _, unread = split(unread, oldest - 1)
            pages += self.pages_in(window, unread)
        return pages * self.requests_a_page()

    def requests_a_page(self) -> float:
        """Tell how many requests a page takes, lists inside its objects included."""
        return self.requests / self.pages if self.pages else 1.0

    def may_cut(self) -> bool:
        """Tell whether one more window costs little beside what is to be read."""
        left = self.all_left()
        wasted = self.pages - self.objects / PAGE
        if wasted > _WASTE + _WASTE_PER_PAGE * (self.pages + min(left, 3 * self.pages)):
            return False
        # The last page of each window will be half full.
        expected = (len(self.windows) + 1) / 2
        return expected <= _WASTE + _WASTE_PER_PAGE * (self.pages + left)


class Windows:
    """All windows of a stage.

    Args:
        windows: What is to be read.
        may_ask: Tells whether one more request may go to an endpoint.
        by_halves: Whether what is bad of a list is looked for.
    """

    def __init__(
        self,
        windows: Iterable[Window],
        *,
        may_ask: Callable[[str], bool],
        by_halves: bool = True,
    ) -> None:
        self._open: dict[Source, _Progress] = {}
        self._taken: dict[Source, int] = {}
        self._began: int | None = None
        self._may_ask = may_ask
        self._by_halves = by_halves
        for window in windows:
            self._open.setdefault(window.source, _Progress([])).windows.append(window)
            self._taken.setdefault(window.source, 0)
        for progress in self._open.values():
            oldest = min(progress.windows, key=lambda window: window.unread[0])
            oldest.bottom = True
            progress.is_first = oldest.unread[0][0] < _BEFORE_STRIPE

    def __bool__(self) -> bool:
        """Tell whether anything is still to be read."""
        return bool(self._open)

    def take(self) -> Window | None:
        """Give a window to a reader; None if there is nothing to do right now."""
        # The listing with most left first: Stripe bounds an endpoint, so what is left
        # of the longest one decides when the run ends.
        for source, progress in sorted(
            self._open.items(), key=lambda pair: pair[1].requests_left(), reverse=True
        ):
            if not self._may_ask(source.path):
                continue
            window = _idle(progress) or _cut(progress)
            if window is not None:
                window.taken = True
                return window
        return None

    def give_back(
        self,
        window: Window,
        full: FullPage | None,
        count: int = 0,
        requests: int = 1,
        *,
        oldest: int | None = None,
    ) -> None:
        """Take a window back after a page.

        Args:
            window: That `take` gave.
            full: Where its page ended; None if nothing is behind it.
            count: How many objects the page had.
            requests: How many requests it took, lists inside its objects included.
            oldest: `created` of its last object.
        """
        window.taken = False
        self._taken[window.source] += requests
        progress = self._open.get(window.source)
        if progress is None:
            return
        progress.pages += 1
        progress.objects += count
        progress.requests += requests
        progress.oldest = _older(progress.oldest, oldest)
        if full is not None and window.unread:
            window.go_on(full)
            progress.seconds += max(1, full.newest - full.oldest)
        else:
            window.unread = []
            window.count += count
        if not window.unread:
            self._close(window)

    def has_come(self, source: Source) -> bool:
        """Tell whether a page of a list has come."""
        progress = self._open.get(source)
        return progress is not None and progress.pages > 0

    def failed(self, window: Window) -> Intervals | None:
        """Take a window back whose page could not be had.

        What is bad is looked for by halves, as long as the rest of the list comes.

        Returns:
            What is given up; None where the whole list is.
        """
        window.taken = False
        progress = self._open.get(window.source)
        if progress is None:
            return []
        progress.failures += 1
        most = _MOST_FAILURES if progress.pages else _FAILURES_AT_FIRST
        if window.whole or not self._by_halves or progress.failures >= most:
            self.drop(window.source)
            return None
        if seconds(window.unread) == 1:
            given_up, window.unread = window.unread, []
            self._close(window)
            return given_up
        older, newer = split(window.unread, _middle(window.unread) - 1)
        window.unread, window.top, window.cursor = newer, newer[-1][1], None
        other = Window(
            window.source,
            window.fed,
            older,
            top=older[-1][1],
            bottom=window.bottom,
            density=window.density,
        )
        window.bottom = False
        # Behind those of which nothing bad is known, and the half that more likely has
        # the bad one, the newer, behind the other: a page shows that the list comes.
        progress.windows.remove(window)
        progress.windows += [other, window]
        return []

    def standing(self) -> list[tuple[Source, int, float | None]]:
        """Tell how far each listing is read. May be called without the lock.

        Returns:
            The listing, how many requests it took, and about how many are left: None
            where that can't be known.
        """
        found: list[tuple[Source, int, float | None]] = []
        for source, taken in list(self._taken.items()):
            progress = self._open.get(source)
            left = 0.0 if progress is None else progress.foreseen(self._began)
            found.append((source, taken, left))
        return found

    def spare(self, source: Source, names: frozenset[str]) -> None:
        """Read no window that is read for these collections alone."""
        progress = self._open.get(source)
        if progress is None:
            return
        # Its oldest object will not be met.
        progress.is_first = False
        for window in list(progress.windows):
            if window.fed and window.fed <= names:
                window.unread = []
                if not window.taken:
                    self._close(window)

    def _close(self, window: Window) -> None:
        progress = self._open[window.source]
        progress.close(window)
        if not progress.windows:
            del self._open[window.source]
            if progress.is_first:
                self._began = _older(self._began, progress.oldest)

    def drop(self, source: Source) -> None:
        """Read no more of a listing."""
        self._open.pop(source, None)


def _older(one: int | None, other: int | None) -> int | None:
    return other if one is None else min(one, one if other is None else other)


def _idle(progress: _Progress) -> Window | None:
    idle = [window for window in progress.windows if not window.taken]
    return max(idle, key=progress.pages_left, default=None)


def _cut(progress: _Progress) -> Window | None:
    """Cut the window with most left in two; give the older part."""
    if not progress.may_cut():
        return None
    # What lies in a window that no page of was read is not known at all.
    known = [one for one in progress.windows if one.pages and not one.whole]
    window = max(known, key=progress.pages_left, default=None)
    if window is None:
        return None
    left = progress.pages_left(window)
    # Pages with lists inside that have to be read too take long.
    if left <= 1 or left * progress.requests_a_page() < 2 * _LEAST_REQUESTS:
        return None
    page_s = math.ceil(PAGE / (window.density or 1.0))
    gap = _gap_to_cut_at(window, page_s)
    second = _second_to_cut_at(window, left, page_s) if gap is None else gap
    older, newer = split(window.unread, second)
    if not older or not newer:
        return None
    cut = Window(
        window.source,
        window.fed,
        older,
        top=older[-1][1],
        bottom=window.bottom,
        density=window.density,
        grown=window.grown,
    )
    window.unread, window.bottom = newer, False
    progress.windows.append(cut)
    return cut


def _gap_to_cut_at(window: Window, page_s: int) -> int | None:
    """Find the last second below a gap that has much of the window on both sides.

    A run that was stopped left it: the page above ends there anyway, so that a cut
    costs nothing.
    """
    held = window.unread
    # Below the page that is being read.
    gaps = [last for _, last in held[:-1] if last < held[-1][1] - page_s]
    if window.bottom:
        # Nobody knows how much the oldest piece holds.
        return gaps[0] if gaps else None
    whole = seconds(held)
    off = {gap: abs(seconds(split(held, gap)[0]) / whole - 0.5) for gap in gaps}
    best = min(gaps, key=lambda gap: off[gap], default=None)
    return None if best is None or off[best] >= _BESIDE_MIDDLE else best


def _second_to_cut_at(window: Window, pages_left: float, page_s: int) -> int:
    """Find the last second of the older part."""
    if not window.bottom:
        # Below the page that is being read.
        below, _ = split(window.unread, window.unread[-1][1] - page_s)
        return _middle(below) if below else window.unread[0][0] - 1
    # The page that is being read, then twice as many pages with each cut.
    kept = math.ceil(min(1 + window.grown, pages_left / 2))
    window.grown *= 2
    return window.unread[-1][1] - kept * page_s


def _middle(unread: Intervals) -> int:
    """Find the second that has half of a set's seconds before it."""
    half = seconds(unread) // 2
    for first, last in unread:
        if half <= last - first:
            return first + half
        half -= last - first + 1
    return unread[-1][1]
