from __future__ import annotations

import http.client
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tap_stripe.sandbox.__main__ import main
from tests.conftest import environment
from tests.docs.conftest import fenced


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_says_where_it_listens_and_stops_when_told(number):
    command = [sys.executable, "-m", "tap_stripe.sandbox", "--size", "charges=25"]
    with subprocess.Popen(
        [*command, "--key", "sk_test_mine"], stdout=subprocess.PIPE, text=True
    ) as server:
        assert server.stdout is not None
        line = server.stdout.readline()
        port = int(line.rsplit(":", 1)[1])
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        connection.request(
            "GET",
            "/v1/charges?limit=100",
            headers={"Authorization": "Bearer sk_test_mine"},
        )
        body = connection.getresponse().read()
        connection.close()
        server.send_signal(number)
        code = server.wait(5)

    assert line.startswith("sandbox listening on http://127.0.0.1:")
    assert body.count(b'"object":"charge"') == 25
    assert code == 0


def test_the_commands_of_the_docs_serve_and_read_it(tmp_path):
    (serve,) = (c for c in commands() if c.startswith("tap-stripe-sandbox"))
    (read,) = (c for c in commands() if c.startswith("TAP_STRIPE_API_KEY"))
    env = environment(PATH=f"{Path(sys.executable).parent}:{os.environ['PATH']}")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = str(taken.getsockname()[1])
    serve, read = serve.replace("12111", port), read.replace("12111", port)
    shell = {"cwd": tmp_path, "env": env, "shell": True}

    # In place of the shell, so that it gets the signal.
    with subprocess.Popen(
        f"exec {serve} --scale=0.05", stdout=subprocess.PIPE, **shell
    ) as server:
        assert server.stdout is not None
        server.stdout.readline()
        done = subprocess.run(read, check=False, capture_output=True, **shell)
        server.terminate()

    assert done.returncode == 0, done.stderr
    rows = (tmp_path / "rows.jsonl").read_text(encoding="utf-8")
    assert rows.count('"stream":"charges"') > 10


def commands():
    return [
        command
        for block in fenced("sh")
        if block.page == "docs/sandbox.md"
        for command in block.commands
    ]


def test_a_wrong_size_is_one_sentence(capsys):
    with pytest.raises(SystemExit):
        main(["--size", "chargs=3"])

    assert "'chargs=3' is not COLLECTION=NUMBER" in capsys.readouterr().err
