"""Stream maps: which are refused, and how a record is mapped and flattened.

singer-sdk computes the expressions. What goes wrong in one is told here by stream, id
and expression. https://sdk.meltano.com/en/latest/stream_maps.html
"""

from __future__ import annotations

from datetime import UTC, datetime
from fnmatch import fnmatch
from typing import TYPE_CHECKING, Any

from singer_sdk.exceptions import ConfigValidationError
from singer_sdk.mapper import (
    MAPPER_SOURCE_OPTION,
    CustomStreamMap,
    PluginMapper,
    SameRecordTransform,
)
from singer_sdk.singerlib import Catalog, RecordMessage

from tap_stripe.errors import RowError, SettingError, TapError
from tap_stripe.settings import nearest

if TYPE_CHECKING:
    import logging
    from collections.abc import Iterable, Iterator, Mapping

    from singer_sdk import Stream
    from singer_sdk.mapper import StreamMap
    from singer_sdk.singerlib import CatalogEntry

    from tap_stripe.streams.base import Collection

_MOST_OF_A_TEXT = 200


class _LeftOut(str):
    """Stands for what can't be computed, until the record is mapped.

    A text that is not empty: a filter lets it pass, flattening leaves it alone.
    """

    __slots__ = ()


_LEFT_OUT = _LeftOut("?")


class _ExpressionFailedError(Exception):
    def __init__(self, expression: str, error: Exception) -> None:
        super().__init__(expression, error)
        self.expression = expression
        self.error = error


class _Evaluator:
    """Stands before a map's evaluator: it tells which expression has failed."""

    def __init__(self, evaluator: Any) -> None:
        self._evaluator = evaluator
        self.is_partial = False

    @property
    def names(self) -> dict[str, Any]:
        """What an expression can name."""
        names: dict[str, Any] = self._evaluator.names
        return names

    @names.setter
    def names(self, names: dict[str, Any]) -> None:
        self._evaluator.names = names

    def eval(self, expression: str, previously_parsed: Any = None) -> Any:
        """Compute an expression."""
        try:
            return self._evaluator.eval(expression, previously_parsed=previously_parsed)
        except Exception as error:  # An expression can do anything.  # noqa: BLE001
            if self.is_partial:
                return _LEFT_OUT
            raise _ExpressionFailedError(expression, error) from None


class _Known(dict[str, Any]):
    """What is known of an object: nothing is null just because it is not known."""

    def get(self, name: str, default: Any = None) -> Any:
        """Give a value.

        Raises:
            KeyError: It is not known.
        """
        del default
        return self[name]


def messages(
    collection: Collection,
    record: dict[str, Any],
    *,
    version: int | None,
    is_partial: bool = False,
) -> Iterator[RecordMessage]:
    """Map and flatten a record as the settings say.

    Args:
        collection: Whose it is.
        record: Nothing in it is deselected.
        version: Of the table.
        is_partial: Whether it has just what is known of an object that is gone. What a
            map can't compute of that is left out, and a filter that can't decide lets
            it pass.

    Raises:
        RowError: A map can't be applied to it.
    """
    for stream_map in collection.stream_maps:
        mapped = _mapped(collection, stream_map, record, is_partial=is_partial)
        if mapped is not None:
            yield RecordMessage(
                stream=stream_map.stream_alias,
                record=mapped,
                version=version,
                time_extracted=datetime.now(UTC),
            )


def _mapped(
    collection: Collection,
    stream_map: StreamMap,
    record: dict[str, Any],
    *,
    is_partial: bool,
) -> dict[str, Any] | None:
    """Give what a map makes of a record; None if it does not let it pass."""
    evaluator = getattr(stream_map, "expr_evaluator", None)
    if isinstance(evaluator, _Evaluator):
        evaluator.is_partial = is_partial
    id_ = str(record.get("id"))[:_MOST_OF_A_TEXT]
    try:
        mapped = stream_map.transform(_Known(record) if is_partial else record)
    except Exception as error:  # Flattening too meets any value.  # noqa: BLE001
        message = (
            f"The stream map of {collection.name} can't be applied to {id_}: "
            f"{_cause(error)} Properties may be null."
        )
        raise RowError(message, collection=collection.name, id_=id_) from None
    if mapped is None or not is_partial:
        return mapped
    properties = stream_map.transformed_schema["properties"]
    known = {
        name: value
        for name, value in mapped.items()
        # Where an object is null, singer-sdk leaves its name in what it flattens.
        if not isinstance(value, _LeftOut) and name in properties
    }
    if all(
        known.get(name) is not None
        for name in stream_map.transformed_key_properties or ()
    ):
        return known
    collection.report_once(
        f"What is deleted can't be flagged in {stream_map.stream_alias}: the stream "
        "map computes the key of more than is known of it."
    )
    return None


def _cause(error: Exception) -> str:
    if isinstance(error, _ExpressionFailedError):
        return f"{_short(error.expression)!r} fails, {_told(error.error)}"
    return _told(error)


def _told(error: Exception) -> str:
    return f"{_short(f'{type(error).__name__}: {error}').rstrip('.')}."


def _short(text: str) -> str:
    return " ".join(text.split())[:_MOST_OF_A_TEXT]


def mapper(
    config: Mapping[str, Any],
    streams: Iterable[Stream],
    selected: Mapping[str, CatalogEntry],
    *,
    logger: logging.Logger,
) -> PluginMapper:
    """Make the stream maps that the settings ask for.

    Args:
        config: The tap's settings.
        streams: All of the tap's.
        selected: The entries of those that are selected. No map is applied to the
            others: they may lack what it needs.
        logger: The tap's.

    Raises:
        SettingError: A map can't be used.
    """
    every = {stream.name: stream for stream in streams}
    maps = dict(config.get("stream_maps") or {})
    try:
        _refuse_unknown(maps, every.keys())
        made = PluginMapper(
            plugin_config={**config, "stream_maps": maps}, logger=logger
        )
        for name, entry in selected.items():
            made.register_raw_streams_from_catalog(Catalog({name: entry}))
    except (ConfigValidationError, TapError):
        raise
    except Exception as error:  # A map can be anything.  # noqa: BLE001
        message = f"The setting stream_maps or flattening can't be used: {_told(error)}"
        raise SettingError(message) from None
    for name in every.keys() - selected.keys():
        stream = every[name]
        made.stream_maps[name] = [
            SameRecordTransform(name, stream.schema, stream.primary_keys, None)
        ]
    for stream_maps in made.stream_maps.values():
        for stream_map in stream_maps:
            if isinstance(stream_map, CustomStreamMap):
                evaluator: Any = _Evaluator(stream_map.expr_evaluator)
                stream_map.expr_evaluator = evaluator
    return made


def _refuse_unknown(maps: Mapping[str, Any], known: Iterable[str]) -> None:
    """Refuse a map of no collection: what it should hash or leave out would go out."""
    for name, definition in maps.items():
        source = name
        if isinstance(definition, dict):
            source = definition.get(MAPPER_SOURCE_OPTION, name)
        is_option = str(source).startswith("__")
        if is_option or any(fnmatch(one, str(source)) for one in known):
            continue
        meant = nearest(str(source), known) or "take it out."
        message = (
            f"The setting stream_maps names {_short(str(source))!r}, which is no "
            f"collection: {meant}"
        )
        raise SettingError(message)
