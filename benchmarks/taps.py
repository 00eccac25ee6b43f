"""The taps that are measured, and what is measured of them."""

from __future__ import annotations

import functools
import json
import os
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.measured import Started, clean_environment
from benchmarks.server import KEY, serving

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from benchmarks.measured import Took
    from benchmarks.server import Asked, Stripe

TAP = str(Path(sys.executable).with_name("tap-stripe"))
PLAIN_TAP = (sys.executable, "-m", "benchmarks.plain_tap")
_RECORD = b'{"type":"RECORD"'


@dataclass(frozen=True, kw_only=True)
class Measure:
    """One run of a tap.

    Attributes:
        records: Lines that it wrote, or that it must have written to /dev/null.
        took: What its process took.
        asked: What the sandbox was asked.
        budget: Requests/s that the sandbox allows.
    """

    records: int
    took: Took
    asked: Asked
    budget: float | None

    @property
    def requests(self) -> int:
        """Requests that were answered, 429s included."""
        return len(self.asked.answers)

    @property
    def records_per_second(self) -> float:
        """From the first request to the last answer."""
        return self.records / self.asked.seconds

    @property
    def requests_per_second(self) -> float:
        """From the first request to the last answer, without 429s."""
        return (self.requests - self.asked.throttled) / self.asked.seconds

    @property
    def budget_share(self) -> float | None:
        """Share of the rate limit that was used."""
        return None if self.budget is None else self.requests_per_second / self.budget

    @property
    def others_share(self) -> float:
        """Share of the machine that neither tap nor sandbox used: what disturbed."""
        others_s = self.took.machine_cpu_s - self.took.cpu_s - self.asked.cpu_s
        cores = os.cpu_count() or 1
        return max(0.0, others_s) / self.took.seconds / cores

    @property
    def cpu_ms(self) -> float:
        """Milliseconds a record, all included."""
        return 1000 * self.took.cpu_s / self.records


@contextmanager
def output_folder() -> Iterator[Path]:
    """Give a folder for what taps write, and remove it."""
    with tempfile.TemporaryDirectory(prefix="benchmarks-") as folder:
        yield Path(folder)


@functools.cache
def _discovered() -> dict[str, Any]:
    config = json.dumps({"api_url": "sandbox"})
    with output_folder() as folder:
        file = folder / "config.json"
        file.write_text(config)
        said = subprocess.run(  # noqa: S603 - our own command
            [TAP, "--config", file, "--discover"],
            capture_output=True,
            check=True,
            env=clean_environment(),
        )
    found: dict[str, Any] = json.loads(said.stdout)
    return found


def catalog(collections: Sequence[str], *, deselect: str = "") -> dict[str, Any]:
    """Give a catalog that selects collections.

    Args:
        collections: Their names; all if empty.
        deselect: `third` leaves out every third top-level property, `nested` every
            third property wherever it stands.
    """
    whole: dict[str, Any] = json.loads(json.dumps(_discovered()))
    for stream in whole["streams"]:
        chosen = not collections or stream["tap_stream_id"] in collections
        place = 0
        for entry in stream["metadata"]:
            breadcrumb, said = entry["breadcrumb"], entry["metadata"]
            if not breadcrumb:
                said["selected"] = chosen
                continue
            if said.get("inclusion") == "automatic":
                continue
            if deselect == "nested" or (deselect and len(breadcrumb) == 2):  # noqa: PLR2004 - ("properties", name)
                place += 1
                said["selected"] = place % 3 != 0
    return whole


def tap_command(
    folder: Path,
    url: str,
    chosen: Mapping[str, Any] | None,
    settings: Mapping[str, Any],
    *,
    command: Sequence[str] = (TAP,),
) -> list[str]:
    """Write a tap's files; give the command that runs it with them.

    Args:
        folder: For the files.
        url: Of the sandbox.
        chosen: The catalog; None for all that the tap has.
        settings: Further settings.
        command: The tap.
    """
    config = folder / "config.json"
    config.write_text(json.dumps({"api_key": KEY, "api_url": url, **settings}))
    given = [*command, "--config", str(config)]
    if chosen is not None:
        file = folder / "catalog.json"
        file.write_text(json.dumps(chosen))
        given += ["--catalog", str(file)]
    return given


def measure_tap(
    stripe: Stripe,
    chosen: Mapping[str, Any] | None,
    settings: Mapping[str, Any],
    *,
    command: Sequence[str] = (TAP,),
    records: int | None = None,
) -> Measure:
    """Run a tap against a sandbox of its own.

    Args:
        stripe: The sandbox.
        chosen: The catalog; None for all that the tap has.
        settings: Settings, besides key and address.
        command: The tap.
        records: How many it writes, if that is known: its output then goes to
            /dev/null. Else it goes to a file, where they are counted.
    """
    with output_folder() as folder:
        lines = Path("/dev/null") if records else folder / "lines"
        with serving(stripe) as asked, lines.open("wb") as stdout:
            files = tap_command(folder, asked.url, chosen, settings, command=command)
            took = Started(files, stdout=stdout, log=folder / "log").wait()
        found = records or count_records(lines)
    return Measure(
        records=found, took=took, asked=asked, budget=stripe.requests_per_second
    )


def count_records(file: Path) -> int:
    """Count the RECORD lines of a file."""
    with file.open("rb") as lines:
        return sum(line.startswith(_RECORD) for line in lines)
