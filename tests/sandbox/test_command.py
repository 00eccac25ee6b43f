from __future__ import annotations

import http.client
import signal
import subprocess
import sys

import pytest

from tap_stripe.sandbox.__main__ import main


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


def test_a_wrong_size_is_one_sentence(capsys):
    with pytest.raises(SystemExit):
        main(["--size", "chargs=3"])

    assert "'chargs=3' is not COLLECTION=NUMBER" in capsys.readouterr().err
