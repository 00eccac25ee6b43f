"""What a run tells when it is over."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tap_stripe.errors import (
    AccountRefused,
    EndpointGone,
    NotAPlatform,
    PermissionMissing,
    TapError,
)

if TYPE_CHECKING:
    import logging
    from collections.abc import Iterable, Sequence

    from tap_stripe.streams.listing import Listing
    from tap_stripe.sync.reading import Refused
    from tap_stripe.usage import Usage

_PROGRESS_EVERY_S = 10
_NAMED = 20


@dataclass
class Report:
    """Counts rows, and keeps what could not be read.

    Attributes:
        listed: Rows from listings, by collection.
        changed: Rows from objects read again, by collection.
        deleted: Rows of what is gone, by collection.
        refused: Why something was not read, or not wholly: by collection and reason,
            the accounts that it concerns; none where just the own one is read.
        failed: Accounts that could not be read on, with the reason.
        left: Accounts that were read before and are connected no more.
        accounts: How many accounts are read.
        told_at: When progress was last told, monotonic seconds.
        told_rows: How many rows there were then.
    """

    listed: Counter[str] = field(default_factory=Counter)
    changed: Counter[str] = field(default_factory=Counter)
    deleted: Counter[str] = field(default_factory=Counter)
    refused: dict[tuple[str, str], list[str]] = field(default_factory=dict)
    failed: dict[str, Exception] = field(default_factory=dict)
    left: list[str] = field(default_factory=list)
    accounts: int = 1
    told_at: float = field(default_factory=time.monotonic)
    told_rows: int = 0

    def refuse(
        self, refused: Refused, names: Iterable[str], account_id: str | None = None
    ) -> None:
        """Note that collections of an account could not be read, or not wholly."""
        what = refused.reading.listing.path
        if refused.expansions:
            what += f" with {', '.join(refused.expansions)}"
        error = refused.error
        if isinstance(error, PermissionMissing):
            permission = error.permission or refused.reading.listing.permission
            why = f"{what}: the key lacks the permission {permission or '(unnamed)'}"
        else:
            why = f"{what}: {error}"
        for name in names:
            accounts = self.refused.setdefault((name, why), [])
            if account_id is not None and account_id not in accounts:
                accounts.append(account_id)

    def fail(self, account_id: str, error: Exception) -> None:
        """Note that an account could not be read on."""
        self.failed[account_id] = error

    def judge(self, *, fail_on_missing_permission: bool) -> None:
        """End a run with an error in which something was not read.

        Args:
            fail_on_missing_permission: Whether what the key may not read counts.

        Raises:
            TapError: Something that counts was not read.
        """
        missing = {name for name, _ in self.refused}
        if not fail_on_missing_permission:
            missing = set()
        missing |= {
            account_id
            for account_id, error in self.failed.items()
            if fail_on_missing_permission or not isinstance(error, AccountRefused)
        }
        if missing:
            message = (
                f"Not all was read: {_some(sorted(missing))}; the lines above say why. "
                "All else is read."
            )
            raise TapError(message)

    def log_progress(self, logger: logging.Logger, usage: Usage) -> None:
        """Tell how far the run is, about every 10 seconds."""
        now = time.monotonic()
        if now - self.told_at < _PROGRESS_EVERY_S:
            return
        rows = self.listed.total() + self.changed.total()
        logger.info(
            "%d rows so far, %.0f a second; %d requests, %d answered with 429.",
            rows,
            (rows - self.told_rows) / (now - self.told_at),
            usage.requests.total(),
            usage.throttles.total(),
        )
        self.told_at, self.told_rows = now, rows

    def log(self, logger: logging.Logger, usage: Usage) -> None:
        """Write the closing summary."""
        names = sorted({*self.listed, *self.changed, *self.deleted})
        rows = [
            f"  {name}: {self.listed[name]} listed, {self.changed[name]} changed, "
            f"{self.deleted[name]} deleted"
            for name in names
        ]
        asked = ", ".join(
            f"{endpoint} {count}" for endpoint, count in sorted(usage.requests.items())
        )
        lines = [
            "Sync finished, not complete."
            if self.refused or self.failed
            else "Sync finished.",
            *rows,
            f"  {usage.requests.total()} requests ({asked})",
            f"  sent again: {usage.retries.total()}; 429: {usage.throttles.total()}",
        ]
        logger.info("\n".join(lines))
        for (name, why), accounts in sorted(self.refused.items()):
            of = f" of {_some(accounts)}" if accounts else ""
            logger.error("Not read: %s%s (%s).", name, of, why)
        for account_id, error in self.failed.items():
            logger.error("Not read on: %s (%s).", account_id, error)
        if self.left:
            logger.warning(
                "Connected no more, and read no more: %s. Their rows stay as they are.",
                ", ".join(sorted(self.left)),
            )


def _some(names: Sequence[str]) -> str:
    """Name a few, and how many more there are."""
    more = len(names) - _NAMED
    return ", ".join(names[:_NAMED]) + (f" and {more} more" if more > 0 else "")


def is_harmless(error: Exception, listing: Listing) -> bool:
    """Tell whether a refusal means that there is nothing to read."""
    return (isinstance(error, EndpointGone) and listing.removed) or (
        isinstance(error, NotAPlatform) and listing.of_platforms
    )


def is_final(error: Exception) -> bool:
    """Tell whether a refusal is none of one listing, or one that can't be."""
    return isinstance(error, AccountRefused | EndpointGone | NotAPlatform)
