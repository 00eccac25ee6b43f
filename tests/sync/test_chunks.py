"""Changed objects are read in few requests, whatever lies between them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tap_stripe.sync.chunks import Chunks

if TYPE_CHECKING:
    from collections.abc import Callable

PAGE = 5


class Listing:
    """A list as Stripe gives it, newest first.

    Attributes:
        objects: `created` and id.
        requests: So many were made.
    """

    def __init__(self, objects):
        self.objects = sorted(objects, reverse=True)
        self.requests = 0

    def answer(self, chunk):
        """Answer what a chunk asks for; give how it is noted."""
        self.requests += 1
        newest, id_ = chunk.first
        if chunk.asks_by_id:
            return lambda chunks: chunks.read(chunk, id_)
        top, cursor = chunk.behind or (newest, None)
        oldest = chunk.oldest
        held = [one for one in self.objects if oldest <= one[0] <= top]
        if cursor is not None:
            held = held[[one[1] for one in held].index(cursor) + 1 :]
        page = held[:PAGE]
        ends_at, last = page[-1] if len(held) > PAGE else (None, "")
        ids = {one[1] for one in page}
        return lambda chunks: chunks.listed(chunk, ids, ends_at=ends_at, last=last)


def read(chunks, listing, *, readers):
    """Read all with so many readers; give the ids that each request was for."""
    asked: list[str] = []
    under_way: list[Callable[[Chunks], None]] = []
    while chunks or under_way:
        while len(under_way) < readers and (chunk := chunks.take(any_)) is not None:
            asked.append(chunk.first[1])
            under_way.append(listing.answer(chunk))
        assert under_way, "nobody gets on"
        under_way.pop(0)(chunks)
        assert listing.requests < 1000, "it does not end"
    return asked


def taken(chunks):
    chunk = chunks.take(any_)
    assert chunk is not None
    return chunk


def any_(by_id):
    """May be asked, by its id as well as with a page."""
    return by_id in (True, False)


def named(seconds):
    return [(second, f"o{place:04}") for place, second in enumerate(seconds)]


objects = st.lists(st.integers(1, 60), min_size=1, max_size=80).map(named)


@given(
    objects,
    st.data(),
    st.integers(1, 6),
    st.lists(st.integers(1, 60) | st.none(), max_size=5),
)
def test_all_that_is_wanted_is_read_and_no_object_costs_more_than_one_request(
    objects, data, readers, others
):
    some = data.draw(st.lists(st.sampled_from(objects), unique=True))
    # Those that are in no list any more, or of unknown age.
    absent = [(second, f"absent{place}") for place, second in enumerate(others)]
    listing = Listing(objects)
    chunks = Chunks([*some, *absent], is_listed=True)

    read(chunks, listing, readers=readers)

    assert not chunks
    # A page may bring none but those that another reader has met meanwhile, and a page
    # tells that one is absent; pages of one second follow each other.
    pages = len(objects) / PAGE
    assert listing.requests <= len(some) + 2 * len(absent) + pages * readers


@given(objects)
@example(named([1, 2, 3, 4, 5, 6, *[7] * PAGE]))
@example(named([*range(2, 40, 2), *[40] * PAGE]))
def test_a_list_of_which_all_has_changed_is_read_once_by_one_reader(objects):
    listing = Listing(objects)

    read(Chunks(objects, is_listed=True), listing, readers=1)

    # The second in which a page ends may be begun again.
    seconds = len({second for second, _ in objects})
    assert listing.requests <= len(objects) / PAGE + seconds / 2 + 1


def test_objects_that_lie_far_apart_are_asked_for_by_id_at_once():
    listing = Listing(named(range(0, 100_000, 10)))
    wanted = listing.objects[::100]

    asked = read(Chunks(wanted, is_listed=True), listing, readers=10)

    assert sorted(asked) == sorted(id_ for _, id_ in wanted)


def test_a_list_without_filters_is_asked_for_by_id_only():
    chunks = Chunks(named([5] * 20), is_listed=False)
    under_way = []
    while (chunk := chunks.take(any_)) is not None:
        assert chunk.asks_by_id
        under_way.append(chunk)

    assert len(under_way) > 1
    assert {one for chunk in under_way for one in chunk.wanted} == set(named([5] * 20))


def test_a_single_object_is_asked_for_by_its_id():
    assert taken(Chunks(named([5]), is_listed=True)).asks_by_id
    assert not taken(Chunks(named([5, 6]), is_listed=True)).asks_by_id


def test_nothing_is_cut_before_a_page_tells_how_close_objects_lie():
    chunks = Chunks(named(range(100)), is_listed=True)
    first = taken(chunks)

    assert chunks.take(any_) is None

    chunks.listed(first, {"o0099", "o0098"}, ends_at=97, last="x")
    assert taken(chunks) is first
    older = taken(chunks)
    assert [*older.wanted, *first.wanted] == named(range(98))


def test_objects_of_unknown_age_come_last_and_by_id():
    chunks = Chunks([(None, "untold"), *named([7, 8])], is_listed=True)
    timed = taken(chunks)
    assert chunks.take(any_) is None
    chunks.listed(timed, {"o0000", "o0001"}, ends_at=None, last="")

    untimed = taken(chunks)

    assert untimed.asks_by_id
    assert untimed.wanted == [(None, "untold")]


def test_objects_of_unknown_age_that_a_page_brings_are_asked_for_no_more():
    chunks = Chunks([(None, "untold"), *named([7, 8])], is_listed=True)

    chunks.listed(taken(chunks), {"o0000", "o0001", "untold"}, ends_at=None, last="")

    assert not chunks


def test_a_chunk_is_not_cut_where_its_endpoint_may_not_be_asked():
    chunks = Chunks(named(range(0, 1000, 10)), is_listed=True)
    chunks.listed(taken(chunks), {"o0099"}, ends_at=985, last="x")
    taken(chunks)

    assert chunks.take(lambda by_id: not by_id) is None
    assert chunks.take(lambda by_id: by_id) is None
    assert chunks.requests_left() == 99

    assert chunks.take(any_) is not None


def test_what_another_reader_has_met_is_not_asked_for_again():
    chunks = Chunks(named(range(100)), is_listed=True)
    chunks.listed(taken(chunks), {"o0099"}, ends_at=98, last="x")
    first, older = taken(chunks), taken(chunks)

    # Its page reaches down into the other one.
    held = {id_ for _, id_ in [*first.wanted, *older.wanted[-5:]]}
    chunks.listed(first, held, ends_at=older.wanted[-5][0], last="y")
    chunks.read(older, older.first[1])

    assert older.wanted[-1] == named(range(100))[len(older.wanted) - 1]
    assert taken(chunks) is older
    assert not {id_ for _, id_ in older.wanted} & held


@given(objects, st.integers(1, 20))
def test_as_many_requests_are_left_as_pages_begin(objects, page_s):
    chunks = Chunks(objects, is_listed=True)
    chunk = taken(chunks)
    chunk.page_s = page_s

    begun, until = 0, 61
    for created, _ in sorted(objects, reverse=True):
        if created < until:
            begun, until = begun + 1, created - page_s
    assert chunk.requests_left() == begun


@pytest.mark.parametrize("readers", [1, 4])
def test_the_density_is_looked_at_again_where_it_may_have_changed(readers):
    # New ones lie far apart, old ones close.
    listing = Listing(named([*range(2_000), *range(2_000, 60_000, 1000)]))
    sparse = [one for one in listing.objects if one[0] >= 2_000]
    close = [one for one in listing.objects if one[0] < 100]

    read(Chunks([*sparse[::2], *close], is_listed=True), listing, readers=readers)

    # 29 by id, or with pages that bring two; 20 pages.
    assert listing.requests < 29 + 20 + 10
