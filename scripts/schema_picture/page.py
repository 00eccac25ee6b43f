"""The picture as one page of HTML, with every property and a search. Works offline."""

from __future__ import annotations

from html import escape
from pathlib import Path
from string import Template
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from scripts.schema_picture.tables import Property, Table

_PAGE = Template(Path(__file__).with_name("page.html").read_text(encoding="utf-8"))


def page(tables: Sequence[Table], picture: str, *, title: str) -> str:
    """Write the page.

    Args:
        tables: All collections.
        picture: The drawing, as SVG.
        title: Of the page.
    """
    return _PAGE.substitute(
        title=escape(title),
        navigation="".join(_navigation(tables)),
        sections="".join(_section(table, tables) for table in tables),
        picture=picture,
    )


def _navigation(tables: Sequence[Table]) -> Iterator[str]:
    for group in sorted({table.group for table in tables}):
        yield f"<strong>{group.replace('_', ' ')}</strong>\n"
        for table in tables:
            if table.group == group:
                yield f'<a href="#{table.name}">{table.name}</a>\n'


def _section(table: Table, tables: Sequence[Table]) -> str:
    rows = [
        row
        for found in table.properties
        for row in (
            _row(found, key=found.path in table.keys),
            *(_row(below, nested=True) for below in table.nested.get(found.path, ())),
        )
    ]
    named_by = "".join(
        f' <a href="#{other.name}">{other.name}.{found.path}</a>'
        for other in tables
        for top in other.properties
        for found in (top, *other.nested.get(top.path, ()))
        if table.name in found.links and other is not table
    )
    leading = f"<p>Its id is in{named_by}</p>\n" if named_by else ""
    below = '<button type="button">nested properties</button>' if table.nested else ""
    return (
        f'<section id="{table.name}" data-name="{table.name}">\n'
        f"<h2>{table.name}</h2>\n<p>{escape(table.about)} Key: "
        f"{', '.join(table.keys)}. {below}</p>\n{leading}"
        f"<table>\n{''.join(rows)}</table>\n</section>\n"
    )


def _row(found: Property, *, key: bool = False, nested: bool = False) -> str:
    style = ' class="below"' if nested else ""
    kind = " ".join(f'<a href="#{to}">{to}</a>' for to in found.links) or found.type
    if key:
        kind += ", key"
    return (
        f"<tr{style}><td data-text>{escape(found.path)}</td><td>{kind}</td>"
        f"<td data-text>{escape(found.description)}</td></tr>\n"
    )
