"""What the documentation is made of."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
PAGES = (
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    *sorted(DOCS.glob("*.md")),
)
_FENCED = re.compile(r"^```(\w*)\n(.*?)^```", re.DOTALL | re.MULTILINE)


@dataclass(frozen=True)
class Fenced:
    """A block of code in a page."""

    page: str
    language: str
    text: str

    @property
    def commands(self) -> list[str]:
        return [line for line in self.text.splitlines() if line.strip()]


def fenced(*languages: str) -> list[Fenced]:
    """Give the blocks of all pages in these languages, in order."""
    return [
        Fenced(str(page.relative_to(ROOT)), language, text)
        for page in PAGES
        for language, text in _FENCED.findall(page.read_text(encoding="utf-8"))
        if language in languages
    ]


@pytest.fixture(scope="session")
def pages() -> dict[str, str]:
    return {
        str(page.relative_to(ROOT)): page.read_text(encoding="utf-8") for page in PAGES
    }
