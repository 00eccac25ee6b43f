"""Pairs the objects of a small collection with those of a larger one."""

from __future__ import annotations


class Spread:
    """Each of the few has one of the many, evenly spread, known both ways."""

    def __init__(self, few: int, many: int) -> None:
        self._few = few
        self._many = many

    def of_few(self, rank: int) -> int:
        """The one among the many."""
        return rank * self._many // self._few

    def of_many(self, rank: int) -> int | None:
        """The one among the few, None for most."""
        if not self._few:
            return None
        few = -(-rank * self._few // self._many)
        return few if few < self._few and self.of_few(few) == rank else None
