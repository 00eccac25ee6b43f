"""The events of one account: https://docs.stripe.com/api/events."""

from __future__ import annotations

from bisect import bisect_left
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from tap_stripe.sandbox.aging import aged, transfer_of
from tap_stripe.sandbox.dice import Dice, seed_of
from tap_stripe.sandbox.errors import BadRequest, NotFound, no_such
from tap_stripe.sandbox.present import without_nulls
from tap_stripe.sandbox.shapes import shape

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tap_stripe.sandbox.listing import Query
    from tap_stripe.sandbox.shapes import Object
    from tap_stripe.sandbox.universe import Universe

KEPT_SECONDS = 30 * 86_400
# https://docs.stripe.com/changelog/acacia/2024-10-28/refund-webhooks
_SINCE = {
    "refund.created": "2024-10-28",
    "refund.updated": "2024-10-28",
    "refund.failed": "2024-10-28",
}
# `aging` knows the shapes from before.
_RESHAPED = "2018-03"
_BEFORE_PAYOUTS = "2016-07-06"
_OLD_VERSIONS = (None, "2018-02-28", "2017-08-15")


class Event(NamedTuple):
    """An event as it was raised.

    Attributes:
        visible_at: Unix seconds from which lists show it.
    """

    id: str
    type: str
    created: int
    visible_at: float
    body: bytes

    def decoded(self) -> Object:
        """The event as an object."""
        event: Object = msgspec.json.decode(self.body)
        return event


class EventLog:
    """Events, oldest first."""

    def __init__(self, universe: Universe) -> None:
        self._universe = universe
        self._dice = Dice(seed_of(universe.seed, "events"))
        self._events: list[Event] = []
        self._places: dict[str, int] = {}
        self._forgotten = 0

    def add(
        self,
        type_: str,
        thing: Object,
        *,
        previous: Object | None = None,
        before: Object | None = None,
        account: str | None = None,
        version: str | None = "",
    ) -> None:
        """Raise an event, unless the account's API version is too old for its type.

        Args:
            type_: Its type.
            thing: The object as a GET shows it.
            previous: `previous_attributes`, of an update.
            before: The object before the update, which a stale event holds instead.
            account: The connected account it comes from, where that is another one.
            version: `api_version` to render it in; empty for the account's own.
        """
        universe = self._universe
        options = universe.options
        if options.account_api_version < _SINCE.get(type_, ""):
            return
        dice = self._dice
        is_given = version != ""
        version = version if is_given else options.account_api_version
        if before is not None and dice.chance(options.stale_events):
            thing = before
        if dice.chance(options.old_events) and not is_given:
            version = dice.pick(_OLD_VERSIONS)
        if not is_given and (version is None or version < _RESHAPED):
            thing = aged(thing, is_deleted=type_.endswith(".deleted"))
        if options.payouts_as_transfers and type_.startswith("payout."):
            version, thing = _BEFORE_PAYOUTS, transfer_of(thing)
            type_ = type_.replace("payout", "transfer")
        if options.absent_nulls:
            thing = without_nulls(thing)
        created, visible_at = self._times()
        event = shape("event")
        event.update(
            api_version=version,
            created=created,
            data={"object": thing},
            type=type_,
        )
        if previous is not None:
            event["data"]["previous_attributes"] = previous
        if account is not None:
            event["account"] = account
        self._append(event, visible_at)
        if options.repeated_events and dice.chance(options.repeated_events):
            self._append(event, visible_at)

    def _times(self) -> tuple[int, float]:
        """When the next event is created, and from when on it is listed."""
        created = self._universe.now
        if self._events:
            created = max(created, self._events[-1].created)
        visible_at = float(created)
        options, dice = self._universe.options, self._dice
        if options.event_delay_seconds and dice.chance(options.late_events):
            visible_at += options.event_delay_seconds * dice.share()
        return created, visible_at

    def _append(self, event: Object, visible_at: float) -> None:
        place = len(self._events)
        id_ = event["id"] = f"evt_1{self._universe.ids.tag}{place:012x}"
        body = msgspec.json.encode(event)
        self._places[id_] = place
        self._events.append(
            Event(id_, event["type"], event["created"], visible_at, body)
        )

    @property
    def last_id(self) -> str | None:
        """Id of the last event raised."""
        return self._events[-1].id if self._events else None

    def every(self) -> list[Event]:
        """Every event ever raised, oldest first, visible or not."""
        return list(self._events)

    def find(self, identifier: str) -> Event:
        """A visible event.

        Raises:
            NotFound: None has this id, or it is over 30 days old.
        """
        place = self._places.get(identifier)
        if place is None or not self._is_visible(place):
            raise NotFound(**no_such("event", identifier))
        return self._events[place]

    def forget(self) -> None:
        """Treat every event so far as if its 30 days were over."""
        self._forgotten = len(self._events)

    def _is_kept(self, place: int) -> bool:
        kept_since = self._universe.clock() - KEPT_SECONDS
        return place >= self._forgotten and self._events[place].created > kept_since

    def _is_visible(self, place: int) -> bool:
        is_due = self._events[place].visible_at <= self._universe.clock()
        return is_due and self._is_kept(place)

    def page(self, query: Query) -> tuple[list[Event], bool]:
        """A page, newest first, and whether there are more.

        Raises:
            BadRequest: The cursor is no event, or too old a one.
        """
        first = bisect_left(self._events, query.first, key=_created)
        end = bisect_left(self._events, query.last + 1, key=_created)
        cursor = query.starting_after or query.ending_before
        if cursor is not None:
            place = self._places.get(cursor)
            param = "starting_after" if query.starting_after else "ending_before"
            if place is None:
                raise BadRequest(**no_such("event", cursor, param=param))
            if not self._is_kept(place):
                message = (
                    f"The event '{cursor}' is no longer available because it's aged out"
                    " of our retention policy."
                )
                raise BadRequest(message, code="resource_missing", param=param)
            if query.starting_after:
                end = min(end, place)
            else:
                first = max(first, place + 1)
        places: Iterator[int] | range = range(first, end)
        if query.ending_before is None:
            places = reversed(range(first, end))
        found: list[Event] = []
        for place in places:
            event = self._events[place]
            if self._is_visible(place) and _passes(event, query):
                found.append(event)
                if len(found) > query.limit:
                    break
        has_more = len(found) > query.limit
        del found[query.limit :]
        if query.ending_before is not None:
            found.reverse()
        return found, has_more


def _created(event: Event) -> int:
    return event.created


def _passes(event: Event, query: Query) -> bool:
    wanted = query.types or (
        (query.filters["type"],) if "type" in query.filters else ()
    )
    return not wanted or any(
        event.type == name
        or (name.endswith("*") and event.type.startswith(name.removesuffix("*")))
        for name in wanted
    )
