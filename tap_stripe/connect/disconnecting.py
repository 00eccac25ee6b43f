"""`tap-stripe disconnect platform` and `tap-stripe disconnect app`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from tap_stripe.connect import apps, platforms
from tap_stripe.connect.options import (
    FORGET,
    PLUGIN,
    check_client_id,
    endpoints_of,
    in_one_sentence,
)
from tap_stripe.connect.plugin import Plugin
from tap_stripe.errors import ConnectError
from tap_stripe.settings import APP_FILE, APP_KEY

if TYPE_CHECKING:
    from pathlib import Path

DISCONNECT = click.Group("disconnect", help="Withdraw the access that connect got.")


@DISCONNECT.command("platform")
@PLUGIN
@FORGET
@click.option("--account", help="Which one, acct_…, if there are several.")
@click.option("--client-id", required=True, help="The platform's, ca_…")
@in_one_sentence
def disconnect_platform(
    *,
    client_id: str,
    account: str | None,
    forget: bool,
    name: str,
    env_file: Path | None,
) -> None:
    """Disconnect an account from your Connect platform.

    Its id is taken out of account_ids. With the last one api_key goes too: with it
    alone the tap would read the platform's own account in place of what it read.
    """
    plugin = Plugin(name, env_file)
    check_client_id(client_id)
    accounts = plugin.account_ids()
    if account is None:
        if len(accounts) != 1:
            message = (
                f"The file {plugin.env_file.path} has {len(accounts)} accounts for "
                f"{name}: say which one to disconnect as --account."
            )
            raise ConnectError(message)
        account = accounts[0]
    plugin.env_file.check()
    if not forget:
        endpoints, _ = endpoints_of(plugin, "api_key", "of the platform")
        platforms.disconnect(endpoints, client_id=client_id, account=account)
    left = [other for other in accounts if other != account]
    written = plugin.keep(
        {"account_ids": json.dumps(left)}
        if left
        else {"account_ids": None, "api_key": None}
    )
    _say_disconnected(account, plugin, written, forget=forget)


@DISCONNECT.command("app")
@PLUGIN
@FORGET
@click.option("--app-id", help="The app's, app_…")
@in_one_sentence
def disconnect_app(
    *, app_id: str | None, forget: bool, name: str, env_file: Path | None
) -> None:
    """Uninstall your Stripe App from an account, and remove its tokens."""
    plugin = Plugin(name, env_file)
    file = plugin.token_file()
    account = file.read().account
    plugin.env_file.check()
    if not forget:
        if not app_id:
            message = "Give the app's id as --app-id: Stripe uninstalls by it."
            raise ConnectError(message)
        endpoints, _ = endpoints_of(plugin, APP_KEY, "of the Stripe App's developer")
        if not apps.uninstall(endpoints, app_id=app_id, account=account):
            click.echo(f"The app was not installed on {account} any more.")
    written = plugin.keep({APP_FILE: None, APP_KEY: None})
    file.remove()
    _say_disconnected(account, plugin, written, forget=forget)


def _say_disconnected(
    account: str, plugin: Plugin, written: list[str], *, forget: bool
) -> None:
    done = "forgotten" if forget else "disconnected"
    click.echo(
        f"{account} is {done}.\n"
        f"Changed in {plugin.env_file.path}: {', '.join(written)}."
    )
