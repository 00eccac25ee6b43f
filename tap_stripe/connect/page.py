"""Sends the user to Stripe's page, and takes what comes back."""

from __future__ import annotations

import secrets
import sys
import threading
import webbrowser
from typing import TYPE_CHECKING

import click

from tap_stripe.connect.listener import PATH, Listener
from tap_stripe.connect.redirect import code_in

if TYPE_CHECKING:
    from collections.abc import Callable

    PageAt = Callable[[str, str], str]
    """Gives the page's address for an address to redirect to and a state."""


def code_from(
    page: PageAt, *, port: int, paste: bool, redirect_uri: str | None, wait_s: float
) -> str:
    """Give the code that Stripe's page grants.

    Args:
        page: Gives its address.
        port: Of this machine, where its answer is waited for.
        paste: Whether the answer is pasted instead.
        redirect_uri: An address elsewhere; the answer is pasted then, too.
        wait_s: Seconds to wait for an answer; what is pasted has all the time.

    Raises:
        ConnectError: There is none; the message says why.
    """
    state = secrets.token_urlsafe(32)
    if paste or redirect_uri is not None:
        address = page(redirect_uri or f"http://localhost:{port}{PATH}", state)
        click.echo(
            f"Open this page in any browser:\n{address}\nIt leads to an address that "
            "may show nothing. Paste that address here, as a whole:"
        )
        return code_in(_pasted(), state=state)
    with Listener(port, state=state) as listener:
        address = page(listener.redirect_uri, state)
        click.echo(f"Opening this page in the browser:\n{address}")
        # A thread: some browsers come back only when they are closed.
        threading.Thread(target=webbrowser.open, args=(address,), daemon=True).start()
        return code_in(listener.answer(within_s=wait_s), state=state)


def _pasted() -> str:
    if sys.stdin.isatty():
        return str(click.prompt("(not shown)", hide_input=True))
    return sys.stdin.readline()
