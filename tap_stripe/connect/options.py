"""What the commands of the command line share: options, and how they fail."""

from __future__ import annotations

import functools
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, ParamSpec

import click

from tap_stripe.connect.endpoints import Endpoints
from tap_stripe.connect.listener import PATH
from tap_stripe.errors import ConnectError, TapError
from tap_stripe.keys import checked_key
from tap_stripe.masking import Mask

if TYPE_CHECKING:
    from collections.abc import Callable

    from tap_stripe.connect.plugin import Plugin

    P = ParamSpec("P")

PORT = 8722
TIMEOUT_S = 60.0
"""Seconds without an answer of Stripe, or without the lock of a token file."""
_RETRY_S = 30.0
_PATIENCE_S = 900.0

mask = Mask()
"""Knows the secrets of the command that runs."""


def in_one_sentence(run: Callable[P, None]) -> Callable[P, None]:
    """Have a command end with one sentence where the user has something to change."""

    @functools.wraps(run)
    def told(*args: P.args, **kwargs: P.kwargs) -> None:
        mask.install()
        try:
            run(*args, **kwargs)
        except TapError as error:
            raise click.ClickException(mask.text(str(error))) from None

    return told


def _options(*options: Callable[..., Any]) -> Callable[[Any], Any]:
    def add(run: Any) -> Any:
        return functools.reduce(lambda done, option: option(done), options, run)

    return add


PLUGIN = _options(
    click.option(
        "--env-file",
        type=click.Path(path_type=Path),
        help="The environment file; by default the .env of the Meltano project.",
    ),
    click.option(
        "--plugin",
        "name",
        default="tap-stripe",
        # Meltano tells it to what it invokes.
        envvar="MELTANO_EXTRACTOR_NAME",
        show_default=True,
        help="The extractor's name in meltano.yml, which its variables begin with.",
    ),
)
PAGE = _options(
    click.option(
        "--wait",
        "wait_s",
        type=click.FloatRange(min=0),
        default=_PATIENCE_S,
        show_default=True,
        help="Seconds to wait for Stripe's page to send something back.",
    ),
    click.option(
        "--redirect-uri",
        help=(
            "Another address that is registered at Stripe; the one that its page "
            "leads to is pasted then."
        ),
    ),
    click.option(
        "--paste",
        is_flag=True,
        help=(
            "Open no browser and listen on no port: paste the address that Stripe's "
            "page leads to, or the code in it, on a machine without a screen."
        ),
    ),
    click.option(
        "--port",
        type=click.IntRange(1, 65535),
        default=PORT,
        show_default=True,
        help=f"Stripe's page sends its answer to http://localhost:PORT{PATH}.",
    ),
)
FORGET = click.option(
    "--forget",
    is_flag=True,
    help="Tell Stripe nothing: for access that the account itself has withdrawn.",
)


def check_client_id(client_id: str) -> None:
    """Check the form of a client id.

    Raises:
        ConnectError: It can't be one.
    """
    if not client_id.startswith("ca_"):
        message = (
            f"The client id {client_id!r} is none: Stripe's dashboard shows it as ca_…"
        )
        raise ConnectError(message)


def endpoints_of(plugin: Plugin, setting: str, whose: str) -> tuple[Endpoints, str]:
    """Give Stripe's endpoints, and the secret key that is shown to them.

    Args:
        plugin: Says where they are.
        setting: The one that has the key; it is asked for where there is a terminal.
        whose: Says in a sentence whose key it is.

    Raises:
        ConnectError: There is no key, or nothing to connect to.
        SettingError: A setting can't be used.
    """
    key = plugin.key(setting)
    if not key and sys.stdin.isatty():
        asked = click.prompt(f"Secret key {whose} (not shown)", hide_input=True)
        key = checked_key(setting, asked)
    if not key:
        message = (
            f"The secret key {whose} is missing: set {plugin.variable(setting)} in the "
            "environment."
        )
        raise ConnectError(message)
    mask.add(key)
    made = Endpoints(plugin.hosts(), key, timeout_s=TIMEOUT_S, retry_s=_RETRY_S)
    return made, key
