"""`tap-stripe connect platform` and `tap-stripe connect app`."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING

import click

from tap_stripe.connect import apps, platforms
from tap_stripe.connect.options import (
    PAGE,
    PLUGIN,
    TIMEOUT_S,
    check_client_id,
    endpoints_of,
    in_one_sentence,
    mask,
)
from tap_stripe.connect.page import code_from
from tap_stripe.connect.plugin import Plugin
from tap_stripe.connect.token_file import Tokens
from tap_stripe.errors import ConnectError
from tap_stripe.permissions import chosen, link, needed
from tap_stripe.settings import APP_FILE, APP_KEY

if TYPE_CHECKING:
    from pathlib import Path

    from tap_stripe.connect.endpoints import Granted

CONNECT = click.Group("connect", help="Connect an account by Stripe's OAuth.")


@CONNECT.command("platform")
@PLUGIN
@PAGE
@click.option(
    "--scope",
    type=click.Choice(platforms.SCOPES),
    default="read_write",
    show_default=True,
    help="What to ask for; read_only is for extensions, which are not made any more.",
)
@click.option("--client-id", required=True, help="The platform's, ca_…")
@in_one_sentence
def connect_platform(
    *,
    client_id: str,
    scope: str,
    port: int,
    paste: bool,
    redirect_uri: str | None,
    wait_s: float,
    name: str,
    env_file: Path | None,
) -> None:
    """Connect an account to your Connect platform.

    The account's id is added to account_ids; it is read with the platform's key, which
    is taken from api_key, or asked for.
    """
    plugin = Plugin(name, env_file)
    _refuse_two_ways(plugin, APP_FILE)
    check_client_id(client_id)
    endpoints, key = endpoints_of(plugin, "api_key", "of the platform")
    accounts = plugin.account_ids()
    plugin.env_file.check()
    click.echo(
        "Stripe grants new platforms the scope read_write only: the platform's key can "
        "then change the account, too. For a single account a restricted key serves "
        f"better, which can read and nothing else:\n{_key_link()}\n"
    )

    def page(redirect_uri: str, state: str) -> str:
        return platforms.page(
            endpoints.hosts,
            client_id=client_id,
            redirect_uri=redirect_uri,
            state=state,
            scope=scope,
        )

    code = code_from(
        page, port=port, paste=paste, redirect_uri=redirect_uri, wait_s=wait_s
    )
    mask.add(code)
    granted = platforms.connected(endpoints, code)
    _hide(granted)
    _check_mode(granted, key)
    account = granted.stripe_user_id
    if account not in accounts and "connected" not in accounts:
        accounts.append(account)
    written = plugin.keep({"api_key": key, "account_ids": json.dumps(accounts)})
    _say_connected(granted, plugin, written)


@CONNECT.command("app")
@PLUGIN
@PAGE
@click.option(
    "--client-id",
    required=True,
    help="The app's, ca_…; or the link of the dashboard's External test tab.",
)
@in_one_sentence
def connect_app(
    *,
    client_id: str,
    port: int,
    paste: bool,
    redirect_uri: str | None,
    wait_s: float,
    name: str,
    env_file: Path | None,
) -> None:
    """Install your Stripe App on an account, and read it with what the app may read.

    The tokens are kept in the file of oauth_token_file, which each run rewrites. The
    secret key of the app's developer is taken from oauth_secret_key, or asked for.
    """
    plugin = Plugin(name, env_file)
    _refuse_two_ways(plugin, "api_key")
    if not client_id.startswith("https://"):
        check_client_id(client_id)
    endpoints, key = endpoints_of(plugin, APP_KEY, "of the Stripe App's developer")
    plugin.env_file.check()
    file = plugin.token_file()
    file.make_place()

    def page(redirect_uri: str, state: str) -> str:
        return apps.page(
            endpoints.hosts,
            client_id=client_id,
            redirect_uri=redirect_uri,
            state=state,
        )

    with file.replacing():
        pass  # Whether it can be written is known now: a code is good once.
    code = code_from(
        page, port=port, paste=paste, redirect_uri=redirect_uri, wait_s=wait_s
    )
    mask.add(code)
    with file.locked(within_s=TIMEOUT_S), file.replacing() as keep:
        asked_at = time.time()
        granted = apps.installed(endpoints, code)
        _hide(granted)
        _check_mode(granted, key)
        keep(
            Tokens(
                account=granted.stripe_user_id,
                livemode=granted.livemode,
                access_token=granted.access_token,
                refresh_token=granted.refresh_token,
                obtained_at=asked_at,
            )
        )
    written = plugin.keep({APP_FILE: str(file.path.resolve()), APP_KEY: key})
    _say_connected(granted, plugin, written)


def _refuse_two_ways(plugin: Plugin, other: str) -> None:
    if plugin.value(other):
        message = (
            f"The variable {plugin.variable(other)} is set, and {plugin.name} can use "
            "one way to Stripe only: take it out first, or give another plugin as "
            "--plugin."
        )
        raise ConnectError(message)


def _key_link() -> str:
    return link(needed(chosen(None).values()))


def _check_mode(granted: Granted, key: str) -> None:
    other = "_test_" if granted.livemode else "_live_"
    if other in key:
        message = (
            f"Stripe has connected {granted.stripe_user_id} in another mode than that "
            "of the secret key: use the key and the client id of one mode, live or "
            "test."
        )
        raise ConnectError(message)


def _hide(granted: Granted) -> None:
    mask.add(granted.access_token, granted.refresh_token)


def _say_connected(granted: Granted, plugin: Plugin, written: list[str]) -> None:
    mode = "live" if granted.livemode else "test"
    click.echo(
        f"{granted.stripe_user_id} is connected, in {mode} mode, with the scope "
        f"{granted.scope or 'that it gave'}.\n"
        f"Written to {plugin.env_file.path}: {', '.join(written)}."
    )
