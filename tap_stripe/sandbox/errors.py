"""Stripe's errors: https://docs.stripe.com/api/errors.

StripeError
    BadRequest      400, what was asked cannot be
    NotFound        404, no such object or url
    Unauthorized    401, no key or not a valid one
    Forbidden       403, a permission or an account is missing
"""

from __future__ import annotations

from typing import Any, ClassVar


class StripeError(Exception):
    """An answer that is no success.

    Attributes:
        status: HTTP status.
        body: What stands under `error`.
    """

    status: ClassVar[int]

    def __init__(
        self,
        message: str,
        *,
        code: str | None = None,
        param: str | None = None,
        type_: str = "invalid_request_error",
    ) -> None:
        super().__init__(message)
        self.body: dict[str, Any] = {"message": message, "type": type_}
        if code is not None:
            self.body["code"] = code
            self.body["doc_url"] = (
                f"https://stripe.com/docs/error-codes/{code.replace('_', '-')}"
            )
        if param is not None:
            self.body["param"] = param


class BadRequest(StripeError):
    """What was asked cannot be."""

    status = 400


class NotFound(StripeError):
    """No such object or url."""

    status = 404


class Unauthorized(StripeError):
    """No key, or not a valid one."""

    status = 401


class Forbidden(StripeError):
    """A permission or an account is missing."""

    status = 403


def no_such(words: str, identifier: str, *, param: str = "id") -> dict[str, str]:
    """Message, code and param for an id that is nothing."""
    return {
        "message": f"No such {words}: '{identifier}'",
        "code": "resource_missing",
        "param": param,
    }


def unknown_parameter(name: str) -> BadRequest:
    """The answer to a parameter that the endpoint lacks."""
    return BadRequest(
        f"Received unknown parameter: {name}", code="parameter_unknown", param=name
    )


def unrecognized_url(method: str, path: str) -> NotFound:
    """The answer to a path that Stripe does not have."""
    return NotFound(
        f"Unrecognized request URL ({method}: {path}). Please see"
        " https://stripe.com/docs or we can help at https://support.stripe.com/."
    )
