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


def test_a_collection_takes_a_class_a_generator_and_an_example(copy: Path) -> None:
    listing, collection, *_ = shown("python")
    (example,) = shown("json")
    streams = copy / "tap_stripe" / "streams"
    for name, text in (("listings", listing), ("billing", f"\n\n{collection}")):
        with (streams / f"{name}.py").open("a", encoding="utf-8") as module:
            module.write(text)
    examples = copy / "tests" / "collections" / "examples" / "tax_rates"
    examples.mkdir()
    (examples / "plain.json").write_text(example, encoding="utf-8")

    python(copy, "-m", "scripts.generate_schemas")
    cli = "from tap_stripe.tap import TapStripe; TapStripe.cli()"
    found = json.loads(python(copy, "-c", cli, "--discover"))
    wanted = "tax_rates and written_out"
    tested = python(
        copy,
        "-m",
        "pytest",
        "-p",
        "no:cacheprovider",
        "tests/collections",
        "-k",
        wanted,
    )

    assert len(collection.strip().splitlines()) <= 10
    assert "tax_rates" in {stream["stream"] for stream in found["streams"]}
    assert "2 passed" in tested, tested
    docs = "from scripts.doc_parts.collections import collections; print(collections())"
    assert "### tax_rates" in python(copy, "-c", docs)
    picture = "from scripts.schema_picture.tables import tables; print(tables())"
    assert "name='tax_rates'" in python(copy, "-c", picture)
