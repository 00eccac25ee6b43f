"""What all collections have in common."""

from __future__ import annotations

from functools import cached_property
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from singer_sdk import SchemaDirectory, Stream, StreamSchema
from singer_sdk.helpers._batch import SDKBatchMessage
from singer_sdk.helpers.conform import TypeConformanceLevel

from tap_stripe.api.body import Object, children, integer, is_key, plain, text
from tap_stripe.errors import CatalogError, ResponseError, RowError
from tap_stripe.streams.old_names import old_names
from tap_stripe.streams.shape import Row, Shaper, iso

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from importlib.resources.abc import Traversable

    from singer_sdk.helpers._batch import BaseBatchFileEncoding
    from singer_sdk.singerlib import Catalog, RecordMessage

    from tap_stripe.streams.listing import Feed
    from tap_stripe.tap import TapStripe

PARENT_CREATED = "parent_created"
# Of an id in a message: Stripe's have 255 characters at most.
_MOST_OF_AN_ID = 255
ACCOUNT_ID = "account_id"
_ACCOUNT_ID_SCHEMA = {
    "type": ["string"],
    "description": "The account whose data this is: the one that was asked.",
}


def _schemas() -> Path | Traversable:
    """Find the schemas: in the wheel, else at the top of the checkout."""
    packaged = files("tap_stripe").joinpath("schemas")
    if packaged.is_dir():
        return packaged
    return Path(__file__).parent.parent.parent / "schemas"


class _Schema(StreamSchema):
    """The schema of a collection's file, for rows of many accounts with their id."""

    def get_stream_schema(self, stream: Any, stream_class: Any) -> Any:
        """Give the schema; of the file alone where only a class asks."""
        schema = super().get_stream_schema(stream, stream_class)
        if stream is None or not stream.says_account:
            return schema
        properties = {ACCOUNT_ID: _ACCOUNT_ID_SCHEMA, **schema["properties"]}
        return {**schema, "properties": properties}


