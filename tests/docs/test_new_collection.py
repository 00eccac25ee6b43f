"""CONTRIBUTING's new collection, made in a copy as it says."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.docs.conftest import ROOT, fenced

if TYPE_CHECKING:
    from pathlib import Path

COPIED = ("schemas", "scripts", "tap_stripe", "tests")


def shown(language: str) -> list[str]:
    return [block.text for block in fenced(language) if block.page == "CONTRIBUTING.md"]


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    for name in COPIED:
        shutil.copytree(
            ROOT / name,
            tmp_path / name,
            ignore=shutil.ignore_patterns("__pycache__", ".*_cache"),
        )
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def python(folder: Path, *arguments: str) -> str:
    ran = subprocess.run(
        [sys.executable, *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(folder)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return ran.stdout


# A first sync and one after changes, of the new collection alone.
SYNCS = """
import json, pathlib, subprocess, sys
from tap_stripe.sandbox import Options, Sandbox
from tests.expected import differences
from tests.target import Target

catalog, target = json.loads(pathlib.Path("catalog.json").read_text()), Target()
for stream in catalog["streams"]:
    for entry in stream["metadata"]:
        if not entry["breadcrumb"]:
            entry["metadata"]["selected"] = stream["stream"] == "issuing_disputes"
pathlib.Path("catalog.json").write_text(json.dumps(catalog))
with Sandbox(Options(seed=1)) as sandbox:
    config = {"api_key": sandbox.key, "api_url": sandbox.url}
    pathlib.Path("config.json").write_text(json.dumps(config))
    for _ in range(2):
        pathlib.Path("state.json").write_text(json.dumps(target.state or {}))
        command = "from tap_stripe.tap import TapStripe; TapStripe.cli()"
        files = ("--config=config.json", "--catalog=catalog.json", "--state=state.json")
        ran = subprocess.run(
            [sys.executable, "-c", command, *files], stdout=subprocess.PIPE, check=True
        )
        target.take(ran.stdout.splitlines(keepends=True))
        print(differences(sandbox, target.tables, {"issuing_disputes"}))
        sandbox.change(20, only=["create_issuing_dispute", "update_issuing_dispute"])
"""


def test_a_collection_takes_a_class_a_line_and_a_generator(copy: Path) -> None:
    listing, collection, *_ = shown("python")
    (line,) = shown("toml")
    streams = copy / "tap_stripe" / "streams"
    for path, text in (
        (streams / "listings.py", listing),
        (streams / "issuing.py", f"\n\n{collection}"),
        (copy / "tap_stripe" / "sandbox" / "resources.toml", line),
    ):
        with path.open("a", encoding="utf-8") as module:
            module.write(text)

    python(copy, "-m", "scripts.generate_schemas")
    cli = "from tap_stripe.tap import TapStripe; TapStripe.cli()"
    discovered = python(copy, "-c", cli, "--discover")
    (copy / "catalog.json").write_text(discovered, encoding="utf-8")
    compared = python(copy, "-c", SYNCS)

    assert len(collection.strip().splitlines()) <= 10
    assert "issuing_disputes" in {
        stream["stream"] for stream in json.loads(discovered)["streams"]
    }
    assert compared.split() == ["[]", "[]"]
    docs = "from scripts.doc_parts.collections import collections; print(collections())"
    assert "### issuing_disputes" in python(copy, "-c", docs)
    picture = "from scripts.schema_picture.tables import tables; print(tables())"
    assert "name='issuing_disputes'" in python(copy, "-c", picture)
