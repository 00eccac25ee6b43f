"""What the syncs of all accounts of a run share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import logging
    from collections.abc import Callable

    from tap_stripe.api.usage import Usage
    from tap_stripe.sync.fetch import Fetch
    from tap_stripe.sync.report import Report
    from tap_stripe.sync.writer import Writer


@dataclass(frozen=True, slots=True)
class Shared:
    """What the syncs of all accounts of a run share.

    Attributes:
        start: First `created` second that is wanted.
        now: When the run began, seconds since the epoch.
        ready: Up to when what happened is in once it is read: it trails `now`, since an
            event may become visible after later ones.
        full_look_s: Seconds after which an account without events is looked at in full.
        fetch: Asks Stripe.
        writer: Writes lines.
        usage: Counts requests.
        report: Counts rows and keeps refusals.
        logger: For what is worth a line at once.
        unwritten: Tells how many answers wait for the writer.
    """

    start: int
    now: int
    ready: int
    full_look_s: int
    fetch: Fetch
    writer: Writer
    usage: Usage
    report: Report
    logger: logging.Logger
    unwritten: Callable[[], int]
