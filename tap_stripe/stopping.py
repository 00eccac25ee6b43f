"""The end of a process that was asked to stop and can't: nobody reads its pipe."""

from __future__ import annotations

import atexit
import contextlib
import os
import select
import signal
import sys
import time

_PATIENCE_S = 1.8
_SAME_WISH_S = 0.2
"""Ctrl-C under Meltano brings two signals: the terminal's, and Meltano's own."""


class Stopping:
    """Ends the process where it does not stop by itself.

    Nothing is lost by it: a STATE claims what stands before it, and what is behind the
    last one that the target got is read again.
    """

    def __init__(self) -> None:
        self._asked_at: float | None = None

    def ask(self, signum: int) -> None:
        """Note a signal; called by its handler.

        The first one leaves two seconds to write a last STATE. A second one ends the
        process at once if the pipe is blocked.
        """
        code = 128 + signum
        now = time.monotonic()
        if self._asked_at is None:
            self._asked_at = now
            if hasattr(signal, "setitimer"):
                # No thread: starting one takes locks that may be held right here.
                signal.signal(signal.SIGALRM, lambda *_: os._exit(code))
                signal.setitimer(signal.ITIMER_REAL, _PATIENCE_S)
                atexit.register(_call_off)
        elif now - self._asked_at > _SAME_WISH_S and _is_blocked():
            # Not by an exception: on its way out Python would flush into the pipe.
            os._exit(code)


def _call_off() -> None:
    """Leave the rest to Python, once it can't block any more.

    It takes the handler away before it ends, and SIGALRM would be the exit code.
    """
    with contextlib.suppress(OSError, ValueError):
        sys.stdout.flush()
    signal.setitimer(signal.ITIMER_REAL, 0)


def _is_blocked() -> bool:
    try:
        _, writable, _ = select.select([], [sys.stdout.fileno()], [], 0)
    except (OSError, ValueError):
        return False
    return not writable
