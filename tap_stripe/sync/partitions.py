"""The state of many accounts, kept small. Pure.

Singer's way to keep a state for each account is a list of partitions in each bookmark.
Most accounts stand, with all their collections, at the very same place, so one list
holds them by that place: an account takes its id. What one collection of one account
has besides (what is still unread of it, say) is a partition of that collection.
https://hub.meltano.com/singer/spec#state-files

Lists are used where keys come and go: Meltano may merge a later STATE into an earlier
one, and replaces lists as a whole.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

import msgspec

from tap_stripe.errors import StateError
from tap_stripe.sync.alike import each, once
from tap_stripe.sync.state import FORMAT, Bookmark, read_bookmark, write_bookmark

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

PLACES = "every_collection"
"""The bookmark that holds where accounts stand. No collection has its name."""

Bookmarks: TypeAlias = "dict[str, Bookmark]"
_Delta: TypeAlias = dict[str, Any]


class Place(msgspec.Struct, frozen=True, omit_defaults=True):
    """Where collections stand: what all their bookmarks share.

    Attributes:
        watermark: As in `Bookmark`.
        listed: As in `Bookmark`.
        read: Names of the collections, each with the listings it is read from.
    """

    watermark: int
    listed: int
    read: tuple[tuple[str, tuple[str, ...]], ...]


class _Context(msgspec.Struct):
    account_id: list[str]


class _Partition(msgspec.Struct):
    context: _Context
    place: Place


class _Places(msgspec.Struct, forbid_unknown_fields=False):
    partitions: list[_Partition] = []
    seen: list[tuple[str, int]] = []
    own: str = ""
    format: int = FORMAT


class Partitions:
    """Where all accounts stand, the ones included that this run does not read.

    Args:
        bookmarks: The state's.

    Attributes:
        own_id: Which of them is the key's own; empty if that is not known.

    Raises:
        StateError: They can't be used.
    """

    def __init__(self, bookmarks: Mapping[str, Mapping[str, Any]]) -> None:
        self._accounts: dict[Place, dict[str, None]] = {}
        self._deltas: dict[str, dict[str, _Delta]] = {}
        self._seen: dict[str, int] = {}
        held = _convert(bookmarks.get(PLACES, {}))
        for partition in held.partitions:
            accounts = self._accounts.setdefault(partition.place, {})
            accounts.update(dict.fromkeys(partition.context.account_id))
        self._seen = dict(held.seen)
        self.own_id = held.own
        for name, bookmark in bookmarks.items():
            if name != PLACES and "partitions" in bookmark:
                self._deltas[name] = _deltas(name, bookmark["partitions"])
        self._deltas = _changed(self._deltas, each)

    def accounts(self) -> dict[str, int]:
        """Give the accounts that were read, each with its oldest watermark."""
        found: dict[str, int] = {}
        for place, accounts in self._accounts.items():
            for account_id in accounts:
                before = found.get(account_id, place.watermark)
                found[account_id] = min(before, place.watermark)
        return found

    def seen(self, account_id: str) -> int:
        """Give what `put` was given of the account's last events; 0 if of none."""
        return self._seen.get(account_id, 0)

    def take(self, account_id: str, listings: Mapping[str, list[str]]) -> Bookmarks:
        """Give an account's bookmarks.

        Args:
            account_id: Whose.
            listings: The collections that are wanted, each with the listings of which
                it has unread seconds.

        Raises:
            StateError: They can't be used.
        """
        found = {}
        for place, accounts in self._accounts.items():
            if account_id not in accounts:
                continue
            for name, read in place.read:
                if name in listings:
                    delta = self._deltas.get(name, {}).get(account_id, {})
                    found[name] = _whole(place, read, delta)
        return {
            name: read_bookmark(f"{name} of {account_id}", found.get(name, {}), paths)
            for name, paths in listings.items()
        }

    def put(self, account_id: str, bookmarks: Bookmarks, *, seen: int) -> None:
        """Take over what an account's sync has come to.

        Args:
            account_id: Whose.
            bookmarks: Of the collections that it has read; others stay as they are.
            seen: What tells its last events from others; 0 if there were none.
        """
        self._forget(account_id, bookmarks.keys())
        if seen:
            self._seen[account_id] = seen
        else:
            self._seen.pop(account_id, None)
        read: dict[tuple[int, int], list[tuple[str, tuple[str, ...]]]] = {}
        for name, bookmark in bookmarks.items():
            if bookmark.watermark is None or bookmark.listed is None:
                continue
            at = bookmark.watermark, bookmark.listed
            read.setdefault(at, []).append((name, tuple(bookmark.unread)))
            delta = _delta(bookmark)
            if delta:
                self._deltas.setdefault(name, {})[account_id] = delta
        for (watermark, listed), names in read.items():
            place = Place(watermark, listed, tuple(sorted(names)))
            self._accounts.setdefault(place, {})[account_id] = None

    def drop(self, account_id: str) -> None:
        """Forget an account."""
        self._forget(account_id, None)
        self._seen.pop(account_id, None)

    def _forget(self, account_id: str, names: Iterable[str] | None) -> None:
        """Forget what is known of some of its collections, or of all."""
        gone = None if names is None else set(names)
        for place in [
            one for one, held in self._accounts.items() if account_id in held
        ]:
            accounts = self._accounts[place]
            del accounts[account_id]
            if not accounts:
                del self._accounts[place]
            left = tuple(pair for pair in place.read if gone and pair[0] not in gone)
            if left:
                other = msgspec.structs.replace(place, read=left)
                self._accounts.setdefault(other, {})[account_id] = None
        for name in self._deltas if gone is None else gone & self._deltas.keys():
            self._deltas[name].pop(account_id, None)

    def write(self, names: Iterable[str]) -> dict[str, Any]:
        """Give the bookmarks of the state.

        Args:
            names: The collections that must have one, however empty.
        """
        places = _Places(
            [
                _Partition(_Context(list(accounts)), place)
                for place, accounts in self._accounts.items()
            ],
            list(self._seen.items()),
            self.own_id,
        )
        written = {PLACES: msgspec.to_builtins(places)}
        deltas = _changed(self._deltas, once)
        for name in (*names, *deltas):
            written[name] = {
                "partitions": [
                    {"context": {"account_id": account_id}, **delta}
                    for account_id, delta in deltas.get(name, {}).items()
                ]
            }
        return written


