"""The page on which an account is connected: a choice, and two buttons."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

CONNECT = "connect"

_PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>{title}</title>
<h1>{title}</h1>
<form method="post">
<p><label>Account <select name="account">{accounts}</select></label></p>
<p><button name="answer" value="{connect}" id="connect">Connect</button>
<button name="answer" value="cancel" id="cancel">Cancel</button></p>
</form>
</html>
"""
_ERROR = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>Something went wrong</title>
<p id="error">{told}</p>
</html>
"""


def asking(title: str, accounts: Sequence[str]) -> bytes:
    """The page; its form is sent to its own address."""
    options = "".join(f"<option>{escape(account)}</option>" for account in accounts)
    return _PAGE.format(title=escape(title), accounts=options, connect=CONNECT).encode()


def failed(told: str) -> bytes:
    """What is shown where there is no address to send an error to."""
    return _ERROR.format(told=escape(told)).encode()
