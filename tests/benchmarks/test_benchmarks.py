"""The benchmarks run, and count what they ran. No time is asserted."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest

from benchmarks.account import share_until_one_is_left
from benchmarks.measured import ROOT
from benchmarks.server import Asked
from benchmarks.table import Row, markdown


def run(*arguments):
    return subprocess.run(
        [sys.executable, "-m", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout


def records(line):
    return int(re.split(r" {2,}", line)[1].replace(",", ""))


def test_both_taps_read_all_charges_and_the_table_says_so():
    said = run("benchmarks", "charges", "plain", "--charges=900", "--latency=0")

    ours, plain = said.splitlines()[1:3]
    assert ours.startswith("tap-stripe, charges")
    # The second in which a page ends may be read twice.
    assert 900 <= records(ours) < 1000
    assert plain.startswith("plain singer-sdk RESTStream")
    assert records(plain) == 90


def test_clients_read_the_same_pages():
    said = run("benchmarks.clients", "--pages=1", "--rounds=1")

    assert len(said.splitlines()) == 1 + 6


def test_an_unknown_part_is_refused():
    with pytest.raises(subprocess.CalledProcessError) as refused:
        run("benchmarks", "everything")

    assert "'everything' is none of charges, plain" in refused.value.stderr


def test_the_share_of_an_account_ends_where_one_listing_is_left():
    both = [(i / 10, f"GET /v1/{name}", 200) for i in range(10) for name in "ab"]
    inside = [(1.0, "GET /v1/b/:id/lines", 200)]
    alone = [(1.1 + i, "GET /v1/a", 200) for i in range(50)]
    asked = Asked("", 0.0, answers=[*both, *inside, *alone])

    share = share_until_one_is_left(asked, budget=21)

    assert share == pytest.approx(1)


def test_a_markdown_table_has_a_cell_for_each_column():
    row = Row(name="x", records=10, records_per_second=2, cpu_ms=0.1, peak_mb=50)

    lines = markdown([row]).splitlines()

    assert len({line.count("|") for line in lines}) == 1
