"""What several bookmarks have alike is written once. Pure.

A listing can feed several collections, and what of it is left to read is mostly the
same for all of them. In the state the first one has it, and the others that one's name.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Mapping

    Bookmarks: TypeAlias = Mapping[str, Any]

_BY_LISTING = ("unread", "waiting", "doubtful", "gone")


def once(bookmarks: Bookmarks) -> dict[str, Any]:
    """Give the same bookmarks with each list of a listing written once.

    Args:
        bookmarks: By collection, as JSON; they stay as they are.
    """
    written: dict[str, Any] = {}
    seen: dict[tuple[str, str], list[tuple[str, Any]]] = {}
    for name, bookmark in bookmarks.items():
        written[name] = dict(bookmark)
        for key in _BY_LISTING:
            if not isinstance(bookmark.get(key), dict):
                continue
            held = dict(bookmark[key])
            for listing, left in held.items():
                if not left or not isinstance(left, list):
                    continue
                others = seen.setdefault((key, listing), [])
                first = next(
                    (other for other, one in others if one is left or one == left), None
                )
                if first is None:
                    others.append((name, left))
                else:
                    held[listing] = first
            written[name][key] = held
    return written


def each(bookmarks: Bookmarks) -> dict[str, Any]:
    """Undo `once`.

    Args:
        bookmarks: By collection, as JSON, whoever wrote it; what names no list of
            another bookmark stays as it is. They stay as they are.
    """
    return {
        name: {
            key: _resolved(bookmarks, key, held) if key in _BY_LISTING else held
            for key, held in bookmark.items()
        }
        if isinstance(bookmark, dict)
        else bookmark
        for name, bookmark in bookmarks.items()
    }


def _resolved(bookmarks: Bookmarks, key: str, held: Any) -> Any:
    if not isinstance(held, dict):
        return held
    return {
        listing: _of_another(bookmarks, key, listing, left)
        if isinstance(left, str)
        else left
        for listing, left in held.items()
    }


def _of_another(bookmarks: Bookmarks, key: str, listing: str, name: str) -> Any:
    other = bookmarks.get(name)
    lists = other.get(key) if isinstance(other, dict) else None
    left = lists.get(listing) if isinstance(lists, dict) else None
    return left if isinstance(left, list | tuple) else name
