"""Ids that look like Stripe's and tell where their object stands."""

from __future__ import annotations

_BITS = 48
_MASK = (1 << _BITS) - 1
_RANK_BITS = 32
_MULTIPLIER = 0x5DEECE66D
_INVERSE = pow(_MULTIPLIER, -1, 1 << _BITS)
_DIGITS = 12


class Ids:
    """Ids of one account: a prefix, the account's tag and a scrambled place.

    The place is an object's rank in its collection and a serial: 0 for the object,
    higher numbers for what is inside it (lines, cards). Neighbours look unrelated.
    """

    def __init__(self, *, tag: str, seed: int) -> None:
        self.tag = tag
        self._shift = seed & _MASK

    def token(self, rank: int, serial: int = 0) -> int:
        """The scrambled place, as the number whose hex digits end an id."""
        place = serial << _RANK_BITS | rank
        return (place * _MULTIPLIER + self._shift) & _MASK

    def make(self, prefix: str, rank: int, serial: int = 0) -> str:
        """An id."""
        return f"{prefix}1{self.tag}{self.token(rank, serial):012x}"

    def place(self, identifier: str, prefix: str) -> tuple[int, int] | None:
        """Rank and serial that an id stands for, None for anything not made here."""
        head = f"{prefix}1{self.tag}"
        digits = identifier[len(head) :]
        if not identifier.startswith(head) or len(digits) != _DIGITS:
            return None
        try:
            token = int(digits, 16)
        except ValueError:
            return None
        if f"{token:012x}" != digits:
            return None
        place = ((token - self._shift) * _INVERSE) & _MASK
        return place & ((1 << _RANK_BITS) - 1), place >> _RANK_BITS
