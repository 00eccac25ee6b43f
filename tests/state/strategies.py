"""States as a run may leave them, and what a file may hold in their place."""

from __future__ import annotations

from hypothesis import strategies as st

from tap_stripe.state.bookmarks import AccountState, Bookmark, Failed, Slice
from tap_stripe.state.intervals import union

PATHS = ("/v1/invoices", "/v1/customers")
SECOND = st.integers(0, 2_000_000_000)
PAIR = st.tuples(SECOND, SECOND).map(lambda pair: (min(pair), max(pair)))
SET = st.lists(PAIR, max_size=2).map(union)
ID = st.text(min_size=1, max_size=3)

BOOKMARK = st.builds(
    lambda watermark, unread, **rest: Bookmark(
        watermark=watermark, listed=watermark, unread=unread, **rest
    ),
    SECOND,
    st.fixed_dictionaries(dict.fromkeys(PATHS, SET)),
    looked=SECOND,
    start=SECOND,
    unsettled=st.lists(st.tuples(ID, st.none() | SECOND), max_size=1),
    ids=st.fixed_dictionaries(dict.fromkeys(PATHS, st.lists(ID, max_size=2))),
    many=st.sampled_from([[], [PATHS[0]]]),
    refused=st.sampled_from([[], [PATHS[1]]]),
    deselected=st.sampled_from([[], ["metadata"]]),
    version=SECOND,
    activated=st.booleans(),
)
FAILED = st.builds(
    Failed,
    path=st.sampled_from(PATHS),
    id=ID,
    collections=st.lists(st.sampled_from(["invoices", "invoice_lines"])),
    created=st.none() | SECOND,
    itself=st.booleans(),
    children=st.lists(st.tuples(ID, ID, SECOND), max_size=1),
)
SLICE = st.builds(
    Slice,
    last=SECOND,
    ready=SECOND,
    left=st.dictionaries(st.sampled_from(PATHS), SET),
)
NAMES = ("charges", "invoices")
ACCOUNT_STATE = st.builds(
    AccountState,
    bookmarks=st.dictionaries(st.sampled_from(NAMES), BOOKMARK, min_size=1),
    failed=st.lists(FAILED, max_size=1),
    slice=st.none() | SLICE,
    seen=st.integers(0, 2**60),
    left_at=SECOND,
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)
