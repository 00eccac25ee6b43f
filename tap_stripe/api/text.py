"""Text from outside, made fit for a log and a terminal. Pure."""

from __future__ import annotations

import unicodedata

_LINE_ENDS = {"Zl", "Zp"}


def visible(text: str, limit: int = 10_000) -> str:
    r"""Write what steers a terminal, or begins a line, as what can be seen.

    `\x1b[31m` becomes a backslash, an x and so on; of direction marks and halves of
    surrogate pairs the same is made.

    Args:
        text: Any text.
        limit: Characters after which it is cut off.
    """
    if len(text) > limit:
        text = f"{text[:limit]}…"
    if text.isprintable():
        return text
    return "".join(_escaped(one) if _is_hidden(one) else one for one in text)


def _is_hidden(one: str) -> bool:
    category = unicodedata.category(one)
    return category.startswith("C") or category in _LINE_ENDS


def _escaped(one: str) -> str:
    return one.encode("unicode_escape").decode("ascii")
