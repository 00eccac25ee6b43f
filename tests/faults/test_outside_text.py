"""What Stripe's texts, names and ids hold is seen in the log, and steers nothing."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest

from tap_stripe.sandbox import Options
from tests.faults.conftest import listed, refused

BAD = "a\x1b]0;title\x07\n2026-01-01 00:00:00,000 | ERROR    | forged | \u202eb"
COUPON = {"id": "c_1", "object": "coupon", "created": 1_700_000_000}


HELD = {
    "a property's name": listed({**COUPON, BAD: 1}),
    "a type": listed({**COUPON, "object": BAD}),
    "an id": listed({**COUPON, "id": BAD, "redeem_by": 10**17}),
    "Stripe's words": refused(400, BAD),
    "half a character": refused(400, "\ud83d"),
    "Request-Id": (400, refused(400, "No.")[1], {"Request-Id": "req_\x1b]0;title\x07"}),
}


@pytest.mark.parametrize("where", HELD)
def test_text_from_outside_steers_no_terminal_and_forges_no_line(copying, seed, where):
    copy = copying(Options(seed=seed, scale=0.05), retry_seconds=0.3)
    copy.sandbox.impostor = lambda target: (
        HELD[where] if urlsplit(target).path == "/v1/coupons" else None
    )

    ran = copy.sync()

    assert "Traceback" not in ran.err
    hidden = {one for one in ran.err if one != "\n" and not one.isprintable()}
    assert not hidden
    assert not [line for line in ran.err.splitlines() if line.startswith("2026-01-01")]
    seen = {"half a character": "\ufffd"}.get(where, r"\x1b]0;title\x07")
    assert seen in ran.err
