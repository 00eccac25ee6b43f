"""Every message that ends a run or warns is explained, and none that isn't there."""

from __future__ import annotations

import ast
import re
from functools import cache

import pytest

from tests.docs.conftest import DOCS, ROOT

PLACEHOLDER = "…"
TEXT = (DOCS / "troubleshooting.md").read_text(encoding="utf-8")
HEADINGS = re.findall(r"^### `(.+)`$", TEXT, re.MULTILINE)
# Stripe's own words: they stand in its answers, and the sandbox's, not in the tap.
OF_STRIPE = {"Invalid API Key provided", "does not have access to account"}
# Parts of a longer message, or for whoever writes a collection.
PARTS = ("Two collections are named", "only one of watermark", "[", "`object` is")


@cache
def texts() -> tuple[str, ...]:
    """Give every text of the tap, `…` in place of what is filled in."""
    return tuple(
        told
        for path in sorted((ROOT / "tap_stripe").rglob("*.py"))
        if "sandbox" not in path.parts
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if (told := text_of(node))
    )


def text_of(node: ast.AST) -> str:
    match node:
        case ast.Constant(value=str(text)):
            return text
        case ast.JoinedStr(values=parts):
            return "".join(text_of(part) or PLACEHOLDER for part in parts)
        case _:
            return ""


@cache
def messages() -> tuple[str, ...]:
    """Give the texts that are assigned to `message`, as errors' texts are."""
    return tuple(
        text_of(node.value)
        for path in sorted((ROOT / "tap_stripe").rglob("*.py"))
        if "sandbox" not in path.parts
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Assign)
        and isinstance(node.targets[0], ast.Name)
        and node.targets[0].id in {"message", "MISSING_KEY"}
    )


def is_in(heading: str, text: str) -> bool:
    """Tell whether the parts of a heading stand in a text, in order."""
    parts = [part.strip() for part in heading.split(PLACEHOLDER)]
    pattern = ".+".join(map(re.escape, parts))
    # What logging fills in.
    filled = re.sub(r"%[sd]|%\.\df", PLACEHOLDER, text)
    return re.search(pattern, filled) is not None


@pytest.mark.parametrize("heading", sorted(set(HEADINGS) - OF_STRIPE))
def test_every_message_that_is_explained_is_one_of_the_taps(heading: str) -> None:
    assert any(is_in(heading, text) for text in texts())


@pytest.mark.parametrize(
    "message", [one for one in messages() if one and not one.startswith(PARTS)]
)
def test_every_message_of_the_tap_is_explained(message: str) -> None:
    assert any(is_in(heading, message) for heading in HEADINGS)
