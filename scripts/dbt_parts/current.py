"""dbt/models/sources.yml and dbt/models/current: a view for each collection."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from scripts.schema_picture.tables import tables
from tap_stripe.streams import Collection

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from scripts.schema_picture.tables import Property, Table

GENERATED = "Generated from schemas/ by scripts.generate_docs. Do not edit."
# An integer of such a name is an amount where its object has a currency.
_AMOUNT = re.compile(r"(^|_)(amount|balance|fee|net|subtotal|tax|total)(_|$)")
_TIME = re.compile(r"(_at|_by|_date|_on|^created|^end|^start)$")
# Paths of numbers that are called like times, or of times that are copies.
_NO_TIMES = ("divide_by", "plan.created", "price.created")
# What a path may have at most: deeper ones are of single payment methods.
_STEPS = 2
# Tables that reports use where there are such, and do without elsewhere.
_MORE: Mapping[str, str] = {
    "balances": "What /v1/balance says, by currency and source type.",
    "payout_balance_transactions": "Which transactions a payout paid out.",
}
# What is asked for its past most.
_WITH_HISTORY = ("customers", "plans", "subscription_items", "subscriptions")
# Columns that change though the object doesn't.
_OF_THE_TAP = ("received_at", "is_deleted", "_sdc_deleted_at")
# Ids by which reports join: where one leads nowhere, a sum is wrong.
_JOINS: Mapping[str, Mapping[str, str]] = {
    "charges": {"balance_transaction": "balance_transactions"},
    "disputes": {"charge": "charges"},
    "invoice_lines": {"invoice": "invoices"},
    "invoice_payments": {"invoice": "invoices"},
    "payouts": {"balance_transaction": "balance_transactions"},
    "refunds": {
        "balance_transaction": "balance_transactions",
        "charge": "charges",
    },
    "subscription_items": {"subscription": "subscriptions"},
    "subscriptions": {"customer": "customers"},
}


def files() -> dict[str, bytes]:
    """Give the generated files of the package, by path."""
    every = [table for table in tables() if not _is_removed(table.name)]
    made = {
        "dbt/models/sources.yml": "\n".join(_sources(every)),
        "dbt/models/current/current.yml": "\n".join(_models(every)),
    }
    for table in every:
        path = f"dbt/models/current/stripe_{table.name}.sql"
        made[path] = "\n".join(_view(table))
        if table.name in _WITH_HISTORY:
            path = f"dbt/snapshots/stripe_{table.name}_history.sql"
            made[path] = "\n".join(_snapshot(table))
    return {path: f"{text}\n".encode() for path, text in made.items()}


def columns_of(collection: str) -> dict[str, str]:
    """Give the columns of a collection's view, and where each is in the table.

    Amounts in major units are not among them.
    """
    (table,) = (table for table in tables() if table.name == collection)
    nested = {path.replace(".", "_"): path for path in _times(table)}
    return {name: name for name in kinds(table)} | nested


def kinds(table: Table) -> dict[str, str]:
    """Give the kind of each column, as the macro current_state knows them."""
    has_currency = any(found.path == "currency" for found in table.properties)
    found = {}
    for column in table.properties:
        kind = column.type
        if kind == "integer" and has_currency and _AMOUNT.search(column.path):
            kind = "amount"
        elif kind == "text" and column.path.endswith("_decimal"):
            kind = "decimal"
        found[column.path] = kind
    return found


def _is_removed(name: str) -> bool:
    return all(feed.listing.removed for feed in Collection.registered[name].feeds)


def _view(table: Table) -> Iterator[str]:
    yield f"-- {GENERATED}"
    yield "{{ current_state("
    yield f"    '{table.name}',"
    yield "    columns={"
    for name, kind in kinds(table).items():
        yield f"        '{name}': '{kind}',"
    yield "    },"
    if times := list(_times(table)):
        yield "    times=["
        yield from (f"        '{path}'," for path in times)
        yield "    ],"
    if parent := _parent(table.name):
        yield f"    parent={parent},"
    yield ") }}"


def _snapshot(table: Table) -> Iterator[str]:
    yield f"-- {GENERATED}"
    yield f"{{% snapshot stripe_{table.name}_history %}}"
    yield "{{ config("
    yield "    strategy='check',"
    yield "    unique_key=\"coalesce(account_id, '') || '/' || id\","
    yield "    check_cols=["
    for column in kinds(table):
        if column not in (*_OF_THE_TAP, *table.keys):
            yield f"        '{column}',"
    yield "    ],"
    yield "    hard_deletes='invalidate',"
    yield ") }}"
    yield "select *"
    yield f"from {{{{ ref('stripe_{table.name}') }}}}"
    yield "{% endsnapshot %}"


def _times(table: Table) -> Iterator[str]:
    for below in table.nested.values():
        for found in below:
            if _is_time(found):
                yield found.path


def _is_time(found: Property) -> bool:
    path = found.path
    name = path.rpartition(".")[2]
    return (
        found.type == "integer"
        and "[]" not in path
        and path.count(".") < _STEPS
        and bool(_TIME.search(name))
        and not path.endswith(_NO_TIMES)
    )


def _parent(name: str) -> tuple[str, str] | None:
    """Give the collection that rows are inside of, and their column with its id."""
    for feed in Collection.registered[name].feeds:
        if feed.parent:
            for other, collection in Collection.registered.items():
                if collection.stripe_object == feed.listing.object:
                    return other, feed.parent
    return None


def _sources(every: list[Table]) -> Iterator[str]:
    yield f"# {GENERATED}"
    yield "version: 2"
    yield ""
    yield "sources:"
    yield "  - name: stripe"
    yield "    description: What tap-stripe has loaded; deleted rows stay, flagged."
    yield "    database: \"{{ var('tap_stripe_database', none) or target.database }}\""
    yield (
        "    schema: \"{{ var('tap_stripe_schema', none)"
        " or env_var('DBT_STRIPE_SCHEMA', 'stripe') }}\""
    )
    yield "    tables:"
    for table in every:
        yield f"      - name: {table.name}"
        yield f"        description: {_quoted(table.about)}"
        if any(found.path == "received_at" for found in table.properties):
            yield "        config:"
            yield "          loaded_at_field: received_at"
            yield "          freshness:"
            yield "            warn_after: {count: 36, period: hour}"
        yield "        columns:"
        for column in table.properties:
            yield f"          - name: {_name(column.path)}"
            if column.description:
                yield f"            description: {_quoted(column.description)}"
    for name, about in _MORE.items():
        if name not in Collection.registered:
            yield f"      - name: {name}"
            yield f"        description: {_quoted(about)}"


def _models(every: list[Table]) -> Iterator[str]:
    yield f"# {GENERATED}"
    yield "version: 2"
    yield ""
    yield "models:"
    for table in every:
        keys = json.dumps(["account_id", *table.keys])
        yield f"  - name: stripe_{table.name}"
        yield f"    description: {_quoted(_about(table))}"
        yield "    data_tests:"
        yield "      - one_row_each:"
        yield "          arguments:"
        yield f"            columns: {keys}"
        if joins := _JOINS.get(table.name):
            yield "    columns:"
            for column, target in joins.items():
                yield f"      - name: {column}"
                yield "        data_tests:"
                yield "          - relationships:"
                yield "              arguments:"
                yield f"                to: source('stripe', '{target}')"
                yield "                field: id"
                yield "              config:"
                yield "                severity: warn"


def _about(table: Table) -> str:
    return f"{table.about} The present ones, with times in UTC and major units."


def _name(column: str) -> str:
    """Give a name as YAML takes it for text: `on` and `no` are not."""
    return column if re.fullmatch(r"[a-z_]{4,}|id|net|fee", column) else f'"{column}"'


def _quoted(text: str) -> str:
    """Give a string that neither YAML nor Jinja reads anything into."""
    plain = text.replace("{{", "{ {").replace("{%", "{ %").replace("{#", "{ #")
    return json.dumps(plain, ensure_ascii=False)
