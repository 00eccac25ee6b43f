"""What a drawing is made of. Lengths are points, from the top left corner."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

# Advance widths of Helvetica for the characters from space to tilde, in 1/1000 of the
# size: Adobe's font metrics, which Arial and Liberation Sans share.
_WIDTHS = (
    "278 278 355 556 556 889 667 191 333 333 389 584 278 333 278 278 556 556 556 556 "
    "556 556 556 556 556 556 278 278 584 584 584 556 1015 667 667 722 722 667 611 778 "
    "722 278 500 667 556 833 722 778 667 778 722 667 611 722 667 944 667 667 611 278 "
    "278 278 469 556 333 556 556 500 556 556 278 556 556 222 222 500 222 833 556 556 "
    "556 556 333 500 278 556 500 722 500 500 500 334 260 334 584"
)
_WIDTH = [int(width) for width in _WIDTHS.split()]


def width_of(text: str, size: float) -> float:
    """Give the width of a text in Helvetica."""
    return sum(_WIDTH[ord(character) - 32] for character in text) * size / 1000


def cut(text: str, size: float, width: float) -> str:
    """Shorten a text to a width, with dots where something is left out."""
    if width_of(text, size) <= width:
        return text
    while text and width_of(f"{text}...", size) > width:
        text = text[:-1]
    return f"{text}..."


@dataclass(frozen=True)
class Box:
    """A filled rectangle."""

    x: float
    y: float
    width: float
    height: float
    fill: str
    stroke: str = ""


@dataclass(frozen=True)
class Line:
    """A line through points."""

    points: tuple[tuple[float, float], ...]
    color: str
    width: float = 1.0


@dataclass(frozen=True)
class Arrow:
    """A filled triangle whose tip points to the right."""

    x: float
    y: float
    color: str
    size: float = 3.0

    @property
    def corners(self) -> tuple[tuple[float, float], ...]:
        """Its three points."""
        x, y, size = self.x, self.y, self.size
        return (x - size, y - size), (x + size / 2, y), (x - size, y + size)


@dataclass(frozen=True)
class Words:
    """A line of text; `to` is the collection that it leads to."""

    x: float
    y: float
    text: str
    size: float
    color: str
    bold: bool = False
    to: str = ""

    @property
    def width(self) -> float:
        """How much room it takes."""
        # Bold letters are about so much wider.
        return width_of(self.text, self.size) * (1.07 if self.bold else 1)


Shape: TypeAlias = "Box | Line | Arrow | Words"


@dataclass(frozen=True)
class Drawing:
    """Shapes on a page, in the order in which they are drawn.

    Attributes:
        anchors: Where each collection is: its name, and the top left corner.
    """

    width: float
    height: float
    title: str
    shapes: tuple[Shape, ...]
    anchors: tuple[tuple[str, float, float], ...]
