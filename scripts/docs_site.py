"""What mkdocs.yml alone can't say: MkDocs calls these while it builds the site.

https://www.mkdocs.org/user-guide/configuration/#hooks
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from mkdocs.structure.files import File

if TYPE_CHECKING:
    from mkdocs.config.defaults import MkDocsConfig
    from mkdocs.structure.files import Files

# MkDocs loads this file by its path.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from scripts.doc_parts.owner import REPOSITORY, SITE
from scripts.schema_picture.files import files as schema_picture

# Where the pictures of the schema are; `schema/` is the page about them.
PICTURES = "tables/"
_OUTSIDE = re.compile(r"(?<=\]\()\.\./")


def on_config(config: MkDocsConfig) -> None:
    """Say where the site and the repository are; a build may say otherwise."""
    config.site_url = config.site_url or SITE
    config.repo_url, config.repo_name = REPOSITORY, "GitHub"


def on_files(files: Files, config: MkDocsConfig) -> None:
    """Add the pictures of the schema."""
    for name, content in schema_picture(f"{config.site_url}{PICTURES}").items():
        files.append(File.generated(config, f"{PICTURES}{name}", content=content))


def on_page_markdown(markdown: str, **_: object) -> str:
    """Lead links to what is no page into the repository."""
    return _OUTSIDE.sub(f"{REPOSITORY}/blob/main/", markdown)
