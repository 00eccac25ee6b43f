"""Keeps keys out of what is logged, and what would steer a terminal or forge a line."""

from __future__ import annotations

import logging
import re

from tap_stripe.api.text import visible

# https://docs.stripe.com/keys: secret and restricted keys, access tokens among them.
# OAuth's codes and refresh tokens: https://docs.stripe.com/stripe-apps/api-authentication/oauth
_KEY = re.compile(
    r"\b((?:sk|rk)_(?:live|test)_|(?:ac|rt)_(?=[A-Za-z0-9]{14}))[A-Za-z0-9_]+"
)
_formatter = logging.Formatter()


class Lines(str):
    """A message of several lines, which are our own; any other is written as one."""

    __slots__ = ()


class Mask(logging.Filter):
    """Cleans log records: Stripe's messages, names and ids may hold anything."""

    def __init__(self) -> None:
        super().__init__()
        self._secrets: tuple[str, ...] = ()

    def add(self, *secrets: str) -> None:
        """Mask these too, whatever their form. May be called from any thread."""
        known = {secret for secret in (*self._secrets, *secrets) if secret.strip()}
        # One that is part of another would leave the rest of it readable.
        self._secrets = tuple(sorted(known, key=len, reverse=True))

    def text(self, text: str) -> str:
        """Give a text without keys, in which everything can be seen."""
        for secret in self._secrets:
            text = text.replace(secret, "***")
        return visible(_KEY.sub(r"\1***", text))

    def filter(self, record: logging.LogRecord) -> bool:
        """Clean a record; it is always let through."""
        told = record.getMessage()
        if isinstance(record.msg, Lines):
            clean: str = Lines("\n".join(map(self.text, told.split("\n"))))
        else:
            clean = self.text(told)
        # What is clean keeps its parts: from a metric's, Meltano's log is made.
        if clean != told:
            record.msg, record.args = clean, ()
        if record.exc_info:
            trace = _formatter.formatException(record.exc_info)
            # Indented, no line of it can be taken for one of the log.
            lines = (f"  {self.text(line)}" for line in trace.split("\n"))
            record.exc_text = "\n".join(lines)
        return True

    def install(self) -> None:
        """Have all that goes to the log pass here."""
        for handler in logging.getLogger().handlers:
            handler.addFilter(self)
