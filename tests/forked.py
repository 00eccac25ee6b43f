"""Commands as processes that need no second to start.

Four fifths of a short run are spent on starting Python and importing singer-sdk. A
server does that once and forks for each run: a process of its own with its own pipes,
environment, signals and exit code, that only did not import what it runs.

    python -P tests/forked.py SOCKET MODULE:CLASS.METHOD

What has to start from nothing (a signal in mid start, the command line that others see)
is started with `subprocess`.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import select
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, NoReturn, Self

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from types import TracebackType

STANDARD_FDS = 3
_NUMBER = struct.Struct("<i")
_LENGTH = struct.Struct("<I")


class Process:
    """A run, with what `subprocess.Popen` offers.

    Attributes:
        pid: Its id.
        returncode: Its exit code, minus the signal that ended it, or None.
        stdin: Where to write to, if it was asked for with PIPE.
        stdout: Where to read from, if it was asked for with PIPE.
        stderr: Where to read from, if it was asked for with PIPE.
    """

    def __init__(
        self,
        pid: int,
        ended: socket.socket,
        pipes: Sequence[int | None],
        *,
        text: bool,
    ) -> None:
        self.pid = pid
        self.returncode: int | Any = None  # As Popen has it.
        self._ended = ended
        files = [
            None if fd is None else _opened(fd, mode="r" if number else "w", text=text)
            for number, fd in enumerate(pipes)
        ]
        self.stdin: IO[Any] | None = files[0]
        self.stdout: IO[Any] | None = files[1]
        self.stderr: IO[Any] | None = files[2]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for file in (self.stdin, self.stdout, self.stderr):
            if file is not None:
                file.close()
        self.wait()

    def poll(self) -> int | None:
        """Give the exit code, or None while it runs."""
        return self._exit_code(within_s=0)

    def wait(self, timeout: float | None = None) -> int:
        """Give the exit code when it has ended.

        Raises:
            TimeoutExpired: It goes on for longer.
        """
        code = self._exit_code(within_s=timeout)
        if code is None:
            raise subprocess.TimeoutExpired(str(self.pid), timeout or 0)
        return code

    def communicate(self, given: Any = None, timeout: float | None = None) -> Any:
        """Write to stdin, read to the end, wait; give stdout and stderr.

        Raises:
            TimeoutExpired: It goes on for longer.
        """
        give_up = None if timeout is None else time.monotonic() + timeout
        read: list[Any] = [None, None]

        def read_all(number: int, file: IO[Any]) -> None:
            read[number] = file.read()
            file.close()

        readers = [
            threading.Thread(target=read_all, args=(number, file), daemon=True)
            for number, file in enumerate((self.stdout, self.stderr))
            if file is not None and not file.closed
        ]
        for reader in readers:
            reader.start()
        if self.stdin is not None:
            try:
                if given:
                    self.stdin.write(given)
                self.stdin.close()
            except BrokenPipeError:
                pass  # It has ended without reading, which is for the caller to judge.
        for reader in readers:
            reader.join(_left_s(give_up))
            if reader.is_alive():
                raise subprocess.TimeoutExpired(str(self.pid), timeout or 0)
        self.wait(_left_s(give_up))
        return read[0], read[1]

    def send_signal(self, number: int) -> None:
        """Send a signal, if it still runs."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def _exit_code(self, *, within_s: float | None) -> int | None:
        if self.returncode is None:
            readable, _, _ = select.select([self._ended], [], [], within_s)
            if readable:
                (self.returncode,) = _NUMBER.unpack(
                    _received(self._ended, _NUMBER.size)
                )
                self._ended.close()
        return self.returncode


def _opened(fd: int, *, mode: str, text: bool) -> IO[Any]:
    if text:
        return open(fd, mode, encoding="utf-8", newline="\n")
    return open(fd, f"{mode}b")


def _left_s(give_up: float | None) -> float | None:
    return None if give_up is None else max(0.0, give_up - time.monotonic())


