"""What the tests of trust share: a Stripe as unkind as can be, and a copy of it.

These tests see what a user sees (tables, exit code, stderr) and what Stripe sees
(requests), and nothing of how the tap is made.

pytest tests/trust                    of each test two situations a day, in turn
pytest tests/trust --day 7            those of another day
pytest tests/trust --long --seed 1    all of them
"""

from __future__ import annotations

import copy as copies
import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tap_stripe.sandbox import Options, Sandbox
from tests import forked
from tests.conftest import Ran, deselect, environment, of_today
from tests.expected import differences
from tests.target import Target

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from tap_stripe.sandbox.log import Entry

SITUATIONS = 2
OFTEN = "tests.trust.often:TapStripe.cli"
QUICK = "tests.trust.quick:TapStripe.cli"
PATIENCE_S = 45
JSON = {"Content-Type": "application/json"}
KIND: Mapping[str, Any] = {
    "false_has_more": 0.0,
    "late_events": 0.0,
    "misplaced": False,
    "repeated_events": 0.0,
    "shuffled_seconds": False,
}
"""Options for tests that count requests."""

_NOT_READ = re.compile(r"(?:^|\| )Not read: (.*)")


def pytest_collection_modifyitems(
    config: pytest.Config, items: list[pytest.Item]
) -> None:
    """Leave all but some situations of each test to the long form and other days."""
    if config.option.long:
        return
    kinds: dict[str, list[pytest.Item]] = {}
    for item in items:
        if item.path.parent == Path(__file__).parent:
            assert isinstance(item, pytest.Function)
            kinds.setdefault(f"{item.path}::{item.originalname}", []).append(item)
    of_other_days = [
        item
        for situations in kinds.values()
        for item in set(situations) - set(of_today(config, situations, SITUATIONS))
    ]
    deselect(config, items, of_other_days)


class Run(Ran):
    """A run, with what it asked for.

    Attributes:
        requests: What it asked for, in order.
    """

    def __init__(self, ran: Ran, requests: Sequence[Entry]) -> None:
        super().__init__(ran.code, ran.out, ran.err)
        self.requests = requests

    @property
    def paths(self) -> list[str]:
        """The paths that it asked for, in order."""
        return [entry.target.partition("?")[0] for entry in self.requests]

    @property
    def not_read(self) -> list[str]:
        """What it says that it could not read."""
        found = (_NOT_READ.search(line) for line in self.err.splitlines())
        return [one[1] for one in found if one]

    @property
    def errors(self) -> list[str]:
        """The sentences that it logged as errors."""
        lines = [line.split("|", 3) for line in self.err.splitlines()]
        return [
            parts[3].strip()
            for parts in lines
            if len(parts) > 3 and parts[1].strip() == "ERROR"
        ]

    @property
    def said(self) -> str:
        """Its warnings and errors."""
        return "\n".join(
            line for line in self.err.splitlines() if "WARN" in line or "ERROR" in line
        )

    @property
    def states(self) -> list[bytes]:
        """Its STATE lines."""
        lines = self.out.splitlines()
        return [line for line in lines if json.loads(line)["type"] == "STATE"]

    def assert_well(self) -> None:
        assert self.code == 0, self.err[-3000:]
        assert "Traceback" not in self.err, self.err[-3000:]

    def assert_names(self, *names: str) -> None:
        """Check that it says, in a line of its own, that something was not read."""
        assert "Traceback" not in self.err, self.err[-3000:]
        assert self.code == 1, self.err[-3000:]
        assert any(any(name in line for name in names) for line in self.not_read), (
            names,
            self.said[-2000:],
        )

    def assert_refused(self, *words: str) -> None:
        """Check that it wrote nothing and says why in one sentence."""
        assert "Traceback" not in self.err, self.err[-3000:]
        assert self.code == 1, self.err[-3000:]
        assert not self.messages("RECORD")
        assert not self.messages("STATE")
        assert len(self.errors) == 1, self.errors
        for word in words:
            assert word in self.errors[0], self.errors


