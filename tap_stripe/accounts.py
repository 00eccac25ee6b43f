"""Which accounts a run reads. Pure."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import Any

from tap_stripe.errors import SettingError

OWN = "own"
CONNECTED = "connected"
_ACCOUNT = re.compile(r"acct_[A-Za-z0-9]+")
_SHARD = re.compile(r"([0-9]{1,6})/([0-9]{1,6})")


@dataclass(frozen=True, slots=True)
class Shard:
    """One of several processes that share the accounts out.

    Attributes:
        number: Which, from 1.
        of: How many there are.
    """

    number: int = 1
    of: int = 1

    @property
    def has_own(self) -> bool:
        """Whether it reads the key's own account, and the list of accounts."""
        return self.number == 1

    def has(self, account_id: str) -> bool:
        """Tell whether it reads a connected account: by a hash, so for all times."""
        digest = hashlib.sha256(account_id.encode()).digest()
        return int.from_bytes(digest[:8], "big") % self.of == self.number - 1


@dataclass(frozen=True, slots=True)
class Accounts:
    """The accounts that are asked for.

    Attributes:
        own: Whether the key's own account is.
        connected: Whether all are that are connected to it.
        ids: Connected accounts by id.
        shard: Which of the connected ones are this process's.
    """

    own: bool = True
    connected: bool = False
    ids: tuple[str, ...] = ()
    shard: Shard = Shard()

    @property
    def several(self) -> bool:
        """Whether rows say whose they are; not where just the own account is read."""
        return self.connected or bool(self.ids)


def read_accounts(account_ids: Any, shard: Any) -> Accounts:
    """Read the settings `account_ids` and `shard`.

    Raises:
        SettingError: One can't be used; the message says what to change.
    """
    if isinstance(account_ids, str):
        account_ids = [part.strip() for part in account_ids.split(",")]
    ids = list(dict.fromkeys(account_ids or [OWN]))
    for id_ in ids:
        known = id_ in {OWN, CONNECTED}
        if not known and not (isinstance(id_, str) and _ACCOUNT.fullmatch(id_)):
            message = (
                f"The setting account_ids has {id_!r}: give {OWN}, {CONNECTED} or "
                "acct_… ids."
            )
            raise SettingError(message)
    found = Accounts(
        own=OWN in ids,
        connected=CONNECTED in ids,
        ids=tuple(id_ for id_ in ids if id_ not in {OWN, CONNECTED}),
        shard=_shard(shard),
    )
    if found.shard.of > 1 and not found.several:
        message = (
            "The setting shard shares connected accounts out: name them in account_ids "
            f"({CONNECTED}, or acct_… ids), or take shard out."
        )
        raise SettingError(message)
    return found


def _shard(shard: Any) -> Shard:
    if shard is None or shard == "":
        return Shard()
    parts = _SHARD.fullmatch(str(shard))
    number, of = map(int, parts.groups()) if parts else (0, 0)
    if not 1 <= number <= of:
        message = (
            f"The setting shard is {shard!r}: write it like 3/16, from 1/16 to 16/16."
        )
        raise SettingError(message)
    return Shard(number, of)
