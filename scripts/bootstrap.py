"""Brings what the README's two commands need, from Python and a network alone.

`.tools/uv-…` holds uv, `.venv` the project as uv.lock has it, `.tools/meltano` Meltano
as meltano/requirements.txt has it, `.tools/airflow` the example's Airflow, `.tools/dbt`
what builds dbt/: apart, because their dependencies are not the tap's.
Standard library only: nothing is installed yet when this runs.
"""

from __future__ import annotations

import os
import shutil
import ssl
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

if os.name != "nt":
    import fcntl

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[1]
TOOLS = ROOT / ".tools"
UV_VERSION = "0.13.9"
MELTANO_LOCK = ROOT / "meltano" / "requirements.txt"
AIRFLOW_LOCK = ROOT / "examples" / "airflow" / "requirements.txt"
DBT_LOCK = ROOT / "dbt" / "requirements.txt"

NO_VENV = (
    "This Python can make no virtual environment (Debian and Ubuntu: "
    "`apt install python3-venv`), and there is no uv on the PATH to do without."
)
NO_UV = "uv can't be installed in {}, and there is none on the PATH: {}"
NO_DOWNLOAD = (
    "uv can't be had from PyPI, and there is none on the PATH. Behind a proxy set "
    "HTTPS_PROXY, and SSL_CERT_FILE to a file of its certificates. pip says: {}"
)
READ_ONLY = (
    "{} can't be written to ({}). What is installed and loaded goes there: make it "
    "writable, or clone into a folder of your own."
)


class BootstrapError(Exception):
    """What the user has to do before the command can work, in one sentence."""


def uv() -> Path:
    """Returns uv: the pinned one, or where it can't be had the one on the PATH.

    Raises:
        BootstrapError: There is neither.
    """
    home = TOOLS / f"uv-{UV_VERSION}"
    pinned = _program(home, "uv")
    if pinned.exists():
        return pinned
    with one_at_a_time("uv"):
        # Another process may have made it meanwhile.
        problem = None if pinned.exists() else _install_uv(home)
    if problem is None:
        return pinned
    if found := shutil.which("uv"):
        return Path(found)
    raise BootstrapError(problem)


def _install_uv(home: Path) -> str | None:
    """Installs the pinned uv; returns what is in the way, if anything is."""
    said = _quietly(sys.executable, "-m", "venv", home)
    if said is None:
        # Without its advice to update, which would stand last.
        pip = (_program(home, "python"), "-m", "pip", "--disable-pip-version-check")
        said = _quietly(*pip, "install", f"uv=={UV_VERSION}")
        if said is None:
            return None
        problem = NO_DOWNLOAD.format(said.splitlines()[-1])
    elif "ensurepip" in said or "No module named venv" in said:
        problem = NO_VENV
    else:
        problem = NO_UV.format(home, said.splitlines()[-1])
    shutil.rmtree(home, ignore_errors=True)
    return problem


def project(*groups: str) -> Path:
    """Makes `.venv` as uv.lock has it and returns its Python.

    Args:
        groups: The groups of pyproject.toml that are needed; by default all of them.
    """
    command: list[str | Path] = [uv(), "sync", "--quiet", "--frozen"]
    if groups:
        # What others have installed there stays.
        command += ["--inexact", "--no-default-groups"]
        command += [f"--group={group}" for group in groups]
    _run(*command, "--python", sys.executable)
    return _program(ROOT / ".venv", "python")


def meltano() -> Path:
    """Makes Meltano's own environment and returns its command."""
    return _program(_locked("meltano", MELTANO_LOCK), "meltano")


def airflow() -> Path:
    """Makes the environment of the example's Airflow and returns its command."""
    return _program(_locked("airflow", AIRFLOW_LOCK), "airflow")


def dbt() -> Path:
    """Makes the environment of the analyst's package and returns dbt."""
    return _program(_locked("dbt", DBT_LOCK), "dbt")


def become(module: str, *groups: str) -> NoReturn:
    """Goes on as a module of the project, in its environment, with our arguments."""
    trust_the_system()
    if not (ROOT / ".venv").exists():
        print("Setting up, the first time only: a minute or so.", flush=True)
    try:
        python = project(*groups)
    except BootstrapError as error:
        sys.exit(str(error))
    except OSError as error:
        sys.exit(READ_ONLY.format(error.filename or ROOT, error.strerror))
    os.chdir(ROOT)
    # Not a child: a Ctrl-C or a kill then reaches the one process that matters.
    os.execv(python, [str(python), "-m", module, *sys.argv[1:]])  # noqa: S606 (no shell wanted)


def trust_the_system() -> None:
    """Lets uv and pip take the system's certificates, as a company's proxy needs it.

    uv has its own otherwise, and so has pip. What the user has set is left as it is.
    """
    os.environ.setdefault("UV_SYSTEM_CERTS", "1")
    known = os.environ.get("SSL_CERT_FILE") or ssl.get_default_verify_paths().cafile
    if known and not os.environ.get("REQUESTS_CA_BUNDLE"):
        os.environ.setdefault("PIP_CERT", known)


def _locked(name: str, lock: Path) -> Path:
    """Makes an environment as its lock file has it."""
    home = TOOLS / name
    installed = home / "installed.txt"
    wanted = lock.read_text(encoding="utf-8")
    with one_at_a_time(name):
        if not installed.exists() or installed.read_text(encoding="utf-8") != wanted:
            _run(uv(), "venv", "--quiet", "--clear", "--python", sys.executable, home)
            python = _program(home, "python")
            _run(uv(), "pip", "sync", "--quiet", "--python", python, lock)
            installed.write_text(wanted, encoding="utf-8")
    return home


@contextmanager
def one_at_a_time(name: str) -> Iterator[None]:
    """Keeps other processes from making the same thing in `.tools`."""
    TOOLS.mkdir(exist_ok=True)
    with (TOOLS / f"{name}.lock").open("w") as file:
        if os.name != "nt":
            fcntl.flock(file, fcntl.LOCK_EX)  # Until it is closed.
        yield


def _program(environment: Path, name: str) -> Path:
    if os.name == "nt":
        return environment / "Scripts" / f"{name}.exe"
    return environment / "bin" / name


def _run(*command: str | Path) -> None:
    try:
        subprocess.run(command, cwd=ROOT, check=True)
    except subprocess.CalledProcessError as error:
        message = f"`{' '.join(map(str, command))}` failed; what it says stands above."
        raise BootstrapError(message) from error


def _quietly(*command: str | Path) -> str | None:
    """Runs a command; where it fails, returns what it said."""
    done = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, check=False
    )
    if done.returncode == 0:
        return None
    return (done.stdout + done.stderr).strip() or "no word"