class Copy:
    """A sandbox, and a target in memory that the tap keeps equal to it.

    Attributes:
        settings: What the tap's config has besides the sandbox's.
        target: What was loaded so far.
    """

    def __init__(
        self,
        folder: Path,
        sandbox: Sandbox,
        settings: Mapping[str, Any],
        catalogs: dict[str, Any],
    ) -> None:
        self.sandbox = sandbox
        self.settings = dict(settings)
        self.target = Target()
        self._folder = folder
        self._catalogs = catalogs

    @property
    def ids(self) -> list[str]:
        """The connected accounts that are listed."""
        return [account["id"] for account in self.sandbox.objects("accounts")]

    @property
    def tables(self) -> dict[str, dict[tuple[Any, ...], dict[str, Any]]]:
        return self.target.tables

    def later(self, seconds: float = 2) -> None:
        """Let time pass at Stripe."""
        self.sandbox.clock_offset_seconds += seconds

    def change(
        self, rounds: int, *, only: Sequence[str] = (), account: str | None = None
    ) -> None:
        """Let things change by chance, a second apart."""
        for _ in range(rounds):
            self.later(1)
            self.sandbox.change(1, only=only, account=account)

    def perform(self, *arguments: Any, **where: Any) -> str:
        """Let one thing change, a second later."""
        self.later(1)
        return self.sandbox.perform(*arguments, **where)

    def config(self, **settings: Any) -> dict[str, Any]:
        return {
            "api_key": self.sandbox.key,
            "api_url": self.sandbox.url,
            "requests_per_second": 1000,
            "requests_per_second_per_endpoint": 1000,
            "request_timeout": 5,
            "retry_seconds": 20,
            **self.settings,
            **settings,
        }

    def sync(self, **how: Any) -> Run:
        """Run from what the target holds; the target takes all that is said."""
        ran = self.run(state=self.target.state, **how)
        self.target.take(ran.out.splitlines(keepends=True))
        return ran

    def run(
        self,
        *arguments: str,
        state: Any = None,
        often: bool = False,
        only: Iterable[str] = (),
        catalog: Any = None,
        **settings: Any,
    ) -> Run:
        """Run to the end.

        Args:
            arguments: Other arguments.
            state: What to go on from.
            often: Whether a STATE line follows each page.
            only: Collections to select; all, if empty.
            catalog: A catalog, in place of `only`.
            settings: Settings.
        """
        before = len(self.sandbox.log)
        config = self.config(**settings)
        given = ["--config", self._file("config", config), *arguments]
        if state is not None:
            given += ["--state", self._file("state", state)]
        if only:
            catalog = self.catalog(*only, config=config)
        if catalog is not None:
            given += ["--catalog", self._file("catalog", catalog)]
        server = forked.server(OFTEN if often else QUICK)
        process = server.start(given, env=environment())
        try:
            out, err = process.communicate(timeout=PATIENCE_S)
        except BaseException:
            process.kill()
            raise
        ran = Ran(process.returncode, out, err.decode())
        return Run(ran, list(self.sandbox.log.entries[before:]))

    def catalog(self, *only: str, config: dict[str, Any] | None = None) -> Any:
        """Give a catalog in which just these collections are selected."""
        config = config or self.config()
        known = json.dumps(config.get("account_ids"))
        if known not in self._catalogs:
            self._catalogs[known] = json.loads(self.run("--discover", **config).out)
        catalog = copies.deepcopy(self._catalogs[known])
        for stream in catalog["streams"]:
            properties_of(stream, ())["selected"] = not only or stream["stream"] in only
        return catalog

    def _file(self, name: str, content: Any) -> str:
        path = self._folder / f"{name}.json"
        path.write_text(json.dumps(content))
        return str(path)

    # Judging

    def differences(
        self, *names: str, target: Target | None = None, but: Iterable[str] = ()
    ) -> list[str]:
        """Say where tables differ from the sandbox.

        Args:
            names: The tables; all, if none.
            target: Another target than the copy's own.
            but: What holds one of these words is left out.
        """
        held = (target or self.target).tables
        own = self.sandbox.account
        if "account_ids" in self.settings:
            found = []
            for account in (own, *self.ids):
                where = {} if account == own else {"account": account}
                mine = {
                    name: {
                        key[1:]: row for key, row in rows.items() if key[0] == account
                    }
                    for name, rows in held.items()
                }
                found += [
                    one
                    for one in differences(self.sandbox, mine, **where)
                    # The list of accounts is the platform's.
                    if not (where and one.startswith("accounts:"))
                ]
        else:
            found = differences(self.sandbox, held)
        unknowable = self._unknowable(held)
        return [
            one
            for one in found
            if one not in unknowable
            and (not names or one.partition(":")[0] in names)
            and not any(word in one for word in but)
        ]

    def _unknowable(self, held: Mapping[str, Any]) -> set[str]:
        """Give what differs only because Stripe says nothing that would tell of it.

        Sources vanish with their customer or account, and discounts with the item of
        a deleted draft: no event names them, and their owner can't be asked any more.
        """
        accounts = [None, *self.ids] if "account_ids" in self.settings else [None]
        gone = {
            id_
            for account in accounts
            for resource in ("customers", "accounts", "invoiceitems")
            for id_ in self.sandbox.deleted(resource, account=account)
        }
        owners = {
            "bank_accounts": ("customer", "account"),
            "cards": ("customer", "account"),
            "discounts": ("invoice_item",),
        }
        keys = {
            name: [
                key
                for key, row in held.get(name, {}).items()
                if gone & {row.get(one) for one in columns}
            ]
            for name, columns in owners.items()
        }
        return {
            f"{name}: {shown} is too many"
            for name, found in keys.items()
            for key in found
            for shown in (key, key[1:])
        }

    def assert_equal(self, *names: str, **how: Any) -> None:
        found = self.differences(*names, **how)
        assert not found, report(found)

    def flagged(self, *names: str) -> set[tuple[str, tuple[Any, ...]]]:
        """Give the table and the key of each row that is flagged as deleted."""
        return {
            (name, key)
            for name, rows in self.tables.items()
            for key, row in rows.items()
            if (not names or name in names)
            and (row["is_deleted"] or row["_sdc_deleted_at"])
        }


