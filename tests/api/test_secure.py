"""Over TLS, straight and through a proxy: what is late is cut off there too."""

from __future__ import annotations

import contextlib
import shutil
import socket
import ssl
import subprocess
import threading
import time

import msgspec
import pytest

from tap_stripe.errors import Down, Stopped, StripeError
from tests.api.conftest import Server, answer

decode = msgspec.json.Decoder(dict).decode
pytestmark = pytest.mark.skipif(
    shutil.which("openssl") is None, reason="makes its certificate with openssl"
)


class Secure(Server):
    """Answers over TLS."""

    def __init__(self, answering, certificate):
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(certificate)
        super().__init__(answering)
        self.url = self.url.replace("http://127.0.0.1", "https://localhost")

    def _serve(self, connection):
        with connection, contextlib.suppress(OSError):
            super()._serve(self._context.wrap_socket(connection, server_side=True))


class Proxy(Server):
    """Lets through what asks for it by CONNECT."""

    def __init__(self):
        super().__init__(None)

    def _serve(self, connection):
        host, port = connection.recv(65536).split()[1].decode().split(":")
        self.asked.append(host)
        with connection, socket.create_connection((host, int(port))) as onward:
            connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
            back = threading.Thread(target=pump, args=(onward, connection))
            back.start()
            pump(connection, onward)
            back.join()


def pump(source, sink):
    with contextlib.suppress(OSError):
        while some := source.recv(65536):
            sink.sendall(some)
    for one in (source, sink):
        with contextlib.suppress(OSError):
            one.shutdown(socket.SHUT_RDWR)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """Give a file with a certificate for this machine, and its key."""
    path = tmp_path_factory.mktemp("tls") / "localhost.pem"
    made = (
        "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost "
        f"-addext subjectAltName=DNS:localhost -out {path.with_suffix('.crt')}"
    )
    subprocess.run([*made.split(), "-keyout", path], check=True, capture_output=True)
    path.write_bytes(path.read_bytes() + path.with_suffix(".crt").read_bytes())
    return path


@pytest.fixture(params=["straight", "through a proxy"])
def way(request, certificate, monkeypatch):
    """Have requests go one way or the other, and trust the certificate."""
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate.with_suffix(".crt")))
    monkeypatch.setenv("NO_PROXY", "")
    monkeypatch.delenv("HTTPS_PROXY", raising=False)
    if request.param == "straight":
        yield
        return
    proxy = Proxy()
    monkeypatch.setenv("HTTPS_PROXY", proxy.url)
    yield
    proxy.close()
    assert proxy.asked


def drip():
    yield b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n"
    while True:
        time.sleep(0.2)
        yield b" "


@pytest.mark.usefixtures("way")
def test_an_answer_that_drips_is_cut_off(certificate, asking):
    server = Secure(lambda _, number: drip() if number == 1 else answer(), certificate)
    client = asking(server.url, timeout_s=0.5, retry_s=0)

    with pytest.raises(Down, match="not whole after 1 seconds"):
        client.get("/v1/charges", decode=decode)
    assert client.get("/v1/charges", decode=decode).value == {}

    server.close()


@pytest.mark.usefixtures("way")
def test_closing_ends_an_answer_under_way(certificate, asking):
    server = Secure(lambda *_: drip(), certificate)
    client = asking(server.url, timeout_s=30)
    threading.Timer(0.5, client.close).start()

    began = time.monotonic()
    with pytest.raises(Stopped):
        client.get("/v1/charges", decode=decode)

    assert time.monotonic() - began < 3
    server.close()


def test_a_certificate_that_is_not_trusted_says_what_to_set(certificate, asking):
    server = Secure(lambda *_: answer(), certificate)

    with pytest.raises(StripeError, match=r"not trusted.*REQUESTS_CA_BUNDLE"):
        asking(server.url, retry_s=300).get("/v1/charges", decode=decode)

    assert not server.asked
    server.close()
