"""What Stripe's page sends back, and how to ask it. Pure."""

from __future__ import annotations

import hmac
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from tap_stripe.errors import ConnectError


def with_query(address: str, **fields: str) -> str:
    """Give an address with fields in its query, in place of those of the same name."""
    parts = urlsplit(address)
    query = urlencode({**dict(parse_qsl(parts.query)), **fields})
    return urlunsplit(parts._replace(query=query))


def belongs_to(answer: str, *, state: str) -> bool:
    """Tell whether it was this command's page that led to an address."""
    fields = dict(parse_qsl(urlsplit(answer).query))
    # In constant time: how far a guess is right is not to be seen.
    return hmac.compare_digest(fields.get("state", "").encode(), state.encode())


def code_in(answer: str, *, state: str) -> str:
    """Give the authorization code in what Stripe's page has sent back.

    https://docs.stripe.com/connect/oauth-reference#get-authorize-response

    Args:
        answer: The address that Stripe's page led to; or the code out of it, which
            whoever copied it has seen come back to them.
        state: What the page was opened with.

    Raises:
        ConnectError: There is none, access was refused, or another command's page
            has sent it.
    """
    answer = answer.strip()
    if "?" not in answer:
        if not answer:
            message = "Nothing was pasted: paste the address that Stripe led you to."
            raise ConnectError(message)
        return answer
    # First: what else it says is not to be believed before.
    if not belongs_to(answer, state=state):
        message = (
            "The answer does not belong to this command (its state is another): run "
            "the command again, and use the page that it opens."
        )
        raise ConnectError(message)
    fields = dict(parse_qsl(urlsplit(answer).query))
    if fields.get("error") == "access_denied":
        message = (
            "Access was refused on Stripe's page; run the command again to ask anew."
        )
        raise ConnectError(message)
    if "code" not in fields:
        told = fields.get("error_description") or fields.get("error") or "no code"
        message = f"Stripe's page did not connect the account: {told}."
        raise ConnectError(message)
    return fields["code"]
