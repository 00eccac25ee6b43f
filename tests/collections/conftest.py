"""The tap's collections, with nothing behind them."""

from __future__ import annotations

import json
from functools import cache
from typing import TYPE_CHECKING, TypeAlias

import pytest

from tap_stripe.streams import Collection
from tap_stripe.tap import TapStripe

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

Collections: TypeAlias = "Callable[[str], Collection]"
CONFIG = {"api_key": "sk_test_1"}


@cache
def _entries() -> dict[str, str]:
    """Give the catalog's entries as text, each to be read where it is wanted."""
    catalog = TapStripe(config=CONFIG).catalog_dict
    return {stream["stream"]: json.dumps(stream) for stream in catalog["streams"]}


def _made(names: Iterable[str]) -> Collections:
    catalog = {"streams": [json.loads(_entries()[name]) for name in names]}
    for stream in catalog["streams"]:
        for entry in stream["metadata"]:
            if not entry["breadcrumb"]:
                entry["metadata"]["selected"] = True
    streams = TapStripe(config=CONFIG, catalog=catalog).streams

    def collection(name: str) -> Collection:
        found = streams[name]
        assert isinstance(found, Collection)
        return found

    return collection


@pytest.fixture(scope="session")
def shared() -> Collections:
    """Give the collections, all selected."""
    return _made(Collection.registered)


@pytest.fixture
def fresh() -> Callable[..., Collections]:
    """Give collections that have reported nothing yet, some or all selected."""
    return lambda *names: _made(names or Collection.registered)
