"""One run of the tap, from its first request to its last STATE line."""

from __future__ import annotations

import copy
import math
import time
from functools import partial
from typing import TYPE_CHECKING, Any

from tap_stripe.errors import (
    KeyRefused,
    ResponseError,
    StripeError,
    TapError,
    Unavailable,
)
from tap_stripe.permissions import needed
from tap_stripe.sync.account import AccountSync
from tap_stripe.sync.alike import each, once
from tap_stripe.sync.discovery import Discovery
from tap_stripe.sync.display import display
from tap_stripe.sync.fetch import Fetch
from tap_stripe.sync.partitions import Partitions
from tap_stripe.sync.plan import Part
from tap_stripe.sync.progress import ENDPOINT_LIMIT, Limits
from tap_stripe.sync.readers import Read, Readers, Stopped
from tap_stripe.sync.report import Report
from tap_stripe.sync.shared import Shared
from tap_stripe.sync.state import read_bookmark, write_bookmark
from tap_stripe.sync.syncs import Sync, Syncs, Task, TaskPiece
from tap_stripe.sync.teller import Teller
from tap_stripe.sync.writer import Writer

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tap_stripe.api.client import Client
    from tap_stripe.sync.state import Bookmark
    from tap_stripe.tap import TapStripe


_DOWN = 3
"""So many accounts in a row in which Stripe fails, and it is down for all."""


