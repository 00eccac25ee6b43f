"""Reads a catalog, with what it says of replication wherever that stands."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from singer_sdk.singerlib import Catalog

from tap_stripe.errors import CatalogError

if TYPE_CHECKING:
    from collections.abc import Mapping

INCREMENTAL = "INCREMENTAL"
FULL_TABLE = "FULL_TABLE"
_METHODS = (INCREMENTAL, FULL_TABLE)
# As Singer names it in metadata: what the user chooses, then what a tap forces.
_IN_METADATA = ("replication-method", "forced-replication-method")


def read_catalog(read: Mapping[str, Any]) -> Catalog:
    """Make a catalog of its JSON.

    Args:
        read: The decoded file.

    Raises:
        CatalogError: It is no Singer catalog, or asks for what there is not.
    """
    try:
        found = Catalog.from_dict(dict(read))
        for said in read.get("streams", ()):
            entry = found[said["tap_stream_id"]]
            # Catalog takes them as they are.
            tuple(entry.key_properties or ())
            entry.replication_method = _replication_method(said)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        message = f"The catalog is no Singer catalog ({error!r}); discover it anew."
        raise CatalogError(message) from None
    return found


def _replication_method(said: Mapping[str, Any]) -> str | None:
    """Find what a stream's entry asks for.

    singer-sdk goes by the entry's own key alone, which a discovered catalog has, so
    that metadata would change nothing.
    """
    chosen: dict[str, Any] = {}
    for metadata in said.get("metadata") or ():
        if not metadata["breadcrumb"]:
            chosen = metadata["metadata"]
    asked = [chosen.get(name) for name in _IN_METADATA]
    method = next((one for one in asked if one is not None), None)
    if method is None:
        method = said.get("replication_method")
    if method is not None and method not in _METHODS:
        message = (
            f"The catalog asks for the replication method {str(method)[:100]!r} for "
            f"{said['tap_stream_id']}, which there is not: use {' or '.join(_METHODS)}."
        )
        raise CatalogError(message)
    return method
