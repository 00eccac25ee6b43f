"""The file of environment variables that Meltano reads, `.env`.

https://docs.meltano.com/guide/configuration/#configuring-settings
"""

from __future__ import annotations

import re
from io import StringIO
from typing import TYPE_CHECKING

from dotenv import dotenv_values
from dotenv.parser import parse_stream

from tap_stripe.connect.private_file import replacing
from tap_stripe.errors import ConnectError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_PLAIN = re.compile(r"[A-Za-z0-9_./:-]+")


def edited(text: str, changes: Mapping[str, str | None]) -> str:
    """Set or take out variables; every other line stays as it is, byte for byte. Pure.

    Args:
        text: The file's content.
        changes: By name, the new value, or None to take it out. A name that is there
            several times counts where it stands last, and is left once.
    """
    bindings = list(parse_stream(StringIO(text, newline="")))
    last = {
        binding.key: place
        for place, binding in enumerate(bindings)
        if binding.key in changes
    }
    kept = []
    for place, binding in enumerate(bindings):
        if binding.key not in changes:
            kept.append(binding.original.string)
        elif last[binding.key] == place:
            kept.append(_line(binding.key or "", changes[binding.key or ""]))
    new = [_line(name, changes[name]) for name in changes if name not in last]
    before = "".join(kept)
    if before and any(new) and not before.endswith(("\n", "\r")):
        before += "\n"
    return before + "".join(new)


def _line(name: str, value: str | None) -> str:
    if value is None:
        return ""
    if _PLAIN.fullmatch(value):
        return f"{name}={value}\n"
    escaped = value.replace("\\", "\\\\").replace("'", "\\'")
    return f"{name}='{escaped}'\n"


class EnvFile:
    """A file of environment variables.

    Args:
        path: Where it is; it need not exist.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def values(self) -> dict[str, str]:
        """Give its variables.

        Raises:
            ConnectError: It can't be read.
        """
        found = dotenv_values(stream=StringIO(self._text()), interpolate=False)
        return {name: value for name, value in found.items() if value is not None}

    def check(self) -> None:
        """Find out whether it can be read and written, and leave it as it is.

        Raises:
            ConnectError: It can't.
        """
        self._text()
        try:
            with replacing(self.path):
                pass
        except OSError as error:
            raise self._unusable(error, how="written") from None

    def change(self, changes: Mapping[str, str | None]) -> None:
        """Set or take out variables; from then on only its owner may read it.

        Raises:
            ConnectError: It can't be read or written.
        """
        text = self._text()
        try:
            with replacing(self.path) as write:
                write(edited(text, changes))
        except OSError as error:
            raise self._unusable(error, how="written") from None

    def _text(self) -> str:
        try:
            with self.path.open(encoding="utf-8", newline="") as file:
                return file.read()
        except FileNotFoundError:
            return ""
        except (OSError, ValueError) as error:
            raise self._unusable(error, how="read") from None

    def _unusable(self, error: Exception, *, how: str) -> ConnectError:
        cause = getattr(error, "strerror", None) or type(error).__name__
        message = (
            f"The file {self.path} can't be {how} ({cause}): give another as "
            "--env-file."
        )
        return ConnectError(message)
