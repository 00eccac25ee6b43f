"""What tap-stripe takes, against Stripe's rate limit: `python -m benchmarks`.

Starts the sandbox in a process of its own, runs the taps as processes against it, and
prints one table. Without a choice of parts: charges alone, a plain singer-sdk tap, an
account of several large collections, and the pipeline into PostgreSQL.
"""

from __future__ import annotations

import argparse
import os
import platform
import statistics
import sys
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from benchmarks import account, table
from benchmarks.pipeline import measure_pipeline
from benchmarks.server import Stripe
from benchmarks.table import Row
from benchmarks.taps import PLAIN_TAP, Measure, catalog, measure_tap
from benchmarks.workers import measure_workers

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

PARTS = ("charges", "plain", "account", "pipeline")
EXTRAS = ("deselect-third", "early-429", "memory", "over-budget", "workers")
_PLAIN_SHARE = 10
_ENDPOINT_LIMIT = 25
_REASONS = (
    "global-rate",
    "endpoint-rate",
    "global-concurrency",
    "endpoint-concurrency",
)
_FAST = 100_000


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="benchmarks", description=__doc__)
    add = parser.add_argument
    add(
        "parts",
        nargs="*",
        type=_part,
        metavar="PART",
        help=f"{', '.join(PARTS)} (the default), {', '.join(EXTRAS)}",
    )
    add("--latency", type=float, default=0.15, metavar="SECONDS")
    add("--requests-per-second", type=int, default=100, help="the account's limit")
    add(
        "--endpoint-requests-per-second",
        type=int,
        help="each endpoint's limit; default: none, and 25 for the whole account",
    )
    add(
        "--size",
        "--charges",
        dest="charges",
        type=int,
        default=20_000,
        help="charges; 20,000",
    )
    add("--accounts", type=int, default=200, help="for the workers; 200")
    add("--repeat", type=int, default=1, help="print the median of so many runs")
    add("--markdown", action="store_true", help="print the README's table")
    add(
        "--timeline", action="store_true", help="print the account's requests by second"
    )
    return parser


def _part(name: str) -> str:
    if name not in (*PARTS, *EXTRAS):
        message = f"{name!r} is none of {', '.join((*PARTS, *EXTRAS))}"
        raise argparse.ArgumentTypeError(message)
    return name.replace("-", "_")


