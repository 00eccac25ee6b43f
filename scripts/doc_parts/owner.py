"""Where the project is at home, which pyproject.toml alone says."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
_URLS = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"][
    "urls"
]
REPOSITORY: str = _URLS["Repository"]
SITE: str = _URLS["Documentation"]
OWNER = REPOSITORY.split("/")[-2]
# Other taps have the name too.
_OURS = re.compile(
    r"(?<=github\.com/)(?!singer-io/)[\w-]+(?=/tap-stripe\b)"
    r"|(?<=githubusercontent\.com/)[\w-]+(?=/tap-stripe\b)"
    r"|(?<=https://)[\w-]+(?=\.github\.io/tap-stripe\b)"
    r"|(?<=^variant: )[\w-]+$",
    re.MULTILINE,
)


def with_owner(text: str) -> str:
    """Put the owner's name where addresses of the project stand in a text."""
    return _OURS.sub(OWNER, text)


def files() -> list[str]:
    """Give the files in which such addresses may stand."""
    found = [
        *ROOT.glob("*.md"),
        *ROOT.glob("docs/*.md"),
        *ROOT.glob("meltano/*.yml"),
        *ROOT.glob(".github/ISSUE_TEMPLATE/*.yml"),
        ROOT / "meltano.yml",
        ROOT / "pyproject.toml",
    ]
    return sorted(str(path.relative_to(ROOT)) for path in found)
