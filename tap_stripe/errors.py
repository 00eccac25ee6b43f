"""The errors that a run can end with.

TapError                one sentence for the user, exit code 1
├── SettingError        a setting is missing or wrong
├── StateError          the state file can't be used
├── CatalogError        the catalog can't be used
├── RowError            one object can't be made a row, or its row not written
├── ConnectError        an account can't be connected or disconnected
├── ResponseError       Stripe's answer can't be what its documentation says
└── StripeError         Stripe refused a request (HTTP status >= 400)
    ├── KeyRefused      401, or the key is barred from this address
    │   └── AccessLost  an app's tokens can't be renewed
    ├── PermissionMissing   the key may not read this
    ├── AccountRefused  the key has no access to the account
    ├── NotAPlatform    the account has no connected accounts to list
    ├── EndpointGone    Stripe has no such endpoint (any more)
    ├── NotFound        the object is gone
    ├── CursorGone      the object in `starting_after` is gone from the list
    ├── Unreadable      a 200 that is not what Stripe documents, however often
    └── Unavailable     this request still failed; Stripe answers others
        └── Down        Stripe answered nothing at all for the whole retry time

Stopped                 no error: whoever waits for Stripe is to stop
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence


class TapError(Exception):
    """What the user has to change, in one sentence."""


class SettingError(TapError):
    """A setting is missing or has a value that can't be used."""


class StateError(TapError):
    """The state can't be used."""


class CatalogError(TapError):
    """The catalog can't be used."""


class RowError(TapError):
    """One object can't be made a row, or its row can't be written.

    Attributes:
        collection: Name of the collection that lacks the row.
        id: Of the object.
        rows: The rows that could be made of the same object, and are still to be
            written.
    """

    def __init__(
        self,
        message: str,
        *,
        collection: str,
        id_: str,
        rows: Sequence[dict[str, Any]] = (),
    ) -> None:
        super().__init__(message)
        self.collection = collection
        self.id = id_
        self.rows = list(rows)


class ConnectError(TapError):
    """An account can't be connected or disconnected."""


class ListRefused(Exception):
    """A list inside an object can't be read to its end.

    Attributes:
        name: The property that holds it.
        error: Why.
    """

    def __init__(self, name: str, error: StripeError) -> None:
        super().__init__(name)
        self.name = name
        self.error = error


class ResponseError(TapError):
    """An answer with status 200 that can't be what Stripe documents."""


class StripeError(TapError):
    """Stripe refused a request. https://docs.stripe.com/api/errors."""

    def __init__(
        self,
        message: str,
        *,
        status: int = 0,
        code: str = "",
        param: str = "",
        request_id: str = "",
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.param = param
        self.request_id = request_id


class KeyRefused(StripeError):
    """The key is unknown, expired, or barred from this address."""


class AccessLost(KeyRefused):
    """The tokens of a Stripe App can't be renewed: the account must connect again."""


class PermissionMissing(StripeError):
    """The key lacks a permission; `permission` names it where Stripe does."""

    permission: str = ""


class AccountRefused(StripeError):
    """The key has no access to the account of the `Stripe-Account` header."""


class NotAPlatform(StripeError):
    """The account is no platform, or is itself connected to one."""


class EndpointGone(StripeError):
    """Stripe has no such endpoint, or not any more."""


class NotFound(StripeError):
    """The object does not exist, or not any more (`resource_missing`)."""


class CursorGone(StripeError):
    """The object that `starting_after` names is gone from the list."""


class Unreadable(StripeError):
    """An answer with status 200 is no JSON, or not of the documented form."""


class Unavailable(StripeError):
    """The request still failed at its last try, while Stripe answered others."""


class Down(Unavailable):
    """Stripe answered nothing at all for the retry time, or can't be asked anything."""


class Stopped(Exception):
    """The client is closed: who waits for an answer, or for its turn, is to stop."""
