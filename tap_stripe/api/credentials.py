"""What a request shows to Stripe: a key that stays, or tokens that are renewed."""

from __future__ import annotations

from typing import Protocol


class Credentials(Protocol):
    """Says what `Authorization` carries. Asked from any thread, before each request."""

    def token(self) -> str:
        """Give the key or access token to use now.

        Raises:
            StripeError: It had to be renewed, and that failed.
        """

    def renew(self, refused: str) -> bool:
        """Get another token, after Stripe has refused one with 401.

        Args:
            refused: The one that it refused.

        Returns:
            Whether there is another to try.

        Raises:
            StripeError: It can't be renewed.
        """


class ApiKey:
    """A secret or restricted key: it stays as it is.

    Args:
        key: The key.
    """

    def __init__(self, key: str) -> None:
        self._key = key

    def token(self) -> str:
        """Give the key."""
        return self._key

    def renew(self, refused: str) -> bool:
        """Tell that there is no other."""
        del refused
        return False
