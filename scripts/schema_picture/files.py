"""The files that show the schema: a page, a picture of each group, a PDF, DBML."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from scripts.doc_parts.groups import groups
from scripts.schema_picture.dbml import dbml
from scripts.schema_picture.diagrams import (
    OVERVIEW,
    color,
    group_diagram,
    node,
    overview,
)
from scripts.schema_picture.drawing import Drawing, draw
from scripts.schema_picture.page import page
from scripts.schema_picture.pdf import pdf
from scripts.schema_picture.tables import tables
from tap_stripe.api.client import API_VERSION

TITLE = f"tap-stripe: tables of Stripe's API {API_VERSION}"


def files(address: str) -> dict[str, bytes]:
    """Give each file by its name.

    Args:
        address: Where the page will stand, with a slash at its end: the pictures and
            the PDF, which people keep elsewhere, lead there.
    """
    shown, parts = {table.name: table for table in tables()}, groups()
    colors = {
        name: color(index)
        for index, group in enumerate(parts)
        for name in group.collections
    }
    names = [*shown, *map(node, parts)]
    addresses = {name: f"{address}#{name}" for name in names}
    diagrams = {OVERVIEW: overview(parts, shown)}
    for index, group in enumerate(parts):
        diagrams[node(group)] = group_diagram(group, shown, fill=color(index))

    def drawn(name: str) -> Drawing:
        return draw(diagrams[name], addresses, {} if name == OVERVIEW else colors)

    with ThreadPoolExecutor() as threads:
        pictures = dict(zip(diagrams, threads.map(drawn, diagrams), strict=True))
    titles = {OVERVIEW: "Overview"} | {node(group): group.title for group in parts}
    html = page(parts, shown, pictures, title=TITLE, address=address)
    pages = {name: (titles[name], drawing) for name, drawing in pictures.items()}
    return {
        "index.html": html.encode(),
        "schema.dbml": dbml(parts, shown).encode(),
        "schema.pdf": pdf(pages, addresses, title=TITLE),
        **{f"{name}.svg": one.svg.encode() for name, one in pictures.items()},
    }
