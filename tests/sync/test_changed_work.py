"""Changed objects, with readers in any order against a list in memory."""

from __future__ import annotations

import json
import random
from typing import TYPE_CHECKING, cast

from hypothesis import given, settings
from hypothesis import strategies as st

from tap_stripe.api.body import decode_object, text
from tap_stripe.errors import AccountRefused, CursorGone
from tap_stripe.streams.listing import Listing
from tap_stripe.sync.changed_work import ChangedWork
from tap_stripe.sync.changes import Pending
from tap_stripe.sync.reading import Gone, Page, Reading, Refused

if TYPE_CHECKING:
    from tap_stripe.sync.fetch import Fetch
    from tap_stripe.sync.readers import Item, Piece

CHARGES = Listing("/v1/charges", "charge")
COUPONS = Listing("/v1/coupons", "coupon", windowed=False)
PAGE = 5


class Memory:
    """Answers as `Fetch` does, and counts.

    Some cursors are gone, and pages come in parts.
    """

    def __init__(self, objects, chance):
        self.objects = sorted(objects, key=lambda one: one[0], reverse=True)
        self.chance = chance
        self.requests = 0

    def object(self, reading, id_, fed):
        self.requests += 1
        held = [one for one in self.objects if one[1] == id_]
        if not held:
            return Gone(reading, id_, 0)
        return Page(reading, as_objects(held), 0, fed, by_id=True)

    def changed_between(self, reading, seconds, fed, *, cursor=None):
        self.requests += 1
        oldest, top = seconds
        held = [one for one in self.objects if oldest <= one[0] <= top]
        if cursor is not None:
            if self.chance.random() < 0.2:
                message = f"No such charge: {cursor}"
                raise CursorGone(message)
            ids = [one[1] for one in held]
            held = held[ids.index(cursor) + 1 :]
        page = Page(reading, as_objects(held[:PAGE]), 0, fed, by_id=True)
        return page, len(held) > PAGE

    def complete(self, page, wanted, give):
        half = len(wanted) // 2
        give(Page(page.reading, wanted[:half], 0, page.fed, by_id=True))
        return Page(page.reading, wanted[half:], 0, page.fed, by_id=True)


def as_objects(held):
    return [
        decode_object(json.dumps({"id": id_, "created": created}).encode())
        for created, id_ in held
    ]


@settings(deadline=None)
@given(
    st.lists(st.integers(1, 40), max_size=80),
    st.data(),
    st.integers(1, 8),
    st.integers(),
)
def test_each_object_comes_or_is_said_to_be_gone(seconds, data, readers, seed):
    objects = [(second, f"ch_{place}") for place, second in enumerate(seconds)]
    is_wanted = data.draw(
        st.lists(st.booleans(), min_size=len(objects), max_size=len(objects))
    )
    wanted = {
        id_: Pending(created=second)
        for (second, id_), is_one in zip(objects, is_wanted, strict=True)
        if is_one
    }
    wanted |= {"ch_gone": Pending(created=20), "ch_untold": Pending()}
    # Of other phases, which a page may bring along.
    others = {id_: Pending(created=at) for at, id_ in objects if id_ not in wanted}
    chance = random.Random(seed)
    memory = Memory([*objects, (7, "ch_untold")], chance)
    charges, coupons = Reading(None, CHARGES, ()), Reading(None, COUPONS, ())
    known = wanted | others
    waiting = {reading: known.copy() for reading in (charges, coupons)}
    work = ChangedWork(
        {reading: (wanted, left) for reading, left in waiting.items()},
        (),
        dict.fromkeys((charges, coupons), frozenset({"some"})),
        cast("Fetch", memory),
        # None where answers wait for the writer.
        at_once=lambda _: chance.randint(0, readers),
    )

    items: list[Item] = []
    under_way: list[Piece] = []
    steps = 0
    while work:
        steps += 1
        assert steps < 3000, "it does not end"
        while (piece := work.take()) is not None:
            under_way.append(piece)
        assert len(under_way) <= readers
        if not under_way:
            continue
        under = under_way.pop(chance.randrange(len(under_way)))
        items += under.run(items.extend)
        under.done()
        for item in items if chance.random() < 0.1 else []:
            for id_ in ids(item):
                waiting[item.reading].pop(id_, None)

    assert not under_way
    for reading in (charges, coupons):
        mine = [item for item in items if item.reading is reading]
        came = {id_ for item in mine for id_ in ids(item)}
        gone = {item.id for item in mine if isinstance(item, Gone)}
        assert set(wanted) <= came | gone <= {*wanted, *others}
        assert gone == {"ch_gone"}


def ids(item):
    return {text(one["id"]) for one in item.objects} if isinstance(item, Page) else ()


def test_what_is_refused_is_asked_for_no_more_and_does_not_keep_the_rest():
    objects = [(second, f"ch_{second}") for second in range(40)]
    memory = Memory(objects, random.Random(1))
    refused, allowed = Reading(None, CHARGES, ()), Reading(None, COUPONS, ())

    def changed_between(reading, seconds, fed, *, cursor=None):
        if reading is refused:
            raise AccountRefused("no")  # noqa: EM101
        return Memory.changed_between(memory, reading, seconds, fed, cursor=cursor)

    memory.changed_between = changed_between  # type: ignore[method-assign]
    wanted = {id_: Pending(created=second) for second, id_ in objects}
    work = ChangedWork(
        dict.fromkeys((refused, allowed), (wanted, wanted)),
        (),
        dict.fromkeys((refused, allowed), frozenset({"some"})),
        cast("Fetch", memory),
        at_once=lambda _: 3,
    )

    items: list[Item] = []
    while work:
        pieces = []
        while (piece := work.take()) is not None:
            pieces.append(piece)
        for piece in pieces:
            items += piece.run(items.extend)
            piece.done()

    assert [item for item in items if item.reading is refused] == [
        item for item in items if isinstance(item, Refused)
    ]
    assert {id_ for item in items for id_ in ids(item)} == set(wanted)
