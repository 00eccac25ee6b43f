"""States of formats 1 and 2, which had queues of changed objects. Pure.

What such a state had still to do is said anew in the terms of today: events are read
from the oldest one that was not wholly followed, and what an interrupted reading had
left of them comes again. Nothing is lost by it, and it happens once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

_PLACES = "every_collection"
_QUEUES = ("waiting", "doubtful", "gone")
_BY = 4
"""Of a number in `doubtful`: the event was about something inside the object."""


def upgraded(bookmarks: Mapping[str, Any]) -> dict[str, Any]:
    """Give bookmarks of any format in today's; those of today as they are."""
    old = _each(bookmarks)
    found: dict[str, Any] = {}
    failed: list[dict[str, Any]] = []
    for name, kept in old.items():
        if name == _PLACES:
            continue
        found[name] = _bookmark(kept) if _is_old(kept) else kept
        if _is_old(kept):
            failed += _waiting(name, kept)
    if failed:
        found["account"] = {"format": 3, "failed": failed}
    if isinstance(places := old.get(_PLACES), dict):
        _add_places(found, places, old)
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


def _waiting(name: str, kept: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Give the objects that were still to be read: they are tried again by id."""
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for key in _QUEUES:
        held = kept.get(key)
        for path, entries in held.items() if isinstance(held, dict) else ():
            for id_, created, *more in entries or ():
                by = key == "doubtful" and bool(more[0] & _BY)
                found[path, id_] = {"created": created, "itself": not by}
    for id_ in kept.get("canceled") or ():
        found["/v1/customers", id_] = {"created": None, "itself": True}
    return [
        {"path": path, "id": id_, "collections": [name], **known}
        for (path, id_), known in found.items()
    ]


def _add_places(
    found: dict[str, Any], places: Mapping[str, Any], old: Mapping[str, Any]
) -> None:
    """Give today's form of a state of many accounts."""
    own: dict[str, dict[str, Any]] = {}
    for name, kept in old.items():
        for partition in kept.get("partitions", ()) if isinstance(kept, dict) else ():
            account_id = (partition.get("context") or {}).get("account_id")
            if name != _PLACES and isinstance(account_id, str):
                own.setdefault(name, {})[account_id] = partition
    new_places: list[dict[str, Any]] = []
    partitions: dict[str, list[dict[str, Any]]] = {name: [] for name in own}
    failed: dict[str, list[dict[str, Any]]] = {}
    for partition in places.get("partitions", ()):
        place = partition["place"]
        for account_id in partition["context"]["account_id"]:
            base = {}
            for name, paths in place["read"]:
                kept = own.get(name, {}).get(account_id, {})
                whole = {
                    "watermark": place["watermark"],
                    "listed": place["listed"],
                    "activated": True,
                    **kept,
                }
                whole["unread"] = {path: [] for path in paths} | kept.get("unread", {})
                new = _bookmark(whole)
                failed.setdefault(account_id, []).extend(_waiting(name, kept))
                unread = new.pop("unread")
                ids = new.pop("ids", {})
                new["unread"] = sorted(unread)
                base[name] = new
                left = {path: held for path, held in unread.items() if held}
                mine = {k: v for k, v in (("unread", left), ("ids", ids)) if v}
                if mine:
                    context = {"context": {"account_id": account_id}}
                    partitions.setdefault(name, []).append({**context, **mine})
                found.setdefault(name, {})
            new_places.append({"bookmarks": base, "account_id": [account_id]})
    for name in found:
        found[name] = {"partitions": partitions.get(name, [])}
    found["account"] = {
        "format": 3,
        "whose": {"id": places.get("own", ""), "several": True},
        "places": new_places,
        "partitions": [
            {"context": {"account_id": account_id}, "failed": held}
            for account_id, held in failed.items()
            if held
        ],
    }


def _each(bookmarks: Mapping[str, Any]) -> dict[str, Any]:
    """Give lists in place of the names of collections that have the same one."""
    found: dict[str, Any] = {}
    for name, kept in bookmarks.items():
        if not _is_old(kept):
            found[name] = kept
            continue
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
