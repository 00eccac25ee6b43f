"""A real Chromium, driven over its DevTools protocol.

https://chromedevtools.github.io/devtools-protocol/
"""

from __future__ import annotations

import json
import shlex
import shutil
import subprocess
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

import requests
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

if TYPE_CHECKING:
    from collections.abc import Iterator
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
        self._command = command
        self._asked = 0

    @contextmanager
    def opened(self, url: str) -> Iterator[Page]:
        """Start it with a page."""
        started = subprocess.Popen(
            [*self._command, url],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            (page,) = (one for one in self._pages() if one["type"] == "page")
            with connect(page["webSocketDebuggerUrl"], max_size=None) as socket:
                shown = Page(self, socket)
                shown.wait_for(url)
                yield shown
        finally:
            started.kill()
            started.wait()

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
            x, y = self.until(lambda: self.value(socket, find))
            self.press(socket, x, y)
            after = f"""document.readyState === "complete"
                && !document.querySelector({json.dumps(selector)})
                && document.body.innerText"""
            return str(self.until(lambda: self.value(socket, after)))

    def close(self) -> None:
        """End it, if it has been started."""
        if self._told.exists():
            port, path = self._told.read_text("utf-8").splitlines()[:2]
            # It may not find the time to answer.
            with (
                suppress(ConnectionClosed),
                connect(f"ws://127.0.0.1:{port}{path}") as it,
            ):
                self.ask(it, "Browser.close")

    def _pages(self) -> list[dict[str, Any]]:
        """Give what is open, once Chromium has said where it listens."""
        self.until(lambda: self._told.exists() and self._told.read_text("utf-8"))
        port = self._told.read_text("utf-8").splitlines()[0]
        url = f"http://127.0.0.1:{port}/json/list"
        pages: list[dict[str, Any]] = self.until(
            lambda: requests.get(url, timeout=5).json()
        )
        return pages

    def press(self, socket: Any, x: float, y: float) -> None:
        """Press a place, as a mouse does."""
        for kind in ("mousePressed", "mouseReleased"):
            self.mouse(socket, kind, x, y, button="left", clickCount=1)

    def mouse(self, socket: Any, kind: str, x: float, y: float, **more: Any) -> None:
        """Do what a mouse does."""
        self.ask(socket, "Input.dispatchMouseEvent", type=kind, x=x, y=y, **more)

    def value(self, socket: Any, expression: str) -> Any:
        """Give what JavaScript gives; None while a page makes way for the next."""
        answer = self.ask(
            socket, "Runtime.evaluate", expression=expression, returnByValue=True
        )
        return answer.get("result", {}).get("result", {}).get("value")

    def ask(self, socket: Any, method: str, **params: Any) -> dict[str, Any]:
        """Ask for something of the protocol; give its answer."""
        self._asked += 1
        asked = {"id": self._asked, "method": method, "params": params}
        socket.send(json.dumps(asked))
        while True:
            answer: dict[str, Any] = json.loads(socket.recv(timeout=PATIENCE_S))
            if answer.get("id") == self._asked:
                return answer

    @staticmethod
    def until(found: Any) -> Any:
        """Wait until something is true, and give it."""
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline:
            if value := found():
                return value
            time.sleep(0.05)
        message = "the browser does not get on"
        raise AssertionError(message)


class Page:
    """A page that a browser shows."""

    def __init__(self, browser: Browser, socket: Any) -> None:
        self._browser = browser
        self._socket = socket

    def go(self, url: str) -> None:
        """Show another page, or the same anew."""
        self._browser.ask(self._socket, "Page.navigate", url="about:blank")
        self._browser.ask(self._socket, "Page.navigate", url=url)
        self.wait_for(url)

    def wait_for(self, url: str) -> None:
        """Wait until a page is there."""
        # What is shown before is complete too.
        there = f"location.href.startsWith({json.dumps(url)})"
        self.until(f"{there} && document.readyState === 'complete'")

    def resize(self, width: int, height: int) -> None:
        """Make the screen as large as this."""
        size = {"width": width, "height": height, "deviceScaleFactor": 1}
        self._browser.ask(
            self._socket, "Emulation.setDeviceMetricsOverride", mobile=False, **size
        )

    def value(self, expression: str) -> Any:
        """Give what JavaScript gives."""
        return self._browser.value(self._socket, expression)

    def until(self, expression: str) -> Any:
        """Wait until JavaScript gives what is true, and give it."""
        return self._browser.until(lambda: self.value(expression))

    def point_at(self, selector: str) -> None:
        """Move the mouse onto what a selector finds."""
        self._browser.mouse(self._socket, "mouseMoved", *self._middle(selector))

    def click(self, selector: str) -> None:
        """Press what a selector finds."""
        self._browser.press(self._socket, *self._middle(selector))

    def type(self, text: str) -> None:
        """Type into what has the focus."""
        self._browser.ask(self._socket, "Input.insertText", text=text)

    def key(self, key: str) -> None:
        """Press a key that is no text."""
        for kind in ("keyDown", "keyUp"):
            self._browser.ask(
                self._socket, "Input.dispatchKeyEvent", type=kind, key=key, text="\r"
            )

    def _middle(self, selector: str) -> tuple[float, float]:
        x, y = self.until(
            f"""(() => {{
                const found = document.querySelector({json.dumps(selector)});
                if (!found) return null;
                found.scrollIntoView({{ block: "center", inline: "center" }});
                const box = found.getBoundingClientRect();
                return [box.x + box.width / 2, box.y + box.height / 2];
            }})()"""
        )
        return x, y
