"""How far a run is: figures from what is known at two moments. Pure.

Stripe tells nowhere how many objects it has. What is left of a listing is estimated
from how densely its windows are filled, and nothing is said where that can't be known.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

ENDPOINT_LIMIT = 25.0
"""Requests/s that Stripe allows an endpoint. https://docs.stripe.com/rate-limits"""
_ENOUGH_ACCOUNTS = 30
"""Accounts read from which on the pace of accounts says something."""


@dataclass(frozen=True, slots=True)
class Part:
    """How far a listing is read.

    Attributes:
        path: Of the listing.
        names: The collections that get its rows; none for the events.
        read: Requests that it took.
        left: About how many it will take; None where that is not known.
    """

    path: str
    names: frozenset[str]
    read: int
    left: float | None


@dataclass(frozen=True, slots=True)
class Moment:
    """What is known at a moment.

    Attributes:
        at: Seconds since the run began.
        rows: Rows written, by collection.
        requests: Requests sent, by endpoint.
        throttles: 429s, by endpoint.
        parts: What is read of each listing in this run, the finished ones too.
        changed: Changed objects that wait to be read again.
        accounts_done: How many of the accounts are done with.
        accounts: How many there are.
    """

    at: float
    rows: Mapping[str, int]
    requests: Mapping[str, int]
    throttles: Mapping[str, int]
    parts: tuple[Part, ...] = ()
    changed: int = 0
    accounts_done: int = 0
    accounts: int = 1


@dataclass(frozen=True, slots=True)
class Limits:
    """The budget, in requests/s.

    Attributes:
        all: For all requests.
        endpoint: The most that is expected of one endpoint.
    """

    all: float
    endpoint: float


@dataclass(frozen=True, slots=True)
class Figures:
    """How far a collection is, or all of them.

    Attributes:
        records: Rows written.
        records_per_s: How many of them a second, lately.
        share: About how much of the time span is read, from 0 to 1, weighed by how
            much lies in it; None where that is not known.
        left_s: About how many seconds are left; None where that is not known.
        requests_per_s: Requests a second, lately.
        budget: Which share of the budget they are.
        throttles: How many were answered with 429 since the run began.
    """

    records: int
    records_per_s: float
    share: float | None
    left_s: float | None
    requests_per_s: float
    budget: float
    throttles: int


def in_all(before: Moment, now: Moment, limits: Limits) -> Figures:
    """Give the figures of the whole run.

    Args:
        before: An earlier moment: paces are measured from there.
        now: The present one.
        limits: The budget.
    """
    pace = _pace(now.requests.values(), before.requests.values(), before, now)
    left = _left(now.parts)
    share: float | None
    left_s: float | None
    if now.accounts > 1:
        share = now.accounts_done / now.accounts
        left_s = _accounts_left_s(now)
    elif any(not part.names and part.left != 0 for part in now.parts):
        # Events come first, and the lists behind them are not known yet.
        share = left_s = None
    elif left == 0 and now.changed:
        share = None
        read = before.changed - now.changed
        left_s = _seconds(now.changed, read / _between(before, now))
    else:
        share = _share(now.parts)
        left_s = _all_left_s(now, pace, limits)
    return Figures(
        sum(now.rows.values()),
        _pace(now.rows.values(), before.rows.values(), before, now),
        share,
        left_s,
        pace,
        pace / limits.all,
        sum(now.throttles.values()),
    )


def by_collection(before: Moment, now: Moment, limits: Limits) -> dict[str, Figures]:
    """Give the figures of each collection that is being read, by its name.

    Args:
        before: An earlier moment: paces are measured from there.
        now: The present one.
        limits: The budget.
    """
    open_names = {name for part in now.parts if part.left != 0 for name in part.names}
    grown = {name for name, n in now.rows.items() if n > before.rows.get(name, 0)}
    # Once the lists are read, it is the changed objects.
    names = sorted(open_names or grown)
    most_s = in_all(before, now, limits).left_s
    return {name: _of_collection(name, before, now, limits, most_s) for name in names}


