"""A command, and what it took."""

from __future__ import annotations

import os
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

ROOT = Path(__file__).parents[1]
_STAT = Path("/proc/stat")


@dataclass(frozen=True, kw_only=True)
class Took:
    """What a process took from its start to its end.

    Attributes:
        cpu_s: User and system time, its threads' included.
        peak_mb: Peak resident memory, MiB. Linux counts what the parent held when it
            started the process, so a benchmark's own process has to stay small.
        machine_cpu_s: CPU time of the whole machine meanwhile.
    """

    seconds: float
    cpu_s: float
    peak_mb: float
    machine_cpu_s: float


class Failed(Exception):
    """A command failed: what it took means nothing."""


class Started:
    """A process that runs.

    Args:
        command: What to run.
        stdin: Where it reads from.
        stdout: Where it writes to.
        log: What it says on stderr goes there.
    """

    def __init__(
        self,
        command: Sequence[str],
        *,
        stdin: IO[bytes] | int = subprocess.DEVNULL,
        stdout: IO[bytes] | int = subprocess.DEVNULL,
        log: Path,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self._log = log
        self._began = time.monotonic()
        self._machine_began_s = _machine_cpu_s()
        with log.open("wb") as stderr:
            self.process = subprocess.Popen(  # noqa: S603 - our own command
                command,
                stdin=stdin,
                stdout=stdout,
                stderr=stderr,
                cwd=ROOT,
                env={**clean_environment(), **(environment or {})},
            )

    def close_stdout(self) -> None:
        """Let go of the pipe that it writes to."""
        if self.process.stdout is not None:
            self.process.stdout.close()

    def wait(self) -> Took:
        """Wait for its end.

        Raises:
            Failed: It ended with an error.
        """
        _, status, used = os.wait4(self.process.pid, 0)
        seconds = time.monotonic() - self._began
        code = self.process.returncode = os.waitstatus_to_exitcode(status)
        if code:
            said = self._log.read_text(errors="replace")[-2000:]
            message = f"{self.process.args!r} ended with {code}:\n{said}"
            raise Failed(message)
        return Took(
            seconds=seconds,
            cpu_s=used.ru_utime + used.ru_stime,
            peak_mb=used.ru_maxrss / 1024,
            machine_cpu_s=_machine_cpu_s() - self._machine_began_s,
        )


def clean_environment() -> dict[str, str]:
    """Give the environment without what would change a run."""
    return {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("TAP_STRIPE_", "TARGET_POSTGRES_", "PYTHON"))
    }


def _machine_cpu_s() -> float:
    """Give the seconds that all cores have worked; 0 where Linux doesn't tell."""
    if not _STAT.exists():
        return 0.0
    user, nice, system, _idle, _wait, *interrupts = (
        int(ticks) for ticks in _STAT.read_text().split("\n", 1)[0].split()[1:8]
    )
    return (user + nice + system + sum(interrupts)) / os.sysconf("SC_CLK_TCK")
