"""What Stripe shows of an object: its lists, hidden properties and expansions."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tap_stripe.sandbox.resources import RESOURCES, Resource, described

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tap_stripe.sandbox.resources import Properties

# A reference to whatever the id's prefix says.
ANY = "*"

# What the message of a 403 calls a permission, as far as it is known.
PERMISSION_NAMES: Mapping[str, str] = {
    "application_fee_read": "Application Fees Read",
    "balance_read": "Balance Read",
    "balance_transaction_source_read": "Balance Transaction Sources Read",
    "charge_read": "Charges and Refunds Read",
    "connected_account_read": "Connected Accounts Read",
    "coupon_read": "Coupons Read",
    "customer_read": "Customers Read",
    "dispute_read": "Disputes Read",
    "event_read": "Events Read",
    "file_read": "Files Read",
    "invoice_read": "Invoices Read",
    "payout_read": "Payouts Read",
    "plan_read": "Prices Read",
    "source_read": "Sources Read",
    "subscription_read": "Subscriptions Read",
    "transfer_read": "Transfers Read",
}


@dataclass(frozen=True, kw_only=True)
class Sublist:
    """A list inside an object, of which Stripe shows the first 10.

    Attributes:
        kind: Name of the kind of its objects; a bank_account stands for cards too.
        url: Where the rest is read, with the parent's `{id}`.
        expand_only: Whether it is absent unless asked for.
        from_collection: Whether its objects are those of a collection that point to
            the parent, rather than part of the parent.
        has_no_endpoint: Whether the url is another resource's list.
    """

    kind: str
    url: str
    expand_only: bool = False
    from_collection: str | None = None
    has_no_endpoint: bool = False


@dataclass(frozen=True, kw_only=True)
class Kind:
    """How a type of object is shown.

    Attributes:
        object: Value of its `object` property.
        words: How error messages call it.
        permission: Read permission of a restricted key; empty where it is that of what
            the object is in.
        references: Dotted path of each expandable id, and the collection it is in.
        hidden: Properties that are absent unless expanded.
        sublists: Its lists.
        has_discounts: Whether it has `discounts`, ids unless expanded.
    """

    object: str
    permission: str
    words: str = ""
    references: Mapping[str, str] = field(default_factory=dict)
    hidden: tuple[str, ...] = ()
    sublists: Mapping[str, Sublist] = field(default_factory=dict)
    has_discounts: bool = False


_KINDS = (
    Kind(
        object="account",
        permission="connected_account_read",
        sublists={
            "external_accounts": Sublist(
                kind="bank_account", url="/v1/accounts/{id}/external_accounts"
            )
        },
    ),
    Kind(
        object="application_fee",
        words="application fee",
        permission="application_fee_read",
        references={
            "account": "accounts",
            "balance_transaction": "balance_transactions",
            "charge": "charges",
        },
        sublists={
            "refunds": Sublist(
                kind="fee_refund", url="/v1/application_fees/{id}/refunds"
            )
        },
    ),
    Kind(
        object="fee_refund",
        words="fee refund",
        permission="application_fee_read",
        references={
            "balance_transaction": "balance_transactions",
            "fee": "application_fees",
        },
    ),
    Kind(
        object="balance_transaction",
        words="balance transaction",
        permission="balance_read",
        references={"source": ANY},
    ),
    Kind(
        object="bank_account",
        words="source",
        permission="source_read",
        references={"customer": "customers", "account": "accounts"},
    ),
    Kind(
        object="card",
        words="source",
        permission="source_read",
        references={"customer": "customers", "account": "accounts"},
    ),
    Kind(
        object="charge",
        permission="charge_read",
        references={
            "application_fee": "application_fees",
            "balance_transaction": "balance_transactions",
            "customer": "customers",
            "failure_balance_transaction": "balance_transactions",
            "on_behalf_of": "accounts",
            "transfer_data.destination": "accounts",
        },
        sublists={
            "refunds": Sublist(
                kind="refund",
                url="/v1/charges/{id}/refunds",
                expand_only=True,
                from_collection="refunds",
            )
        },
    ),
    Kind(
        object="coupon",
        permission="coupon_read",
        hidden=("applies_to", "currency_options"),
    ),
    Kind(
        object="customer",
        permission="customer_read",
        references={
            "default_source": ANY,
            "discount.source.coupon": "coupons",
        },
        hidden=("cash_balance", "invoice_credit_balance", "tax"),
        sublists={
            "sources": Sublist(
                kind="bank_account",
                url="/v1/customers/{id}/sources",
                expand_only=True,
            ),
            "subscriptions": Sublist(
                kind="subscription",
                url="/v1/customers/{id}/subscriptions",
                expand_only=True,
                from_collection="subscriptions",
            ),
            "tax_ids": Sublist(
                kind="tax_id", url="/v1/customers/{id}/tax_ids", expand_only=True
            ),
        },
    ),
    # Which permission an expanded discount asks for is not documented.
    Kind(
        object="discount",
        permission="coupon_read",
        references={"customer": "customers", "source.coupon": "coupons"},
    ),
    Kind(
        object="dispute",
        permission="dispute_read",
        references={"charge": "charges"},
    ),
    Kind(object="event", permission="event_read"),
    Kind(
        object="file",
        permission="file_read",
        sublists={
            "links": Sublist(
                kind="file_link",
                url="/v1/file_links?file={id}",
                has_no_endpoint=True,
            )
        },
    ),
    Kind(object="file_link", permission="file_read", references={"file": "files"}),
    Kind(
        object="invoice",
        permission="invoice_read",
        references={
            "customer": "customers",
            "default_source": ANY,
            "parent.subscription_details.subscription": "subscriptions",
        },
        sublists={
            "lines": Sublist(kind="line_item", url="/v1/invoices/{id}/lines"),
            "payments": Sublist(
                kind="invoice_payment",
                url="/v1/invoice_payments?invoice={id}",
                expand_only=True,
                from_collection="invoice_payments",
                has_no_endpoint=True,
            ),
        },
        has_discounts=True,
    ),
    Kind(
        object="invoice_payment",
        words="invoice payment",
        permission="invoice_read",
        references={"invoice": "invoices", "payment.charge": "charges"},
    ),
    Kind(
        object="invoiceitem",
        words="invoice item",
        permission="invoice_read",
        references={"customer": "customers", "invoice": "invoices"},
        has_discounts=True,
    ),
    Kind(
        object="line_item",
        words="line item",
        permission="invoice_read",
        has_discounts=True,
    ),
    Kind(
        object="payout",
        permission="payout_read",
        references={
            "balance_transaction": "balance_transactions",
            "destination": ANY,
            "failure_balance_transaction": "balance_transactions",
        },
    ),
    Kind(object="plan", permission="plan_read", hidden=("tiers",)),
    Kind(
        object="price",
        permission="plan_read",
        references={"product": "products"},
        hidden=("currency_options", "tiers"),
    ),
    Kind(
        object="refund",
        permission="charge_read",
        references={
            "balance_transaction": "balance_transactions",
            "charge": "charges",
            "customer": "customers",
            "failure_balance_transaction": "balance_transactions",
        },
    ),
    Kind(
        object="subscription",
        permission="subscription_read",
        references={
            "customer": "customers",
            "default_source": ANY,
            "latest_invoice": "invoices",
        },
        sublists={
            "items": Sublist(
                kind="subscription_item",
                url="/v1/subscription_items?subscription={id}",
                has_no_endpoint=True,
            )
        },
        has_discounts=True,
    ),
    Kind(
        object="subscription_item",
        words="subscription item",
        permission="subscription_read",
        has_discounts=True,
    ),
    Kind(
        object="tax_id",
        words="tax ID",
        permission="customer_read",
        references={"customer": "customers"},
    ),
    Kind(
        object="transfer",
        permission="transfer_read",
        references={
            "balance_transaction": "balance_transactions",
            "destination": "accounts",
            "source_transaction": "charges",
        },
        sublists={
            "reversals": Sublist(
                kind="transfer_reversal", url="/v1/transfers/{id}/reversals"
            )
        },
    ),
    Kind(
        object="transfer_reversal",
        words="transfer reversal",
        permission="transfer_read",
        references={
            "balance_transaction": "balance_transactions",
            "transfer": "transfers",
        },
    ),
)


def _of_resource(resource: Resource) -> Iterator[Kind]:
    """The kind of a resource, and those of the objects in its lists."""
    every = described()
    properties = every.objects[resource.object]
    within = {
        name: next(
            one.object
            for path, one in every.endpoints.items()
            if re.fullmatch(rf"/v1/{resource.path}/{{\w+}}/{name}", path)
        )
        for name in resource.children
    }
    yield Kind(
        object=resource.object,
        words=resource.object.replace("_", " ").replace(".", " "),
        permission=resource.permission,
        references=dict(_references(properties)),
        hidden=tuple(
            name[:-1]
            for name in properties
            if name[-1] == "!" and name[:-1] not in within
        ),
        sublists={
            name: Sublist(
                kind=kind,
                url=f"/v1/{resource.path}/{{id}}/{name}",
                expand_only=f"{name}!" in properties,
            )
            for name, kind in within.items()
        },
    )
    for kind in within.values():
        yield Kind(
            object=kind,
            words=kind.replace("_", " "),
            # That of what it is in: several resources have lists of an `item`.
            permission="",
            references=dict(_references(every.objects[kind])),
        )


def _references(properties: Properties, within: str = "") -> Iterator[tuple[str, str]]:
    """Dotted path of each id of an object that has a list, and that list's name."""
    listed = {
        one.object: path.removeprefix("/v1/")
        for path, one in described().endpoints.items()
        if "{" not in path
    }
    for marked, value in properties.items():
        path = within + marked.rstrip("?!")
        if isinstance(value, dict):
            yield from _references(value, f"{path}.")
        elif isinstance(value, str) and value[0] == "@" and value[1:] in listed:
            yield path, listed[value[1:]]


KINDS: Mapping[str, Kind] = {
    kind.object: kind
    for kind in (*_KINDS, *(k for r in RESOURCES for k in _of_resource(r)))
}
