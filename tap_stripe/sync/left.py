"""What is left to be read of a listing's changed objects, for the state. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tap_stripe.sync.changes import Pending


class Left(NamedTuple):
    """The attributes are those of `Bookmark`, for one listing."""

    waiting: list[tuple[str, int | None]]
    doubtful: list[tuple[str, int | None, int]]
    gone: list[tuple[str, int | None, int]]

    @classmethod
    def of(cls, pending: Mapping[str, Pending]) -> Left:
        """Sort the objects that are to be read again, or need no look, by id."""
        waiting, doubtful, gone = left = cls([], [], [])
        # Thousands each time that a STATE is written: most are plain.
        for id_, one in pending.items():
            if one.deletions and one.is_gone:
                gone.append((id_, one.created, one.deleted_at))
            elif one.itself and not one.lines and not one.doubtful:
                waiting.append((id_, one.created))
            else:
                doubtful.append((id_, one.created, one.kind))
        return left
