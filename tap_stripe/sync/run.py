"""One run of the tap, from its first request to its last STATE line."""

from __future__ import annotations

from collections import deque
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol

from tap_stripe.errors import (
    AccountRefused,
    Down,
    KeyRefused,
    ResponseError,
    SettingError,
    Stopped,
    StripeError,
    TapError,
)
from tap_stripe.output.writer import Writer
from tap_stripe.permissions import needed
from tap_stripe.report.display import display
from tap_stripe.report.progress import ENDPOINT_LIMIT, Limits
from tap_stripe.report.report import Report
from tap_stripe.report.teller import Teller
from tap_stripe.state.accounts import LEFT_FOR_S, Accounts
from tap_stripe.state.bookmarks import AccountState, Whose
from tap_stripe.sync.account import AccountSync, Shared
from tap_stripe.sync.discovery import Discovery, check_whose
from tap_stripe.sync.fetch import Fetch
from tap_stripe.sync.plan import Times, make_plan
from tap_stripe.sync.pool import Interrupted, Once, Pool, Task
from tap_stripe.sync.source import is_of_the_key

if TYPE_CHECKING:
    import logging
    from collections.abc import Callable

    from tap_stripe.api.client import Client
    from tap_stripe.settings import Settings
    from tap_stripe.streams.base import Collection
    from tap_stripe.streams.listing import Listing

_AT_ONCE = 24
"""Accounts that are read at once."""


class _Tap(Protocol):
    """What a run needs of the tap."""

    @property
    def logger(self) -> logging.Logger:
        """Of the tap."""

    @property
    def settings(self) -> Settings:
        """The settings."""

    @property
    def state(self) -> Any:
        """The state, a dictionary; changes."""

    def selected(self) -> list[Collection]:
        """Give the collections that are selected."""

    def write_message(self, message: Any) -> None:
        """Write a Singer message."""


