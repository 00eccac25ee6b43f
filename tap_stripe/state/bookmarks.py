"""How far the collections of one account are read, and how the state says it. Pure.

The state has a bookmark for each collection, which can be taken out by hand to have
that collection read anew, and one more, `account`, for what concerns all of them:

    {"bookmarks": {"charges": {"watermark": 1790000000, …}, "account": {"id": …}}}

A bookmark always has all its keys, and what comes and goes is a list: Meltano may merge
a later STATE into an earlier one, key by key.
https://docs.meltano.com/reference/command-line-interface#run
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

from tap_stripe.errors import StateError
from tap_stripe.state.intervals import Interval, Intervals, union, without

if TYPE_CHECKING:
    from collections.abc import Mapping

T = TypeVar("T")
FORMAT = 3
ACCOUNT = "account"
"""The bookmark that is no collection's."""


class Bookmark(msgspec.Struct):
    """How far one collection of one account is read. Times are seconds since the epoch.

    Attributes:
        watermark: What happened before is in, but for what else stands here. None until
            the first run has begun.
        listed: What was created before is in, but for `unread`.
        looked: When its endpoints were last listed to check on events.
        start: What was created before is not wanted (`start_date`).
        unread: `created` intervals that are still to be listed, by endpoint.
        unsettled: Objects that will change without an event: id and `created`.
        unsettled_in: Where they are many, `created` intervals that hold them.
        ids: What an endpoint has whose deletions no event tells, by endpoint, where it
            has few.
        many: Those of these endpoints that have too many to be listed whole each time.
        refused: Endpoints that could not be read the last time.
        deselected: Properties that rows lack because they were not selected.
        version: Of the table; 0 where a table has the rows of many accounts.
        activated: Whether the version was announced as complete.
    """

    watermark: int | None = None
    listed: int | None = None
    looked: int = 0
    start: int = 0
    unread: dict[str, Intervals] = {}
    unsettled: list[tuple[str, int | None]] = []
    unsettled_in: Intervals = []
    ids: dict[str, list[str]] = {}
    many: list[str] = []
    refused: list[str] = []
    deselected: list[str] = []
    version: int = 0
    activated: bool = False
    format: int = FORMAT

    @property
    def is_complete(self) -> bool:
        """Whether nothing is left to be listed."""
        return not any(self.unread.values())

    def read_anew(self, *, start: int, now: int) -> None:
        """Have everything that was created from a second on listed again."""
        self.unread = {path: [(start, now)] for path in self.unread}
        self.start = start

    def add(self, path: str, interval: Interval) -> None:
        """Have an interval of an endpoint listed (again)."""
        self.unread[path] = union([*self.unread.get(path, ()), interval])

    def read(self, path: str, interval: Interval) -> None:
        """Take out what has been listed."""
        if path in self.unread:
            self.unread[path] = without(self.unread[path], interval)


class Failed(msgspec.Struct, omit_defaults=True):
    """An object that could not be read or written: it is tried again, last.

    Attributes:
        path: Of its endpoint.
        id: Its id.
        collections: Those that lack rows of it.
        created: Its own time, seconds since the epoch, if known.
        itself: Whether its absence means that it was deleted.
        lines: Whether the invoice items in its lines may have changed with it.
        children: Rows inside it that are gone unless it shows them: the collection,
            the row's id, and since when.
    """

    path: str
    id: str
    collections: list[str]
    created: int | None = None
    itself: bool = False
    lines: bool = False
    children: list[tuple[str, str, int]] = []


class Slice(msgspec.Struct):
    """A stretch of the change feed of which some objects are read already.

    Attributes:
        last: The last second of it.
        ready: Events up to here are those that were known when its reading began.
        left: `created` intervals of the objects that are still to be read, by endpoint.
        others: Of those whose time events don't tell, likewise: the intervals are of
            `chunks.place`.
    """

    last: int
    ready: int
    left: dict[str, Intervals] = {}
    others: dict[str, Intervals] = {}


