"""Keeps the memory of a long run where that of a short one is."""

from __future__ import annotations

import ctypes
import sys

# From glibc's malloc.h. https://man7.org/linux/man-pages/man3/mallopt.3.html
_MMAP_THRESHOLD = -3
_ARENA_MAX = -8


def keep_flat() -> None:
    """Have glibc give the memory of pages back.

    Each reader's thread would get an arena of its own, and 300 kB pages in 24 arenas
    leave holes that grow with the account: +29 % from 10,000 to 1,000,000 objects.
    """
    if not sys.platform.startswith("linux"):
        return
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError):
        return  # Another C library.
    mallopt(_ARENA_MAX, 2)
    mallopt(_MMAP_THRESHOLD, 65_536)
