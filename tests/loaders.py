"""Loaders, each in an environment of its own that is kept from one run to the next."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

from scripts import bootstrap

if TYPE_CHECKING:
    from pathlib import Path

POSTGRES = ("target-postgres", "meltanolabs-target-postgres==0.8.1")
# As meltano.yml has it, with the reason.
DUCKDB = ("target-duckdb", "target-duckdb==0.8.0", "duckdb==1.2.2")


def loader(name: str, *packages: str) -> Path:
    """Give the command of a loader, installed if it isn't."""
    home = bootstrap.TOOLS / name
    command = home / "bin" / name
    with bootstrap.one_at_a_time(home.name):
        if not command.exists():
            uv = str(bootstrap.uv())
            subprocess.run([uv, "venv", "--quiet", "--clear", home], check=True)
            python = ("--python", str(home / "bin" / "python"))
            subprocess.run([uv, "pip", "install", "-q", *python, *packages], check=True)
    return command
