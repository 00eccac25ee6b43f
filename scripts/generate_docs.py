"""Writes the tap's settings where they are repeated, as `tap-stripe --about` has them.

    python -m scripts.generate_docs            writes README.md, meltano.yml, meltano/
    python -m scripts.generate_docs --check    prints what would change, and fails

Of each file it owns the lines between "Generated …: settings" and "End of generated:
settings", and nothing else.
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

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import TypeAlias

    Settings: TypeAlias = Mapping[str, Mapping[str, Any]]

ROOT = Path(__file__).resolve().parents[1]
WIDTH = 88
BLOCK = re.compile(
    r"(?P<begin>^[^\n]*\bGenerated\b[^\n]*: settings( -->)?\n).*?"
    r"(?P<end>^[^\n]*\bEnd of generated: settings\b)",
    re.DOTALL | re.MULTILINE,
)
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


def markdown_table(settings: Settings) -> str:
    """Returns the tap's own settings as a Markdown table."""
    lines = ["| Setting | Default | What it does |", "| --- | --- | --- |"]
    for name, schema in settings.items():
        if not name.startswith(OF_THE_SDK):
            text = _description(schema).replace("|", "\\|")
            lines.append(f"| `{name}` | {_default(schema)} | {text} |")
    return "\n".join(lines) + "\n"


FILES: Mapping[str, Callable[[Settings], str]] = {
    "README.md": markdown_table,
    "meltano.yml": lambda settings: yaml_settings(settings, indent="    "),
    "meltano/tap-stripe.yml": lambda settings: yaml_settings(settings, indent=""),
}


def main() -> int:
    """Writes the files, or with --check says how they differ.

    Returns:
        1 where --check found a difference, else 0.
    """
    parser = argparse.ArgumentParser()
    parser.add_argument("--check", action="store_true")
    check = parser.parse_args().check
    settings = about()
    stale = 0
    for name, render in FILES.items():
        path = ROOT / name
        old = path.read_text(encoding="utf-8")
        new = _put(old, render(settings), name)
        if check and old != new:
            stale = 1
            before, after = old.splitlines(keepends=True), new.splitlines(keepends=True)
            sys.stdout.writelines(
                difflib.unified_diff(before, after, name, "generated")
            )
        elif old != new:
            path.write_text(new, encoding="utf-8")
    return stale


def _put(text: str, block: str, name: str) -> str:
    found = BLOCK.search(text)
    if found is None:
        message = f"{name} has no lines that mark where the settings go."
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
