"""Every account of a sandbox, and who may read them."""

from __future__ import annotations

from threading import RLock
from typing import TYPE_CHECKING

from tap_stripe.sandbox.connect import own_account
from tap_stripe.sandbox.dice import Dice, seed_of
from tap_stripe.sandbox.keys import Keyring
from tap_stripe.sandbox.money import DAY_SECONDS
from tap_stripe.sandbox.universe import Universe

if TYPE_CHECKING:
    from tap_stripe.sandbox.options import Options
    from tap_stripe.sandbox.shapes import Object

# Base data ends this long before the present, so that changes come after it.
LEAD_SECONDS = 3_600


class World:
    """The platform's universe and those of its connected accounts.

    Attributes:
        account: The platform's own id.
        broken: Connected accounts for which every request ends with 500.
        clock_offset_seconds: By how much Stripe's clock is ahead of this machine's.
        dice: Chance in what lists answer.
        lock: Held while anything is read or changed.
    """

    def __init__(self, options: Options) -> None:
        self.options = options
        self.lock = RLock()
        self.clock_offset_seconds = options.clock_offset_seconds
        self.dice = Dice(seed_of(options.seed, "lists"))
        self.keys = Keyring(
            options.keys,
            wording=options.permission_wording,
            status=options.permission_status,
        )
        now = options.now if options.now is not None else int(self.clock())
        self._ended_at = now - LEAD_SECONDS
        seed = seed_of(options.seed, "account")
        self.account = f"acct_1Sandbox{seed & 0xFFFFFFFF:08x}"
        self.platform = Universe(
            options=options,
            account=self.account,
            seed=seed,
            ended_at=self._ended_at,
            clock=self.clock,
        )
        # Older than those that connect to it.
        opened_at = self.platform.started_at - DAY_SECONDS
        self.own = own_account(self.account, opened_at)
        self._connected: dict[str, Universe] = {}
        self._revoked: set[str] = set()
        self.broken: set[str] = set()

    def clock(self) -> float:
        """Unix seconds at Stripe."""
        return self.options.clock() + self.clock_offset_seconds

    def universe(self, account: str | None) -> Universe | None:
        """The data of an account as of now, None where there is no access."""
        universe = self._universe(account)
        if universe is not None:
            with self.lock:
                universe.catch_up()
        return universe

    def _universe(self, account: str | None) -> Universe | None:
        if account is None or account == self.account:
            return self.platform
        if not self.options.connected_data or account in self._revoked:
            return None
        accounts = self.platform.accounts
        rank = accounts.living(account)
        if rank is None:
            return None
        if account not in self._connected:
            self._connected[account] = Universe(
                options=self.options,
                account=account,
                seed=seed_of(self.options.seed, account),
                ended_at=self._ended_at,
                clock=self.clock,
                scale=self.options.scale * self.options.connected_scale,
            )
        return self._connected[account]

    def own_account(self, universe: Universe) -> Object:
        """What `/v1/account` shows of an account to itself."""
        if universe is self.platform:
            return self.own
        record = self.platform.accounts.find(universe.account)
        return record or own_account(universe.account, universe.started_at)

    def revoke_account(self, account: str, *, listed: bool = False) -> None:
        """Disconnect an account: it answers 403 and, unless `listed`, isn't listed."""
        self._revoked.add(account)
        if listed:
            return
        rank = self.platform.accounts.living(account)
        if rank is not None:
            self.platform.accounts.delete(rank)
