"""Whose data a run reads: the key's own account, and those connected to it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tap_stripe.api.body import text
from tap_stripe.errors import (
    NotAPlatform,
    PermissionMissing,
    SettingError,
    StateError,
    StripeError,
)
from tap_stripe.streams.listings import ACCOUNTS, OWN_ACCOUNT
from tap_stripe.sync.fetch import RUN_ENDS
from tap_stripe.sync.source import Source, sources

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tap_stripe.accounts import Accounts
    from tap_stripe.state.bookmarks import Whose
    from tap_stripe.streams.base import Collection
    from tap_stripe.streams.listing import Listing
    from tap_stripe.sync.fetch import Fetch, Page


class Discovery:
    """Finds the accounts.

    Args:
        fetch: Asks Stripe.
        accounts: What is asked for.
        collections: Those that are selected.

    Attributes:
        own_id: Id of the key's own account; empty where the key may not know it.
        ids: Connected accounts to read.
        pages: What was read of the accounts themselves, with its endpoint.
    """

    def __init__(
        self, fetch: Fetch, accounts: Accounts, collections: Sequence[Collection]
    ) -> None:
        self._fetch = fetch
        self._accounts = accounts
        self._sources = sources(None, collections, lambda one: one in _OF_THE_KEY)
        self.own_id = ""
        self.ids: list[str] = []
        self.pages: list[tuple[Listing, Page]] = []

    def own(self) -> None:
        """Ask for the own account: every run begins with it.

        Raises:
            StripeError: The key is refused, or Stripe answers nobody.
        """
        try:
            page = self._fetch.object(self._source(OWN_ACCOUNT), "")
        except RUN_ENDS:
            raise
        except StripeError as error:
            asks = self._accounts
            if asks.several and asks.shard.has_own and (asks.own or asks.connected):
                raise _cannot(error) from None
            return
        if page is not None and page.objects:
            self.own_id = text(page.objects[0].get("id")) or ""
            self.pages.append((OWN_ACCOUNT, page))

    def connected(self) -> None:
        """Find the connected accounts that are asked for.

        Raises:
            TapError: They can't be found.
        """
        asks = self._accounts
        ids = list(asks.ids)
        if asks.connected:
            source, cursor = self._source(ACCOUNTS), None
            try:
                while True:
                    page = self._fetch.page(source, cursor=cursor)
                    self.pages.append((ACCOUNTS, page))
                    ids += [text(one.get("id")) or "" for one in page.objects]
                    cursor = page.cursor
                    if not page.has_more:
                        break
            except StripeError as error:
                raise _cannot(error) from None
        mine = dict.fromkeys(id_ for id_ in ids if asks.shard.has(id_))
        mine.pop(self.own_id, None)
        self.ids = list(mine)

    def _source(self, listing: Listing) -> Source:
        return self._sources.get(listing) or Source(None, listing)


_OF_THE_KEY = (OWN_ACCOUNT, ACCOUNTS)


def check_whose(before: Whose, now: Whose, *, is_empty: bool) -> None:
    """Refuse a state that is about other data than this run reads.

    Args:
        before: What the state says.
        now: What this run has found.
        is_empty: Whether the state claims nothing.

    Raises:
        StateError: It is.
    """
    if is_empty:
        return
    what = ""
    if before.id and now.id and before.id != now.id:
        what = f"the account {before.id}, and the key is one of {now.id}"
    elif None not in {before.livemode, now.livemode} and (
        before.livemode is not now.livemode
    ):
        modes = {True: "live", False: "test"}
        what = (
            f"{modes[bool(before.livemode)]} data, and the key reads "
            f"{modes[bool(now.livemode)]} data"
        )
    if what:
        message = (
            f"The state is about {what}: give this run a state of its own (under "
            "Meltano another environment or --state-id-suffix), or drop the state."
        )
        raise StateError(message)


def _cannot(error: StripeError) -> Exception:
    if isinstance(error, RUN_ENDS):
        return error
    if isinstance(error, NotAPlatform):
        return SettingError(
            "The setting account_ids asks for connected accounts, but the key's "
            f"account is no platform that has any: {error}"
        )
    if isinstance(error, PermissionMissing):
        return SettingError(
            "The setting account_ids needs a key with the permission "
            f"{error.permission or ACCOUNTS.permission}, to know the accounts: give it "
            "that one, or name acct_… ids alone in account_ids."
        )
    return error
