"""The state of all accounts of a run. Pure.

Where rows say whose they are, one state has many accounts. Singer's way is a list of
partitions in each bookmark; most accounts stand, with all their collections, at the
very same place, so one list holds them by that place: an account takes its id. What one
collection of one account has besides (what is still unread of it, say) is a partition
of that collection. https://hub.meltano.com/singer/spec#state-files
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from tap_stripe.state.bookmarks import (
    ACCOUNT,
    FORMAT,
    AccountState,
    Bookmark,
    Whose,
    check_format,
    convert,
    details,
    read_account,
    unusable,
)
from tap_stripe.state.upgrade import upgraded

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_OF_ONE = ("unread", "unsettled", "unsettled_in", "ids", "refused")
"""What of a bookmark differs from account to account."""
_REST = details(AccountState())
_EARLIER = "an earlier version"
LEFT_FOR_S = 30 * 86400
"""An account that is missing from the list of accounts is remembered for so long."""


class _Place(msgspec.Struct):
    bookmarks: dict[str, dict[str, Any]]
    account_id: list[str]


class _Several(msgspec.Struct):
    """The bookmark `account` of a state of many accounts."""

    whose: Whose = Whose()
    places: list[_Place] = []
    partitions: list[dict[str, Any]] = []
    format: int = FORMAT


class Accounts:
    """How far all accounts are read, those included that this run does not read.

    Args:
        bookmarks: The state's; of an earlier format too.
        several: Whether rows say whose they are.

    Attributes:
        whose: Whose data it is.

    Raises:
        StateError: The state can't be used.
    """

    def __init__(self, bookmarks: Mapping[str, Any], *, several: bool) -> None:
        self._several = several
        self._own: dict[str, Any] = {}
        # Account to its place and its own: as JSON, until it is asked for.
        self._places: dict[str, bytes] = {}
        self._partitions: dict[str, dict[str, Any]] = {}
        try:
            held = upgraded(bookmarks)
        except (AttributeError, LookupError, TypeError, ValueError) as error:
            raise unusable(_EARLIER, repr(error)) from None
        kept = held.get(ACCOUNT, {})
        if isinstance(kept, dict) and isinstance(kept.get("format"), int):
            check_format(ACCOUNT, kept["format"])
        self.whose = convert(
            ACCOUNT, kept.get("whose", {}) if isinstance(kept, dict) else kept, Whose
        )
        if several:
            self._read(held)
        else:
            self._own = dict(held)

    def _read(self, held: Mapping[str, Any]) -> None:
        found = convert(ACCOUNT, held.get(ACCOUNT, {}), _Several)
        for place in found.places:
            # A bookmark that was taken out by hand is taken out of all accounts.
            base = {n: b for n, b in place.bookmarks.items() if n in held}
            for account_id in place.account_id:
                self._places[account_id] = _encode(base)
        lists = {ACCOUNT: found.partitions} | {
            name: bookmark["partitions"]
            for name, bookmark in held.items()
            if name != ACCOUNT
            and isinstance(bookmark, dict)
            and "partitions" in bookmark
        }
        for name, partitions in lists.items():
            try:
                for partition in partitions:
                    account_id = partition["context"]["account_id"]
                    if isinstance(account_id, str):
                        own = self._partitions.setdefault(account_id, {})
                        own[name] = {
                            key: value
                            for key, value in partition.items()
                            if key != "context"
                        }
            except (AttributeError, LookupError, TypeError, ValueError) as error:
                raise unusable(name, repr(error)) from None

    @property
    def is_empty(self) -> bool:
        """Whether nothing is claimed."""
        return not self._places and not any(
            isinstance(kept, dict) and kept.get("watermark") is not None
            for kept in self._own.values()
        )

    # One account

    def ids(self) -> dict[str, int]:
        """Give the connected accounts that are known, each with its watermark."""
        found = {}
        for account_id, place in self._places.items():
            marks = [b.get("watermark") for b in _decode(place).values()]
            known = (mark if isinstance(mark, int) else 0 for mark in marks)
            found[account_id] = min(known, default=0)
        return found

    def take(self, account_id: str | None) -> AccountState:
        """Give how far an account is read.

        Args:
            account_id: Which; None where rows don't say.

        Raises:
            StateError: It can't be used.
        """
        if account_id is None:
            own = self._own.get(ACCOUNT, {})
            return read_account(self._own, own if isinstance(own, dict) else {})
        place = _decode(self._places.get(account_id, b"{}"))
        own = self._partitions.get(account_id, {})
        whole = {
            name: {**base, **_merged(base, own.get(name, {}))}
            for name, base in place.items()
        }
        return read_account(whole, own.get(ACCOUNT, {}), of=account_id)

    def put(self, account_id: str | None, state: AccountState) -> None:
        """Take over how far an account is read; other collections stay as they are."""
        written = {
            name: msgspec.to_builtins(bookmark)
            for name, bookmark in state.bookmarks.items()
            if bookmark.watermark is not None
        }
        if account_id is None:
            self._own |= written
            self._own[ACCOUNT] = details(state)
            return
        base = _decode(self._places.get(account_id, b"{}"))
        own = dict(self._partitions.get(account_id, {}))
        for name, bookmark in written.items():
            mine = {key: bookmark.pop(key) for key in _OF_ONE}
            bookmark["unread"] = sorted(mine["unread"])
            mine["unread"] = {
                path: left for path, left in mine["unread"].items() if left
            }
            base[name] = bookmark
            own[name] = {key: value for key, value in mine.items() if value}
        rest = details(state)
        own[ACCOUNT] = {} if rest == _REST else rest
        self._places[account_id] = _encode(dict(sorted(base.items())))
        self._partitions[account_id] = {
            name: held for name, held in own.items() if held
        }

    def drop(self, account_id: str) -> None:
        """Forget an account."""
        self._places.pop(account_id, None)
        self._partitions.pop(account_id, None)

    # The state

    def bookmarks(self, names: Iterable[str]) -> dict[str, Any]:
        """Give the state's bookmarks.

        Args:
            names: The collections that must have one, however empty.
        """
        whose = msgspec.to_builtins(self.whose)
        if not self._several:
            own = {"format": FORMAT, "whose": whose, **self._own.get(ACCOUNT, _REST)}
            own["whose"], own["format"] = whose, FORMAT
            return {**self._own, ACCOUNT: own}
        places: dict[bytes, list[str]] = {}
        for account_id, place in self._places.items():
            places.setdefault(place, []).append(account_id)
        partitions: dict[str, list[dict[str, Any]]] = {name: [] for name in names}
        partitions[ACCOUNT] = []
        for place in places:
            for name in _decode(place):
                partitions.setdefault(name, [])
        for account_id, own in self._partitions.items():
            for name, held in own.items():
                context = {"context": {"account_id": account_id}}
                partitions.setdefault(name, []).append({**context, **held})
        several = {
            "format": FORMAT,
            "whose": whose,
            "places": [
                {"bookmarks": _decode(place), "account_id": ids}
                for place, ids in places.items()
            ],
        }
        return {
            name: {**(several if name == ACCOUNT else {}), "partitions": held}
            for name, held in partitions.items()
        }


def _merged(base: dict[str, Any], own: dict[str, Any]) -> dict[str, Any]:
    """Give what differs from account to account, the empty parts too."""
    paths, left = base.get("unread"), own.get("unread", {})
    if isinstance(paths, list) and isinstance(left, dict):
        left = {path: [] for path in paths if isinstance(path, str)} | left
    return {**own, "unread": left}


def _encode(value: Any) -> bytes:
    return msgspec.json.encode(value)


def _decode(place: bytes) -> dict[str, Any]:
    found: dict[str, Any] = msgspec.json.decode(place)
    return found


__all__ = ["ACCOUNT", "LEFT_FOR_S", "Accounts", "Bookmark"]
