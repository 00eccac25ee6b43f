"""What the commands know of the plugin: its variables, and where they are kept."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

from tap_stripe.api.client import API_URL
from tap_stripe.connect.env_file import EnvFile
from tap_stripe.connect.hosts import Hosts, hosts_of
from tap_stripe.connect.token_file import TokenFile
from tap_stripe.errors import ConnectError
from tap_stripe.keys import checked_key
from tap_stripe.settings import SANDBOX, checked_api_url

if TYPE_CHECKING:
    from collections.abc import Mapping

_PLUGIN = re.compile(r"[A-Za-z][A-Za-z0-9_.-]*")


class Plugin:
    """An extractor of a Meltano project, or the tap alone.

    Args:
        name: Its name in `meltano.yml` (`tap-stripe-eu`).
        env_file: The environment file; None for the project's `.env`, or the one in
            this folder where there is no project.

    Raises:
        ConnectError: The name can't be a plugin's, or the file can't be read.
    """

    def __init__(self, name: str, env_file: Path | None) -> None:
        if not _PLUGIN.fullmatch(name):
            message = f"The plugin {name!r} can't be: its name is as in meltano.yml."
            raise ConnectError(message)
        self.name = name
        self.env_file = EnvFile(env_file or _project() / ".env")
        self._kept = self.env_file.values()

    def variable(self, setting: str) -> str:
        """Name the variable of a setting, as Meltano does.

        https://docs.meltano.com/reference/settings
        """
        return re.sub("[^A-Za-z0-9]", "_", f"{self.name}_{setting}").upper()

    def value(self, setting: str) -> str:
        """Give a setting of the environment or else of the file; empty if not set."""
        name = self.variable(setting)
        return (os.environ.get(name) or self._kept.get(name) or "").strip()

    def key(self, setting: str) -> str:
        """Give a setting that is a key.

        Raises:
            SettingError: It can't be one of Stripe's.
        """
        return checked_key(setting, self.value(setting))

    def hosts(self) -> Hosts:
        """Give the hosts that `api_url` stands for.

        Raises:
            SettingError: A key must not go there.
            ConnectError: There is nothing there to connect to.
        """
        api_url = checked_api_url(self.value("api_url") or API_URL)
        if api_url == SANDBOX:
            message = (
                "A sandbox that starts with each run has no accounts to connect: start "
                "tap-stripe-sandbox, and set api_url to its address."
            )
            raise ConnectError(message)
        return hosts_of(api_url)

    def token_file(self) -> TokenFile:
        """Give the file for the tokens of a Stripe App: the one that is set, or a new.

        A new one is beside the environment file, in a folder that git leaves out.
        """
        if kept := self.value("oauth_token_file"):
            return TokenFile(Path(kept))
        folder = self.env_file.path.resolve().parent / ".tap-stripe"
        return TokenFile(folder / f"{self.name}.json")

    def account_ids(self) -> list[str]:
        """Give the accounts that the file has for the plugin.

        Raises:
            ConnectError: They are no list.
        """
        name = self.variable("account_ids")
        kept = self._kept.get(name, "").strip()
        if not kept:
            return []
        try:
            found = json.loads(kept) if kept.startswith("[") else kept.split(",")
        except ValueError:
            found = None
        if not isinstance(found, list):
            message = (
                f"The variable {name} in {self.env_file.path} is no list of accounts: "
                'write it like ["acct_…"].'
            )
            raise ConnectError(message)
        return [str(account).strip() for account in found]

    def keep(self, settings: Mapping[str, str | None]) -> list[str]:
        """Write settings to the environment file, or take those out that are None.

        Returns:
            The names of their variables.

        Raises:
            ConnectError: The file can't be written.
        """
        changes = {self.variable(name): value for name, value in settings.items()}
        self.env_file.change(changes)
        return list(changes)


def _project() -> Path:
    """Give the folder of the Meltano project that this one is in, or this one."""
    here = Path.cwd()
    if root := os.environ.get("MELTANO_PROJECT_ROOT"):
        return Path(root)
    for folder in (here, *here.parents):
        if (folder / "meltano.yml").is_file():
            return folder
    return here
