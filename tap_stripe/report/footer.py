"""Lines that stay at the bottom of a terminal while others scroll above them.

The lines above may come from anywhere, a target in the same pipe among them. So nothing
is redrawn in their place, as rich's own live display does (it wipes out what another
process has written since): the terminal is told to scroll the upper part only, as apt
does for its progress. https://vt100.net/docs/vt510-rm/DECSTBM.html
"""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_KEEP, _BACK = "\0337", "\0338"  # The cursor: DECSC, DECRC.
_WHOLE = "\033[r"
_BELOW = "\033[J"


class Footer:
    """Keeps lines at the bottom of a terminal.

    Args:
        stream: The terminal.
        size: Gives its columns and lines.
    """

    def __init__(
        self, stream: TextIO, size: Callable[[], tuple[int, int]] | None = None
    ) -> None:
        self._stream = stream
        self._size = size or (lambda: os.get_terminal_size(stream.fileno()))
        self._placed = (0, 0)

    def size(self) -> tuple[int, int]:
        """Tell how many columns and lines the terminal has; none if it is gone."""
        try:
            return self._size()
        except OSError:
            return 0, 0

    def show(self, lines: Sequence[str]) -> None:
        """Show lines in place of those before.

        Args:
            lines: Fewer than the terminal has, none longer than it is wide.
        """
        _, height = self.size()
        place, first = (height, len(lines)), height - len(lines) + 1
        told = ""
        if place != self._placed:
            told = _room(len(lines), first - 1)
            self._placed = place
        drawn = (
            f"\033[{number};1H\033[2K{line}" for number, line in enumerate(lines, first)
        )
        self._tell(told + _KEEP + "".join(drawn) + _BACK)

    def close(self) -> None:
        """Give the whole terminal back."""
        if self._placed != (0, 0):
            self._tell(_KEEP + _WHOLE + _BACK + _BELOW)
            self._placed = (0, 0)

    def _tell(self, text: str) -> None:
        # In one piece: other processes write there too.
        with suppress(OSError):
            self._stream.write(text)
            self._stream.flush()


def _room(count: int, last: int) -> str:
    """Make room for lines below a last one that scrolls, and the cursor above them."""
    # Setting what scrolls moves the cursor. Whatever stands below it is ours.
    whole = _KEEP + _WHOLE + _BACK + _BELOW
    down, up = "\033D" * count, f"\033[{count}A"
    return f"{whole}{down}{up}{_KEEP}\033[1;{last}r{_BACK}"