class Server:
    """Starts runs of a command.

    Args:
        command: What is run, as `module:Class.method`.
    """

    def __init__(self, command: str) -> None:
        self._lock = threading.Lock()
        self._control, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen(
                # Not with this folder on the path: it has packages like `collections`.
                [sys.executable, "-P", __file__, str(theirs.fileno()), command],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
            )

    def start(
        self,
        arguments: Sequence[str],
        *,
        env: Mapping[str, str],
        cwd: str | Path | None = None,
        stdin: Any = subprocess.DEVNULL,
        stdout: Any = subprocess.PIPE,
        stderr: Any = subprocess.PIPE,
        text: bool = False,
    ) -> Process:
        """Start a run; takes what `subprocess.Popen` takes."""
        request = {
            "arguments": list(arguments),
            "env": dict(env),
            "cwd": str(cwd or Path.cwd()),
        }
        ended, theirs = socket.socketpair()
        given, ours = [theirs.fileno()], []
        to_close = [theirs.detach()]
        for number, wanted in enumerate((stdin, stdout, stderr)):
            end = None
            if wanted == subprocess.PIPE:
                read, write = os.pipe()
                end, fd = (read, write) if number else (write, read)
                to_close.append(fd)
            elif wanted == subprocess.DEVNULL:
                fd = os.open(os.devnull, os.O_RDWR)
                to_close.append(fd)
            else:
                fd = wanted.fileno()
            given.append(fd)
            ours.append(end)
        with self._lock:
            _send(self._control, json.dumps(request).encode(), given)
        for fd in to_close:
            os.close(fd)
        (pid,) = _NUMBER.unpack(_received(ended, _NUMBER.size))
        return Process(pid, ended, ours, text=text)


_starting = threading.Lock()
_servers: dict[str, Server] = {}


def server(command: str) -> Server:
    """Give the server of a command: one for all tests of a process.

    It ends with the process that has its socket.
    """
    with _starting:  # Some tests start two runs at once.
        if command not in _servers:
            _servers[command] = Server(command)
        return _servers[command]


def _send(connection: socket.socket, content: bytes, fds: list[int]) -> None:
    socket.send_fds(connection, [_LENGTH.pack(len(content))], fds)
    connection.sendall(content)


def _received(connection: socket.socket, size: int) -> bytes:
    found = b""
    while len(found) < size:
        piece = connection.recv(size - len(found))
        if not piece:
            message = "the server of forks has ended; what it says stands above"
            raise ConnectionError(message)
        found += piece
    return found


# The server


def fork_for_each_request(control: socket.socket) -> None:
    """Return once for each request, each time in a fork of its own."""
    gc.collect()
    gc.freeze()  # Else the first collection in a fork copies every page.
    # Nobody waits for those that wait for the runs.
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    while True:
        size, fds, _, _ = socket.recv_fds(control, _LENGTH.size, 1 + STANDARD_FDS)
        if not size:
            sys.exit()
        request = json.loads(_received(control, *_LENGTH.unpack(size)))
        if os.fork() == 0:
            break
        for fd in fds:
            os.close(fd)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    control.close()
    ended = socket.socket(fileno=fds[0])
    if pid := os.fork():
        _tell_its_end(pid, ended, fds[1:])
    ended.close()
    for number, fd in enumerate(fds[1:]):
        os.dup2(fd, number)
        os.close(fd)
    os.chdir(request["cwd"])
    os.environ.clear()
    os.environ.update(request["env"])
    sys.argv[1:] = request["arguments"]


def _tell_its_end(pid: int, ended: socket.socket, fds: list[int]) -> NoReturn:
    """Wait for a run, as its parent."""
    try:
        for fd in fds:
            os.close(fd)
        ended.sendall(_NUMBER.pack(pid))
        _, status = os.waitpid(pid, 0)
        ended.sendall(_NUMBER.pack(os.waitstatus_to_exitcode(status)))
    finally:
        os._exit(0)


def main() -> Any:
    """Import a command, and run it in each fork."""
    control = socket.socket(fileno=int(sys.argv[1]))
    module, _, path = sys.argv[2].partition(":")
    owner, _, method = path.partition(".")
    found = getattr(importlib.import_module(module), owner)
    sys.argv = [module.partition(".")[0]]
    assert threading.active_count() == 1, "a fork has no threads but its own"
    fork_for_each_request(control)
    # Only now: singer-sdk's commands set logging up when they are looked up.
    return getattr(found, method)()


if __name__ == "__main__":
    sys.exit(main())
