"""States of formats 1 and 2, which had queues of changed objects. Pure.

What such a state had still to do is said anew in the terms of today: events are read
from the oldest one that was not wholly followed, and what an interrupted reading had
left of them comes again. Nothing is lost by it, and it happens once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

_ACCOUNT = "account"
_PLACES = "every_collection"
_DOUBTFUL = "doubtful"
_QUEUES = ("waiting", _DOUBTFUL, "gone")
_LINES, _BY = 1, 4
"""Of a number in `doubtful`: an invoice's lines may have changed; the event was about
something inside the object."""


def upgraded(bookmarks: Mapping[str, Any]) -> dict[str, Any]:
    """Give bookmarks of any format in today's; those of today as they are."""
    found = {name: kept for name, kept in bookmarks.items() if name != _PLACES}
    places = bookmarks.get(_PLACES)
    if _ACCOUNT in found:
        return found  # Meltano may have merged it into an old one.
    old = _each({name: kept for name, kept in found.items() if _is_old(kept)})
    found |= {name: _bookmark(kept) for name, kept in old.items()}
    if failed := _waiting(old):
        found[_ACCOUNT] = {"format": 3, "failed": failed}
    if isinstance(places, dict):
        _add_places(found, places)
    return found


def _is_old(kept: Any) -> bool:
    return isinstance(kept, dict) and kept.get("format") in {1, 2}


def _bookmark(kept: Mapping[str, Any]) -> dict[str, Any]:
    """Give today's form of a bookmark that was a single account's."""
    new = {
        key: kept[key]
        for key in ("watermark", "listed", "unread", "version", "activated", "ids")
        if key in kept
    }
    new["format"] = 3
    watermark = kept.get("watermark")
    if isinstance(watermark, int):
        new["watermark"] = _back(watermark, kept)
    path = next(iter(kept.get("unread") or {}), None)
    unsettled = kept.get("unsettled")
    if path is not None and unsettled and isinstance(new["unread"], dict):
        # They were held by their times.
        new["unread"] = {**new["unread"]}
        new["unread"][path] = [*(new["unread"][path] or []), *unsettled]
    return new


def _back(watermark: int, kept: Mapping[str, Any]) -> int:
    """Find the time from which on events are to be read again."""
    events = [first for first, _ in kept.get("events") or []]
    rows = [at for _, at in kept.get("maybe_gone") or []]
    return int(min([watermark, *events, *rows]))


def _waiting(bookmarks: Mapping[str, Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Give the objects that were still to be read: they are tried again by id.

    Args:
        bookmarks: Of one account.
    """
    found: dict[tuple[str, str], dict[str, Any]] = {}

    def add(name: str, path: str, id_: str, created: Any = None, kind: int = 0) -> None:
        known: dict[str, Any] = {"path": path, "id": id_, "collections": []}
        known = found.setdefault((path, id_), known)
        known |= {
            "created": created,
            "itself": not kind & _BY,
            "lines": bool(kind & _LINES),
        }
        if name not in known["collections"]:
            known["collections"].append(name)

    for name, kept in bookmarks.items():
        for key in _QUEUES:
            held = kept.get(key)
            for path, entries in held.items() if isinstance(held, dict) else ():
                for id_, created, *more in entries or ():
                    add(name, path, id_, created, more[0] if key == _DOUBTFUL else 0)
        for id_ in kept.get("canceled") or ():
            add(name, "/v1/customers", id_)
    return list(found.values())


def _add_places(found: dict[str, Any], places: Mapping[str, Any]) -> None:
    """Give today's form of a state of many accounts."""
    own: dict[str, dict[str, Any]] = {}
    for name, kept in found.items():
        for partition in kept.get("partitions", ()) if isinstance(kept, dict) else ():
            account_id = (partition.get("context") or {}).get("account_id")
            if isinstance(account_id, str):
                own.setdefault(account_id, {})[name] = partition
    own = {account_id: _each(held) for account_id, held in own.items()}
    # An account stands at several places where its collections do.
    stands: dict[str, dict[str, Any]] = {}
    partitions: dict[str, list[dict[str, Any]]] = {name: [] for name in found}
    for partition in places.get("partitions", ()):
        place = partition["place"]
        for account_id in partition["context"]["account_id"]:
            for name, paths in place["read"]:
                kept = own.get(account_id, {}).get(name, {})
                new = _bookmark(
                    {
                        "watermark": place["watermark"],
                        "listed": place["listed"],
                        "activated": True,
                        **kept,
                        "unread": {path: [] for path in paths} | kept.get("unread", {}),
                    }
                )
                left = {path: held for path, held in new["unread"].items() if held}
                mine = {"unread": left, "ids": new.pop("ids", {})}
                new["unread"] = sorted(new["unread"])
                stands.setdefault(account_id, {})[name] = new
                held = partitions.setdefault(name, [])
                if any(mine.values()):
                    held.append({"context": {"account_id": account_id}, **mine})
    for name, held in partitions.items():
        found[name] = {"partitions": held}
    found[_ACCOUNT] = {
        "format": 3,
        "whose": {"id": places.get("own", ""), "several": True},
        "places": [
            {"bookmarks": bookmarks, "account_id": [account_id]}
            for account_id, bookmarks in stands.items()
        ],
        "partitions": [
            {"context": {"account_id": account_id}, "failed": failed}
            for account_id, held in own.items()
            if (failed := _waiting(held))
        ],
    }


def _each(bookmarks: Mapping[str, Any]) -> dict[str, Any]:
    """Give lists in place of the names of collections that have the same one.

    Args:
        bookmarks: Of one account.
    """
    found: dict[str, Any] = {}
    for name, kept in bookmarks.items():
        found[name] = dict(kept)
        for key in ("unread", *_QUEUES):
            held = kept.get(key)
            if isinstance(held, dict):
                found[name][key] = {
                    path: (
                        _of(bookmarks, left, key, path)
                        if isinstance(left, str)
                        else left
                    )
                    for path, left in held.items()
                }
    return found


def _of(bookmarks: Mapping[str, Any], name: str, key: str, path: str) -> Any:
    other = bookmarks.get(name)
    held = other.get(key) if isinstance(other, dict) else None
    return held.get(path, name) if isinstance(held, dict) else name
