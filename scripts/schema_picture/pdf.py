"""All pictures as one PDF, a page each, whose links lead from page to page."""

from __future__ import annotations

import re
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import typst

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from scripts.schema_picture.drawing import Drawing

_POINTS = 0.5  # To a unit of the pictures, whose letters are 20 units high.
_FAMILY = (1, 16)  # https://learn.microsoft.com/typography/opentype/spec/name#name-ids
_FONT = re.compile(r"d2-\d+-font-\w+")


def pdf(
    pages: Mapping[str, tuple[str, Drawing]],
    addresses: Mapping[str, str],
    *,
    title: str,
) -> bytes:
    """Make the PDF.

    Args:
        pages: The title and the picture of each page, by the page's name.
        addresses: Where the head of a table leads.
        title: Of the document.
    """
    with tempfile.TemporaryDirectory() as folder:
        parts = [f'#set document(title: "{title}", date: none)']
        for name, (head, drawing) in pages.items():
            family = f"schema {name}"
            for record in drawing.font["name"].names:
                if record.nameID in _FAMILY:
                    record.string = family
            drawing.font.save(Path(folder, f"{name}.ttf"))
            Path(folder, f"{name}.svg").write_text(
                _FONT.sub(family, drawing.svg), encoding="utf-8"
            )
            parts += _page(name, head, drawing, pages.keys(), addresses)
        source = Path(folder, "schema.typ")
        source.write_text("\n".join(parts), encoding="utf-8")
        made: bytes = typst.compile(
            source, font_paths=[Path(folder)], ignore_system_fonts=True
        )
        return made


def _page(
    name: str,
    title: str,
    drawing: Drawing,
    pages: Collection[str],
    addresses: Mapping[str, str],
) -> Iterator[str]:
    width, height = drawing.width * _POINTS, drawing.height * _POINTS
    yield f"#page(width: {width}pt, height: {height}pt, margin: 0pt)["
    # For the reader's table of contents; nobody sees it behind the picture.
    yield f"#place(text(size: 1pt)[#heading[{title}]<{name}>])"
    yield f'#image("{name}.svg", width: 100%)'
    for place in drawing.places:
        to = f"<{place.to}>"
        label = ""
        if place.is_head and place.to not in pages:
            to, label = f'"{addresses[place.to]}"', f"<{place.to}>"
        size = f"width: {place.width * _POINTS}pt, height: {place.height * _POINTS}pt"
        at = f"dx: {place.x * _POINTS}pt, dy: {place.y * _POINTS}pt"
        yield f"#place(top + left, {at})[#link({to})[#box({size})]{label}]"
    yield "]"