class Run:
    """Syncs the selected collections of all accounts that are asked for.

    Args:
        tap: Whose settings, streams and state these are.
        client: The way to Stripe.
        now: When the run began, seconds since the epoch: the next watermark.
    """

    def __init__(self, tap: TapStripe, client: Client, *, now: int) -> None:
        self._tap = tap
        self._client = client
        self._now = now
        self._accounts = tap.settings.accounts
        self._readers = Readers()
        self._syncs = Syncs()
        self._report = Report()
        self._signal: int | None = None
        self._collections = tap.selected()
        self._original = each(copy.deepcopy(tap.state.get("bookmarks", {})))
        self._partitions = Partitions(self._original if self._accounts.several else {})
        self._begun: list[AccountSync] = []
        self._unavailable = 0
        self._failed_at = 0.0

    def run(self) -> None:
        """Sync.

        Raises:
            TapError: The run could not go on, or something could not be read.
            SystemExit: It was asked to stop.
        """
        if not self._collections:
            self._tap.logger.warning("Nothing is selected in the catalog.")
        writer = Writer(
            state=self._state,
            write=self._tap.write_message,
            of_many=self._accounts.several,
        )
        settings = self._tap.settings
        self._shared = Shared(
            start=settings.start,
            now=self._now,
            ready=self._now - settings.lookback_s,
            full_look_s=settings.full_look_s,
            fetch=Fetch(self._client),
            writer=writer,
            usage=self._client.usage,
            report=self._report,
            logger=self._tap.logger,
            unwritten=self._readers.unwritten,
        )
        # A state that can't be used is told before anything is written.
        first = self._discovery() if self._accounts.several else self._begin()
        writer.begin(self._collections)
        teller, is_early = self._teller(), True
        teller.start()
        try:
            self._syncs.add([lambda: first])
            self._read()
            writer.state(now=True)
            is_early = False
        except Stopped:
            writer.state(now=True)
            raise SystemExit(128 + (self._signal or 0)) from None
        except TapError:
            writer.state(now=True)
            raise
        finally:
            self._readers.close()
            teller.close(is_early=is_early)
        self._report.log_skipped(self._tap.logger)
        self._report.judge(
            needed(self._collections),
            fail_on_missing_permission=settings.fail_on_missing_permission,
        )

    def stop(self, signum: int) -> None:
        """Stop with a last STATE line. May be called from a signal handler."""
        self._signal = signum
        self._readers.stop()

    def _teller(self) -> Teller:
        settings = self._tap.settings
        return Teller(
            self._collections,
            self._report,
            self._client.usage,
            limits=Limits(
                settings.requests_per_second,
                settings.requests_per_second_per_endpoint or ENDPOINT_LIMIT,
            ),
            display=display(self._tap.logger),
        )

    # Reading

    def _read(self) -> None:
        """Read all accounts, some of them at once; write what comes."""
        self._fill()
        for read in self._readers.run(self._syncs):
            task = read.piece.task
            try:
                self._take(read)
            except (StripeError, ResponseError) as error:
                self._fail(task, error)
            self._fill()

    def _take(self, read: Read[TaskPiece]) -> None:
        task = read.piece.task
        if task.is_ended:
            return
        if read.error is not None:
            raise read.error
        for item in read.items:
            if task.phase is not None:
                task.phase.take(item)
        if not read.is_last:
            return
        with self._readers.changing():
            task.running -= 1
            is_over = task.is_over()
        if is_over:
            self._go_on(task)

    def _go_on(self, task: Task) -> None:
        """Have readers at the next phase of an account, or be done with it."""
        phase = task.next_phase()
        if phase is None:
            self._end(task)
            return
        with self._readers.changing():
            task.phase = phase

    def _fill(self) -> None:
        """Have readers at as many accounts as may be under way at once."""
        while True:
            with self._readers.changing():
                make = self._syncs.next_sync()
            if make is None:
                return
            task = Task(make())
            with self._readers.changing():
                self._syncs.start(task)
            try:
                self._go_on(task)
            except (StripeError, ResponseError) as error:
                self._fail(task, error)

    def _end(self, task: Task) -> None:
        sync = task.sync
        with self._readers.changing():
            self._syncs.end(task)
            task.is_ended = True
            if isinstance(sync, Discovery):
                self._syncs.add(self._found(sync))
        if isinstance(sync, AccountSync) and sync.account_id is not None:
            self._partitions.put(sync.account_id, sync.bookmarks, seen=sync.seen)
            self._begun.remove(sync)
            self._client.budget.forget(sync.account)
            self._report.accounts_done += 1

    def _fail(self, task: Task, error: StripeError | ResponseError) -> None:
        """Leave an account alone that can't be read, unless nothing can be.

        Raises:
            TapError: The error concerns all accounts.
        """
        account_id = (
            task.sync.account_id if isinstance(task.sync, AccountSync) else None
        )
        of_all = isinstance(error, KeyRefused) or self._is_down(error)
        if account_id is None or of_all:
            raise error
        self._report.fail(account_id, error)
        self._end(task)

    def _is_down(self, error: Exception) -> bool:
        """Tell whether Stripe answers nobody: one account after the other fails."""
        if not isinstance(error, Unavailable):
            return False
        if self._client.usage.answered_at > self._failed_at:
            self._unavailable = 0
        self._failed_at = time.monotonic()
        self._unavailable += 1
        return self._unavailable >= _DOWN

    # Accounts

    def _discovery(self) -> Sync:
        return Discovery(
            self._accounts,
            self._collections,
            self._shared,
            lambda own_id, part: self._begin(account_id=own_id, part=part),
        )

    def _found(self, discovery: Discovery) -> list[Callable[[], Sync]]:
        """Give the syncs of the accounts that were found: those long unread first."""
        found: list[Callable[[], Sync]] = [partial(_itself, one) for one in self._begun]
        read = self._partitions.accounts()
        if discovery.own_id:
            self._partitions.own_id = discovery.own_id
        known = {*discovery.ids, self._partitions.own_id}
        if self._accounts.connected:
            for account_id in read.keys() - known:
                if self._accounts.shard.has(account_id):
                    self._report.left.append(account_id)
                    self._partitions.drop(account_id)
        ids = sorted(discovery.ids, key=lambda id_: read.get(id_, math.inf))
        self._report.accounts = len(found) + len(ids)
        return [
            *found,
            *(partial(self._begin, id_, account_id=id_, part=Part.DATA) for id_ in ids),
        ]

    def _begin(
        self,
        account: str | None = None,
        *,
        account_id: str | None = None,
        part: Part = Part.ALL,
    ) -> AccountSync:
        sync = AccountSync(
            account,
            self._collections,
            partial(self._kept, account_id),
            self._shared,
            account_id=account_id,
            part=part,
            seen=self._partitions.seen(account_id) if account_id else 0,
        )
        sync.begin()
        self._begun.append(sync)
        return sync

    # State

    def _kept(
        self, account_id: str | None, listings: Mapping[str, list[str]]
    ) -> dict[str, Bookmark]:
        if account_id is not None:
            return self._partitions.take(account_id, listings)
        return {
            name: read_bookmark(name, self._original.get(name, {}), paths)
            for name, paths in listings.items()
        }

    def _state(self) -> dict[str, Any]:
        bookmarks = dict(self._original)
        for sync in self._begun:
            sync.keep_waiting()
            if sync.account_id is not None:
                self._partitions.put(sync.account_id, sync.bookmarks, seen=sync.seen)
                continue
            for name, bookmark in sync.bookmarks.items():
                if bookmark.watermark is not None:
                    bookmarks[name] = write_bookmark(bookmark)
        if self._accounts.several:
            names = [collection.name for collection in self._collections]
            for name, held in self._partitions.write(names).items():
                bookmarks[name] = {**bookmarks.get(name, {}), **held}
        self._tap.state["bookmarks"] = once(bookmarks)
        return dict(self._tap.state)


def _itself(sync: Sync) -> Sync:
    return sync