class Run:
    """Syncs the selected collections of all accounts that are asked for.

    Args:
        tap: Whose settings, streams and state these are.
        client: The way to Stripe.
        checkpoint_s: As in `Writer`.
    """

    def __init__(self, tap: _Tap, client: Client, *, checkpoint_s: float) -> None:
        self._tap = tap
        self._client = client
        self._asks = tap.settings.accounts
        self._pool = Pool()
        self._report = Report()
        self._collections = tap.selected()
        self._fetch = Fetch(client)
        self._writer = Writer(write=tap.write_message, checkpoint_s=checkpoint_s)
        self._signal: int | None = None
        self._waiting: deque[Callable[[], AccountSync]] = deque()
        self._active: deque[AccountSync] = deque()

    def run(self) -> None:
        """Sync.

        Raises:
            TapError: The run could not go on, or something could not be read.
            SystemExit: It was asked to stop.
        """
        if not self._collections:
            self._tap.logger.warning("Nothing is selected in the catalog.")
            return
        settings = self._tap.settings
        # A state, a key or an account that can't be used is told before anything is
        # written.
        self._state = Accounts(
            self._tap.state.get("bookmarks", {}), several=self._asks.several
        )
        teller, is_early = self._teller(), True
        try:
            # In the pool: a signal is heard at once.
            for _ in self._pool.run(Once(self._begin)):
                pass
            self._writer.begin(self._collections)
            teller.start()
            for _ in self._pool.run(self):
                self._writer.flush()
                if self._writer.state_is_due:
                    self._checkpoint()
            self._checkpoint()
            is_early = False
        except (Interrupted, Stopped):
            self._checkpoint()
            raise SystemExit(128 + (self._signal or 0)) from None
        except TapError:
            self._checkpoint()
            raise
        finally:
            self._pool.close()
            self._client.close()
            teller.close(is_early=is_early)
        self._report.log_skipped(self._tap.logger)
        self._report.judge(
            needed(self._collections),
            fail_on_missing_permission=settings.fail_on_missing_permission,
        )

    def stop(self, signum: int) -> None:
        """Stop with a last STATE line. May be called from a signal handler."""
        self._signal = signum
        self._pool.interrupt()

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

    # Whose data it is

    def _begin(self) -> None:
        """Find out whose data is read, and since when; begin with the own account.

        Raises:
            TapError: The key, the state or a setting can't be used.
        """
        settings = self._tap.settings
        found = Discovery(self._fetch, self._asks, self._collections)
        found.own()
        now = int(self._client.clock.now())
        if settings.start > now:
            message = (
                "The setting start_date is still to come by Stripe's clock: no object "
                "could be read."
            )
            raise SettingError(message)
        before = self._state.whose
        livemode = settings.key_livemode
        whose = Whose(
            found.own_id or before.id,
            before.livemode if livemode is None else livemode,
            self._asks.several,
        )
        check_whose(
            before,
            Whose(found.own_id, livemode, self._asks.several),
            is_empty=self._state.is_empty,
        )
        self._state.whose = whose
        self._times = Times(
            settings.start,
            now,
            max(settings.start, now - settings.lookback_s),
            settings.full_look_s,
        )
        self._shared = Shared(
            self._client,
            self._fetch,
            self._writer,
            self._report,
            self._tap.logger,
            (settings.livemode if before.livemode is None else before.livemode)
            if livemode is None
            else None,
        )
        self._add_accounts(found)

    def _add_accounts(self, found: Discovery) -> None:
        asks = self._asks
        if not asks.several:
            first = self._sync(None, None, lambda _: True)
            for listing, page in found.pages:
                first.take_list(listing, page)
            self._active.append(first)
            return
        found.connected()
        if asks.shard.has_own:
            own = self._sync(
                None,
                found.own_id or self._state.whose.id or None,
                (lambda _: True) if asks.own else is_of_the_key,
            )
            for listing, page in found.pages:
                own.take_list(listing, page)
            if own.plan.collections:
                self._active.append(own)
        read = self._state.ids()
        if asks.connected:
            self._note_left(read, {*found.ids, self._state.whose.id})
        # Those long unread first; those never read last.
        ids = sorted(found.ids, key=lambda id_: read.get(id_, self._times.now + 1))
        self._report.accounts = len(self._active) + len(ids)
        self._waiting += [
            partial(self._sync, id_, id_, lambda listing: not is_of_the_key(listing))
            for id_ in ids
        ]

    def _note_left(self, read: dict[str, int], there: set[str]) -> None:
        """Name accounts that are gone from the list, and remember them for a while."""
        for account_id in read.keys() - there:
            if not self._asks.shard.has(account_id):
                continue
            state = self._state.take(account_id)
            if not state.left_at:
                self._report.left.append(account_id)
                state.left_at = self._times.now
                self._state.put(account_id, state)
            elif self._times.now - state.left_at > LEFT_FOR_S:
                self._state.drop(account_id)

    def _sync(
        self,
        account: str | None,
        account_id: str | None,
        wanted: Callable[[Listing], bool],
    ) -> AccountSync:
        state = self._state.take(account_id)
        state.left_at = 0
        plan = make_plan(
            state,
            self._collections,
            account=account,
            account_id=account_id,
            times=self._times,
            wanted=wanted,
            logger=self._tap.logger,
        )
        sync = AccountSync(plan, state, self._shared)
        self._report.under_way.counts[sync] = sync.changed
        return sync

    # Reading

    def next_task(self) -> Task | None:
        """Give the next request of any account; None if there is none now."""
        while True:
            while self._waiting and len(self._active) < _AT_ONCE:
                self._active.append(self._waiting.popleft()())
            for sync in list(self._active):
                try:
                    task = sync.next_task()
                except (StripeError, ResponseError) as error:
                    self._fail(sync, error)
                    continue
                if task is not None:
                    # The others first the next time.
                    self._active.remove(sync)
                    self._active.append(sync)
                    return self._guarded(sync, task)
                if sync.is_over:
                    self._end(sync)
            if not self._waiting or len(self._active) >= _AT_ONCE:
                return None

    def _guarded(self, sync: AccountSync, task: Task) -> Task:
        """Have an error that concerns the account alone end nothing else."""
        done = task.done

        def guarded(value: Any, error: Exception | None) -> None:
            if sync not in self._active:
                return  # It has failed meanwhile.
            try:
                done(value, error)
            except (StripeError, ResponseError) as failed:
                self._fail(sync, failed)

        task.done = guarded
        return task

    def _fail(self, sync: AccountSync, error: StripeError | ResponseError) -> None:
        """Leave an account alone that can't be read, unless nothing can be.

        Raises:
            TapError: The error concerns all accounts.
        """
        account_id = sync.plan.account
        if (
            account_id is None
            or isinstance(error, Down)
            or (isinstance(error, KeyRefused) and not isinstance(error, AccountRefused))
        ):
            raise error
        self._report.fail(account_id, error)
        self._end(sync)

    def _end(self, sync: AccountSync) -> None:
        self._active.remove(sync)
        self._report.under_way.counts.pop(sync, None)
        self._state.put(sync.plan.account_id, sync.state())
        if sync.plan.account_id is not None:
            self._client.budget.forget(sync.plan.account)
            self._report.accounts_done += 1

    # State

    def _checkpoint(self) -> None:
        """Write a STATE line, once there are others."""
        if not self._writer.has_begun:
            return
        states: list[tuple[str | None, AccountState]] = [
            (sync.plan.account_id, sync.state()) for sync in self._active
        ]
        for account_id, state in states:
            self._state.put(account_id, state)
        names = [collection.name for collection in self._collections]
        self._tap.state["bookmarks"] = self._state.bookmarks(names)
        self._writer.state(dict(self._tap.state))
