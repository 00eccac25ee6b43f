"""Writes what the docs and dbt/ repeat of the code, and the pictures of the schema.

    python -m scripts.generate_docs            writes them
    python -m scripts.generate_docs --check    prints what would change, and fails

In a text file it owns the lines between "Generated …: NAME" and "End of generated:
NAME", and nothing else; docs/schema.* and what says so in dbt/ it owns whole.
"""

from __future__ import annotations

import argparse
import difflib
import json
import re
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scripts.dbt_parts import current, fivetran
from scripts.doc_parts import tables
from scripts.doc_parts.collections import collections, left_out
from scripts.schema_picture.files import files as schema_picture
from tap_stripe.streams import Collection

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from typing import TypeAlias

    Settings: TypeAlias = Mapping[str, Mapping[str, Any]]
    Blocks: TypeAlias = Mapping[str, Mapping[str, Callable[[], str]]]

ROOT = Path(__file__).resolve().parents[1]
WIDTH = 88
# Settings that every tap of the SDK has: documented there, so not in the README.
OF_THE_SDK = ("batch_config", "faker_", "flattening_", "stream_map")


def about() -> Settings:
    """Returns the JSON schema of each setting, by name."""
    tap = Path(sys.executable).with_name("tap-stripe")
    told = subprocess.run(
        [tap, "--about", "--format=json"], check=True, capture_output=True
    )
    properties: Settings = json.loads(told.stdout)["settings"]["properties"]
    return properties


def yaml_settings(settings: Settings, *, indent: str) -> str:
    """Returns a plugin's `settings:` as Meltano and its Hub want it."""
    lines = ["settings:"]
    for name, schema in settings.items():
        lines += [f"- name: {name}", f"  kind: {_kind(schema)}"]
        if schema.get("secret"):
            lines.append("  sensitive: true")
        lines.append(f"  label: {_label(name, schema)}")
        lines.append("  description: >-")
        lines += textwrap.wrap(
            _description(schema),
            WIDTH - len(indent),
            initial_indent="    ",
            subsequent_indent="    ",
            break_long_words=False,
            break_on_hyphens=False,
        )
    return textwrap.indent("\n".join(lines) + "\n", indent)


def yaml_select(*, indent: str) -> str:
    """Returns a plugin's `select:`: all but what is not selected by default."""
    out = sorted(
        name
        for name, collection in Collection.registered.items()
        if not collection.selected_by_default
    )
    lines = ["select:", "- '*.*'", *(f"- '!{name}.*'" for name in out)]
    return textwrap.indent("\n".join(lines) + "\n", indent)


def markdown_table(settings: Settings) -> str:
    """Returns the tap's own settings as a Markdown table."""
    lines = ["| Setting | Default | What it does |", "| --- | --- | --- |"]
    for name, schema in settings.items():
        if not name.startswith(OF_THE_SDK):
            text = _description(schema).replace("|", "\\|")
            lines.append(f"| `{name}` | {_default(schema)} | {text} |")
    return "\n".join(lines) + "\n"


def blocks() -> Blocks:
    """Returns how each block of each file is rendered."""
    settings = about()
    return {
        "README.md": {"settings": lambda: markdown_table(settings)},
        "docs/collections.md": {"collections": collections, "left out": left_out},
        "docs/key.md": {"permissions": tables.permissions_table},
        "docs/limits.md": {"costs": tables.costs_table},
        "docs/moving.md": {
            "fivetran": fivetran.table,
            "segment": tables.segment_table,
        },
        "docs/settings.md": {"settings": lambda: markdown_table(settings)},
        "meltano.yml": {
            "select": lambda: yaml_select(indent="    "),
            "settings": lambda: yaml_settings(settings, indent="    "),
        },
        "meltano/tap-stripe.yml": {
            "settings": lambda: yaml_settings(settings, indent="")
        },
    }


def generated() -> dict[str, bytes]:
    """Returns every file that is generated, or in part, by its path."""
    made = {}
    for name, rendered in blocks().items():
        text = (ROOT / name).read_text(encoding="utf-8")
        for block, render in rendered.items():
            text = _put(text, block, render(), name)
        made[name] = text.encode()
    return made | schema_picture() | current.files() | fivetran.files()


def main() -> int:
    """Writes the files, or with --check says how they differ.

    Returns:
        1 where --check found a difference, else 0.
    """
    parser = argparse.ArgumentParser()
    parser.add_argument("--check", action="store_true")
    check = parser.parse_args().check
    stale = 0
    for name, new in generated().items():
        path = ROOT / name
        old = path.read_bytes() if path.exists() else b""
        if old == new:
            continue
        if not check:
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(new)
            continue
        stale = 1
        sys.stdout.writelines(_difference(name, old, new))
    return stale


def _difference(name: str, old: bytes, new: bytes) -> Iterator[str]:
    if name.endswith((".pdf", ".svg", ".html")):
        yield f"{name} is not what the generator gives.\n"
        return
    before, after = (text.decode().splitlines(keepends=True) for text in (old, new))
    yield from difflib.unified_diff(before, after, name, "generated")


def _put(text: str, name: str, block: str, file: str) -> str:
    pattern = re.compile(
        rf"(?P<begin>^[^\n]*\bGenerated\b[^\n]*: {name}( -->)?\n).*?"
        rf"(?P<end>^[^\n]*\bEnd of generated: {name}\b)",
        re.DOTALL | re.MULTILINE,
    )
    found = pattern.search(text)
    if found is None:
        message = f"{file} has no lines that mark where the {name} go."
        raise ValueError(message)
    whole = found["begin"] + block + found["end"]
    return text[: found.start()] + whole + text[found.end() :]


def _kind(schema: Mapping[str, Any]) -> str:
    types = schema["type"]
    kind = types if isinstance(types, str) else next(t for t in types if t != "null")
    if schema.get("format") == "date-time":
        return "date_iso8601"
    # Meltano 4.4 can't write a decimal from the environment into the tap's config
    # (TypeError: Decimal). As integer it takes whole numbers from there, and any number
    # from meltano.yml.
    return "integer" if kind == "number" else str(kind)


def _label(name: str, schema: Mapping[str, Any]) -> str:
    return str(schema.get("title") or name.replace("_", " ").capitalize())


def _default(schema: Mapping[str, Any]) -> str:
    default = schema.get("default")
    if default is None:
        return ""
    return f"`{default if isinstance(default, str) else json.dumps(default)}`"


def _description(schema: Mapping[str, Any]) -> str:
    return " ".join(str(schema.get("description") or "").split())


if __name__ == "__main__":
    sys.exit(main())
