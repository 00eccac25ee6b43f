"""Changed objects, with readers in any order against a list in memory."""

from __future__ import annotations

import json
import random
from typing import TYPE_CHECKING, cast

from hypothesis import given, settings
from hypothesis import strategies as st

from tap_stripe.body import decode_object, text
from tap_stripe.errors import CursorGone
from tap_stripe.streams.listing import Listing
from tap_stripe.sync.changed_work import ChangedWork
from tap_stripe.sync.changes import Pending
from tap_stripe.sync.reading import Gone, Page, Reading

if TYPE_CHECKING:
    from tap_stripe.sync.fetch import Fetch
    from tap_stripe.sync.readers import Item, Piece

CHARGES = Listing("/v1/charges", "charge")
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
    waiting = dict(wanted)
    chance = random.Random(seed)
    memory = Memory([*objects, (7, "ch_untold")], chance)
    reading = Reading(None, CHARGES, ())
    work = ChangedWork(
        {reading: (wanted, waiting)},
        (),
        {reading: frozenset({"charges"})},
        cast("Fetch", memory),
        at_once=lambda _: readers,
    )

    items: list[Item] = []
    under_way: list[Piece] = []
    while work:
        while len(under_way) < readers + 2 and (piece := work.take()) is not None:
            under_way.append(piece)
        assert 0 < len(under_way) <= readers
        under = under_way.pop(chance.randrange(len(under_way)))
        items += under.run(items.extend)
        under.done()
        for item in items if chance.random() < 0.5 else []:
            for one in item.objects if isinstance(item, Page) else ():
                waiting.pop(text(one["id"]) or "", None)
        assert memory.requests < 1000, "it does not end"

    came = {
        text(one["id"])
        for item in items
        if isinstance(item, Page)
        for one in item.objects
    }
    gone = {item.id for item in items if isinstance(item, Gone)}
    assert came | gone == set(wanted)
    assert gone == {"ch_gone"}
