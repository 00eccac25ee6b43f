"""What is generated is up to date, and what the code has is in the docs."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import yaml  # type: ignore[import-untyped]  # Its stubs are another package.
from stripe.params import _webhook_endpoint_create_params

from scripts.doc_parts.collections import event_names
from scripts.generate_docs import generated
from tap_stripe import permissions
from tap_stripe.settings import SETTINGS
from tap_stripe.streams import Collection
from tests.docs.conftest import DOCS, ROOT


@pytest.fixture(scope="module")
def made() -> dict[str, bytes]:
    return generated()


def test_every_generated_file_is_what_the_generator_gives(made) -> None:
    stale = [name for name, new in made.items() if (ROOT / name).read_bytes() != new]

    assert not stale, "run: .venv/bin/python -m scripts.generate_docs"


def test_the_generator_gives_the_same_bytes_again(made) -> None:
    assert generated() == made


def test_every_collection_has_a_section(pages) -> None:
    titles = re.findall(r"^### (\w+)$", pages["docs/collections.md"], re.MULTILINE)

    assert sorted(titles) == sorted(Collection.registered)


def test_every_section_ends_in_a_link_to_stripes_reference(pages) -> None:
    links = re.findall(r"\[Stripe's reference\]\((\S+)\)", pages["docs/collections.md"])

    assert len(links) == len(Collection.registered)
    assert all(link.startswith("https://docs.stripe.com/") for link in links)


def test_every_setting_is_described(pages) -> None:
    for name in SETTINGS.wrapped:
        assert f"| `{name}` |" in pages["docs/settings.md"]
        assert f"| `{name}` |" in pages["README.md"]


def test_the_link_for_everything_is_in_the_docs(pages) -> None:
    everything = permissions.needed(permissions.chosen(None).values())

    assert permissions.link(everything) in pages["docs/key.md"]


def test_the_events_that_the_docs_name_exist() -> None:
    source = Path(_webhook_endpoint_create_params.__file__).read_text(encoding="utf-8")
    kinds = set(re.findall(r'"([a-z_]+(?:\.[a-z_]+)+)"', source))
    assert "charge.refunded" in kinds
    objects = {
        (one, feed.listing.object)
        for collection in Collection.registered.values()
        for feed in collection.feeds
        if not feed.listing.removed
        for one in (
            feed.listing.object,
            *(other for other, _ in feed.listing.announced_by),
        )
    }
    for one, of in sorted(objects):
        for start in event_names(one, of=of):
            assert any(kind.startswith(f"{start}.") for kind in kinds), (one, start)


def test_moving_names_only_collections_that_there_are(pages) -> None:
    table = pages["docs/moving.md"].partition("## Columns")[0]
    named = re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE)

    assert len(named) == len(set(named))
    assert set(named) <= set(Collection.registered)


def test_moving_names_only_columns_that_there_are(pages) -> None:
    table = pages["docs/moving.md"].partition("### From Fivetran")[2]
    table = table.partition("\n### ")[0]
    named = re.findall(r"^\| `[^|]+ \| `(\w+)\.(\w+)`", table, re.MULTILINE)

    assert len(named) > 20
    for collection, column in named:
        schema = (ROOT / "schemas" / f"{collection}.json").read_text(encoding="utf-8")
        assert column in json.loads(schema)["properties"], (collection, column)


def test_relative_links_lead_somewhere(pages) -> None:
    for name, text in pages.items():
        page: Path = ROOT / name
        for target in re.findall(r"\]\(([^)#]+)[^)]*\)", text):
            if "://" not in target:
                assert (page.parent / target).exists(), (name, target)


def test_every_page_is_in_the_index(pages) -> None:
    linked = set(re.findall(r"\]\(([^)#]+)", pages["docs/README.md"]))

    assert linked == {path.name for path in DOCS.iterdir()} - {"README.md"}


@pytest.mark.parametrize(
    "form", sorted((ROOT / ".github" / "ISSUE_TEMPLATE").glob("[!c]*.yml"))
)
def test_the_forms_of_issues_are_ones_of_github(form) -> None:
    told = yaml.safe_load(form.read_text(encoding="utf-8"))
    asked = [part for part in told["body"] if part["type"] != "markdown"]

    assert {"name", "description", "body"} <= told.keys()
    assert {part["type"] for part in asked} <= {"checkboxes", "input", "textarea"}
    assert len({part["id"] for part in asked}) == len(asked)
    assert all(part["attributes"]["label"] for part in asked)