class Collection(Stream):
    """A table of Stripe objects.

    A subclass is data: its docstring says what the collection is and what Stripe can't
    tell about it; its schema is `schemas/<name>.json`, found by `name`.

    Attributes:
        name: Of the stream, the table and the schema file.
        stripe_object: The value of `object` that its rows have at Stripe.
        feeds: Where rows come from, the main one first.
        expand: Paths that are expanded and show in the rows.
        unsettled: A property and those of its values with which an object will change
            without an event; such objects are read again in each sync.
    """

    stripe_object: ClassVar[str] = ""
    feeds: ClassVar[tuple[Feed, ...]] = ()
    expand: ClassVar[tuple[str, ...]] = ()
    unsettled: ClassVar[tuple[str, tuple[str, ...]] | None] = None

    registered: ClassVar[dict[str, type[Collection]]] = {}

    schema = _Schema(SchemaDirectory(_schemas()))
    replication_key = "received_at"
    primary_keys: tuple[str, ...] = ("id",)
    # Nested values are written as Stripe sends them; conforming them takes 85 % of a
    # record's time.
    TYPE_CONFORMANCE_LEVEL = TypeConformanceLevel.ROOT_ONLY

    _tap: TapStripe

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """Register the collection, so that no list of them needs a new line."""
        super().__init_subclass__(**kwargs)
        name = cls.__dict__["name"]
        if name in Collection.registered:
            message = f"Two collections are named {name}."
            raise TypeError(message)
        Collection.registered[name] = cls

    def __init__(self, tap: TapStripe) -> None:
        # Merchants choose some ids themselves: only with the account is a key one.
        self.says_account = tap.says_account
        super().__init__(tap)
        if self.says_account:
            self.primary_keys = (ACCOUNT_ID, *self.primary_keys)

    # From objects to rows

    def rows(
        self,
        objects: Iterable[Object],
        feed: Feed,
        *,
        received_at: float,
        account_id: str | None = None,
    ) -> Iterator[Row]:
        """Give the rows that a feed's objects hold: see `rows_of`.

        Raises:
            RowError: An object can't be made a row; those behind it are not given.
        """
        for found in objects:
            yield from self.rows_of(
                found, feed, received_at=received_at, account_id=account_id
            )

    def rows_of(
        self,
        found: Object,
        feed: Feed,
        *,
        received_at: float,
        account_id: str | None = None,
    ) -> list[Row]:
        """Give the rows that one of a feed's objects holds.

        This is the one way in which a row is made. What has no whole key is left out
        and reported once.

        Args:
            found: Object of `feed.listing`, embedded lists read to their end.
            feed: One of the collection's feeds.
            received_at: When Stripe sent it, seconds since the epoch.
            account_id: Whose it is, where rows say so.

        Raises:
            RowError: Something in it can't be made a row. The error has the others.
        """
        received = iso(received_at)
        rows: list[Row] = []
        fault: ResponseError | None = None
        try:
            for child in self.take(found, feed):
                try:
                    row = self._row(child, received, account_id)
                except ResponseError as error:
                    fault = fault or error
                    continue
                if self._has_key(row):
                    rows.append(row)
                else:
                    self.report_once(
                        f"{feed.listing.path} has a {self.stripe_object or self.name} "
                        "without an id; it is left out."
                    )
        except ResponseError as error:
            fault = fault or error
        if fault is not None:
            id_ = (text(found.get("id")) or "")[:_MOST_OF_AN_ID]
            message = (
                f"The {feed.listing.object} {id_} can't be made rows of {self.name}: "
                f"{fault}"
            )
            raise RowError(message, collection=self.name, id_=id_, rows=rows)
        return rows

    def _row(self, child: Object, received: str, account_id: str | None) -> Row:
        row = self.shaper.row(child)
        row["received_at"] = received
        if account_id is not None:
            row[ACCOUNT_ID] = account_id
        if "deleted" in child and plain(child["deleted"]) is True:
            self._flag(row, received)
        elif self.shaper.selects("is_deleted"):
            row["is_deleted"] = False
        return row

    def _has_key(self, row: Row) -> bool:
        return all(
            name in row and is_key(row[name])
            for name in self.primary_keys
            if name != ACCOUNT_ID
        )

    def deleted_row(
        self,
        last_known: Object,
        *,
        deleted_at: float,
        received_at: float,
        account_id: str | None = None,
    ) -> Row:
        """Give the row of an object that is gone.

        Args:
            last_known: Its key at least; its properties may have the form of another
                API version.
            deleted_at: When that became known, seconds since the epoch.
            received_at: When the tap learnt of it.
            account_id: Whose it was, where rows say so.
        """
        row = self.shaper.row_of_payload(last_known)
        row["received_at"] = iso(received_at)
        if account_id is not None:
            row[ACCOUNT_ID] = account_id
        self._flag(row, iso(deleted_at))
        return row

    def _flag(self, row: Row, deleted_at: str) -> None:
        for name, value in (("is_deleted", True), ("_sdc_deleted_at", deleted_at)):
            if self.shaper.selects(name):
                row[name] = value

    def take(self, found: Object, feed: Feed) -> Iterator[Object]:
        """Give the objects of this collection that a listing's object holds."""
        if not feed.embedded:
            if self.is_mine(found):
                yield found
            else:
                self.report_once(
                    f"{feed.listing.path} listed an object of another type "
                    f"({text(found.get('object'))}); it is left out."
                )
            return
        for child in embedded(found, feed.embedded):
            if self.is_mine(child):
                yield {**child, **self._of_parent(child, found, feed)}

    def is_mine(self, found: Object) -> bool:
        """Tell whether an object is of this collection's type."""
        return text(found.get("object")) == self.stripe_object

    def _of_parent(self, child: Object, parent: Object, feed: Feed) -> Object:
        """Give what a child lacks of its own."""
        lacking: Object = {}
        if feed.parent and text(child.get(feed.parent)) is None:
            lacking[feed.parent] = parent.get("id")
        if self.shaper.selects(PARENT_CREATED):
            lacking[PARENT_CREATED] = parent.get(feed.listing.time)
        return lacking

    @cached_property
    def shaper(self) -> Shaper:
        """How this collection's rows are shaped, with the catalog applied."""
        shown = {path.partition(".")[0] for path in self.expand}
        own = {feed.listing for feed in self.feeds if not feed.embedded}
        hidden = {
            path
            for other in self._tap.selected()
            for feed in other.feeds
            if feed.listing in own
            for path in feed.expand
            if path not in shown
        }
        return Shaper(
            self.effective_schema,
            self.mask,
            hidden=hidden,
            old_names=old_names(self.name),
            report=lambda name: self.report_once(
                f"Stripe sends a property that the schema lacks: {name}. It is left "
                "out; a newer version of the tap may have it."
            ),
        )

    def report_once(self, message: str) -> None:
        """Warn, but not again in this run."""
        self._tap.report_once(self, message)

    # Singer messages. singer-sdk has no public names for these.

    def write_schema(
        self, *, only: frozenset[str] | None = None, alias: str | None = None
    ) -> None:
        """Write the SCHEMA line.

        Args:
            only: The properties that it names; all if None.
            alias: The stream as a stream map names it; all of its maps if None.
        """
        for message in self._generate_schema_messages():
            if alias is not None and message.stream != alias:
                continue
            if only is not None:
                properties = message.schema["properties"]
                message.schema = {
                    **message.schema,
                    "properties": {
                        name: properties[name] for name in properties if name in only
                    },
                }
            self._tap.write_message(message)

    def selected_properties(self) -> list[str]:
        """Give the names of the properties that records may have."""
        properties = self.effective_schema["properties"]
        return [name for name in properties if self.shaper.selects(name)]

    def write_activate_version(self, version: int) -> None:
        """Write the ACTIVATE_VERSION line."""
        self._write_activate_version_message(version)

    def write_message(self, message: RecordMessage) -> None:
        """Write a RECORD line."""
        self._tap.write_message(message)

    def write_batch(
        self, stream: str, encoding: BaseBatchFileEncoding, manifest: list[str]
    ) -> None:
        """Write the BATCH line for files of a stream, as a stream map names it."""
        self._tap.write_message(
            SDKBatchMessage(stream=stream, encoding=encoding, manifest=manifest)
        )

    # What Stream asks for

    def get_records(self, context: Any) -> Iterator[dict[str, Any]]:
        """Read the collection whole, object by object: the SDK's own way in.

        A sync goes another way (`tap_stripe.sync`), all collections at once; both make
        rows with `rows`.
        """
        del context
        for feed, page in self._tap.pages(self):
            for row in self.rows(
                page.objects,
                feed,
                received_at=page.received_at,
                account_id=page.reading.account_id,
            ):
                yield plain(row)

    def apply_catalog(self, catalog: Catalog) -> None:
        """Take selection from a catalog; keys are not the catalog's to change.

        Raises:
            CatalogError: The catalog asks for other keys.
        """
        entry = catalog.get_stream(self.name)
        keys, replication_key = self.primary_keys, self.replication_key
        super().apply_catalog(catalog)
        if entry is None:
            return
        if entry.key_properties and tuple(entry.key_properties) != tuple(keys):
            message = (
                f"The catalog gives {self.name} the key "
                f"{', '.join(entry.key_properties)}, but it is {', '.join(keys)}; "
                "remove key_properties from the catalog, or discover it anew."
            )
            raise CatalogError(message)
        known = entry.schema.properties or {}
        lacking = [name for name in keys if name not in known]
        if lacking and self.selected:
            message = (
                f"The catalog's schema of {self.name} lacks {', '.join(lacking)}; "
                "discover the catalog anew."
            )
            raise CatalogError(message)
        self.primary_keys, self.replication_key = keys, replication_key


def embedded(found: Object, path: str) -> Iterator[Object]:
    """Walk from an object down a path, through lists, to the objects there."""
    first, _, rest = path.partition(".")
    for child in children(found.get(first)):
        if rest:
            yield from embedded(child, rest)
        else:
            yield child


def created(found: Object, feed: Feed) -> int | None:
    """Read the time that places an object in its listing, seconds since the epoch."""
    return integer(found.get(feed.listing.time))
