"""The schema in DBML, which dbdiagram.io and others open.

https://dbml.dbdiagram.io/docs
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from scripts.doc_parts.groups import Group
    from scripts.schema_picture.tables import Property, Table

_TYPES = {
    "boolean": "boolean",
    "integer": "bigint",
    "list": "jsonb",
    "number": "numeric",
    "object": "jsonb",
    "text": "text",
    "time": "timestamptz",
}


def dbml(groups: Sequence[Group], tables: Mapping[str, Table]) -> str:
    """Write the columns at the top level, with PostgreSQL's types, and their links."""
    parts = [line for table in tables.values() for line in _table(table)]
    parts += [line for table in tables.values() for line in _links(table, tables)]
    for group in groups:
        parts += ["", f"TableGroup {_quoted(group.title)} {{"]
        parts += [f"  {name}" for name in group.collections]
        parts.append("}")
    return "\n".join(parts).lstrip("\n") + "\n"


def _table(table: Table) -> Iterator[str]:
    yield f"\nTable {table.name} [note: {_text(table.about)}] {{"
    for column in table.properties:
        facts = [f"note: {_text(column.description)}"] if column.description else []
        if [column.path] == list(table.keys):
            facts.insert(0, "pk")
        shown = f" [{', '.join(facts)}]" if facts else ""
        yield f"  {_quoted(column.path)} {_TYPES[column.type]}{shown}"
    if len(table.keys) > 1:
        yield f"\n  indexes {{\n    ({', '.join(table.keys)}) [pk]\n  }}"
    yield "}"


def _links(table: Table, tables: Mapping[str, Table]) -> Iterator[str]:
    for column in table.properties:
        for to in column.links if column.type == "text" else ():
            # A reference is to one column.
            if len(tables[to].keys) == 1:
                yield f"Ref: {_end(table, column)} > {to}.{tables[to].keys[0]}"


def _end(table: Table, column: Property) -> str:
    return f"{table.name}.{_quoted(column.path)}"


def _quoted(name: str) -> str:
    return f'"{name}"'


def _text(text: str) -> str:
    return "'" + " ".join(text.split()).replace("\\", "\\\\").replace("'", "\\'") + "'"
