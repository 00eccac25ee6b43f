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
)

if TYPE_CHECKING:
    import logging
    from collections.abc import Iterable

    from tap_stripe.streams.listing import Listing
    from tap_stripe.sync.reading import Refused
    from tap_stripe.usage import Usage

_PROGRESS_EVERY_S = 10


@dataclass
class Report:
    """Counts rows, and keeps what could not be read.

    Attributes:
        listed: Rows from listings, by collection.
        changed: Rows from objects read again, by collection.
        deleted: Rows of what is gone, by collection.
        refused: Collections that were not read, or not wholly, with the reason.
        told_at: When progress was last told, monotonic seconds.
        told_rows: How many rows there were then.
    """

    listed: Counter[str] = field(default_factory=Counter)
    changed: Counter[str] = field(default_factory=Counter)
    deleted: Counter[str] = field(default_factory=Counter)
    refused: dict[str, list[str]] = field(default_factory=dict)
    told_at: float = field(default_factory=time.monotonic)
    told_rows: int = 0

    def refuse(self, refused: Refused, names: Iterable[str]) -> None:
        """Note that collections could not be read, or not wholly."""
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
            reasons = self.refused.setdefault(name, [])
            if why not in reasons:
                reasons.append(why)

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
            "Sync finished." if not self.refused else "Sync finished, not complete.",
            *rows,
            f"  {usage.requests.total()} requests ({asked})",
            f"  sent again: {usage.retries.total()}; 429: {usage.throttles.total()}",
        ]
        logger.info("\n".join(lines))
        for name, reasons in sorted(self.refused.items()):
            for why in reasons:
                logger.error("Not read: %s (%s).", name, why)


def is_harmless(error: Exception, listing: Listing) -> bool:
    """Tell whether a refusal means that there is nothing to read."""
    return (isinstance(error, EndpointGone) and listing.removed) or (
        isinstance(error, NotAPlatform) and listing.of_platforms
    )


def is_final(error: Exception) -> bool:
    """Tell whether a refusal is none of one listing, or one that can't be."""
    return isinstance(error, AccountRefused | EndpointGone | NotAPlatform)
