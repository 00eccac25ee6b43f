"""The tap as it is, but that it waits less before it asks again.

What fails for ever would else take ten seconds in each run. Where nothing of the names
below is found, the tests take longer, and are right all the same.
"""

from __future__ import annotations

import contextlib
import importlib
import inspect
from functools import partial

from tap_stripe.tap import TapStripe

_DELAY_S = 0.01


def _wait_less() -> None:
    client = importlib.import_module("tap_stripe.api.client")
    names = [
        name
        for name in inspect.signature(client.Retries).parameters
        if name.endswith("delay_s")
    ]
    if names and hasattr(client, "_PROBE_EVERY_S"):
        retries = partial(client.Retries, **dict.fromkeys(names, _DELAY_S))
        vars(client).update(Retries=retries, _PROBE_EVERY_S=_DELAY_S)


with contextlib.suppress(ImportError, AttributeError):
    _wait_less()

__all__ = ["TapStripe"]
