"""dbt/models/fivetran and docs/moving.md's table, from dbt/fivetran.toml."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scripts.dbt_parts.current import GENERATED, columns_of
from tap_stripe.streams import Collection

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_PATH = Path(__file__).resolve().parents[2] / "dbt" / "fivetran.toml"
_TYPES = {"integer": "{{ dbt.type_bigint() }}", "boolean": "{{ dbt.type_boolean() }}"}


@dataclass(frozen=True)
class View:
    """One of Fivetran's tables.

    Attributes:
        name: Fivetran's name of it.
        collection: Where its rows are from.
        join: SQL, may be empty.
        where: SQL, may be empty.
        columns: Where each of its columns is from.
        missing: Why its other columns are not there.
    """

    name: str
    collection: str
    join: str
    where: str
    columns: Mapping[str, str]
    missing: Mapping[str, str]

    @property
    def is_made(self) -> bool:
        """Whether the tap has the collection."""
        return self.collection in Collection.registered


def views() -> list[View]:
    """Give all of Fivetran's tables, by name."""
    said: Mapping[str, Any] = tomllib.loads(_PATH.read_text(encoding="utf-8"))
    return [
        View(
            name=name,
            collection=of["from"],
            join=of.get("join", "").strip(),
            where=of.get("where", ""),
            columns=of["columns"],
            missing=of.get("missing", {}),
        )
        for name, of in sorted(said.items())
    ]


def files() -> dict[str, bytes]:
    """Give the views, by path."""
    return {
        f"dbt/models/fivetran/fivetran_{view.name}.sql": "\n".join(
            [*_sql(view), ""]
        ).encode()
        for view in views()
        if view.is_made
    }


def table() -> str:
    """Give the part of docs/moving.md: each column that is called otherwise here."""
    there, wanted = share()
    lines = [
        f"Of the {wanted} columns that dbt_stripe reads {there} are there.",
        "",
        "| Fivetran | Here |",
        "| --- | --- |",
    ]
    for view in views():
        if not view.is_made:
            lines.append(f"| `{view.name}` | no table yet |")
            continue
        lines += [
            f"| `{view.name}.{column}` | {_words(view, source)} |"
            for column, source in view.columns.items()
            if source not in {column, "account_id"}
        ]
        lines += [
            f"| `{view.name}.{column}` | none: {reason} |"
            for column, reason in view.missing.items()
        ]
    return "\n".join(lines) + "\n"


def share() -> tuple[int, int]:
    """Give how many of Fivetran's columns there are here, and how many there."""
    every = views()
    there = sum(len(view.columns) for view in every if view.is_made)
    return there, sum(len(view.columns) + len(view.missing) for view in every)


def _sql(view: View) -> Iterator[str]:
    known = {"account_id", *columns_of(view.collection)}
    yield f"-- {GENERATED.replace('schemas/', 'dbt/fivetran.toml')}"
    yield f"{{{{ config(alias='{view.name}') }}}}"
    yield "select"
    yield "    it.received_at as _fivetran_synced"
    for column, source in view.columns.items():
        yield f'    , {_value(source, known)} as "{column}"'
    yield f"from {{{{ ref('stripe_{view.collection}') }}}} as it"
    if view.join:
        yield view.join
    if view.where:
        yield f"where {view.where}"


def _value(source: str, known: set[str]) -> str:
    if source.startswith("own "):
        value = _value(source.removeprefix("own "), known)
        if value.startswith("{{"):
            value = value.removeprefix("{{").removesuffix("}}").strip()
        else:
            value = f"'{value}'"
        return f"{{{{ own_id('it', {value}) }}}}"
    if source.startswith("="):
        return source.removeprefix("=").strip()
    path, _, kind = source.partition(":")
    top, *below = path.split(".")
    if top not in known:
        message = f"There is no column {top}."
        raise ValueError(message)
    if not below:
        return f'it."{top}"'
    value = f"{{{{ json_text('it.{top}', {below}) }}}}"
    return f"cast({value} as {_TYPES[kind]})" if kind else value


def _words(view: View, source: str) -> str:
    """Give a source in words: the path, or the page's own line on what takes SQL."""
    is_own = source.startswith("own ")
    plain = source.removeprefix("own ")
    if plain.startswith("="):
        return "[by SQL](../dbt/fivetran.toml)"
    path = plain.partition(":")[0]
    steps = columns_of(view.collection).get(path, path).split(".")
    said = f"`{view.collection}.{steps[0]}`"
    said += "".join(f" → `{step}`" for step in steps[1:])
    return f"{said}, with the account before it" if is_own else said
