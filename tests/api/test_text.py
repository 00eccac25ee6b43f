"""Text from outside can be seen, and does nothing."""

from __future__ import annotations

import io
import logging
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tap_stripe.api.text import visible
from tap_stripe.masking import Lines, Mask

SEEN = {
    "\x1b[31mred": r"\x1b[31mred",
    "\a": r"\x07",
    "a\nb\r\nc": r"a\nb\r\nc",
    "a\u2028b": r"a\u2028b",
    "\u202efdp.exe": r"\u202efdp.exe",
    "\u2066x\u2069": r"\u2066x\u2069",
    "\ud800": r"\ud800",
    "\x9b31m": r"\x9b31m",
    "12\u00a0\u20ac, \u65e5, \U0001f600": "12\u00a0\u20ac, \u65e5, \U0001f600",
}


@pytest.mark.parametrize("text", SEEN)
def test_what_steers_is_shown(text):
    assert visible(text) == SEEN[text]


@given(st.text(st.characters(), max_size=50))
def test_nothing_is_left_that_steers(text):
    said = visible(text)

    assert not any(unicodedata.category(one)[0] == "C" for one in said)
    assert len(said.splitlines()) <= 1
    said.encode()
    assert visible(said) == said


def test_it_has_a_limit():
    assert visible("x" * 100, 10) == "x" * 10 + "…"


@pytest.fixture
def log(request):
    """Give a logger whose lines pass the filter, and what they became."""
    handler = logging.StreamHandler(io.StringIO())
    handler.setFormatter(logging.Formatter("LOG %(message)s"))
    handler.addFilter(Mask())
    logger = logging.getLogger(request.node.name)
    logger.setLevel(logging.INFO)
    logger.addHandler(handler)
    return logger, handler.stream


@pytest.mark.parametrize("bad", ["\x1b]0;x\a", "\nLOG forged", "\u202e", "\ud83d"])
def test_no_argument_forges_a_line_of_the_log(log, bad):
    logger, stream = log

    logger.warning("The property %r of %s is new.", "x", f"a{bad}b")
    logger.warning(f"The property a{bad}b is new.")  # noqa: G004 - as errors are
    try:
        raise ValueError(bad)  # noqa: TRY301 - for its traceback
    except ValueError:
        logger.exception("Failed")

    said = stream.getvalue()
    said.encode()
    assert all(one == "\n" or visible(one) == one for one in said)
    assert sum(line.startswith("LOG ") for line in said.splitlines()) == 3


def test_lines_of_our_own_stay_lines(log):
    logger, stream = log

    logger.info(Lines("Done\n  charges 1\n  \x1b[2J"))

    assert stream.getvalue() == "LOG Done\n  charges 1\n  \\x1b[2J\n"
