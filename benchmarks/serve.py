"""A sandbox in a process of its own, which says at its end what it was asked.

`python -m benchmarks.serve OPTIONS`, with the options as JSON. The first line is the
address, the last one, after SIGTERM, the requests as JSON.
"""

from __future__ import annotations

import json
import signal
import sys
from threading import Event

from tap_stripe.sandbox import Limits, Options, Sandbox

_REFUSED = b'{"error":{"code":"rate_limit","type":"invalid_request_error"}}'


def main() -> None:
    """Serve until SIGTERM."""
    given = json.loads(sys.argv[1])
    reason = given.pop("refused_first", "")
    options = Options(**{**given, "limits": Limits(**given.get("limits", {}))})
    stop = Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # The parent ends it.
    with Sandbox(options) as sandbox:
        if reason:
            first = iter([(429, _REFUSED, {"Stripe-Rate-Limited-Reason": reason})])
            sandbox.impostor = lambda _: next(first, None)
        print(sandbox.url, flush=True)
        stop.wait()
        entries = [(e.at, e.endpoint, e.status) for e in sandbox.log.entries]
    print(json.dumps(entries))


if __name__ == "__main__":
    main()
