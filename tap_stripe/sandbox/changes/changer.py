"""Changes a world by name, by chance, or all the time in the background."""

from __future__ import annotations

from collections import Counter
from threading import Event, Thread
from typing import TYPE_CHECKING, Any

from tap_stripe.sandbox.changes.hand import Hand
from tap_stripe.sandbox.changes.operations import (
    OF_ACCOUNTS,
    ON_CLOCKS,
    OPERATIONS,
    UNDOCUMENTED,
    UNSEEN,
    mix,
)
from tap_stripe.sandbox.dice import Dice, seed_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tap_stripe.sandbox.universe import Universe
    from tap_stripe.sandbox.world import World


class Changer:
    """Makes the changes of a sandbox; the same seed makes the same ones."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._dice = Dice(seed_of(world.options.seed, "changes"))
        options = world.options
        # What is in no list, no reader of lists can compare.
        self._hidden = ON_CLOCKS
        if not options.undocumented:
            self._hidden |= UNDOCUMENTED
        hidden = UNSEEN | self._hidden
        if not (options.connected_data or options.connect_events_on_platform):
            hidden |= OF_ACCOUNTS
        self._seen = mix(without=hidden)
        self._stop = Event()
        self._thread: Thread | None = None

    def _universe(self, account: str | None) -> Universe:
        universe = self._world.universe(account)
        if universe is None:
            message = f"no data of account {account}"
            raise KeyError(message)
        return universe

    def perform(
        self, operation: str, identifier: str | None, *, account: str | None
    ) -> str:
        """Do one operation.

        Raises:
            LookupError: Nothing suits it.
        """
        with self._world.lock:
            universe = self._universe(account)
            hand = Hand(
                self._world,
                universe,
                self._dice,
                wanted=identifier,
                is_thorough=True,
            )
            changed = OPERATIONS[operation](hand)
        if changed is None:
            message = f"nothing to {operation.replace('_', ' ')}"
            raise LookupError(message)
        return changed

    def edit(
        self,
        resource: str,
        identifier: str,
        events: Sequence[str],
        properties: Mapping[str, Any],
        account: str | None,
    ) -> None:
        """Give an object other properties, and raise events about it.

        Raises:
            LookupError: There is no such object.
        """
        universe = self._universe(account)
        hand = Hand(self._world, universe, self._dice)
        collection = universe.collections[resource]
        rank = collection.living(identifier)
        if rank is None:
            raise LookupError(identifier)
        with hand.editing(collection, rank, *events) as record:
            record.update(properties)

    def change(
        self,
        rounds: int,
        *,
        seed: int | None,
        only: Sequence[str],
        unseen: bool,
        among_newest: int | None,
        account: str | None,
    ) -> Counter[str]:
        """Do operations by chance.

        Returns:
            How often each was done; those that nothing suited are not counted.
        """
        dice = self._dice if seed is None else Dice(seed_of(seed, "changes"))
        names = tuple(only) or (mix(without=self._hidden) if unseen else self._seen)
        done: Counter[str] = Counter()
        for _ in range(rounds):
            name = dice.pick(names)
            with self._world.lock:
                universe = self._universe(account)
                hand = Hand(self._world, universe, dice, among_newest=among_newest)
                if OPERATIONS[name](hand) is not None:
                    done[name] += 1
        return done

    def start(self, per_second: float, *, account: str | None) -> None:
        """Change by chance until `stop`."""
        self.stop()
        self._stop.clear()

        def work() -> None:
            while not self._stop.wait(1 / per_second):
                self.change(
                    1,
                    seed=None,
                    only=(),
                    unseen=False,
                    among_newest=None,
                    account=account,
                )

        self._thread = Thread(target=work, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Leave everything as it is."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def settle(self, account: str | None) -> int:
        """Make every due balance transaction available.

        Returns:
            How many.
        """
        with self._world.lock:
            universe = self._universe(account)
            transactions = universe.transactions
            now = universe.clock()
            due = [
                rank
                for rank in transactions.pending()
                if transactions.record(rank)["available_on"] <= now
            ]
            for rank in due:
                transactions.edited(rank)["status"] = "available"
        return len(due)