def _of_collection(
    name: str, before: Moment, now: Moment, limits: Limits, most_s: float | None
) -> Figures:
    parts = [part for part in now.parts if name in part.names]
    paths = [part.path for part in parts]
    pace = _pace(_at(paths, now.requests), _at(paths, before.requests), before, now)
    # Of accounts that are still to come nothing is known.
    left = _left(parts) if now.accounts == 1 else None
    left_s = None if left is None else _seconds(left, pace)
    if left_s is not None and most_s is not None:
        # It has the others' requests once they are done.
        left_s = min(left_s, most_s)
    records = now.rows.get(name, 0)
    return Figures(
        records,
        _pace([records], [before.rows.get(name, 0)], before, now),
        # Changed objects, which come behind the lists, are no part of a time span.
        _share(parts) if left else None,
        left_s,
        pace,
        pace / limits.all,
        sum(_at(paths, now.throttles)),
    )


def _at(paths: Iterable[str], counts: Mapping[str, int]) -> list[int]:
    """Give the counts of some listings, and of their single objects."""
    inside = tuple(f"{path}/" for path in paths)
    return [
        count
        for endpoint, count in counts.items()
        if f"{endpoint}/" in inside or endpoint.startswith(inside)
    ]


def _between(before: Moment, now: Moment) -> float:
    return max(now.at - before.at, 1e-3)


def _pace(
    now_counts: Iterable[int], counts: Iterable[int], before: Moment, now: Moment
) -> float:
    return (sum(now_counts) - sum(counts)) / _between(before, now)


def _left(parts: Iterable[Part]) -> float | None:
    left = 0.0
    for part in parts:
        if part.left is None:
            return None
        left += part.left
    return left


def _share(parts: Iterable[Part]) -> float | None:
    parts = [part for part in parts if part.names]
    left, read = _left(parts), sum(part.read for part in parts)
    if left is None or not parts:
        return None
    return read / (read + left) if left else 1.0


def _all_left_s(now: Moment, pace: float, limits: Limits) -> float | None:
    left = _left(now.parts)
    # How many changed objects a request will bring is not known: from one to a hundred.
    if left is None or now.changed > left:
        return None
    left_s = _seconds(left + now.changed, pace)
    if left_s is None:
        return None
    # The longest listing ends last, at the pace that an endpoint is allowed.
    longest = max((part.left or 0.0 for part in now.parts), default=0.0)
    return max(left_s, longest / limits.endpoint)


def _seconds(left: float, pace: float) -> float | None:
    if not left:
        return 0.0
    return left / pace if pace > 0 else None


def _accounts_left_s(now: Moment) -> float | None:
    left = now.accounts - now.accounts_done
    if not left:
        return 0.0
    if now.accounts_done < _ENOUGH_ACCOUNTS:
        return None
    return left * now.at / now.accounts_done


# As text


def percent(share: float | None) -> str:
    """Write a share: `34 %`; empty if it is None. Only all of it is 100 %."""
    return "" if share is None else f"{math.floor(share * 100)} %"


def rounded(share: float) -> str:
    """Write a share that may be more than all: `101 %`."""
    return f"{round(share * 100)} %"


def duration(seconds: float | None) -> str:
    """Write a time as roughly as it is known: `40 s`, `12 min`, `3 h`, `4 days`.

    Empty if it is None, or nothing is left.
    """
    if not seconds:
        return ""
    # The largest unit of which there are two.
    units = {"days": 86400, "h": 3600, "min": 60}
    for unit, length_s in units.items():
        if seconds >= 2 * length_s:
            return f"{round(seconds / length_s)} {unit}"
    return f"{max(1, round(seconds))} s"


def line(figures: Figures) -> str:
    """Write figures as a line of the log."""
    about = []
    if figures.share is not None:
        about.append(f"about {percent(figures.share)} read")
    if figures.left_s:
        about.append(f"about {duration(figures.left_s)} left")
    budget = rounded(figures.budget)
    parts = [
        f"{figures.records:,} records, {figures.records_per_s:,.0f}/s",
        ", ".join(about),
        f"{figures.requests_per_s:.1f} requests/s, {budget} of the budget",
        f"{figures.throttles:,} answered with 429",
    ]
    return "; ".join(filter(None, parts))


def beside(now: Moment) -> list[str]:
    """Say what figures don't: accounts, and changed objects."""
    told = accounts_done(now.accounts_done, now.accounts)
    if now.changed:
        told.append(f"{now.changed:,} changed objects to read again")
    return told


def accounts_done(done: int, accounts: int) -> list[str]:
    """Say how many accounts are done with, where there are several."""
    return [f"{done:,} of {accounts:,} accounts done"] if accounts > 1 else []
