"""A platform with connected accounts, and a copy of all of them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tap_stripe.sandbox import Options, Sandbox
from tests.expected import differences
from tests.target import Target

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.conftest import Ran, Tap

# What the platform's own list of accounts brings.
OF_THE_PLATFORM = ("accounts:",)


class Platform:
    """A sandbox with connected accounts, and a target that they are synced into."""

    def __init__(self, tap: Tap, sandbox: Sandbox, settings: dict[str, Any]) -> None:
        self.tap = tap
        self.sandbox = sandbox
        self.target = Target()
        self.requests = 0
        self.settings = {
            "api_key": sandbox.key,
            "api_url": sandbox.url,
            "requests_per_second": 1000,
            "requests_per_second_per_endpoint": 1000,
            "account_ids": ["own", "connected"],
            **settings,
        }

    @property
    def ids(self) -> list[str]:
        """The connected accounts that are listed."""
        return [account["id"] for account in self.sandbox.objects("accounts")]

    def sync(self, **settings: Any) -> Ran:
        """Sync into the target, from its state; notes how many requests it took."""
        before = len(self.sandbox.log)
        ran = self.tap.sync({**self.settings, **settings}, self.target)
        self.requests = len(self.sandbox.log) - before
        return ran

    def rows(self, name: str, account_id: str) -> list[dict[str, Any]]:
        """Give an account's rows of a table, without those that are deleted."""
        return [
            row
            for row in self.target.tables.get(name, {}).values()
            if row["account_id"] == account_id and not row["is_deleted"]
        ]

    def differences(self, *account_ids: str) -> list[str]:
        """Say where the tables of accounts differ from the sandbox; of all if none."""
        own = self.sandbox.account
        found = []
        for account_id in account_ids or (own, *self.ids):
            held = {
                name: {
                    key[1:]: row for key, row in rows.items() if key[0] == account_id
                }
                for name, rows in self.target.tables.items()
            }
            where = {} if account_id == own else {"account": account_id}
            found += [
                f"{account_id} {one}"
                for one in differences(self.sandbox, held, **where)
                if not (where and one.startswith(OF_THE_PLATFORM))
            ]
        return found

    def assert_equal(self, *account_ids: str) -> None:
        found = self.differences(*account_ids)
        assert not found, f"{len(found)} differences\n" + "\n".join(found[:20])

    def state(self) -> dict[str, Any]:
        """Give the bookmarks that the target holds."""
        assert self.target.state is not None
        held: dict[str, Any] = self.target.state["bookmarks"]
        return held

    def age(self, seconds: int) -> None:
        """Make the target's state older."""
        # A copy: what the target holds is what the tap wrote.
        account = json.loads(json.dumps(self.state()["account"]))
        for place in account["places"]:
            for bookmark in place["bookmarks"].values():
                for name in ("watermark", "listed", "looked"):
                    bookmark[name] -= seconds
        self.state()["account"] = account


@pytest.fixture
def platform(tap: Tap) -> Iterator[Callable[..., Platform]]:
    """Give a function that starts a platform with so many accounts."""
    started: list[Sandbox] = []

    def start(accounts: int, *, options: Any = None, **settings: Any) -> Platform:
        sandbox = Sandbox(
            Options(
                **{
                    "sizes": {"accounts": accounts},
                    "scale": 0.1,
                    "connected_data": True,
                    "connected_scale": 0.2,
                    **(options or {}),
                }
            )
        )
        sandbox.start()
        started.append(sandbox)
        return Platform(tap, sandbox, settings)

    yield start
    for sandbox in started:
        sandbox.close()
