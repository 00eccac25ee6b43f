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
        left = cls([], [], [])
        for id_, one in pending.items():
            if one.is_gone:
                left.gone.append((id_, one.created, one.deleted_at))
            elif one.kind:
                left.doubtful.append((id_, one.created, one.kind))
            else:
                left.waiting.append((id_, one.created))
        return left
