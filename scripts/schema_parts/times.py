"""Tells the times among Stripe's integers.

Times and amounts are both integers in the stripe package's classes. Only names and
docstrings tell them apart.
"""

from __future__ import annotations

import re

# `created`, `date`, `start`, `end`, or a name that ends like `expires_at`.
_NAME = re.compile(r"created|date|start|end|.*_(at|by|date|end|on|start)")

# Words that only times have: "Measured in seconds since the Unix epoch", "The time at
# which payment will next be attempted", "the approximate timestamp".
_DOCSTRING = re.compile(
    r"\b(epoch|timestamp|(time|date) (at|on) which)\b", re.IGNORECASE
)


def is_time(name: str, docstring: str) -> bool:
    """Whether an integer property is a time, in seconds since the epoch."""
    return bool(_NAME.fullmatch(name) or _DOCSTRING.search(docstring))
