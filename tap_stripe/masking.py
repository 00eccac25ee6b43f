"""Keeps keys out of what is logged, wherever they come from."""

from __future__ import annotations

import logging
import re

# https://docs.stripe.com/keys: secret and restricted keys, access tokens among them.
# OAuth's codes and refresh tokens: https://docs.stripe.com/stripe-apps/api-authentication/oauth
_KEY = re.compile(
    r"\b((?:sk|rk)_(?:live|test)_|(?:ac|rt)_(?=[A-Za-z0-9]{14}))[A-Za-z0-9_]+"
)
_formatter = logging.Formatter()


class Mask(logging.Filter):
    """Takes keys out of log records: Stripe's own messages may repeat them."""

    def __init__(self) -> None:
        super().__init__()
        self._secrets: tuple[str, ...] = ()

    def add(self, *secrets: str) -> None:
        """Mask these too, whatever their form. May be called from any thread."""
        known = {secret for secret in (*self._secrets, *secrets) if secret.strip()}
        # One that is part of another would leave the rest of it readable.
        self._secrets = tuple(sorted(known, key=len, reverse=True))

    def text(self, text: str) -> str:
        """Give a text without keys."""
        for secret in self._secrets:
            text = text.replace(secret, "***")
        return _KEY.sub(r"\1***", text)

    def filter(self, record: logging.LogRecord) -> bool:
        """Mask a record; it is always let through."""
        told = record.getMessage()
        # What has no key keeps its parts: from a metric's, Meltano's log is made.
        if (masked := self.text(told)) != told:
            record.msg, record.args = masked, ()
        if record.exc_info:
            record.exc_text = self.text(_formatter.formatException(record.exc_info))
        return True

    def install(self) -> None:
        """Have all that goes to the log pass here."""
        for handler in logging.getLogger().handlers:
            handler.addFilter(self)
