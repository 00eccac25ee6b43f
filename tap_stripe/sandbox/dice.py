"""Numbers that look random and are the same for the same seed, everywhere."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar
from zlib import crc32

if TYPE_CHECKING:
    from collections.abc import Sequence

T = TypeVar("T")

_MASK = (1 << 64) - 1
_GOLDEN = 0x9E3779B97F4A7C15


def mix(number: int) -> int:
    """Scatter a number over 64 bits.

    The finaliser of SplitMix64, https://prng.di.unimi.it/splitmix64.c: unlike
    `random`, it costs no set-up per object and is the same in every Python.
    """
    number &= _MASK
    number = ((number ^ (number >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    number = ((number ^ (number >> 27)) * 0x94D049BB133111EB) & _MASK
    return number ^ (number >> 31)


def seed_of(*parts: int | str) -> int:
    """Fold numbers and names into one 64-bit seed."""
    folded = 0
    for part in parts:
        number = crc32(part.encode()) if isinstance(part, str) else part
        folded = mix(folded * _GOLDEN + number + 1)
    return folded


class Dice:
    """A stream of choices that a seed fixes."""

    __slots__ = ("_state",)

    def __init__(self, seed: int) -> None:
        self._state = seed

    def bits(self) -> int:
        """64 bits."""
        self._state = (self._state + _GOLDEN) & _MASK
        return mix(self._state)

    def below(self, bound: int) -> int:
        """A number from 0 up to, but not including, `bound`."""
        return self.bits() % bound

    def between(self, low: int, high: int) -> int:
        """A number from `low` to `high`, both included."""
        return low + self.bits() % (high - low + 1)

    def share(self) -> float:
        """A number from 0.0 up to, but not including, 1.0."""
        return (self.bits() >> 11) / (1 << 53)

    def chance(self, probability: float) -> bool:
        """Whether something of this probability happens."""
        return self.share() < probability

    def pick(self, choices: Sequence[T]) -> T:
        """One of the choices."""
        return choices[self.bits() % len(choices)]
