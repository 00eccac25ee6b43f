"""What a first run says where it can't work: one sentence, and what to change."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from scripts import bootstrap, database
from scripts.demo import DAY, Demo
from tests.conftest import environment

if TYPE_CHECKING:
    from pathlib import Path

FIRST = ("scripts/quickstart", "scripts/bootstrap.py")


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """Give as much of a clone as a first run needs until it has uv."""
    folder = tmp_path / "clone"
    (folder / "scripts").mkdir(parents=True)
    for name in FIRST:
        shutil.copy(bootstrap.ROOT / name, folder / name)
    return folder


def quickstart(clone: Path, **settings: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "scripts/quickstart"],
        cwd=clone,
        # No uv is found there, nor much else.
        env=environment(**{"PATH": "/usr/bin:/bin", **settings}),
        capture_output=True,
        text=True,
        check=False,
    )


def said(ran: subprocess.CompletedProcess[str]) -> str:
    assert ran.returncode == 1, ran.stdout + ran.stderr
    assert len(ran.stderr.splitlines()) == 1, ran.stderr
    return ran.stderr


def test_a_clone_that_can_not_be_written_to_is_told_so(clone: Path) -> None:
    # Root may write everywhere, but for what is no folder.
    (clone / ".tools").write_text("", encoding="utf-8")

    told = said(quickstart(clone))

    assert f"{clone / '.tools'} can't be written to" in told
    assert "or clone into a folder of your own" in told


def test_without_pypi_the_proxy_and_its_certificates_are_named(clone: Path) -> None:
    told = said(
        quickstart(
            clone,
            PIP_INDEX_URL="http://127.0.0.1:9/simple",
            PIP_EXTRA_INDEX_URL="",
            PIP_FIND_LINKS="",
            PIP_CONFIG_FILE=os.devnull,
            PIP_RETRIES="0",
        )
    )

    assert "uv can't be had from PyPI" in told
    assert "HTTPS_PROXY, and SSL_CERT_FILE" in told
    assert "No matching distribution found for uv" in told
    assert not list((clone / ".tools").glob("uv-*"))


def test_uv_and_pip_take_the_systems_certificates(monkeypatch, tmp_path) -> None:
    company = tmp_path / "company.pem"
    for name in ("UV_SYSTEM_CERTS", "PIP_CERT", "REQUESTS_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("SSL_CERT_FILE", str(company))

    bootstrap.trust_the_system()

    assert os.environ["UV_SYSTEM_CERTS"] == "1"
    assert os.environ["PIP_CERT"] == str(company)


def test_what_the_user_says_of_certificates_is_left_as_it_is(monkeypatch) -> None:
    monkeypatch.setenv("UV_SYSTEM_CERTS", "0")
    monkeypatch.setenv("PIP_CERT", "mine.pem")

    bootstrap.trust_the_system()

    assert os.environ["UV_SYSTEM_CERTS"] == "0"
    assert os.environ["PIP_CERT"] == "mine.pem"


def test_a_database_that_can_not_start_says_why_and_what_to_do(tmp_path) -> None:
    data = tmp_path / "postgres"
    # Left by another version, and what an interrupted start leaves.
    for version in ("9.4", "18"):
        data.mkdir(exist_ok=True)
        (data / "PG_VERSION").write_text(f"{version}\n", encoding="utf-8")

        with (
            pytest.raises(bootstrap.BootstrapError) as told,
            database.running(tmp_path),
        ):
            pass

        assert "can't start: " in str(told.value)
        assert f"remove {tmp_path} and start again" in str(told.value)
        assert len(str(told.value).splitlines()) == 1
    assert "postgresql.conf" in str(told.value)


# The demo


@pytest.fixture
def demo(tmp_path):
    """Serve the account once more, and give what it has."""

    def served() -> dict[str, dict[str, Any]]:
        with Demo(tmp_path).serving() as sandbox:
            return {
                name: {one["id"]: one for one in sandbox.objects(name)}
                for name in ("charges", "refunds", "customers", "subscriptions")
            }

    return served


def test_a_day_brings_what_the_second_run_is_to_show(demo) -> None:
    first, second = demo(), demo()

    assert len(second["charges"].keys() - first["charges"].keys()) == DAY.count(
        "create_charge"
    )
    assert len(second["refunds"].keys() - first["refunds"].keys()) == 2
    assert len(first["customers"].keys() - second["customers"].keys()) == 1
    canceled = [
        name
        for name, one in second["subscriptions"].items()
        if one["status"] != first["subscriptions"][name]["status"]
    ]
    assert canceled


def test_each_run_sees_the_same_past(demo) -> None:
    demo()
    second, third = demo(), demo()

    for name, before in second.items():
        for identifier in before.keys() & third[name].keys():
            assert third[name][identifier]["created"] == before[identifier]["created"]
