"""OAuth, in the two forms that Stripe has.

Connect: https://docs.stripe.com/connect/oauth-reference
Stripe Apps: https://docs.stripe.com/stripe-apps/api-authentication/oauth
"""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlencode

import msgspec

from tap_stripe.sandbox import oauth_page
from tap_stripe.sandbox.errors import BadRequest, NotFound, Unauthorized, no_such

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tap_stripe.sandbox.world import World

_HTML = {"Content-Type": "text/html; charset=utf-8"}
_APPS = "stripe_apps"
_FOREVER = float("inf")
_INSTALLS = "/v1/apps/installs"
_UNINSTALL = "/uninstall"


class Reply(NamedTuple):
    """An answer."""

    status: int
    body: bytes
    headers: Mapping[str, str]


class _Granted(NamedTuple):
    """What a code or a refresh token stands for; `until` is a unix second."""

    account: str
    scope: str
    until: float


class _Refused(Exception):
    """OAuth's own form of an error."""

    def __init__(self, status: int, error: str, told: str) -> None:
        super().__init__(told)
        body = {"error": error, "error_description": told}
        self.reply = Reply(status, msgspec.json.encode(body), {})


class OAuth:
    """Codes and tokens, and who has given them."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._codes: dict[str, _Granted] = {}
        self._refresh: dict[str, _Granted] = {}
        self._installed: set[str] = set()
        self._saved: dict[str, Reply] = {}
        self._answers: Mapping[tuple[str, str], Callable[..., Reply]] = {
            ("GET", "/oauth/authorize"): self._page,
            ("POST", "/oauth/authorize"): self._decided,
            ("GET", "/oauth/v2/authorize"): self._page,
            ("POST", "/oauth/v2/authorize"): self._decided,
            ("POST", "/oauth/token"): self._connected,
            ("POST", "/oauth/deauthorize"): self._deauthorized,
            ("POST", "/v1/oauth/token"): self._exchanged_once,
        }

    def serves(self, method: str, path: str) -> bool:
        """Whether it is a request for this part of Stripe."""
        return (method, path) in self._answers or path.startswith(_INSTALLS)

    def reply(
        self,
        method: str,
        path: str,
        fields: Mapping[str, str],
        headers: Mapping[str, str],
    ) -> Reply:
        """The answer to a request that it serves.

        Raises:
            StripeError: Stripe's API refuses.
        """
        answer = self._answers.get((method, path), self._installs)
        with self._world.lock:
            try:
                return answer(method, path, fields, headers)
            except _Refused as refused:
                return refused.reply

    # Pages.

    def _page(self, _: str, path: str, fields: Mapping[str, str], *__: Any) -> Reply:
        if told := self._wrong(fields):
            return Reply(400, oauth_page.failed(told), _HTML)
        is_app = "/v2/" in path
        own = [self._world.account] if is_app else []
        accounts = self._world.platform.accounts
        others = [accounts.record(rank)["id"] for rank in accounts.ranks()]
        title = "Install the app" if is_app else "Connect to the platform"
        return Reply(200, oauth_page.asking(title, [*own, *others]), _HTML)

    def _wrong(self, fields: Mapping[str, str]) -> str:
        """What is wrong with the address of a page; empty if nothing is."""
        if fields.get("client_id") not in self._world.options.client_ids:
            return "No application matches the supplied client identifier"
        return "" if "redirect_uri" in fields else "Invalid redirect URI"

    def _decided(self, _: str, path: str, fields: Mapping[str, str], *__: Any) -> Reply:
        if told := self._wrong(fields):
            return Reply(400, oauth_page.failed(told), _HTML)
        if fields.get("answer") != oauth_page.CONNECT:
            query = {
                "error": "access_denied",
                "error_description": "The user denied your request",
            }
        else:
            is_app = "/v2/" in path
            scope = _APPS if is_app else fields.get("scope", "read_only")
            code = f"ac_{secrets.token_hex(16)}"
            until = self._now + self._world.options.code_seconds
            self._codes[code] = _Granted(fields["account"], scope, until)
            query = {"code": code, "scope": scope}
        if "state" in fields:
            query["state"] = fields["state"]
        back = fields["redirect_uri"]
        address = f"{back}{'&' if '?' in back else '?'}{urlencode(query)}"
        return Reply(303, b"", {"Location": address, **_HTML})

    # Connect.

    def _connected(
        self,
        _: str,
        __: str,
        fields: Mapping[str, str],
        headers: Mapping[str, str],
    ) -> Reply:
        key = self._platform_key(headers)
        granted = self._spent(self._codes, fields, "code", "Authorization code")
        return self._tokens(granted, key, until=_FOREVER)

    def _deauthorized(
        self,
        _: str,
        __: str,
        fields: Mapping[str, str],
        headers: Mapping[str, str],
    ) -> Reply:
        self._platform_key(headers)
        account = fields.get("stripe_user_id", "")
        is_known = fields.get("client_id") in self._world.options.client_ids
        if not is_known or self._world.platform.accounts.living(account) is None:
            told = (
                f"This application is not connected to stripe account {account}, or"
                " that account does not exist."
            )
            raise _Refused(401, "invalid_client", told)
        self._world.revoke_account(account)
        self._world.keys.withdraw(account)
        body = msgspec.json.encode({"stripe_user_id": account})
        return Reply(200, body, {})

    def _platform_key(self, headers: Mapping[str, str]) -> str:
        try:
            return self._key(headers)
        except Unauthorized as error:
            told = f"No such API key: {str(error).rpartition(' ')[2]}"
            raise _Refused(401, "invalid_client", told) from None

    # Stripe Apps.

    def _exchanged_once(
        self,
        _: str,
        __: str,
        fields: Mapping[str, str],
        headers: Mapping[str, str],
    ) -> Reply:
        """https://docs.stripe.com/api/idempotent_requests."""
        key = self._key(headers)
        once = headers.get("idempotency-key", "")
        if not once or not self._world.options.exchange_once:
            return self._exchanged(fields, key)
        if once not in self._saved:
            try:
                self._saved[once] = self._exchanged(fields, key)
            except _Refused as refused:
                self._saved[once] = refused.reply
        return self._saved[once]

    def _exchanged(self, fields: Mapping[str, str], key: str) -> Reply:
        if fields.get("grant_type") == "refresh_token":
            granted = self._spent(
                self._refresh, fields, "refresh_token", "Refresh token"
            )
        else:
            granted = self._spent(self._codes, fields, "code", "Authorization code")
            self._installed.add(granted.account)
        until = self._now + self._world.options.access_seconds
        return self._tokens(granted, key, until=until)

    def _installs(
        self,
        method: str,
        path: str,
        fields: Mapping[str, str],
        headers: Mapping[str, str],
    ) -> Reply:
        """https://docs.stripe.com/api/apps/installs."""
        self._key(headers)
        account = headers.get("stripe-account", self._world.account)
        install = {"id": f"appinst_{account}", "object": "apps.install"}
        install["account"] = account
        is_installed = account in self._installed
        if method == "GET":
            if fields.get("app") != self._world.options.app_id:
                raise BadRequest(**no_such("app", fields.get("app", ""), param="app"))
            body: dict[str, Any] = {
                "object": "list",
                "data": [install] if is_installed else [],
                "has_more": False,
                "url": path,
            }
            return Reply(200, msgspec.json.encode(body), {})
        if not is_installed or path != f"{_INSTALLS}/{install['id']}{_UNINSTALL}":
            raise NotFound(**no_such("install", path))
        self.uninstall(account)
        install["status"] = "uninstalling"
        return Reply(200, msgspec.json.encode(install), {})

    def uninstall(self, account: str) -> None:
        """Let an account's access end."""
        self._installed.discard(account)
        self._refresh = {
            token: granted
            for token, granted in self._refresh.items()
            if granted.account != account
        }
        self._world.keys.withdraw(self._other(account))

    # Both.

    @property
    def _now(self) -> float:
        return self._world.clock()

    def _key(self, headers: Mapping[str, str]) -> str:
        return self._world.keys.admitted(
            headers.get("authorization", ""), now=self._now
        )

    def _other(self, account: str) -> str | None:
        return None if account == self._world.account else account

    def _spent(
        self,
        given: dict[str, _Granted],
        fields: Mapping[str, str],
        name: str,
        words: str,
    ) -> _Granted:
        """What a code or refresh token stood for; it is good once."""
        value = fields.get(name, "")
        granted = given.pop(value, None)
        if granted is None or self._now >= granted.until:
            told = f"{words} does not exist: {value}"
            raise _Refused(400, "invalid_grant", told)
        return granted

    def _tokens(self, granted: _Granted, key: str, *, until: float) -> Reply:
        livemode = "_live_" in key
        mode = "live" if livemode else "test"
        access = f"sk_{mode}_{secrets.token_hex(24)}"
        refresh = f"rt_{secrets.token_hex(24)}"
        self._world.keys.grant(access, self._other(granted.account), until=until)
        self._refresh[refresh] = granted._replace(
            until=self._now + self._world.options.refresh_seconds
        )
        body = {
            "access_token": access,
            "livemode": livemode,
            "refresh_token": refresh,
            "scope": granted.scope,
            "stripe_publishable_key": f"pk_{mode}_{secrets.token_hex(12)}",
            "stripe_user_id": granted.account,
            "token_type": "bearer",
        }
        return Reply(200, msgspec.json.encode(body), {})
