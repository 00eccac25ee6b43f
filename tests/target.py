"""A target in memory that upserts like target-postgres, to compare tables with."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable


class Target:
    """Tables by stream, rows by key; the last STATE and all that was said."""

    def __init__(self) -> None:
        self.tables: dict[str, dict[tuple[Any, ...], dict[str, Any]]] = {}
        self.state: dict[str, Any] | None = None
        self.records: dict[str, int] = {}
        self._schemas: dict[str, dict[str, Any]] = {}
        self._versions: dict[str, dict[tuple[Any, ...], int | None]] = {}

    def take(self, lines: Iterable[bytes]) -> None:
        """Process whole lines; a last one that was cut off is left out."""
        for line in lines:
            if line.endswith(b"\n"):
                self._take(json.loads(line))

    def _take(self, message: dict[str, Any]) -> None:
        stream = message.get("stream", "")
        match message["type"]:
            case "SCHEMA":
                self._schemas[stream] = message
                self.tables.setdefault(stream, {})
                self._versions.setdefault(stream, {})
            case "RECORD":
                self._upsert(stream, message)
            case "STATE":
                self.state = message["value"]
            case "ACTIVATE_VERSION":
                for key, version in self._versions[stream].items():
                    if version is None or version < message["version"]:
                        self.tables[stream][key]["_sdc_deleted_at"] = "activated"
            case other:
                raise AssertionError(other)

    def _upsert(self, stream: str, message: dict[str, Any]) -> None:
        schema, record = self._schemas[stream], message["record"]
        unknown = record.keys() - schema["schema"]["properties"].keys()
        assert not unknown, (stream, unknown)
        key = tuple(record[name] for name in schema["key_properties"])
        assert None not in key, (stream, record)
        row = self.tables[stream].setdefault(key, {})
        for name in schema["schema"]["properties"]:
            row[name] = record.get(name)
        self._versions[stream][key] = message.get("version")
        self.records[stream] = self.records.get(stream, 0) + 1
