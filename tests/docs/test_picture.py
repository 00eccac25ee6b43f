"""The pictures of the schema, their page, PDF and DBML: complete, no link dead."""

from __future__ import annotations

import io
import re
import subprocess
import sys
from functools import partial
from html import unescape
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, Any
from urllib.parse import urldefrag
from xml.etree import ElementTree as ET

import pypdf
import pytest

from scripts.doc_parts.groups import groups
from scripts.schema_picture.diagrams import OVERVIEW, node, shown_links
from scripts.schema_picture.files import files
from scripts.schema_picture.tables import tables
from tap_stripe.streams import Collection
from tests.browser import CHROMIUM, Browser
from tests.docs.conftest import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.browser import Page

# They are made once, by one process.
pytestmark = pytest.mark.xdist_group("pictures")
in_browser = pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed")
SVG = "{http://www.w3.org/2000/svg}"


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format, *args) -> None:  # noqa: A002 (its own word)
        pass


@pytest.fixture(scope="session")
def shown():
    return {table.name: table for table in tables()}


@pytest.fixture(scope="session")
def folder(tmp_path_factory) -> Path:
    return Path(tmp_path_factory.mktemp("schema"))


@pytest.fixture(scope="session")
def address(folder) -> Iterator[str]:
    """Serve a folder, empty as yet."""
    serving = ThreadingHTTPServer(
        ("127.0.0.1", 0), partial(Quiet, directory=str(folder))
    )
    Thread(target=serving.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{serving.server_port}/"
    serving.shutdown()
    serving.server_close()


@pytest.fixture(scope="session")
def made(address, folder) -> dict[str, bytes]:
    """Give the files by name; they stand where their links say."""
    made = files(address)
    for name, content in made.items():
        (folder / name).write_bytes(content)
    return made


@pytest.fixture(scope="session")
def html(made: dict[str, bytes]) -> str:
    return made["index.html"].decode()


@pytest.fixture(scope="session")
def targets(html) -> set[str]:
    return {unescape(one) for one in re.findall(r' id="([^"]+)"', html)}


# Links, as the code finds them


def links_of(table) -> dict[str, tuple[str, ...]]:
    return {found.path: found.links for found in table.all_properties()}


@pytest.mark.parametrize(
    ("collection", "path", "links"),
    [
        ("charges", "customer", ("customers",)),
        ("charges", "balance_transaction", ("balance_transactions",)),
        ("charges", "invoice", ("invoices",)),
        ("charges", "transfer_data.destination", ("accounts",)),
        ("invoice_lines", "invoice", ("invoices",)),
    ],
)
def test_an_id_leads_to_its_collection(shown, collection, path, links) -> None:
    assert links_of(shown[collection])[path] == links


def test_a_property_of_many_types_leads_to_each_that_there_is(shown) -> None:
    links = links_of(shown["balance_transactions"])["source"]

    assert {"charges", "payouts", "refunds", "transfers"} <= set(links)


def test_links_are_ids_of_collections_and_nothing_else(shown) -> None:
    for table in shown.values():
        for found in table.properties:
            assert set(found.links) <= set(Collection.registered)
            assert not found.links or found.type == "text"
        assert not {"id", "object", "metadata"} & {
            found.path for found in table.properties if found.links
        }


def test_a_time_is_not_described_as_seconds(shown) -> None:
    times = [
        found
        for table in shown.values()
        for found in table.properties
        if found.type == "time"
    ]

    assert len(times) > len(Collection.registered)
    assert not [one for one in times if "seconds since" in one.description]


# The pictures


def texts(svg: bytes) -> list[str]:
    root = ET.fromstring(svg)  # noqa: S314 (our own)
    return ["".join(text.itertext()) for text in root.iter(f"{SVG}text")]


def test_every_collection_is_in_the_overview_and_in_its_groups_picture(made) -> None:
    for group in groups():
        assert group.title in texts(made["overview.svg"])
        for name in group.collections:
            assert name in texts(made["overview.svg"])
            assert name in texts(made[f"{node(group)}.svg"])


def test_a_groups_picture_shows_keys_and_links(made, shown) -> None:
    for group in groups():
        seen = texts(made[f"{node(group)}.svg"])
        for name in group.collections:
            table = shown[name]
            assert {*table.keys, *(one.path for one in shown_links(table))} <= set(seen)


def test_a_command_makes_the_same_files_for_a_clone_alone(
    made, address, tmp_path
) -> None:
    folder = tmp_path / "schema"

    subprocess.run(
        [sys.executable, "-m", "scripts.schema_picture", folder], check=True, cwd=ROOT
    )

    assert {path.name for path in folder.iterdir()} == made.keys()
    # A PDF has ids that are made by chance.
    for name in made.keys() - {"schema.pdf"}:
        there = (folder / "index.html").as_uri().encode()
        assert (folder / name).read_bytes().replace(there, address.encode()) == made[
            name
        ]


# No dead link, in any form


def test_every_link_of_the_page_has_a_target(html, made, targets) -> None:
    links = {unescape(one) for one in re.findall(r'href="([^"]+)"', html)}

    assert {one[1:] for one in links if one.startswith("#")} <= targets
    assert {one for one in links if not one.startswith("#")} <= made.keys()


def test_every_link_of_an_svg_alone_leads_to_the_page(made, address, targets) -> None:
    for name in (OVERVIEW, *map(node, groups())):
        root = ET.fromstring(made[f"{name}.svg"])  # noqa: S314 (our own)
        links = [urldefrag(link.attrib["href"]) for link in root.iter(f"{SVG}a")]

        assert links, name
        assert {url for url, _ in links} == {address}
        assert {fragment for _, fragment in links} <= targets


def test_every_link_of_the_pdf_leads_to_a_page_or_the_site(
    made, address, targets
) -> None:
    # Its types know little of what PDF holds.
    pdf: Any = pypdf.PdfReader(io.BytesIO(made["schema.pdf"]))
    pages = {page.indirect_reference.idnum for page in pdf.pages}

    assert len(pdf.pages) == 1 + len(groups())
    assert [one.title for one in pdf.outline][1:] == [one.title for one in groups()]
    for page in pdf.pages:
        links = [one.get_object() for one in page["/Annots"]]
        assert links
        for link in links:
            if "/A" in link:
                url, fragment = urldefrag(link["/A"]["/URI"])
                assert (url, fragment in targets) == (address, True)
                continue
            place = link["/Dest"]
            if isinstance(place, str):
                place = pdf.named_destinations[place].dest_array
            assert place[0].idnum in pages


# Of pydbml's own use of pyparsing.
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_dbml_has_every_table_column_and_link(made, shown) -> None:
    import pydbml  # noqa: PLC0415 (it warns at import)

    schema = pydbml.PyDBML(made["schema.dbml"].decode())

    tables = {table.name: table for table in schema.tables}
    assert tables.keys() == shown.keys()
    for name, table in shown.items():
        columns = [column.name for column in tables[name].columns]
        assert columns == [column.path for column in table.properties]
    references = {(one.col1[0].table.name, one.col1[0].name) for one in schema.refs}
    assert ("charges", "customer") in references
    assert {one.name for one in schema.table_groups} == {one.title for one in groups()}


# In a browser


@pytest.fixture(scope="session")
def browser(made, address, tmp_path_factory) -> Iterator[Page]:
    assert "index.html" in made
    profile = tmp_path_factory.mktemp("browser") / "profile"
    with Browser(profile).opened(address) as page:
        yield page


@pytest.fixture
def page(browser: Page, address: str) -> Page:
    browser.resize(1400, 900)
    browser.go(address)
    return browser


TOP = "Math.round(document.getElementById({!r}).getBoundingClientRect().top)"


@in_browser
def test_the_search_finds_the_best_first_and_scrolls_to_it(page) -> None:
    page.click("#search")
    page.type("transfers")
    first = page.until("document.querySelector('#hits b')?.textContent")
    page.key("Enter")

    assert first == "transfers"
    assert page.until("location.hash") == "#transfers"
    top = page.until(TOP.format("transfers"))
    assert 0 < top < 200


@in_browser
def test_the_search_opens_what_is_nested(page) -> None:
    page.click("#search")
    page.type("charges network_transaction_id")
    found = page.until("document.querySelector('#hits b')?.textContent")
    page.click("#hits a")

    assert found.startswith("charges.payment_method_details.")
    assert page.until("location.hash") == f"#{found}"
    assert page.until(f"document.getElementById({found!r}).checkVisibility()")


@in_browser
def test_a_search_without_a_hit_says_so(page) -> None:
    page.click("#search")
    page.type("there-is-no-such-thing")

    assert page.until("document.getElementById('hits').textContent") == "Nothing found."


@in_browser
def test_pointing_at_a_table_lights_up_what_it_is_joined_to(page) -> None:
    page.point_at("[data-name=balance_transaction_fee_details]")

    lit = page.until(
        "[...document.querySelectorAll('.lit .table.on')].map(it => it.dataset.name)"
    )
    assert sorted(lit) == ["balance_transaction_fee_details", "balance_transactions"]
    assert page.value("document.querySelectorAll('.lit .line.on').length") == 1


@in_browser
def test_a_picture_grows_and_shrinks(page) -> None:
    width = "document.querySelector('figure svg').clientWidth"
    before = page.until(width)

    page.click("[data-zoom='1.25']")

    assert page.value(width) == pytest.approx(before * 1.25, abs=2)


@in_browser
def test_a_name_in_a_picture_leads_to_its_table(page) -> None:
    page.click("#group-core svg [data-name=refunds] a[href='#charges']")

    assert page.until("location.hash") == "#charges"
    assert 0 < page.until(TOP.format("charges")) < 200


@in_browser
@pytest.mark.parametrize(("width", "height"), [(1400, 900), (400, 800)])
def test_the_page_is_as_wide_as_the_screen(page, width, height) -> None:
    page.resize(width, height)

    assert page.until("window.innerWidth") == width
    assert 0 < page.until("document.documentElement.scrollWidth") <= width
