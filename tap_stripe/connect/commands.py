"""Adds the commands to the command line of the tap."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click
from singer_sdk.plugin_base import SingerCommand

from tap_stripe.connect.connecting import CONNECT
from tap_stripe.connect.disconnecting import DISCONNECT

if TYPE_CHECKING:
    import logging


class _Tap(SingerCommand, click.Group):
    """The tap's own command, which has others below it."""


def with_commands(tap: click.Command, *, logger: logging.Logger) -> click.Command:
    """Give the tap's command with `connect` and `disconnect` below it.

    Without them, and so in all that Singer and Meltano ask for, it is as it was.

    Args:
        tap: The tap's command.
        logger: What singer-sdk's command logs to.
    """
    sync = tap.callback

    def run(**given: Any) -> None:
        # A group runs itself before a command below it.
        if sync is not None and click.get_current_context().invoked_subcommand is None:
            sync(**given)

    return _Tap(
        name=tap.name,
        callback=run,
        params=tap.params,
        help=tap.help,
        context_settings=tap.context_settings,
        commands=[CONNECT, DISCONNECT],
        invoke_without_command=True,
        logger=logger,
    )