def _changed(
    deltas: Mapping[str, Mapping[str, _Delta]],
    change: Callable[[dict[str, _Delta]], dict[str, Any]],
) -> dict[str, dict[str, _Delta]]:
    """Change the bookmarks of each account."""
    of_accounts: dict[str, dict[str, _Delta]] = {}
    for name, accounts in deltas.items():
        for account_id, delta in accounts.items():
            of_accounts.setdefault(account_id, {})[name] = delta
    changed: dict[str, dict[str, _Delta]] = {name: {} for name in deltas}
    for account_id, held in of_accounts.items():
        for name, delta in change(held).items():
            changed[name][account_id] = delta
    return changed


def _base(place: Place, read: Iterable[str]) -> dict[str, Any]:
    """Give the bookmark of a collection of which nothing is left to read."""
    return write_bookmark(
        Bookmark(
            watermark=place.watermark,
            listed=place.listed,
            unread={listing: [] for listing in read},
            # There is no version of one account: a table is all accounts'.
            activated=True,
        )
    )


def _whole(place: Place, read: Iterable[str], delta: _Delta) -> dict[str, Any]:
    whole = _base(place, read)
    for key, value in delta.items():
        if isinstance(value, dict) and isinstance(whole.get(key), dict):
            whole[key].update(value)
        else:
            whole[key] = value
    return whole


def _delta(bookmark: Bookmark) -> _Delta:
    """Give what a bookmark has besides its place."""
    written = write_bookmark(bookmark)
    base = _base(Place(0, 0, ()), ())
    place = {"watermark", "listed"}
    found = {}
    for key in written.keys() - place:
        value = written[key]
        if isinstance(value, dict):
            value = {name: inner for name, inner in value.items() if inner}
        if value != base[key]:
            found[key] = value
    return dict(sorted(found.items()))


def _convert(held: Any) -> _Places:
    try:
        found = msgspec.convert(held, _Places)
    except msgspec.ValidationError as error:
        raise _unusable(PLACES, str(error)) from None
    if found.format > FORMAT:
        message = (
            "The state was written by a later version of tap-stripe; upgrade the tap, "
            "or drop the state to read everything again."
        )
        raise StateError(message)
    return found


def _deltas(name: str, partitions: Any) -> dict[str, _Delta]:
    try:
        return dict(_each_delta(partitions))
    except (KeyError, TypeError, AttributeError) as error:
        raise _unusable(name, repr(error)) from None


def _each_delta(partitions: Any) -> Iterator[tuple[str, _Delta]]:
    for partition in partitions:
        account_id = partition["context"]["account_id"]
        if isinstance(account_id, str):
            # A partition that singer-sdk's own way of reading wrote claims nothing.
            yield (
                account_id,
                {
                    key: value
                    for key, value in partition.items()
                    if key in Bookmark.__struct_fields__
                },
            )


def _unusable(name: str, why: str) -> StateError:
    return StateError(
        f"The state of {name} can't be used ({why}); restore an earlier state, or drop "
        "it to read everything again."
    )
