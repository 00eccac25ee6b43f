"""Where everything goes in the picture.

Tables stand in columns. The ids of one collection are one colour: in each gap between
columns a vertical line gathers them, above the tables a horizontal one joins the gaps,
and it ends in an arrow at the head of the table that it leads to.
"""

from __future__ import annotations

import colorsys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from scripts.schema_picture.shapes import (
    Arrow,
    Box,
    Drawing,
    Line,
    Shape,
    Words,
    cut,
    width_of,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from scripts.schema_picture.tables import Property, Table

COLUMNS = 7
TABLE = 270.0
HEAD = 30.0
ROW = 13.0
BELOW = 24.0
LANE = 5.0
EDGE = 30.0
TITLE = 60.0
SIZE = 8.5
SMALL = 7.5
MOST_NAMED = 3
INK, GREY, RULE, PAPER = "#1b2330", "#6b7280", "#d8dce3", "#ffffff"
UNLINKED = "#4b5563"
# Collections that tell each other things stand together.
GROUPS = ("core", "billing", "payment_sources", "connect")


@dataclass
class _Placed:
    table: Table
    column: int
    y: float


@dataclass
class _Gap:
    """A gap between columns: what its vertical lines join, by target."""

    ys: dict[str, list[float]] = field(default_factory=dict)
    stubs: list[tuple[str, float, float]] = field(default_factory=list)


def draw(tables: Sequence[Table], *, title: str) -> Drawing:
    """Draw tables and the links between them. The same tables give the same drawing."""
    targets = sorted(
        {to for table in tables for _, one in _rows(table) for to in one.links}
    )
    colors = _colors(targets)
    top = EDGE + TITLE + (len(targets) + 2) * LANE
    placed = _place(tables, top)
    by_name = {one.table.name: one for one in placed}
    gaps = [_Gap() for _ in range(COLUMNS + 1)]
    bus = {to: EDGE + TITLE + index * LANE for index, to in enumerate(targets)}
    for one in placed:
        _collect(one, by_name, gaps, bus)
    lanes = [sorted(gap.ys, key=targets.index) for gap in gaps]
    widths = [(len(names) + 4) * LANE for names in lanes]
    left = [EDGE]
    for width in widths:
        left.append(left[-1] + width + TABLE)
    shapes: list[Shape] = []
    x_of = [
        {to: left[index] + (2 + lane) * LANE for lane, to in enumerate(names)}
        for index, names in enumerate(lanes)
    ]
    _draw_bus(shapes, bus, x_of, gaps, colors)
    for index, gap in enumerate(gaps):
        _draw_gap(
            shapes, gap, x_of[index], colors, left=left[index], width=widths[index]
        )
    for one in placed:
        x = left[one.column] + widths[one.column]
        _draw_table(shapes, one, x, colors)
        if one.table.name in targets:
            middle = one.y + HEAD / 2
            color = colors[one.table.name]
            start = x_of[one.column][one.table.name]
            shapes.append(Line(((start, middle), (x - 3, middle)), color, 1.4))
            shapes.append(Arrow(x - 5, middle, color, 5))
    width = left[COLUMNS] + widths[COLUMNS] + EDGE
    height = max(one.y + _height(one.table) for one in placed) + EDGE
    shapes[:0] = [
        Box(0, 0, width, height, PAPER),
        Words(EDGE, EDGE + 16, title, 20, INK, bold=True),
        Words(
            EDGE,
            EDGE + 34,
            "A line leads from an id to the collection that has it, and has that "
            "collection's colour. Bold: the key. The last three columns of each table "
            "are the tap's own.",
            10,
            GREY,
        ),
    ]
    anchors = tuple(
        (one.table.name, left[one.column] + widths[one.column], one.y) for one in placed
    )
    return Drawing(width, height, title, tuple(shapes), anchors)


def _colors(targets: Sequence[str]) -> dict[str, str]:
    """Give each target a colour that differs from its neighbours'."""
    colors = {}
    for index, to in enumerate(targets):
        hue = index * 0.381966 % 1  # The golden angle.
        light = (0.36, 0.46, 0.30)[index % 3]
        shares = colorsys.hls_to_rgb(hue, light, 0.65)
        colors[to] = "#" + "".join(f"{round(share * 255):02x}" for share in shares)
    return colors


def _rows(table: Table) -> list[tuple[bool, Property]]:
    """Give the rows of a table, and of each whether it is a nested property."""
    return [
        (nested, one)
        for found in table.properties
        for nested, one in [
            (False, found),
            *((True, below) for below in table.shown_below(found.path)),
        ]
    ]


def _height(table: Table) -> float:
    return HEAD + len(_rows(table)) * ROW + 4


def _place(tables: Sequence[Table], top: float) -> list[_Placed]:
    """Fill the columns one after the other, groups together, as low as they can be."""
    ordered = sorted(tables, key=lambda one: (_group(one), one.name))
    lowest = int(max(map(_height, ordered)))
    while True:
        placed, column, y = [], 0, 0.0
        for table in ordered:
            height = _height(table)
            if y + height > lowest:
                column, y = column + 1, 0.0
            placed.append(_Placed(table, column, top + y))
            y += height + BELOW
        if column < COLUMNS:
            return placed
        lowest += 10


def _group(table: Table) -> int:
    return GROUPS.index(table.group) if table.group in GROUPS else len(GROUPS)


def _collect(
    one: _Placed,
    by_name: dict[str, _Placed],
    gaps: list[_Gap],
    bus: dict[str, float],
) -> None:
    """Note what the lines have to join for the ids of one table."""
    for index, (_, found) in enumerate(_rows(one.table)):
        for place, to in enumerate(found.links):
            # Links of one row lie a little apart.
            spread = (place - (len(found.links) - 1) / 2) * 1.1
            y = one.y + HEAD + (index + 0.5) * ROW + spread
            target = by_name[to]
            entry = target.column
            leave = one.column + (1 if entry > one.column else 0)
            gap = gaps[leave]
            ys = gap.ys.setdefault(to, [])
            ys.append(y)
            gap.stubs.append((to, y, -1.0 if leave > one.column else 1.0))
            into = gaps[entry].ys.setdefault(to, [])
            into.append(target.y + HEAD / 2)
            if leave != entry:
                ys.append(bus[to])
                into.append(bus[to])


def _draw_bus(
    shapes: list[Shape],
    bus: dict[str, float],
    x_of: Sequence[dict[str, float]],
    gaps: Sequence[_Gap],
    colors: dict[str, str],
) -> None:
    for to, y in bus.items():
        xs = [
            x_of[index][to] for index, gap in enumerate(gaps) if y in gap.ys.get(to, ())
        ]
        if xs:
            shapes.append(Line(((min(xs), y), (max(xs), y)), colors[to], 1.2))


def _draw_gap(
    shapes: list[Shape],
    gap: _Gap,
    x_of: dict[str, float],
    colors: dict[str, str],
    *,
    left: float,
    width: float,
) -> None:
    for to, ys in sorted(gap.ys.items()):
        x = x_of[to]
        shapes.append(Line(((x, min(ys)), (x, max(ys))), colors[to], 1.2))
    for to, y, side in gap.stubs:
        edge = left if side < 0 else left + width
        shapes.append(Line(((edge, y), (x_of[to], y)), colors[to], 0.7))
        shapes.append(Box(x_of[to] - 1.3, y - 1.3, 2.6, 2.6, colors[to]))


def _draw_table(
    shapes: list[Shape], one: _Placed, x: float, colors: dict[str, str]
) -> None:
    table = one.table
    color = colors.get(table.name, UNLINKED)
    rows = _rows(table)
    shapes.append(Box(x, one.y, TABLE, _height(table), PAPER, color))
    shapes.append(Box(x, one.y, TABLE, HEAD, color))
    shapes.append(Words(x + 8, one.y + 13, table.name, 11, PAPER, bold=True))
    about = cut(_ascii(table.about), SMALL, TABLE - 16)
    shapes.append(Words(x + 8, one.y + 24, about, SMALL, PAPER))
    for index, (nested, found) in enumerate(rows):
        y = one.y + HEAD + (index + 1) * ROW - 3.5
        if index:
            rule = one.y + HEAD + index * ROW
            shapes.append(Line(((x + 1, rule), (x + TABLE - 1, rule)), RULE, 0.4))
        label = ", ".join(found.links) if found.links else found.type
        if len(found.links) > MOST_NAMED:
            label = f"{len(found.links)} collections"
        label = cut(label, SMALL, TABLE * 0.42)
        start = x + TABLE - 8 - width_of(label, SMALL)
        name = found.path
        indent = 0.0
        if nested:
            indent = 10.0
            name = name.partition(".")[2] or "(each)"
        name = cut(name, SIZE, start - x - 20 - indent)
        shapes.append(
            Words(
                x + 8 + indent,
                y,
                name,
                SIZE,
                GREY if nested else INK,
                bold=found.path in table.keys,
            )
        )
        to = found.links[0] if len(found.links) == 1 else ""
        label_color = colors[to] if to else INK if found.links else GREY
        if found.links:
            shapes.append(Arrow(start - 2.5, y - 2.6, label_color))
        shapes.append(Words(start, y, label, SMALL, label_color, to=to))


def _ascii(text: str) -> str:
    return text.replace("`", "").encode("ascii", "replace").decode()
