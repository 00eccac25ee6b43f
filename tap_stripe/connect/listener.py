"""Receives on this machine what Stripe's page sends back through the browser.

Any page that is open in the browser can call it, too: what does not carry the state
of the page that was opened is refused, and the wait goes on.
"""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import Empty, Queue
from typing import TYPE_CHECKING, Self
from urllib.parse import urlsplit

from tap_stripe.connect.redirect import belongs_to
from tap_stripe.errors import ConnectError

if TYPE_CHECKING:
    from types import TracebackType

PATH = "/stripe"
_HOST = "127.0.0.1"
_PAGE = """<!doctype html><meta charset="utf-8"><title>tap-stripe</title>
<p>tap-stripe has Stripe's answer: the terminal says what became of it. This page can be
closed.</p>
"""


class Listener:
    """Listens from `__enter__` on.

    Args:
        port: Of this machine.
        state: What Stripe's page was opened with, and sends back.

    Raises:
        ConnectError: The port is not free.
    """

    def __init__(self, port: int, *, state: str) -> None:
        self._state = state
        self.redirect_uri = f"http://localhost:{port}{PATH}"
        self._answers: Queue[str] = Queue()
        try:
            # A thread each: browsers also open connections on which they say nothing.
            self._server = ThreadingHTTPServer((_HOST, port), self._handler())
        except (OSError, OverflowError) as error:
            message = (
                f"The port {port} can't be listened on ({error}): give another as "
                "--port, and register its address at Stripe."
            )
            raise ConnectError(message) from None
        self._server.daemon_threads = True

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._server.server_close()

    def answer(self, *, within_s: float) -> str:
        """Wait for the address to which Stripe's page leads.

        Raises:
            ConnectError: None came in that time.
        """
        try:
            return self._answers.get(timeout=within_s)
        except Empty:
            message = (
                f"Stripe's page has sent nothing back in {within_s:g} seconds; if it "
                f"shows an error, check --client-id, and that {self.redirect_uri} is "
                "registered at Stripe as an address to redirect to."
            )
            raise ConnectError(message) from None

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        answers, state = self._answers, self._state

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                try:
                    is_page = urlsplit(self.path).path == PATH
                    found = is_page and belongs_to(self.path, state=state)
                except ValueError:
                    is_page = found = False
                body = _PAGE.encode() if found else b""
                self.send_response(200 if found else 400 if is_page else 404)
                self.send_header("Content-Type", "text/html; charset=utf-8")
                self.send_header("Content-Length", str(len(body)))
                # The address has the code in it.
                self.send_header("Referrer-Policy", "no-referrer")
                self.send_header("Cache-Control", "no-store")
                self.end_headers()
                self.wfile.write(body)
                if found:
                    answers.put(self.path)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's
                """Say nothing: the address has the code in it."""

        return Handler
