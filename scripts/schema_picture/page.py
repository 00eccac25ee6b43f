"""The pictures and every column in one page, with a search. Needs nothing else."""

from __future__ import annotations

import re
from html import escape
from pathlib import Path
from string import Template
from typing import TYPE_CHECKING

from scripts.schema_picture.diagrams import OVERVIEW, node

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from scripts.doc_parts.groups import Group
    from scripts.schema_picture.drawing import Drawing
    from scripts.schema_picture.tables import Property, Table

_PAGE = Template(Path(__file__).with_name("page.html").read_text(encoding="utf-8"))


def page(
    groups: Sequence[Group],
    tables: Mapping[str, Table],
    pictures: Mapping[str, Drawing],
    *,
    title: str,
    address: str,
) -> str:
    """Write the page.

    Args:
        groups: All groups.
        tables: All collections by name.
        pictures: Of each group and the overview, by name.
        title: Of the page.
        address: Its own, which the pictures' links begin with.
    """
    shown = {
        name: _figure(name, drawing, address) for name, drawing in pictures.items()
    }
    return _PAGE.substitute(
        title=escape(title),
        navigation="".join(_navigation(groups)),
        overview=shown[OVERVIEW],
        groups="".join(
            f'<section class="group" id="{node(group)}">\n'
            f"<h2>{escape(group.title)}</h2>\n<p>{escape(group.about)}</p>\n{shown[node(group)]}"
            + "".join(_table(tables[name], tables) for name in group.collections)
            + "</section>\n"
            for group in groups
        ),
    )


def _navigation(groups: Sequence[Group]) -> Iterator[str]:
    for group in groups:
        yield f'<a class="head" href="#{node(group)}">{escape(group.title)}</a>\n'
        for name in group.collections:
            yield f'<a href="#{name}">{name}</a>\n'


def _figure(name: str, drawing: Drawing, address: str) -> str:
    svg = drawing.svg.replace(f'href="{address}#', 'href="#')
    return (
        f'<figure data-width="{drawing.width:g}">\n<figcaption>'
        '<button type="button" data-zoom="0.8" aria-label="Smaller">&minus;</button>'
        '<button type="button" data-zoom="1.25" aria-label="Larger">+</button>'
        '<button type="button" data-zoom="0">fit</button> '
        f'<a href="{name}.svg">SVG</a></figcaption>\n'
        f'<div class="picture">{svg}</div>\n</figure>\n'
    )


def _table(table: Table, tables: Mapping[str, Table]) -> str:
    named_by = [
        f'<a href="#{other.name}.{found.path}">{other.name}.{found.path}</a>'
        for other in tables.values()
        for found in other.all_properties()
        if table.name in found.links and other is not table
    ]
    leading = ""
    if named_by:
        leading = (
            f"<details><summary>Its id is in {len(named_by)} columns</summary>"
            f"<p>{' '.join(named_by)}</p></details>\n"
        )
    # The key, what leads on, the rest: the order of the pictures.
    columns = sorted(
        table.properties,
        key=lambda one: (one.path not in table.keys, not one.links),
    )
    rows = "".join(_row(table, one) for one in columns)
    below = [one for one in table.all_properties() if one not in table.properties]
    nested = ""
    if below:
        nested = (
            f"<details><summary>{len(below)} properties nested in them</summary>\n"
            f"<table>\n{''.join(_row(table, one) for one in below)}</table></details>\n"
        )
    return (
        f'<section class="one" id="{table.name}">\n<h3>{table.name}</h3>\n'
        f"<p>{escape(table.about)}</p>\n{leading}<table>\n{rows}</table>\n"
        f"{nested}</section>\n"
    )


def _row(table: Table, found: Property) -> str:
    kind = " ".join(f'<a href="#{to}">{to}</a>' for to in found.links) or found.type
    if found.path in table.keys:
        kind = f"<b>key</b> {kind}"
    return (
        f'<tr id="{table.name}.{escape(found.path)}"><td>{escape(found.path)}</td>'
        f"<td>{kind}</td><td>{_prose(found.description)}</td></tr>\n"
    )


def _prose(text: str) -> str:
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", escape(text))
