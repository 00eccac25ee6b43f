"""The file in which the tokens of a Stripe App are kept.

Not the environment file: a run has to replace the refresh token while it goes on, and
other runs have to see the new one. The environment file is the user's, edited by hand
and by Meltano, and a process that has read it does not see it change.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import filelock
import msgspec

from tap_stripe.connect.private_file import replacing
from tap_stripe.errors import ConnectError, Unavailable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

_OWNER_ONLY = 0o700


class Tokens(msgspec.Struct, frozen=True):
    """What the file says.

    Attributes:
        account: Whose data the tokens read.
        livemode: Whether they are of live mode.
        access_token: Good for an hour.
        refresh_token: Good for a year, and for one exchange.
        obtained_at: When they were asked for, seconds since the epoch.
    """

    account: str
    livemode: bool
    access_token: str
    refresh_token: str
    obtained_at: float

    def __repr__(self) -> str:
        return f"Tokens({self.account})"


class TokenFile:
    """Tokens that several processes share.

    Args:
        path: Where they are.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def read(self) -> Tokens:
        """Give the tokens.

        Raises:
            ConnectError: The file is not there, or is none of ours.
        """
        try:
            return msgspec.json.decode(self.path.read_bytes(), type=Tokens)
        except (OSError, msgspec.MsgspecError, UnicodeDecodeError) as error:
            # Not what msgspec says of it: that may have a token in it.
            cause = getattr(error, "strerror", None) or "no tokens are in it"
            message = (
                f"The file {self.path} of oauth_token_file can't be used ({cause}): "
                "connect the account with `tap-stripe connect app`."
            )
            raise ConnectError(message) from None

    @contextmanager
    def locked(self, *, within_s: float) -> Iterator[None]:
        """Keep every other process from replacing the tokens meanwhile.

        Raises:
            Unavailable: Another has held the lock for all that time.
            ConnectError: The lock can't be made.
        """
        lock = filelock.FileLock(f"{self.path}.lock", timeout=within_s, mode=0o600)
        try:
            lock.acquire()
        except filelock.Timeout:
            message = (
                f"Another process has held {self.path}.lock for {within_s:g} seconds: "
                "end it, or try again later."
            )
            raise Unavailable(message) from None
        except OSError as error:
            raise self._unwritable(error) from None
        try:
            yield
        finally:
            lock.release()

    @contextmanager
    def replacing(self) -> Iterator[Callable[[Tokens], None]]:
        """Give a function that replaces the tokens; they are on the disk then.

        Raises:
            ConnectError: The file can't be written; that is known before any exchange.
        """
        try:
            with replacing(self.path) as write:
                yield lambda tokens: write(msgspec.json.encode(tokens).decode() + "\n")
        except OSError as error:
            raise self._unwritable(error) from None

    def make_place(self) -> None:
        """Make the folder, where no version control takes it in.

        Raises:
            ConnectError: It can't be made.
        """
        folder = self.path.parent
        try:
            if not folder.exists():
                folder.mkdir(mode=_OWNER_ONLY, parents=True)
                (folder / ".gitignore").write_text("*\n", encoding="utf-8")
        except OSError as error:
            raise self._unwritable(error) from None

    def remove(self) -> None:
        """Remove the tokens."""
        self.path.unlink(missing_ok=True)
        self.path.with_name(f"{self.path.name}.lock").unlink(missing_ok=True)

    def _unwritable(self, error: OSError) -> ConnectError:
        message = (
            f"The file {self.path} of oauth_token_file can't be written "
            f"({error.strerror or type(error).__name__}): the tokens that each renewal "
            "brings have to be kept there."
        )
        return ConnectError(message)
