"""A real Chromium, which the commands start, driven over its DevTools protocol.

https://chromedevtools.github.io/devtools-protocol/
"""

from __future__ import annotations

import json
import shlex
import shutil
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import requests
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

if TYPE_CHECKING:
    from pathlib import Path

CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))),
    None,
)
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--remote-debugging-port=0",
)
PATIENCE_S = 60


class Browser:
    """Chromium with a profile of its own.

    Attributes:
        command: What `BROWSER` has to say.
    """

    def __init__(self, profile: Path) -> None:
        self._told = profile / "DevToolsActivePort"
        command = [CHROMIUM or "", *FLAGS, f"--user-data-dir={profile}"]
        self.command = f"{shlex.join(command)} %s"
        self._asked = 0

    def click(self, selector: str) -> str:
        """Press what a selector finds, as a mouse does; give the text that follows."""
        (page,) = (one for one in self._pages() if one["type"] == "page")
        with connect(page["webSocketDebuggerUrl"], max_size=None) as socket:
            find = f"""(() => {{
                const found = document.querySelector({json.dumps(selector)});
                if (!found || document.readyState !== "complete") return null;
                const box = found.getBoundingClientRect();
                return [box.x + box.width / 2, box.y + box.height / 2];
            }})()"""
            x, y = self._until(lambda: self._value(socket, find))
            for kind in ("mousePressed", "mouseReleased"):
                self._ask(
                    socket,
                    "Input.dispatchMouseEvent",
                    type=kind,
                    x=x,
                    y=y,
                    button="left",
                    clickCount=1,
                )
            after = f"""document.readyState === "complete"
                && !document.querySelector({json.dumps(selector)})
                && document.body.innerText"""
            return str(self._until(lambda: self._value(socket, after)))

    def close(self) -> None:
        """End it, if it has been started."""
        if self._told.exists():
            port, path = self._told.read_text("utf-8").splitlines()[:2]
            # It may not find the time to answer.
            with (
                suppress(ConnectionClosed),
                connect(f"ws://127.0.0.1:{port}{path}") as it,
            ):
                self._ask(it, "Browser.close")

    def _pages(self) -> list[dict[str, Any]]:
        """Give what is open, once Chromium has said where it listens."""
        self._until(lambda: self._told.exists() and self._told.read_text("utf-8"))
        port = self._told.read_text("utf-8").splitlines()[0]
        url = f"http://127.0.0.1:{port}/json/list"
        pages: list[dict[str, Any]] = self._until(
            lambda: requests.get(url, timeout=5).json()
        )
        return pages

    def _value(self, socket: Any, expression: str) -> Any:
        """Give what JavaScript gives; None while a page makes way for the next."""
        answer = self._ask(
            socket, "Runtime.evaluate", expression=expression, returnByValue=True
        )
        return answer.get("result", {}).get("result", {}).get("value")

    def _ask(self, socket: Any, method: str, **params: Any) -> dict[str, Any]:
        self._asked += 1
        asked = {"id": self._asked, "method": method, "params": params}
        socket.send(json.dumps(asked))
        while True:
            answer: dict[str, Any] = json.loads(socket.recv(timeout=PATIENCE_S))
            if answer.get("id") == self._asked:
                return answer

    @staticmethod
    def _until(found: Any) -> Any:
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline:
            if value := found():
                return value
            time.sleep(0.05)
        message = "the browser does not get on"
        raise AssertionError(message)
