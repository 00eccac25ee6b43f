"""The picture of the schema: complete, well-formed, and its search finds."""

from __future__ import annotations

import re
import shutil
import subprocess
from html import unescape
from xml.etree import ElementTree as ET

import pytest

from scripts.schema_picture.tables import tables
from tap_stripe.streams import Collection
from tests.docs.conftest import DOCS

CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))),
    None,
)
SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(scope="module")
def shown():
    return {table.name: table for table in tables()}


@pytest.fixture(scope="module")
def html() -> str:
    return (DOCS / "schema.html").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def svg() -> ET.Element:
    return ET.fromstring((DOCS / "schema.svg").read_text(encoding="utf-8"))  # noqa: S314 - our own file


# Links


def test_an_expandable_property_leads_to_its_collection(shown) -> None:
    charges = {found.path: found.links for found in shown["charges"].properties}

    assert charges["customer"] == ("customers",)
    assert charges["balance_transaction"] == ("balance_transactions",)


def test_a_parents_id_that_the_tap_adds_leads_to_the_parent(shown) -> None:
    lines = {found.path: found.links for found in shown["invoice_lines"].properties}

    assert lines["invoice"] == ("invoices",)


def test_a_nested_id_leads_to_its_collection(shown) -> None:
    nested = {
        found.path: found.links for found in shown["charges"].nested["transfer_data"]
    }

    assert nested["transfer_data.destination"] == ("accounts",)


def test_an_old_name_leads_where_it_did(shown) -> None:
    charges = {found.path: found.links for found in shown["charges"].properties}

    assert charges["invoice"] == ("invoices",)


def test_a_property_of_many_types_leads_to_each_that_there_is(shown) -> None:
    (source,) = (
        found
        for found in shown["balance_transactions"].properties
        if found.path == "source"
    )

    assert {"charges", "payouts", "refunds", "transfers"} <= set(source.links)


def test_links_are_ids_of_collections_and_nothing_else(shown) -> None:
    for table in shown.values():
        for found in table.properties:
            assert set(found.links) <= set(Collection.registered)
            assert not found.links or found.type == "text"
        assert not {"id", "object", "metadata"} & {
            found.path for found in table.properties if found.links
        }


# The files


def test_the_svg_shows_every_collection_and_property(svg, shown) -> None:
    texts = [element.text or "" for element in svg.iter(f"{SVG}text")]

    for name, table in shown.items():
        assert name in texts
        for found in table.properties:
            assert found.path in texts, (name, found.path)


def test_nothing_in_the_svg_is_outside_of_it(svg) -> None:
    _, _, width, height = map(float, svg.attrib["viewBox"].split())

    for element in svg.iter(f"{SVG}polyline"):
        for point in element.attrib["points"].split():
            x, y = map(float, point.split(","))
            assert 0 <= x <= width
            assert 0 <= y <= height
    for element in svg.iter(f"{SVG}text"):
        end = float(element.attrib["x"]) + float(element.attrib["textLength"])
        assert end <= width


def test_no_two_tables_overlap(svg) -> None:
    boxes = [
        tuple(float(element.attrib[name]) for name in ("x", "y", "width", "height"))
        for element in svg.iter(f"{SVG}rect")
        if "stroke" in element.attrib
    ]

    assert len(boxes) == len(Collection.registered)
    for x, y, width, height in boxes:
        others = [box for box in boxes if box != (x, y, width, height)]
        assert not any(
            x < left + wide and left < x + width and y < top + high and top < y + height
            for left, top, wide, high in others
        )


def test_the_pdf_is_one_page_with_every_collection(shown) -> None:
    pdf = (DOCS / "schema.pdf").read_bytes()
    (start,) = re.findall(rb"startxref\n(\d+)\n%%EOF\n$", pdf)

    assert pdf.startswith(b"%PDF-1.4")
    assert pdf[int(start) :].startswith(b"xref\n")
    places = re.findall(rb"^(\d{10}) 00000 n $", pdf, re.MULTILINE)
    for number, place in enumerate(places, 1):
        assert pdf[int(place) :].startswith(b"%d 0 obj" % number)
    for name in shown:
        assert b"(%b) Tj" % name.encode() in pdf


def test_the_page_has_every_property_and_needs_nothing_else(html, shown) -> None:
    cells = set(map(unescape, re.findall(r"<td data-text>([^<]*)</td>", html)))

    for table in shown.values():
        paths = {found.path for found in table.properties}
        paths |= {found.path for below in table.nested.values() for found in below}
        assert paths <= cells
    assert not re.findall(r'(?:src|href)="(?!#)[^"]*"|@import|url\(', html)


def test_every_link_of_the_page_has_a_target(html) -> None:
    targets = set(re.findall(r' id="([^"]+)"', html))

    assert set(re.findall(r'href="#([^"]+)"', html)) <= targets


# In a browser


def opened(address: str, *arguments: str) -> str:
    if CHROMIUM is None:
        pytest.skip("chromium is not installed")
    command = [CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", *arguments]
    ran = subprocess.run(
        [*command, f"{(DOCS / 'schema.html').as_uri()}{address}"],
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    return ran.stdout


def test_a_browser_opens_the_page() -> None:
    seen = opened("", "--dump-dom")

    assert seen.count("<section") == len(Collection.registered) + 1
    assert "hidden" not in "".join(re.findall(r"<section[^>]*>", seen))


def test_the_search_finds_a_nested_property_and_hides_the_rest() -> None:
    seen = opened("#search=charges%20network_transaction_id", "--dump-dom")

    tags = re.findall(r"<section[^>]*>", seen)
    (left,) = (tag for tag in tags if "hidden" not in tag)
    assert 'id="charges"' in left
    rows = re.findall(r'<tr class="[^"]*\bfound\b[^"]*">.*?</tr>', seen)
    assert rows
    assert all("<mark>network_transaction_id</mark>" in row for row in rows)


def test_a_search_without_a_hit_says_so() -> None:
    assert "0 properties" in opened("#search=there-is-no-such-thing", "--dump-dom")


def test_the_page_fits_a_screen(tmp_path) -> None:
    shot = tmp_path / "page.png"

    opened("", f"--screenshot={shot}", "--window-size=1280,900")

    assert shot.read_bytes().startswith(b"\x89PNG")
    assert shot.stat().st_size > 20_000