def report(found: Sequence[str]) -> str:
    """Say what differs, in some lines."""
    lines = [one if len(one) < 300 else f"{one[:300]}…" for one in found[:20]]
    return "\n".join([f"{len(found)} differences", *lines])


def properties_of(stream: dict[str, Any], breadcrumb: Sequence[str]) -> dict[str, Any]:
    """Give the metadata of a breadcrumb in a stream's entry of a catalog."""
    found: dict[str, Any] = next(
        entry["metadata"]
        for entry in stream["metadata"]
        if list(entry["breadcrumb"]) == list(breadcrumb)
    )
    return found


def refused(status: int, message: str, **fields: Any) -> tuple[int, bytes, Any]:
    """Give an answer of an impostor, in the form of Stripe's errors."""
    error = {"type": "invalid_request_error", "message": message, **fields}
    return status, json.dumps({"error": error}).encode(), JSON


def listed(*data: Any, has_more: bool = False, url: str = "") -> tuple[int, bytes, Any]:
    """Give an answer of an impostor: a page."""
    page = {"object": "list", "data": data, "has_more": has_more, "url": url}
    return 200, json.dumps(page).encode(), JSON


@pytest.fixture(scope="session")
def catalogs() -> dict[str, Any]:
    """Keep what discovery gave: it needs nothing of Stripe."""
    return {}


@pytest.fixture
def copying(
    tmp_path: Path, catalogs: dict[str, Any], request: pytest.FixtureRequest
) -> Iterator[Callable[..., Copy]]:
    """Give a function that starts an unkind sandbox and makes a copy of it.

    Some twenty charges, and of all else a few. Options of the sandbox are keywords;
    `settings` are the tap's, `kind` lets each list be as Stripe's was seen to be, and
    `accounts` makes it a platform of which all connected accounts are read.
    """
    started: list[Sandbox] = []

    def start(
        *,
        settings: Mapping[str, Any] | None = None,
        kind: bool = False,
        accounts: int = 0,
        **options: Any,
    ) -> Copy:
        given: dict[str, Any] = {
            "seed": int(request.config.option.seed),
            "scale": 0.02,
            "sizes": {},
            **(KIND if kind else {}),
            **options,
        }
        settings = dict(settings or {})
        if accounts:
            settings.setdefault("account_ids", ["own", "connected"])
            given["sizes"] = {**given["sizes"], "accounts": accounts}
            given.setdefault("connected_data", True)
            given.setdefault("connected_scale", 0.5)
        sandbox = Sandbox(Options.unkind(**given))
        sandbox.start()
        started.append(sandbox)
        folder = tmp_path / f"copy{len(started)}"
        folder.mkdir()
        return Copy(folder, sandbox, settings, catalogs)

    yield start
    for sandbox in started:
        sandbox.close()
