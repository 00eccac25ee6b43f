"""What a run tells when it is over."""

from __future__ import annotations

import logging
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
from tap_stripe.permissions import link
from tap_stripe.sync.progress import accounts_done
from tap_stripe.sync.summary import Summary, cost, summary_rows
from tap_stripe.sync.under_way import UnderWay

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from tap_stripe.api.usage import Usage
    from tap_stripe.streams.listing import Listing
    from tap_stripe.sync.reading import Refused

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
        empty: Why a listing has nothing to read, by its path.
        lacking: The permissions that the key lacks; an empty name where Stripe gives
            none.
        accounts: How many accounts are read.
        accounts_done: How many of them are done with.
        under_way: What is being read right now.
    """

    listed: Counter[str] = field(default_factory=Counter)
    changed: Counter[str] = field(default_factory=Counter)
    deleted: Counter[str] = field(default_factory=Counter)
    refused: dict[tuple[str, str], list[str]] = field(default_factory=dict)
    failed: dict[str, Exception] = field(default_factory=dict)
    left: list[str] = field(default_factory=list)
    empty: dict[str, str] = field(default_factory=dict)
    lacking: set[str] = field(default_factory=set)
    accounts: int = 1
    accounts_done: int = 0
    under_way: UnderWay = field(default_factory=UnderWay)

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
            self.lacking.add(permission)
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

    def judge(
        self, permissions: Iterable[str], *, fail_on_missing_permission: bool
    ) -> None:
        """End a run with an error in which something was not read.

        Args:
            permissions: Those that the selected collections need.
            fail_on_missing_permission: Whether what the key may not read counts.

        Raises:
            TapError: Something that counts was not read.
        """
        missing = self.refused_names()
        if not fail_on_missing_permission:
            missing = set()
        missing |= {
            account_id
            for account_id, error in self.failed.items()
            if fail_on_missing_permission or not isinstance(error, AccountRefused)
        }
        if missing:
            why = self._only_failure() or "the lines above say why"
            message = (
                f"Not all was read: {_some(sorted(missing))}; {why}. All else is read."
            )
            if fail_on_missing_permission and self.lacking:
                every = {*permissions, *self.lacking} - {""}
                message += (
                    f" This form makes a key that may read it: {link(sorted(every))}"
                )
            raise TapError(message)

    def _only_failure(self) -> str:
        """Give the reason where a single account is all that could not be read on."""
        if self.refused or len(self.failed) != 1:
            return ""
        return str(next(iter(self.failed.values())))

    def rows(self) -> dict[str, int]:
        """Count the rows of each collection, from any thread."""
        rows: Counter[str] = Counter()
        for counter in (self.listed, self.changed, self.deleted):
            # Copied in one step: the writer goes on counting.
            rows.update(dict(counter))
        return dict(rows)

    def summary(self, usage: Usage, *, seconds: float, is_early: bool) -> Summary:
        """Give the closing summary.

        Args:
            usage: What the run has asked of Stripe.
            seconds: How long it took.
            is_early: Whether it ends before all was read.
        """
        if is_early:
            title = "Sync ended early; the next one goes on from here."
        elif self.refused or self.failed:
            title = "Sync finished, not complete."
        else:
            title = "Sync finished."
        names = {*self.listed, *self.changed, *self.deleted, *self.refused_names()}
        return Summary(
            title,
            summary_rows(sorted(names), self.listed, self.changed, self.deleted),
            (
                *accounts_done(self.accounts_done, self.accounts),
                *cost(usage.requests, usage.retries, usage.throttles, seconds=seconds),
            ),
        )

    def refused_names(self) -> set[str]:
        """Name the collections that were not read, or not wholly, in some account."""
        return {name for name, _ in self.refused}

    def log_skipped(self, logger: logging.Logger) -> None:
        """Name what was not read, and why."""
        for path, why in sorted(self.empty.items()):
            logger.info("Nothing to read at %s: %s", path, why)
        for (name, why), accounts in sorted(self.refused.items()):
            of = f" of {_some(accounts)}" if accounts else ""
            logger.error("Not read: %s%s (%s).", name, of, why)
        for account_id, error in self.failed.items():
            # A single one is told by the sentence that ends the run.
            level = logging.WARNING if self._only_failure() else logging.ERROR
            logger.log(level, "Not read on: %s (%s).", account_id, error)
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
