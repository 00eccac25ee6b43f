"""A local Stripe: start it, change it, ask it what is true."""

from __future__ import annotations

import asyncio
from threading import Event, Thread
from typing import TYPE_CHECKING, Any, Self

from tap_stripe.sandbox.changes.changer import Changer
from tap_stripe.sandbox.faults import Broken
from tap_stripe.sandbox.options import Options
from tap_stripe.sandbox.server import Connection, Server
from tap_stripe.sandbox.truth import Truth
from tap_stripe.sandbox.world import World

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Callable, Sequence
    from collections.abc import Collection as Names
    from types import TracebackType

    from tap_stripe.sandbox.collection import Collection
    from tap_stripe.sandbox.faults import BadAnswer, Faults
    from tap_stripe.sandbox.limits import Limits
    from tap_stripe.sandbox.log import RequestLog
    from tap_stripe.sandbox.server import Impostor


class Sandbox(Truth):
    """A Stripe-shaped server on loopback, in a thread of its own.

    Use it as a context manager, or call `start` and `close`.
    """

    def __init__(self, options: Options | None = None) -> None:
        self.options = options or Options()
        super().__init__(World(self.options))
        self._server = Server(self.world)
        self._changer = Changer(self.world)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._listening: asyncio.Server | None = None
        self._thread: Thread | None = None
        self._port = self.options.port

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def start(self) -> None:
        """Listen; returns when requests are answered."""
        ready = Event()
        failures: list[OSError] = []
        self._loop = asyncio.new_event_loop()
        self._thread = Thread(
            target=self._serve, args=(self._loop, ready, failures), daemon=True
        )
        self._thread.start()
        ready.wait()
        if failures:
            self._thread.join()
            raise failures[0]

    def _serve(
        self, loop: asyncio.AbstractEventLoop, ready: Event, failures: list[OSError]
    ) -> None:
        try:
            self._listening = loop.run_until_complete(
                loop.create_server(
                    lambda: Connection(self._server, loop),
                    self.options.host,
                    self._port,
                    backlog=512,
                )
            )
        except OSError as failure:
            failures.append(failure)
            loop.close()
            ready.set()
            return
        self._port = self._listening.sockets[0].getsockname()[1]
        ready.set()
        try:
            loop.run_forever()
            self._listening.close()
            for connection in list(self._server.connections):
                if connection.transport is not None:
                    connection.transport.abort()
            loop.run_until_complete(self._listening.wait_closed())
            # A turn of the loop, in which aborted transports close their sockets.
            loop.run_until_complete(asyncio.sleep(0))
        finally:
            loop.close()

    def close(self) -> None:
        """Stop listening and drop every connection.

        Raises:
            RuntimeError: The sandbox had a bug, which it answered with 500.
        """
        self.stop_changing()
        if self._loop is not None and self._thread is not None:
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join()
            self._loop = self._thread = None
        if self._server.failures:
            message = "the sandbox itself failed to answer"
            raise RuntimeError(message) from self._server.failures[0]

    @property
    def port(self) -> int:
        """Where it listens."""
        return self._port

    @property
    def url(self) -> str:
        """Base address, without a slash at its end."""
        return f"http://{self.options.host}:{self._port}"

    @property
    def key(self) -> str:
        """The first of its API keys."""
        return next(iter(self.options.keys))

    @property
    def account(self) -> str:
        """Id of the account that the keys belong to."""
        return self.world.account

    @property
    def log(self) -> RequestLog:
        """What was asked and answered."""
        return self._server.log

    # What may be turned while it runs.

    @property
    def faults(self) -> Faults:
        """What goes wrong on purpose."""
        return self._server.faults

    @faults.setter
    def faults(self, faults: Faults) -> None:
        self._server.faults = faults

    @property
    def limits(self) -> Limits:
        """Rate and concurrency limits."""
        return self._server.limiter.limits

    @limits.setter
    def limits(self, limits: Limits) -> None:
        self._server.limiter.limits = limits

    @property
    def down(self) -> bool:
        """Whether everything is answered with 503."""
        return self._server.down

    @down.setter
    def down(self, down: bool) -> None:
        self._server.down = down

    @property
    def latency_seconds(self) -> float:
        """Time from a request to its answer."""
        return self._server.latency_seconds

    @latency_seconds.setter
    def latency_seconds(self, latency_seconds: float) -> None:
        self._server.latency_seconds = latency_seconds

    @property
    def impostor(self) -> Impostor | None:
        """Answers in Stripe's place, to try what Stripe would never say.

        Called with the path and its query, it gives status, body and headers, or None
        to leave the answer to the sandbox.
        """
        return self._server.impostor

    @impostor.setter
    def impostor(self, impostor: Impostor | None) -> None:
        self._server.impostor = impostor

    def break_(self, path: str, answer: BadAnswer, **how: Any) -> Broken:
        """Let Stripe answer one thing badly, until `mend`; `Broken` says how."""
        broken = Broken(path=path, answer=answer, **how)
        self._server.broken.append(broken)
        return broken

    def mend(self) -> None:
        """Let Stripe answer everything well again."""
        self._server.broken.clear()

    @property
    def clock_offset_seconds(self) -> float:
        """By how much Stripe's clock is ahead of this machine's."""
        return self.world.clock_offset_seconds

    @clock_offset_seconds.setter
    def clock_offset_seconds(self, seconds: float) -> None:
        self.world.clock_offset_seconds = seconds

    @property
    def most_in_flight(self) -> int:
        """The most requests that were in flight at once; latency makes them overlap."""
        return self._server.limiter.most_in_flight

    def set_key(self, key: str, permissions: Names[str] | None) -> None:
        """Add a key, or change what it may read; None is everything."""
        self.world.keys.set(key, permissions)

    def revoke(self, key: str) -> None:
        """Let a key expire: 401 from now on."""
        self.world.keys.revoke(key)

    def revoke_account(self, account: str, *, listed: bool = False) -> None:
        """Disconnect an account: 403 `account_invalid` from now on.

        Args:
            account: Its id.
            listed: Whether it is still in the list of accounts.
        """
        with self.world.lock:
            self.world.revoke_account(account, listed=listed)

    def break_account(self, account: str) -> None:
        """Answer every request for a connected account with 500."""
        self.world.broken.add(account)

    def mend_account(self, account: str) -> None:
        """Answer requests for an account again."""
        self.world.broken.discard(account)

    def restrict_account(self, account: str, permissions: Names[str]) -> None:
        """Let a connected account grant only some read permissions."""
        self.world.keys.restrict(account, permissions)

    def uninstall_app(self, account: str | None = None) -> None:
        """Uninstall the Stripe App from an account, as its owner does.

        Its tokens expire at once, and are not renewed any more.
        """
        with self.world.lock:
            self._server.oauth.uninstall(account or self.world.account)

    # Changes, from any thread while it runs; `account` is a connected account's id.

    def perform(
        self,
        operation: str,
        identifier: str | None = None,
        *,
        account: str | None = None,
    ) -> str:
        """Do one operation of `changes.OPERATIONS`, with the events that Stripe raises.

        Args:
            operation: Its name (`refund_charge`).
            identifier: What to do it to; by default chance finds something.
            account: Whose.

        Returns:
            The id of what was changed or created.

        Raises:
            LookupError: Nothing suits it.
        """
        return self._changer.perform(operation, identifier, account=account)

    def edit(
        self,
        resource: str,
        identifier: str,
        *events: str,
        account: str | None = None,
        **properties: Any,
    ) -> None:
        """Give an object other properties, and raise update events about it."""
        with self.world.lock:
            self._changer.edit(resource, identifier, events, properties, account)

    def raise_event(
        self,
        event: str,
        thing: dict[str, Any],
        *,
        previous: dict[str, Any] | None = None,
        version: str | None = "",
        account: str | None = None,
    ) -> None:
        """Raise an event about anything.

        Args:
            event: Its type.
            thing: `data.object`.
            previous: `data.previous_attributes`.
            version: `api_version`; empty for the account's own.
            account: Whose.
        """
        with self.world.lock:
            events = self._universe(account).events
            events.add(event, thing, previous=previous, version=version)

    def vanish(
        self, resource: str, identifier: str, *, account: str | None = None
    ) -> None:
        """Delete an object without any event."""
        with self.world.lock:
            collection, rank = self._place(resource, identifier, account)
            collection.delete(rank)

    def withhold(
        self, resource: str, identifier: str, *, account: str | None = None
    ) -> Callable[[], None]:
        """Treat an object as if it did not exist; what is returned brings it back."""
        with self.world.lock:
            collection, rank = self._place(resource, identifier, account)
            collection.withhold(rank)

        def reveal() -> None:
            with self.world.lock:
                collection.reveal(rank)

        return reveal

    def _place(
        self, resource: str, identifier: str, account: str | None
    ) -> tuple[Collection, int]:
        collection = self._universe(account).collections[resource]
        rank = collection.living(identifier)
        if rank is None:
            raise LookupError(identifier)
        return collection, rank

    def change(
        self,
        rounds: int = 1,
        *,
        seed: int | None = None,
        only: Sequence[str] = (),
        unseen: bool = False,
        among_newest: int | None = None,
        account: str | None = None,
    ) -> Counter[str]:
        """Do operations by chance.

        Args:
            rounds: How many are tried.
            seed: Makes them repeatable; None goes on with the sandbox's own.
            only: Names to choose from; all that a reader can follow, if empty.
            unseen: Whether to take, without `only`, what no reader can follow too.
            among_newest: Change only this many of the newest objects.
            account: Whose.

        Returns:
            How often each was done.
        """
        return self._changer.change(
            rounds,
            seed=seed,
            only=only,
            unseen=unseen,
            among_newest=among_newest,
            account=account,
        )

    def start_changing(self, per_second: float, *, account: str | None = None) -> None:
        """Change by chance, in the background, until `stop_changing`."""
        self._changer.start(per_second, account=account)

    def stop_changing(self) -> None:
        """Stop changing in the background."""
        self._changer.stop()

    def settle(self, *, account: str | None = None) -> int:
        """Make every due balance transaction available, which raises no event.

        Returns:
            How many were due.
        """
        return self._changer.settle(account)

    def forget_events(self, *, account: str | None = None) -> None:
        """Let every event so far be gone, as Stripe's are after 30 days."""
        with self.world.lock:
            self._universe(account).events.forget()
