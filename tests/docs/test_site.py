"""The documentation as a site: it builds, and each link in it leads somewhere."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import dataclass
from html import unescape
from typing import TYPE_CHECKING
from urllib.parse import unquote, urldefrag, urljoin, urlsplit

import pytest

from scripts.doc_parts.owner import OWNER, REPOSITORY, SITE, files, with_owner
from tap_stripe.streams import Collection
from tests.docs.conftest import DOCS, ROOT

if TYPE_CHECKING:
    from pathlib import Path

# It is built once, by one process.
pytestmark = pytest.mark.xdist_group("site")


@dataclass(frozen=True)
class Site:
    """A built site.

    Attributes:
        folder: Where it is.
        pages: The HTML by address, that of a folder with a slash at its end.
    """

    folder: Path
    pages: dict[str, str]

    def leads_nowhere(self, url: str) -> bool:
        """Whether an address of the site has no file, or its fragment no target."""
        whole, fragment = urldefrag(url)
        path = unquote(urlsplit(whole).path).removeprefix(urlsplit(SITE).path)
        file = self.folder / path
        if file.is_dir():
            file /= "index.html"
        if not file.is_file():
            return True
        html = self.pages.get(whole, "")
        return bool(fragment) and f'id="{unquote(fragment)}"' not in unescape(html)


@pytest.fixture(scope="session")
def site(tmp_path_factory) -> Site:
    folder = tmp_path_factory.mktemp("site")
    built = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", folder],
        cwd=ROOT,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert built.returncode == 0, built.stdout + built.stderr
    pages = {
        SITE + str(path.relative_to(folder)).removesuffix("index.html"): path.read_text(
            encoding="utf-8"
        )
        for path in sorted(folder.rglob("*.html"))
    }
    return Site(folder, pages)


def test_every_page_is_built(site) -> None:
    for page in DOCS.glob("*.md"):
        name = "" if page.stem == "README" else f"{page.stem}/"
        assert f"{SITE}{name}" in site.pages


def test_no_link_of_the_site_is_dead(site) -> None:
    dead = [
        (page, link)
        for page, html in site.pages.items()
        for link in map(unescape, re.findall(r'(?:href|src)="([^"]*)"', html))
        if urljoin(page, link).startswith(SITE)
        if site.leads_nowhere(urljoin(page, link))
    ]

    assert len(site.pages) > 15
    assert not dead


def test_links_into_the_repository_lead_to_files_that_there_are(site) -> None:
    begin = f"{REPOSITORY}/blob/main/"
    links = {
        link.removeprefix(begin)
        for html in site.pages.values()
        for link in re.findall(r'href="([^"#]*)', html)
        if link.startswith(begin)
    }

    assert {"meltano.yml", "CHANGELOG.md"} <= links
    assert not [link for link in links if not (ROOT / link).exists()]


def test_links_from_the_repository_to_the_site_lead_somewhere(site, pages) -> None:
    links = {
        link
        for text in pages.values()
        for link in re.findall(rf"{re.escape(SITE)}[^)\s\"'>]*", text)
    }

    assert f"{SITE}tables/schema.dbml" in links
    assert not [link for link in links if site.leads_nowhere(link)]


def test_the_first_page_lists_every_collection_with_how_it_is_kept(site) -> None:
    first = site.pages[SITE]

    for name, collection in Collection.registered.items():
        (entry,) = re.findall(rf'<li><a href="collections/#{name}">.*?</li>', first)
        removed = all(feed.listing.removed for feed in collection.feeds)
        assert removed or re.search(r"<em>\([a-z, -]+\)</em>", entry), entry


def test_nothing_is_loaded_from_elsewhere(site) -> None:
    for html in site.pages.values():
        loaded = re.findall(r'(?:src|<link[^>]*href)="(https?:[^"]*)"', html)
        assert not [url for url in loaded if not url.startswith(SITE)]


def test_the_owner_stands_in_one_place() -> None:
    assert OWNER in (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    for name in files():
        text = (ROOT / name).read_text(encoding="utf-8")
        assert with_owner(text) == text, name


def test_another_owner_is_put_everywhere_but_into_other_peoples_addresses() -> None:
    text = (
        "https://github.com/someone/tap-stripe https://someone.github.io/tap-stripe/ "
        "https://github.com/singer-io/tap-stripe https://github.com/meltano/sdk"
    )

    assert with_owner(text) == text.replace("someone", OWNER)
