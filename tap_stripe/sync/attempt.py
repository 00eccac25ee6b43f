"""Asking Stripe for something of which a part may be refused."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from tap_stripe.errors import ListRefused, PermissionMissing
from tap_stripe.sync.fetch import REFUSALS
from tap_stripe.sync.reading import Reading, Refused

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from tap_stripe.sync.fetch import Fetch
    from tap_stripe.sync.readers import Item


def attempt(
    reading: Reading, ask: Callable[[], list[Item]], fetch: Fetch
) -> list[Item]:
    """Ask, and judge a refusal.

    A refusal of something that is expanded leaves the objects readable without it: what
    is refused is found out, and the rest asked for again.

    Returns:
        What came, with a `Refused` for what did not.
    """
    refused: list[Item] = []
    while True:
        expand = reading.expand
        try:
            return [*refused, *ask()]
        except PermissionMissing as error:
            with _judging:
                if reading.expand != expand:
                    continue  # Another reader has found out.
                paths = fetch.refused_expansions(reading)
                if not paths:
                    return [*refused, Refused(reading, error)]
                reading.lacking |= set(paths)
                reading.expand = tuple(path for path in expand if path not in paths)
                refused.append(Refused(reading, error, paths))
        except ListRefused as error:
            with _judging:
                if error.name in reading.complete:
                    reading.lacking |= {error.name}
                    reading.complete = tuple(
                        name for name in reading.complete if name != error.name
                    )
                    refused.append(Refused(reading, error.error, (error.name,)))
        except REFUSALS as error:
            return [*refused, Refused(reading, error)]


def is_refused(items: Iterable[Item]) -> bool:
    """Tell whether nothing of a listing can be read."""
    return any(isinstance(item, Refused) and not item.expansions for item in items)


_judging = threading.Lock()
