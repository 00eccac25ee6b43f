"""The command `tap-stripe-sandbox`: serve until SIGTERM or Ctrl-C."""

from __future__ import annotations

import argparse
import json
import signal
import sys
from threading import Event
from typing import TYPE_CHECKING

from tap_stripe.sandbox.books import Books
from tap_stripe.sandbox.faults import Faults
from tap_stripe.sandbox.limits import Limits
from tap_stripe.sandbox.options import DEFAULT_KEY, SIZES, Options
from tap_stripe.sandbox.sandbox import Sandbox

if TYPE_CHECKING:
    from collections.abc import Sequence


def _size(text: str) -> tuple[str, int]:
    name, _, number = text.partition("=")
    if name not in SIZES or not number.isdigit():
        message = f"{text!r} is not COLLECTION=NUMBER with one of {', '.join(SIZES)}"
        raise argparse.ArgumentTypeError(message)
    return name, int(number)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="tap-stripe-sandbox",
        description="A local server that answers as Stripe does, with made-up data.",
    )
    add = parser.add_argument
    add("--port", type=int, default=0, help="0 takes a free one")
    add("--seed", type=int, default=1, help="the same seed gives the same data")
    add("--now", type=int, help="unix second that the data leads up to")
    add("--scale", type=float, default=1.0, help="factor on every collection")
    add(
        "--size",
        type=_size,
        action="append",
        default=[],
        metavar="COLLECTION=NUMBER",
        help="objects of one collection; may be repeated",
    )
    add("--latency", type=float, default=0.0, metavar="SECONDS")
    add("--requests-per-second", type=float, help="the account's rate limit")
    add("--endpoint-requests-per-second", type=float, help="each endpoint's")
    add("--key", default=DEFAULT_KEY, help="the API key it takes")
    add("--fault-rate", type=float, default=0.0, help="share of requests that fail")
    add("--changes-per-second", type=float, default=0.0)
    add("--connected-data", action="store_true", help="give connected accounts data")
    add("--books", action="store_true", help="print what it earned, and end")
    add("--pretty", action="store_true", help="indent the bodies")
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until SIGTERM or Ctrl-C."""
    given = _parser().parse_args(arguments)
    options = Options(
        port=given.port,
        seed=given.seed,
        now=given.now,
        scale=given.scale,
        sizes=dict(given.size),
        latency_seconds=given.latency,
        keys={given.key: None},
        limits=Limits(
            requests_per_second=given.requests_per_second,
            endpoint_requests_per_second=given.endpoint_requests_per_second,
        ),
        faults=Faults.evenly(given.fault_rate),
        connected_data=given.connected_data,
        pretty=given.pretty,
    )
    if given.books:
        sandbox = Sandbox(options)
        report = Books(sandbox, now=sandbox.world.platform.ended_at).report()
        sys.stdout.write(json.dumps(report, indent=1) + "\n")
        return 0
    stop = Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    try:
        with Sandbox(options) as sandbox:
            sys.stdout.write(f"sandbox listening on {sandbox.url}\n")
            sys.stdout.flush()
            if given.changes_per_second > 0:
                sandbox.start_changing(given.changes_per_second)
            stop.wait()
    except OSError as error:
        sys.stderr.write(f"tap-stripe-sandbox: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
