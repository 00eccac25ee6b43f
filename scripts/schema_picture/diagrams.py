"""The pictures in D2's language: one of all groups, and one of each.

A group's picture has its tables with their key and the columns that lead to other rows;
a line stands for each that leads to a table of the same group. https://d2lang.com
"""

from __future__ import annotations

import colorsys
import json
from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from scripts.doc_parts.groups import Group
    from scripts.schema_picture.tables import Property, Table

OVERVIEW = "overview"
# A column that leads to more is said in a word: a balance transaction's source.
_MOST_NAMED = 3
# What lies deeper stands in the page alone.
_DEEPEST = 1
_LINE = "#8a93a3"
_GOLDEN_ANGLE = 0.381966


def color(index: int) -> str:
    """Give the color of a group, far from its neighbours'."""
    shares = colorsys.hls_to_rgb((0.55 + index * _GOLDEN_ANGLE) % 1, 0.34, 0.6)
    return "#" + "".join(f"{round(share * 255):02x}" for share in shares)


def node(group: Group) -> str:
    """Give a group's name in the overview, which no collection has."""
    return f"group-{group.name}"


def shown_links(table: Table) -> list[Property]:
    """Give the columns that a picture shows beside the key."""
    return [
        one
        for one in table.links()
        if one.path not in table.keys and one.path.count(".") <= _DEEPEST
    ]


def label(linked: Property) -> str:
    """Say where a column leads."""
    if len(linked.links) > _MOST_NAMED:
        return f"{len(linked.links)} collections"
    return ", ".join(linked.links)


def group_diagram(group: Group, tables: Mapping[str, Table], *, fill: str) -> str:
    """Draw the tables of a group."""
    lines = ["direction: right"]
    for name in group.collections:
        lines += _table(tables[name], fill=fill)
    for name in group.collections:
        table = tables[name]
        keys = [one for one in table.links() if one.path in table.keys]
        for linked in (*keys, *shown_links(table)):
            start = f"{name}.{json.dumps(linked.path)}"
            lines += [
                _line(start, f"{to}.{tables[to].keys[0]}")
                for to in linked.links
                if to in group.collections and to != name
                if len(linked.links) <= _MOST_NAMED
            ]
    return "\n".join(lines) + "\n"


def overview(groups: Sequence[Group], tables: Mapping[str, Table]) -> str:
    """Draw all groups, and of each the collection that another's tables name most."""
    lines = ["direction: right"]
    of = {name: group for group in groups for name in group.collections}
    for index, group in enumerate(groups):
        rows = [f'  {name}: ""' for name in group.collections]
        lines += [*_head(node(group), group.title, color(index)), *rows, "}"]
    for group in groups:
        named = Counter(
            to
            for name in group.collections
            for linked in tables[name].links()
            if len(linked.links) <= _MOST_NAMED
            for to in linked.links
            if of[to] is not group
        )
        drawn: set[str] = set()
        for to, _ in named.most_common():
            if of[to].name not in drawn:
                drawn.add(of[to].name)
                lines.append(_line(node(group), f"{node(of[to])}.{to}"))
    return "\n".join(lines) + "\n"


def _head(name: str, title: str, fill: str) -> list[str]:
    return [
        f"{name}: {json.dumps(title)} {{",
        "  shape: sql_table",
        f'  style: {{fill: "{fill}"; stroke: "#ffffff"}}',
    ]


def _line(start: str, end: str) -> str:
    return f'{start} -> {end}: {{style.stroke: "{_LINE}"}}'


def _table(table: Table, *, fill: str) -> Iterator[str]:
    yield from _head(table.name, table.name, fill)
    links = {one.path: one for one in table.links()}
    for key in table.keys:
        to = label(links[key]) if key in links else ""
        yield f"  {json.dumps(key)}: {json.dumps(to)} {{constraint: primary_key}}"
    shown = shown_links(table)
    for linked in shown:
        row = f"{json.dumps(linked.path)}: {json.dumps(label(linked))}"
        yield f"  {row} {{constraint: foreign_key}}"
    named = {*table.keys, *(one.path for one in shown)}
    rest = sum(one.path not in named for one in table.properties)
    yield f'  "{rest} more columns": ""'
    yield "}"
