"""What is left to be read of a listing's changed objects, for the state. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

if TYPE_CHECKING:
    from tap_stripe.sync.changes import Pending


class Left(NamedTuple):
    """The attributes are those of `Bookmark`, for one listing; each entry is JSON."""

    waiting: list[Any]
    doubtful: list[Any]
    gone: list[Any]


class Entries:
    """A list of the state, by id.

    Thousands may wait, and a STATE comes after every few requests: an entry is made
    into JSON once, and not for each STATE.
    """

    def __init__(self) -> None:
        self._by_id: dict[str, msgspec.Raw] = {}
        self._listed: list[msgspec.Raw] | None = None

    def put(self, id_: str, *known: int | None) -> None:
        """Take in an entry, in place of the one that the id had."""
        self._by_id[id_] = msgspec.Raw(msgspec.json.encode((id_, *known)))
        self._listed = None

    def drop(self, id_: str) -> None:
        """Take an entry out, if there is one."""
        if self._by_id.pop(id_, None) is not None:
            self._listed = None

    def listed(self) -> list[msgspec.Raw]:
        """Give all entries: the same list, not to be changed, until one changes."""
        if self._listed is None:
            self._listed = list(self._by_id.values())
        return self._listed


class Sorted:
    """Sorts a listing's objects that are to be read again, or need no look."""

    def __init__(self) -> None:
        self._waiting, self._doubtful, self._gone = Entries(), Entries(), Entries()

    def note(self, id_: str, pending: Pending | None) -> None:
        """Note what is known of an object; None if nothing is left to be read of it."""
        for entries in (self._waiting, self._doubtful, self._gone):
            entries.drop(id_)
        if pending is None:
            return
        if pending.is_gone:
            self._gone.put(id_, pending.created, pending.deleted_at)
        elif pending.kind:
            self._doubtful.put(id_, pending.created, pending.kind)
        else:
            self._waiting.put(id_, pending.created)

    def left(self) -> Left:
        """Give all that were noted."""
        return Left(
            self._waiting.listed(), self._doubtful.listed(), self._gone.listed()
        )
