"""The one kind of HTTP session: a key in it goes where it is sent, and nowhere else."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import requests

if TYPE_CHECKING:
    from requests import Response

# It warns with a traceback where the headers of an answer are cut. Such an answer is
# asked for again like any that is cut.
logging.getLogger("urllib3.connection").setLevel(logging.ERROR)


class Session(requests.Session):
    """Neither follows redirects, nor hands plain http to a proxy.

    Args:
        url: Where its requests go.
    """

    def __init__(self, url: str) -> None:
        super().__init__()
        # It goes to this machine only (`checked_api_url`): a proxy would read the key.
        self.trust_env = urlsplit(url).scheme != "http"

    def get_redirect_target(self, resp: Response) -> None:
        """Tell that there is none.

        Without following it, requests would still read where a redirect leads to, and
        fail where that is no address.
        """
        del resp