@dataclass
class AccountState:
    """How far an account is read.

    Attributes:
        bookmarks: By collection.
        failed: What is to be tried again.
        slice: The slice of the change feed that is in hand.
        seen: What tells the last events that were read from others; 0 for none.
        left_at: When it was first missing from the list of accounts; 0 if it is there.
    """

    bookmarks: dict[str, Bookmark] = field(default_factory=dict)
    failed: list[Failed] = field(default_factory=list)
    slice: Slice | None = None
    seen: int = 0
    left_at: int = 0


class Whose(msgspec.Struct, frozen=True):
    """Whose data a state is about.

    Attributes:
        id: The account of the key; empty if it is not known.
        livemode: Whether it is live data; None if that is not known.
        several: Whether rows say whose they are.
    """

    id: str = ""
    livemode: bool | None = None
    several: bool = False


class _Details(msgspec.Struct):
    """What a state says of an account beside its bookmarks, in lists for Meltano."""

    failed: list[Failed] = []
    slice: list[Slice] = []
    seen: int = 0
    left_at: int = 0


def details(state: AccountState) -> dict[str, Any]:
    """Give what is to be known of an account beside its bookmarks, as JSON."""
    found = _Details(
        state.failed, [state.slice] if state.slice else [], state.seen, state.left_at
    )
    written: dict[str, Any] = msgspec.to_builtins(found)
    return written


def read_account(
    bookmarks: Mapping[str, Any], held: Mapping[str, Any], *, of: str = ""
) -> AccountState:
    """Read the state of an account.

    Args:
        bookmarks: Of its collections, as JSON.
        held: What `details` gave.
        of: The account's id, for messages.

    Raises:
        StateError: It can't be used.
    """
    found = convert(ACCOUNT, held, _Details, of=of)
    return AccountState(
        {
            name: read_bookmark(name, kept, of=of)
            for name, kept in bookmarks.items()
            if name != ACCOUNT
        },
        found.failed,
        found.slice[0] if found.slice else None,
        found.seen,
        found.left_at,
    )


def read_bookmark(name: str, kept: Any, *, of: str = "") -> Bookmark:
    """Read a collection's bookmark.

    One that singer-sdk's own way of reading wrote has none of our keys: it claims
    nothing.

    Raises:
        StateError: It is of a later version of the tap, or broken.
    """
    if not isinstance(kept, dict) or not {"format", "watermark"} & kept.keys():
        return Bookmark()
    bookmark = convert(name, kept, Bookmark, of=of)
    for held in bookmark.unread.values():
        for first, last in held:
            if first > last or first < 0:
                raise unusable(name, f"[{first}, {last}] is no interval", of=of)
    if (bookmark.watermark is None) != (bookmark.listed is None):
        raise unusable(name, "only one of watermark and listed is set", of=of)
    bookmark.unread = {path: union(held) for path, held in bookmark.unread.items()}
    return bookmark


def convert(name: str, kept: Any, kind: type[T], *, of: str = "") -> T:
    """Read a part of the state.

    Raises:
        StateError: It is of a later version of the tap, or broken.
    """
    if isinstance(kept, dict) and isinstance(kept.get("format"), int):
        check_format(name, kept["format"])
    try:
        return msgspec.convert(kept, kind)
    except msgspec.ValidationError as error:
        raise unusable(name, str(error), of=of) from None


def check_format(name: str, found: int) -> None:
    """Refuse the state of a later version.

    Raises:
        StateError: It is of one.
    """
    if found > FORMAT:
        message = (
            f"The state of {name} was written by a later version of tap-stripe; "
            "upgrade the tap, or drop the state to read everything again."
        )
        raise StateError(message)


def unusable(name: str, why: str, *, of: str = "") -> StateError:
    """Give the error that says that a bookmark can't be used."""
    owner = f" of {of}" if of else ""
    return StateError(
        f"The state of {name}{owner} can't be used ({why}); restore an earlier state, "
        "or drop it to read everything again."
    )
