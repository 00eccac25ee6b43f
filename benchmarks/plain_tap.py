"""A tap as singer-sdk's documentation shows it, to compare with: charges only."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from singer_sdk import RESTStream, SchemaDirectory, StreamSchema, Tap
from singer_sdk import typing as th
from singer_sdk.authenticators import BearerTokenAuthenticator
from singer_sdk.pagination import BaseAPIPaginator

from benchmarks.measured import ROOT

if TYPE_CHECKING:
    import requests
    from singer_sdk.helpers.types import Context


class _StartingAfter(BaseAPIPaginator[str | None]):
    """Goes on behind the last object of a page."""

    def __init__(self) -> None:
        super().__init__(None)

    def get_next(self, response: requests.Response) -> str | None:
        """Give the last object's id, if there is more behind it."""
        page = response.json()
        return str(page["data"][-1]["id"]) if page["has_more"] else None


class PlainCharges(RESTStream[str | None]):
    """Charges, one page after the other."""

    name = "charges"
    path = "/v1/charges"
    primary_keys: ClassVar[tuple[str, ...]] = ("id",)
    records_jsonpath = "$.data[*]"
    schema = StreamSchema(SchemaDirectory(ROOT / "schemas"))

    @property
    def url_base(self) -> str:
        """Give the server's address."""
        return str(self.config["api_url"])

    @property
    def authenticator(self) -> BearerTokenAuthenticator:
        """Give the key to each request."""
        return BearerTokenAuthenticator(token=self.config["api_key"])

    def get_new_paginator(self) -> _StartingAfter:
        """Start at the newest object."""
        return _StartingAfter()

    def get_url_params(
        self, context: Context | None, next_page_token: str | None
    ) -> dict[str, Any]:
        """Ask for pages as large as Stripe gives."""
        del context
        after = {"starting_after": next_page_token} if next_page_token else {}
        return {"limit": 100, **after}


class PlainTap(Tap):
    """Reads charges."""

    name = "plain-tap"
    config_jsonschema: ClassVar[dict[str, Any]] = th.PropertiesList(
        th.Property("api_key", th.StringType, required=True, secret=True),
        th.Property("api_url", th.StringType, required=True),
    ).to_dict()

    def discover_streams(self) -> list[PlainCharges]:
        """Give the one stream."""
        return [PlainCharges(self)]


if __name__ == "__main__":
    PlainTap.cli()
