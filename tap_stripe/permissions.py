"""The permissions that a restricted key needs, and a link that makes such a key. Pure.

https://docs.stripe.com/keys/restricted-api-keys
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tap_stripe.streams import Collection
from tap_stripe.streams.listings import EVENTS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from singer_sdk.singerlib import Catalog

    from tap_stripe.streams.listing import Feed

CREATE_KEY = "https://dashboard.stripe.com/apikeys/create"

# By the `object` of what an expansion brings, where no listing of its own tells.
_EXPANDED = {
    "bank_account": "source_read",
    "card": "source_read",
    # Not documented; a discount tells little more than its coupon.
    "discount": "coupon_read",
}


def needed(collections: Iterable[type[Collection] | Collection]) -> list[str]:
    """Name the permissions that a key needs to read collections, and nothing more."""
    found = {
        permission
        for collection in collections
        for feed in collection.feeds
        for permission in (feed.listing.permission, of_expansion(collection, feed))
    } - {""}
    return sorted({*found, EVENTS.permission}) if found else []


def of_expansion(collection: type[Collection] | Collection, feed: Feed) -> str:
    """Name the permission that what a feed expands needs; empty where nothing is.

    An expansion needs the permission of what it brings.
    """
    if not feed.expand:
        return ""
    if not feed.embedded:
        return feed.listing.permission
    main = collection.feeds[0].listing.permission
    return _EXPANDED.get(collection.stripe_object, main)


def link(permissions: Iterable[str]) -> str:
    """Give the address of the dashboard's form with these permissions ticked."""
    ticked = "".join(f"&permissions[]=rak_{permission}" for permission in permissions)
    return f"{CREATE_KEY}?name=tap-stripe{ticked}"


def chosen(catalog: Catalog | None) -> dict[str, type[Collection]]:
    """Give the collections that a catalog selects; without one, those by default."""
    if catalog is None:
        return {
            name: collection
            for name, collection in Collection.registered.items()
            if collection.selected_by_default
        }
    return {
        name: Collection.registered[name]
        for name, entry in catalog.items()
        if name in Collection.registered and entry.metadata.resolve_selection()[()]
    }
