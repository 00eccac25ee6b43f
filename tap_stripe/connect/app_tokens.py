"""The tokens of a Stripe App, renewed while a run goes on."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

from tap_stripe.api.credentials import ApiKey
from tap_stripe.connect import apps
from tap_stripe.connect.endpoints import Endpoints
from tap_stripe.connect.hosts import hosts_of
from tap_stripe.connect.token_file import TokenFile, Tokens
from tap_stripe.errors import TapError

if TYPE_CHECKING:
    from collections.abc import Callable

    from tap_stripe.api.credentials import Credentials
    from tap_stripe.settings import Settings

RENEW_AFTER_S = 55 * 60
"""An access token is good for an hour, which the answer that brings it doesn't say.
https://docs.stripe.com/stripe-apps/api-authentication/oauth"""
_LOCKED_S = 60.0


def credentials(settings: Settings, *, hide: Callable[[str], None]) -> Credentials:
    """Give what the settings name: the API key, or the tokens of a Stripe App.

    Args:
        settings: The settings.
        hide: Is told of each token, so that none gets into a log.

    Raises:
        ConnectError: The token file can't be used.
    """
    if not settings.oauth_token_file:
        return ApiKey(settings.api_key)
    endpoints = Endpoints(
        hosts_of(settings.api_url),
        settings.oauth_secret_key,
        timeout_s=settings.timeout_s,
        retry_s=settings.retry_s,
    )
    file = TokenFile(Path(settings.oauth_token_file))
    return AppTokens(file, endpoints, hide=hide)


class AppTokens:
    """Credentials out of a token file, which other runs may use at the same time.

    Stripe takes a refresh token once, and gives the next one with the answer. So there
    is one exchange at a time over all threads and processes; who comes second uses
    what the first one has got; and what an exchange brings is on the disk before any
    request shows it.

    Args:
        file: Where they are kept.
        endpoints: Renew them.
        hide: Is told of each token, so that none gets into a log.
        now: Gives seconds since the epoch.

    Raises:
        ConnectError: The file can't be used.
    """

    def __init__(
        self,
        file: TokenFile,
        endpoints: Endpoints,
        *,
        hide: Callable[[str], None],
        now: Callable[[], float] = time.time,
    ) -> None:
        self._file = file
        self._endpoints = endpoints
        self._hide = hide
        self._now = now
        self._one_at_a_time = threading.Lock()
        self._failure: TapError | None = None
        self._tokens = self._hidden(file.read())

    def token(self) -> str:
        """Give an access token that is not about to expire.

        Raises:
            AccessLost: The account must be connected again.
            StripeError: It could not be renewed.
            ConnectError: The file can't be used.
        """
        tokens = self._tokens
        if self._is_old(tokens):
            tokens = self._renewed(tokens)
        return tokens.access_token

    def renew(self, refused: str) -> bool:
        """Get another access token in place of one that Stripe has refused.

        Returns:
            True: there is always another, or an error.
        """
        tokens = self._tokens
        if tokens.access_token == refused:
            self._renewed(tokens)
        return True

    def _is_old(self, tokens: Tokens) -> bool:
        return self._now() - tokens.obtained_at >= RENEW_AFTER_S

    def _renewed(self, stale: Tokens) -> Tokens:
        with self._one_at_a_time:
            if self._failure is not None:
                # The run ends with it; the other threads need not find out anew.
                raise self._failure
            if self._tokens is stale:
                try:
                    with self._file.locked(within_s=_LOCKED_S):
                        self._tokens = self._other_than(stale)
                except TapError as error:
                    self._failure = error
                    raise
            return self._tokens

    def _other_than(self, stale: Tokens) -> Tokens:
        """Give what another run has put into the file, or make an exchange."""
        kept = self._hidden(self._file.read())
        if kept.access_token != stale.access_token and not self._is_old(kept):
            return kept
        with self._file.replacing() as keep:
            asked_at = self._now()
            granted = apps.renewed(self._endpoints, kept)
            self._hide(granted.access_token)
            self._hide(granted.refresh_token)
            fresh = Tokens(
                account=kept.account,
                livemode=kept.livemode,
                access_token=granted.access_token,
                refresh_token=granted.refresh_token,
                obtained_at=asked_at,
            )
            keep(fresh)
        return fresh

    def _hidden(self, tokens: Tokens) -> Tokens:
        self._hide(tokens.access_token)
        self._hide(tokens.refresh_token)
        return tokens
