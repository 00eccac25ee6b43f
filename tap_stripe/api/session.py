"""The one kind of HTTP session: a key in it goes where it is sent, and nowhere else."""

from __future__ import annotations

import contextlib
import logging
import math
import socket
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

if TYPE_CHECKING:
    from requests import Response
    from urllib3 import PoolManager

# It warns with a traceback where the headers of an answer are cut. Such an answer is
# asked for again like any that is cut.
logging.getLogger("urllib3.connection").setLevel(logging.ERROR)


class Session(requests.Session):
    """Neither follows redirects, nor hands plain http to a proxy.

    Used by one thread. Another one may cut it off.

    Args:
        url: Where its requests go.

    Attributes:
        until: When the request under way has to be answered as a whole, in monotonic
            seconds.
        is_cut: Whether it was cut off.
    """

    def __init__(self, url: str) -> None:
        super().__init__()
        # It goes to this machine only (`checked_api_url`): a proxy would read the key.
        self.trust_env = urlsplit(url).scheme != "http"
        self.until = math.inf
        self.is_cut = False
        self._socket: socket.socket | None = None
        adapter = _Adapter(self)
        for scheme in ("https://", "http://"):
            self.mount(scheme, adapter)

    def begin(self, until: float) -> None:
        """Note that a request is sent, and until when it has to be answered."""
        self.is_cut = False
        self.until = until

    def end(self) -> None:
        """Note that there is an answer.

        Raises:
            ConnectionError: It was cut off, which a body without a length can't show.
        """
        self.until = math.inf
        if self.is_cut:
            raise ConnectionError

    def connected(self, to: socket.socket) -> None:
        """Note the connection: there is one at a time."""
        self._socket = to

    def cut(self) -> None:
        """Have the request under way fail now. From any thread."""
        self.is_cut = True
        if self._socket is not None:
            with contextlib.suppress(OSError):
                # Not as TLS does it: that forgets the secrets in mid-read.
                socket.socket.shutdown(self._socket, socket.SHUT_RDWR)

    def get_redirect_target(self, resp: Response) -> None:
        """Tell that there is none.

        Without following it, requests would still read where a redirect leads to, and
        fail where that is no address.
        """
        del resp


class _Adapter(HTTPAdapter):
    """Tells a session of its connections: requests itself has no way to cut one."""

    def __init__(self, session: Session) -> None:
        class Plain(HTTPConnection):
            def connect(self) -> None:
                super().connect()
                session.connected(self.sock)

        class Secure(HTTPSConnection):
            def _new_conn(self) -> socket.socket:
                # A proxy may be slow to let it through to Stripe.
                made = super()._new_conn()
                session.connected(made)
                return made

            def connect(self) -> None:
                super().connect()
                session.connected(self.sock)

        class PlainPool(HTTPConnectionPool):
            ConnectionCls = Plain

        class SecurePool(HTTPSConnectionPool):
            ConnectionCls = Secure

        self._pools = {"http": PlainPool, "https": SecurePool}
        super().__init__(pool_maxsize=1)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = self._pools

    def proxy_manager_for(self, proxy: str, **kwargs: Any) -> PoolManager:
        manager: PoolManager = super().proxy_manager_for(proxy, **kwargs)
        if urlsplit(proxy).scheme in self._pools:  # A SOCKS proxy has its own.
            manager.pool_classes_by_scheme = self._pools
        return manager
