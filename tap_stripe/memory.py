"""Keeps the memory of a long run where that of a short one is."""

from __future__ import annotations

import ctypes
import sys

# From glibc's malloc.h. https://man7.org/linux/man-pages/man3/mallopt.3.html
_ARENA_MAX = -8
_MMAP_THRESHOLD = -3


def keep_flat() -> None:
    """Have glibc serve all threads from one arena.

    Each reader's thread would get one of its own, and 300 kB pages in 24 arenas leave
    holes that grow with the account: +29 % from 10,000 to 1,000,000 objects. The
    interpreter's lock lets one thread allocate at a time anyway. Pages go back to the
    system when they are done with: of several collections they differ in size, and from
    64 kB up would leave holes too (45 MB, and growing, where 12 are in use).
    """
    if not sys.platform.startswith("linux"):
        return
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError):
        return  # Another C library.
    mallopt(_ARENA_MAX, 1)
    mallopt(_MMAP_THRESHOLD, 64 * 1024)
