"""Presses a button on Stripe's page in a browser's place: `BROWSER` starts it.

python visitor.py BUTTON ADDRESS
"""

from __future__ import annotations

import re
import sys

import requests


def pressed(address: str, button: str) -> str:
    """Give the address that the page leads to; empty if it shows an error."""
    page = requests.get(address, timeout=10)
    options = re.findall(r"<option>(\w+)</option>", page.text)
    if not options:
        return ""
    form = {"account": options[0], "answer": button}
    reply = requests.post(address, data=form, allow_redirects=False, timeout=10)
    return reply.headers["Location"]


if __name__ == "__main__":
    led_to = pressed(sys.argv[2], sys.argv[1])
    if led_to:
        requests.get(led_to, timeout=10)