class Benchmarks:
    """The parts; each gives lines of the table.

    Args:
        given: The command line.
    """

    def __init__(self, given: argparse.Namespace) -> None:
        self._charges: int = given.charges
        self._accounts: int = given.accounts
        self._repeat: int = given.repeat
        self._timeline: bool = given.timeline
        self._stripe = Stripe(
            sizes={"charges": given.charges},
            latency_s=given.latency,
            requests_per_second=given.requests_per_second,
            endpoint_requests_per_second=given.endpoint_requests_per_second,
        )
        self._settings: dict[str, Any] = {
            "requests_per_second": given.requests_per_second
        }
        if given.endpoint_requests_per_second is None:
            self._settings["requests_per_second_per_endpoint"] = (
                given.requests_per_second
            )
        self.notes: list[str] = []

    def charges(self) -> list[Row]:
        """Charges alone."""
        return [self._charges_row("tap-stripe, charges", self._stripe, self._settings)]

    def plain(self) -> list[Row]:
        """A plain singer-sdk RESTStream reading a tenth of the charges."""
        stripe = replace(
            self._stripe, sizes={"charges": max(1, self._charges // _PLAIN_SHARE)}
        )
        measure = self._median(lambda: measure_tap(stripe, None, {}, command=PLAIN_TAP))
        return [Row.of("plain singer-sdk RESTStream, charges", measure)]

    def account(self) -> list[Row]:
        """Several large collections, with Stripe's limit for an endpoint as well."""
        limit = self._stripe.endpoint_requests_per_second or _ENDPOINT_LIMIT
        stripe = replace(
            self._stripe,
            sizes=account.sizes(self._charges),
            endpoint_requests_per_second=limit,
        )
        settings = {**self._settings, "requests_per_second_per_endpoint": limit}
        chosen = catalog(account.COLLECTIONS)
        measure = self._median(lambda: measure_tap(stripe, chosen, settings))
        if stripe.requests_per_second:
            share = account.share_until_one_is_left(
                measure.asked, budget=stripe.requests_per_second
            )
            self.notes.append(
                f"Account: {100 * share:.1f} % of the budget until one listing is left."
            )
        if self._timeline:
            self.notes.append(account.timeline(measure.asked))
        return [Row.of(f"tap-stripe, {len(account.COLLECTIONS)} collections", measure)]

    def pipeline(self) -> list[Row]:
        """tap-stripe into target-postgres, and the target alone."""
        return measure_pipeline(self._stripe, catalog(["charges"]), self._settings)

    def deselect_third(self) -> list[Row]:
        """Charges with a third of the properties deselected."""
        return [
            self._charges_row(
                f"… a third of {what} deselected",
                self._stripe,
                self._settings,
                deselect=deselect,
            )
            for what, deselect in (
                ("the top-level properties", "third"),
                ("all properties, nested ones too", "nested"),
            )
        ]

    def early_429(self) -> list[Row]:
        """Charges, the first request answered with 429 for each of its reasons."""
        # As the settings are by default: endpoints begin with what Stripe allows them.
        settings = {
            "requests_per_second": self._settings["requests_per_second"],
        }
        rows, seconds = [], []
        for reason in ("", *_REASONS):
            stripe = replace(self._stripe, refused_first=reason)
            chosen = catalog(["charges"])
            measure = self._median(partial(measure_tap, stripe, chosen, settings))
            name = f"… the first request refused: {reason}" if reason else "… no 429"
            rows.append(Row.of(name, measure))
            seconds.append(measure.asked.seconds)
        for reason, took in zip(_REASONS, seconds[1:], strict=True):
            self.notes.append(
                f"A first 429 ({reason}): {took:.1f} s in place of {seconds[0]:.1f} s, "
                f"{took / seconds[0]:.2f} times."
            )
        return rows

    def memory(self) -> list[Row]:
        """10,000 and 1,000,000 charges without latency or limit."""
        stripe = replace(
            self._stripe,
            latency_s=0,
            requests_per_second=None,
            endpoint_requests_per_second=None,
        )
        settings = {
            "requests_per_second": _FAST,
            "requests_per_second_per_endpoint": _FAST,
        }
        chosen = catalog(["charges"])

        def run(count: int) -> Measure:
            sized = replace(stripe, sizes={"charges": count})
            return measure_tap(sized, chosen, settings, records=count)

        few, many = (self._median(partial(run, count)) for count in (10_000, 1_000_000))
        growth = many.took.peak_mb / few.took.peak_mb - 1
        self.notes.append(f"Memory: 100 times the charges, {100 * growth:+.1f} % RSS.")
        return [Row.of("… no latency, no limit", measure) for measure in (few, many)]

    def over_budget(self) -> list[Row]:
        """Charges with the tap's budget at the limit and at twice the limit."""
        limit = self._stripe.requests_per_second or 100
        rows = []
        for cap in (None, _ENDPOINT_LIMIT):
            stripe = replace(
                self._stripe,
                requests_per_second=limit,
                endpoint_requests_per_second=cap,
            )
            for factor in (1, 2):
                settings = {
                    "requests_per_second": factor * limit,
                    "requests_per_second_per_endpoint": factor * (cap or limit),
                }
                where = f"endpoint limit {cap:g}/s" if cap else "no endpoint limit"
                name = f"… budget {factor} times the limit, {where}"
                row = self._charges_row(name, stripe, settings)
                share = 100 * (row.throttled or 0) / (row.requests or 1)
                self.notes.append(f"{name}: {share:.2f} % of the answers were 429.")
                rows.append(row)
        return rows

    def workers(self) -> list[Row]:
        """The accounts of a platform, by one worker of Airflow and by four."""
        rows, note = measure_workers(self._stripe, accounts=self._accounts)
        self.notes.append(note)
        return rows

    def _charges_row(
        self,
        name: str,
        stripe: Stripe,
        settings: dict[str, Any],
        *,
        deselect: str = "",
    ) -> Row:
        chosen = catalog(["charges"], deselect=deselect)
        return Row.of(name, self._median(lambda: measure_tap(stripe, chosen, settings)))

    def _median(self, run: Callable[[], Measure]) -> Measure:
        """Give the run in the middle by records/s."""
        runs = [run() for _ in range(self._repeat)]
        middle = statistics.median_low(one.records_per_second for one in runs)
        return next(one for one in runs if one.records_per_second == middle)


def _ratios(rows: dict[str, list[Row]]) -> list[str]:
    """Compare with the plain tap."""
    if "plain" not in rows or "charges" not in rows:
        return []
    (plain,), (ours,) = rows["plain"], rows["charges"]
    faster = ours.records_per_second / plain.records_per_second
    lighter = (plain.cpu_ms or 0) / (ours.cpu_ms or 1)
    return [
        f"Beside the plain tap: {faster:.1f} times as fast, 1/{lighter:.1f} the CPU."
    ]


def _machine() -> str:
    return (
        f"{os.cpu_count()} cores, {platform.machine()}, Python {sys.version.split()[0]}"
    )


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the parts and print what they gave."""
    given = _parser().parse_args(arguments)
    benchmarks = Benchmarks(given)
    rows: dict[str, list[Row]] = {}
    for name in given.parts or PARTS:
        print(f"{name} …", file=sys.stderr, flush=True)
        rows[name] = getattr(benchmarks, name)()
    write = table.markdown if given.markdown else table.text
    print(write(row for found in rows.values() for row in found), end="\n\n")
    limit = given.requests_per_second
    print(
        f"{given.latency * 1000:g} ms latency, {limit:g} requests/s; sandbox, tap and "
        f"target on {_machine()}."
    )
    for note in (*_ratios(rows), *benchmarks.notes):
        print(note)


if __name__ == "__main__":
    main()
