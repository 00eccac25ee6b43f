"""What a run tells when it is over."""

from __future__ import annotations

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


@dataclass
class Report:
    """Counts rows, and keeps what could not be read.

    Attributes:
        listed: Rows from listings, by collection.
        changed: Rows from objects read again, by collection.
        deleted: Rows of what is gone, by collection.
        refused: Collections that were not read, or not wholly, with the reason.
    """

    listed: Counter[str] = field(default_factory=Counter)
    changed: Counter[str] = field(default_factory=Counter)
    deleted: Counter[str] = field(default_factory=Counter)
    refused: dict[str, list[str]] = field(default_factory=dict)

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
