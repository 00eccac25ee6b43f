"""One run of the tap, from its first request to its last STATE line."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

from tap_stripe.errors import TapError
from tap_stripe.sync.account import AccountSync
from tap_stripe.sync.fetch import Fetch
from tap_stripe.sync.readers import Readers, Stopped
from tap_stripe.sync.report import Report, is_harmless
from tap_stripe.sync.state import write_bookmark
from tap_stripe.sync.windows import Ask
from tap_stripe.sync.writer import Writer

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tap_stripe.body import Object
    from tap_stripe.client import Client
    from tap_stripe.streams.listing import Feed
    from tap_stripe.sync.reading import Reading
    from tap_stripe.tap import TapStripe


class Run:
    """Syncs the selected collections.

    Args:
        tap: Whose settings, streams and state these are.
        client: The way to Stripe.
        now: When the run began, seconds since the epoch: the next watermark.
    """

    def __init__(self, tap: TapStripe, client: Client, *, now: int) -> None:
        self._tap = tap
        self._client = client
        self._readers = Readers()
        self._report = Report()
        self._signal: int | None = None
        settings = tap.settings
        self._collections = tap.selected()
        self._original = copy.deepcopy(tap.state.get("bookmarks", {}))
        self._account = AccountSync(
            settings.account,
            self._collections,
            tap.state.get("bookmarks", {}),
            start=settings.start,
            now=now,
            lookback_s=settings.lookback_s,
            logger=tap.logger,
            report=self._report,
        )

    def run(self) -> None:
        """Sync.

        Raises:
            TapError: The run could not go on, or something could not be read.
            SystemExit: It was asked to stop.
        """
        if not self._collections:
            self._tap.logger.warning("Nothing is selected in the catalog.")
        self._account.begin()
        writer = Writer(
            self._collections, state=self._state, write=self._tap.write_message
        )
        fetch = Fetch(self._client)
        try:
            self._account.run(self._readers, fetch, writer, self._client.usage)
        except Stopped:
            writer.state(now=True)
            raise SystemExit(128 + (self._signal or 0)) from None
        except TapError:
            writer.state(now=True)
            raise
        finally:
            self._readers.close()
        self._report.log(self._tap.logger, self._client.usage)
        if self._report.refused and self._tap.settings.fail_on_missing_permission:
            message = (
                f"Not all was read: {', '.join(sorted(self._report.refused))}; the "
                "lines above say why. All else is read."
            )
            raise TapError(message)

    def stop(self, signum: int) -> None:
        """Stop with a last STATE line. May be called from a signal handler."""
        self._signal = signum
        self._readers.stop()

    def _state(self) -> dict[str, Any]:
        self._account.keep_waiting()
        bookmarks = dict(self._original)
        for name, bookmark in self._account.bookmarks.items():
            if bookmark.watermark is not None:
                bookmarks[name] = write_bookmark(bookmark)
        self._tap.state["bookmarks"] = bookmarks
        return dict(self._tap.state)

    @staticmethod
    def pages(
        client: Client, readings: Iterable[Reading], *, start: int, now: int
    ) -> Iterator[tuple[Feed, list[Object], float]]:
        """Read listings one after the other, for one collection.

        Args:
            client: The way to Stripe.
            readings: The listings, each with the collection's feeds.
            start: First `created` second that is wanted.
            now: Last one.

        Yields:
            A feed, the objects of a page, and when they came.
        """
        fetch = Fetch(client)
        for reading in readings:
            feeds = [feed for _, feed in reading.feeds if not feed.changes_only]
            if not feeds or reading.listing.later_only:
                continue
            try:
                for page in _pages(fetch, reading, start=start, now=now):
                    for feed in feeds:
                        yield feed, page.objects, page.received_at
            except TapError as error:
                if not is_harmless(error, reading.listing):
                    raise


def _pages(fetch: Fetch, reading: Reading, *, start: int, now: int) -> Iterator[Any]:
    listing = reading.listing
    ask = Ask(reading, frozenset(), start, now, now, None, not listing.windowed)
    if listing.single:
        yield fetch.single(ask)
        return
    while True:
        page, full = fetch.window(ask)
        yield page
        if full is None:
            return
        ask = Ask(
            reading,
            ask.fed,
            ask.first,
            full.oldest,
            full.top,
            full.cursor,
            ask.whole,
        )
