"""Why a request got no answer, in words that say what to do."""

from __future__ import annotations

import errno
import socket
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import requests
import urllib3.exceptions

from tap_stripe.api.text import visible

if TYPE_CHECKING:
    from collections.abc import Iterator

_NO_WAY = {errno.ENETUNREACH, errno.EHOSTUNREACH, errno.ENETDOWN}
_PROXY = "a proxy, if this network needs one, goes into the variable HTTPS_PROXY"


def is_hopeless(error: Exception) -> bool:
    """Tell whether a request can't be sent, however often: no server has a part in it.

    requests says so of a certificate file that is missing with a bare OSError.
    """
    return (
        isinstance(
            error,
            requests.exceptions.InvalidURL
            | requests.exceptions.InvalidSchema
            | urllib3.exceptions.LocationValueError,
        )
        or type(error) is OSError
        or _is_distrust(error)
    )


def why_unsendable(error: Exception) -> str:
    """Say why a request can't be sent. The values of settings are not repeated."""
    if _is_distrust(error):
        return (
            "the certificate is not trusted. Where a proxy or a virus scanner reads "
            "what passes, name a file with its certificate in the environment variable "
            "REQUESTS_CA_BUNDLE"
        )
    return (
        f"{type(error).__name__}: the setting api_url can't be used, or one of the "
        "environment variables HTTPS_PROXY and REQUESTS_CA_BUNDLE"
    )


def why_unanswered(error: Exception, url: str, timeout_s: float) -> str:  # noqa: PLR0911 - one a cause
    """Say why a request got no answer.

    Args:
        error: What was raised. Its text is not repeated: a proxy's address may have a
            password.
        url: Where the request went.
        timeout_s: The setting request_timeout.
    """
    host = visible(urlsplit(url).netloc, 100)
    causes = list(_causes(error))
    if _has(causes, requests.exceptions.ProxyError, urllib3.exceptions.ProxyError):
        return (
            "the proxy that the environment variable HTTPS_PROXY names does not let it "
            "through; NO_PROXY names hosts that need none"
        )
    if _has(causes, urllib3.exceptions.NameResolutionError, socket.gaierror):
        return f"the name {host} is not found: check the network and its DNS; {_PROXY}"
    if _has(causes, ConnectionRefusedError):
        return (
            f"{host} refuses the connection: check the setting api_url, and whether a "
            f"firewall is in the way; {_PROXY}"
        )
    if any(isinstance(one, OSError) and one.errno in _NO_WAY for one in causes):
        return f"there is no way to {host}: check the network; {_PROXY}"
    if _has(causes, requests.ConnectTimeout, urllib3.exceptions.ConnectTimeoutError):
        return (
            f"no connection to {host} within {timeout_s:g} seconds: check whether a "
            f"firewall is in the way; {_PROXY}"
        )
    if _has(causes, TimeoutError, requests.Timeout, urllib3.exceptions.TimeoutError):
        return f"timed out: nothing came for {timeout_s:g} seconds (request_timeout)"
    if _has(causes, requests.exceptions.SSLError, urllib3.exceptions.SSLError):
        return f"no secure connection to {host}: check the setting api_url; {_PROXY}"
    return f"the connection broke off: {type(error).__name__}"


def _is_distrust(error: Exception) -> bool:
    return "certificate verify failed" in str(error)


def _has(causes: list[BaseException], *kinds: type[BaseException]) -> bool:
    return any(isinstance(one, kinds) for one in causes)


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Give an exception and those that it was made of."""
    to_see, seen = [error], set()
    while to_see:
        one = to_see.pop()
        if id(one) in seen:
            continue
        seen.add(id(one))
        yield one
        made_of = (
            *one.args,
            one.__cause__,
            one.__context__,
            getattr(one, "reason", None),
            getattr(one, "original_error", None),
        )
        to_see += [inner for inner in made_of if isinstance(inner, BaseException)]
