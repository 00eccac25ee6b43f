"""Which accounts a run reads: the key's own, and those that are connected to it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tap_stripe.api.body import text
from tap_stripe.errors import (
    NotAPlatform,
    PermissionMissing,
    SettingError,
    StripeError,
)
from tap_stripe.streams.listings import ACCOUNTS, OWN_ACCOUNT
from tap_stripe.sync.at_once import AtOnce
from tap_stripe.sync.plan import Part, feeds_of, readings
from tap_stripe.sync.reading import Page, Reading, Refused
from tap_stripe.sync.syncs import Phase
from tap_stripe.sync.window_work import WindowWork
from tap_stripe.sync.windows import Window, Windows

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from tap_stripe.accounts import Accounts
    from tap_stripe.streams.base import Collection
    from tap_stripe.streams.listing import Listing
    from tap_stripe.sync.account import AccountSync
    from tap_stripe.sync.readers import Item
    from tap_stripe.sync.shared import Shared


class Discovery:
    """Finds the accounts, and gives the list of them to the platform's own sync.

    Args:
        accounts: What is asked for.
        collections: Those that are selected.
        shared: What all accounts share.
        platform: Makes the sync of the key's own account, given its id and what is to
            be read of it, and begins it.

    Attributes:
        own_id: Id of the key's own account; empty until known, or if not needed.
        ids: Connected accounts to read.
    """

    def __init__(
        self,
        accounts: Accounts,
        collections: Sequence[Collection],
        shared: Shared,
        platform: Callable[[str, Part], AccountSync],
    ) -> None:
        self._accounts = accounts
        self._shared = shared
        self._make_platform = platform
        self._platform: AccountSync | None = None
        self._readings = readings(
            None, collections, feeds_of(collections, Part.ACCOUNTS)
        )
        self.own_id = ""
        self.ids: list[str] = list(accounts.ids)

    def phases(self) -> Iterator[Phase]:
        """Ask for the own account, then for the list.

        Raises:
            TapError: The accounts can't be found out.
        """
        asks = self._accounts
        if asks.shard.has_own and (asks.own or self._readings):
            yield self._phase(OWN_ACCOUNT, self._take_own)
        if asks.connected:
            yield self._phase(ACCOUNTS, self._take_listed)
        mine = dict.fromkeys(filter(asks.shard.has, self.ids))
        mine.pop(self.own_id, None)
        self.ids = list(mine)

    def _phase(self, listing: Listing, take: Callable[[Item], None]) -> Phase:
        reading = self._readings.get(listing) or Reading(None, listing, ())
        now = self._shared.now
        window = Window(reading, frozenset(), [(0, now)], now, whole=True)
        at_once = AtOnce(
            self._shared.fetch.budget,
            self._shared.usage,
            unwritten=self._shared.unwritten,
        )
        work = WindowWork(Windows([window], at_once=at_once), self._shared.fetch)
        return Phase(work, take)

    def _take_own(self, item: Item) -> None:
        match item:
            case Page():
                self.own_id = text(item.objects[0]["id"]) or ""
                part = Part.ALL if self._accounts.own else Part.ACCOUNTS
                self._platform = self._make_platform(self.own_id, part)
                self._give(item)
            case Refused() if self._accounts.own or self._accounts.connected:
                raise _cannot(item.error)
            case Refused():
                self._refuse(item)
            case _:
                pass

    def _take_listed(self, item: Item) -> None:
        match item:
            case Page():
                self.ids += [text(found["id"]) or "" for found in item.objects]
                self._give(item)
            case Refused() if not item.expansions:
                raise _cannot(item.error)
            case Refused():
                self._refuse(item)
            case _:
                pass

    def _refuse(self, refused: Refused) -> None:
        names = {collection.name for collection, _ in refused.reading.feeds}
        self._shared.report.refuse(refused, names)

    def _give(self, page: Page) -> None:
        if self._platform is not None and page.reading.feeds:
            self._platform.take(page)


def _cannot(error: Exception) -> Exception:
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
    return error if isinstance(error, StripeError) else SettingError(str(error))
