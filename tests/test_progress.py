"""What a run tells while it goes on and when it is over, and to whom."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import re
import signal
import struct
import subprocess
import termios
import time
from collections import Counter
from typing import TYPE_CHECKING, Any

import pyte
import pytest

from tap_stripe.sandbox import Options, Sandbox
from tests.conftest import TAP

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.conftest import Tap

    Config = Callable[..., dict[str, Any]]

COLUMNS, LINES = 120, 60
METRIC = re.compile(r"METRIC: (\{.*\})$", re.MULTILINE)


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    options = Options(scale=0.1, latency_seconds=0.05, sizes={"charges": 3000})
    with Sandbox(options) as serving:
        yield serving


def written(
    command: str,
    folder: Path,
    then: Callable[[int, bytes], None] = lambda _, __: None,
    **settings: str,
) -> bytes:
    """Run a command in a terminal; give all that it writes there.

    Args:
        command: For the shell.
        folder: Where it runs.
        then: Called with the shell's process id and what has come.
        settings: Environment variables.
    """
    kept = ("PATH", "HOME", "LANG")
    environment = {name: os.environ[name] for name in kept if name in os.environ}
    environment |= {"TERM": "xterm-256color", **settings}
    ours, terminal = pty.openpty()
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("4H", LINES, COLUMNS, 0, 0))
    process = subprocess.Popen(
        ["/bin/sh", "-c", command],
        cwd=folder,
        env=environment,
        stdin=terminal,
        stdout=terminal,
        stderr=terminal,
    )
    os.close(terminal)
    pieces = []
    while True:
        try:
            pieces.append(os.read(ours, 65536))
        except OSError:  # Nobody has the terminal open any more.
            break
        then(process.pid, pieces[-1])
    process.wait()
    os.close(ours)
    return b"".join(pieces)


def at_a_terminal(
    command: str,
    folder: Path,
    then: Callable[[int, list[str]], None] = lambda _, __: None,
) -> list[str]:
    """Run a command in a terminal; give all lines that a person can see at the end.

    Args:
        command: For the shell.
        folder: Where it runs.
        then: Called with the shell's process id and what a person sees meanwhile.
    """
    screen = pyte.HistoryScreen(COLUMNS, LINES, history=10_000)
    stream = pyte.ByteStream(screen)

    def look(process: int, piece: bytes) -> None:
        stream.feed(piece)
        then(process, [line.rstrip() for line in screen.display])

    written(command, folder, look)
    above = [
        "".join(line[column].data for column in range(COLUMNS)).rstrip()
        for line in screen.history.top
    ]
    return [*above, *(line.rstrip() for line in screen.display)]


@pytest.fixture
def folder(tmp_path: Path, config: Config, sandbox: Sandbox) -> Path:
    given = json.dumps(config(sandbox, requests_per_second=40))
    (tmp_path / "config.json").write_text(given)
    return tmp_path


SYNC = f"{TAP} --config config.json"


def test_in_a_terminal_it_is_seen_live_and_ends_with_a_table(folder):
    seen = []

    lines = at_a_terminal(
        f"{SYNC} > out", folder, then=lambda _, screen: seen.append(screen)
    )

    heads = [line.split() for screen in seen for line in screen if "budget" in line]
    assert heads[0][:3] == ["collection", "records", "/s"]
    running = {line.split()[0] for screen in seen for line in screen[-20:] if line}
    assert {"all", "charges"} <= running
    assert any(re.search(r"charges .*~\d+ %", line) for one in seen for line in one)
    assert not any(line.startswith(("collection", "all ")) for line in lines)
    [charges] = [line for line in lines if re.match("│ charges ", line)]
    # The last second of a page is read again with the next one.
    assert re.search(r"│ 3,[0-2]\d\d │", charges)
    assert any(line.startswith("Sync finished.") for line in lines)
    assert any("of the 10,000 reads a month" in line for line in lines)
    assert not any("METRIC" in line or "Progress" in line for line in lines)


def test_lines_of_others_in_the_terminal_stay_whole(folder):
    target = "while read -r _; do n=$((n+1)); echo target $n >&2; done"

    lines = at_a_terminal(f"{SYNC} | ({target})", folder)

    said = [line for line in lines if line.startswith("target")]
    assert said == [f"target {n + 1}" for n in range(len(said))]
    assert len(said) > 3000
    assert any(line.endswith("Skipping parse of env var settings...") for line in lines)


def test_stopped_by_a_signal_it_gives_the_terminal_back(folder):
    stopped: list[int] = []

    def stop(process, screen):
        if not stopped and any("charges " in line for line in screen):
            stopped.append(process)
            os.kill(process, signal.SIGTERM)

    lines = at_a_terminal(f"exec {SYNC} > out", folder, then=stop)

    assert stopped
    assert any(line.startswith("Sync ended early;") for line in lines)
    assert not any(line.startswith(("collection", "all ")) for line in lines)
    last = (folder / "out").read_bytes().splitlines()[-1]
    assert json.loads(last)["type"] == "STATE"


@pytest.mark.parametrize(
    ("command", "settings"),
    [
        pytest.param(f"{SYNC} > out 2> err", {}, id="no terminal"),
        pytest.param(f"{SYNC} 2> err", {}, id="rows in the terminal"),
        pytest.param(
            f"{SYNC} > out", {"SINGER_SDK_LOG_CONFIG": "absent.yml"}, id="Meltano"
        ),
        pytest.param(f"{SYNC} > out", {"TERM": "dumb"}, id="a terminal that can't"),
    ],
)
def test_elsewhere_nothing_is_drawn(folder, command, settings):
    assert b"\033" not in written(command, folder, **settings)


def test_with_only_warnings_nothing_is_said(folder):
    assert written(f"{SYNC} > out", folder, LOGLEVEL="WARNING") == b""


def test_the_log_has_a_line_for_each_running_collection_and_one_for_all(
    tap: Tap, config: Config
):
    options = Options(scale=0.1, latency_seconds=0.2, sizes={"charges": 6000})
    with Sandbox(options) as serving:
        began = time.monotonic()
        ran = tap.run(config(serving, requests_per_second=7))
        took_s = time.monotonic() - began

    said = [line.split("|", 3)[-1].strip() for line in ran.err.splitlines()]
    in_all = [line for line in said if line.startswith("Progress: ")]
    assert len(in_all) == pytest.approx(took_s // 10, abs=1)
    figures = (
        r"[\d,]+ records, [\d,]+/s; (about|100) .*[\d.]+ requests/s, "
        r"\d+ % of the budget; 0 answered with 429\."
    )
    assert re.fullmatch(f"Progress: {figures}", in_all[0])
    charges = [line for line in said if line.startswith("Progress of charges: ")]
    assert re.fullmatch(f"Progress of charges: {figures}", charges[0])


def test_the_closing_table_and_the_metrics_count_what_was_written(
    tap: Tap, config: Config, sandbox: Sandbox
):
    before = len(sandbox.log)

    ran = tap.run(config(sandbox))

    assert ran.code == 0
    rows = Counter(message["stream"] for message in ran.messages("RECORD"))
    table = {
        found[1]: int(found[2].replace(",", ""))
        for found in re.finditer(r"^  (\w+) +([\d,]+) +0 +0$", ran.err, re.MULTILINE)
    }
    assert table == {**rows, "all": rows.total()}
    points = [json.loads(point) for point in METRIC.findall(ran.err)]
    records: Counter[str] = Counter()
    for point in points:
        if point["metric"] == "record_count":
            records[point["tags"]["stream"]] += point["value"]
    assert +records == rows
    requests = [one["value"] for one in points if one["metric"] == "http_request_count"]
    assert sum(requests) == len(sandbox.log) - before
    timed = [one["tags"] for one in points if one["metric"] == "sync_duration"]
    assert {one["stream"] for one in timed} == {
        message["stream"] for message in ran.messages("SCHEMA")
    }
    assert {one["status"] for one in timed} == {"succeeded"}


def test_new_changed_and_deleted_rows_are_told_apart(tap: Tap, config: Config):
    with Sandbox(Options(scale=0.1)) as serving:
        first = tap.run(config(serving))
        state = first.messages("STATE")[-1]["value"]
        serving.change(40, seed=3)
        ran = tap.run(config(serving), state=state)

    deleted = sum("_sdc_deleted_at" in m["record"] for m in ran.messages("RECORD"))
    [told] = re.findall(r"^  all +([\d,]+) +([\d,]+) +([\d,]+)$", ran.err, re.MULTILINE)
    new, changed, gone = (int(number.replace(",", "")) for number in told)
    assert new + changed + gone == len(ran.messages("RECORD"))
    assert changed > 0
    assert gone == deleted > 0


def test_under_a_structured_log_metrics_keep_their_parts(
    tap: Tap, config: Config, sandbox: Sandbox, tmp_path: Path, monkeypatch
):
    log = tmp_path / "log.yml"
    log.write_text(
        "version: 1\n"
        "disable_existing_loggers: false\n"
        "formatters: {json: {(): singer_sdk.logging.StructuredFormatter}}\n"
        "handlers:\n"
        "  all: {class: logging.StreamHandler, formatter: json}\n"
        "root: {level: INFO, handlers: [all]}\n"
    )
    monkeypatch.setenv("SINGER_SDK_LOG_CONFIG", str(log))

    ran = tap.run(config(sandbox))

    lines = [json.loads(line) for line in ran.err.splitlines()]
    found = {line["metric_info"]["metric"] for line in lines if "metric_info" in line}
    assert found == {"record_count", "http_request_count", "sync_duration"}
