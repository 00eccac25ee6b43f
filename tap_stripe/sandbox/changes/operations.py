"""Every operation by name, and how often chance takes it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tap_stripe.sandbox.changes import billing, connect, core, invoices, money
from tap_stripe.sandbox.changes.generic import operations

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tap_stripe.sandbox.changes.hand import Hand

_EVERY: tuple[Callable[[Hand], str | None], ...] = (
    core.create_charge,
    core.create_payment,
    core.update_charge,
    core.capture_charge,
    core.refund_charge,
    core.update_refund,
    core.end_refund,
    core.settle_transaction,
    core.create_customer,
    core.update_customer,
    core.delete_customer,
    core.create_clock_customer,
    core.delete_test_clock,
    core.add_source,
    core.update_source,
    core.delete_source,
    core.set_discount,
    core.update_discount,
    core.remove_discount,
    money.open_dispute,
    money.update_dispute,
    money.close_dispute,
    money.create_payout,
    money.end_payout,
    money.update_payout,
    money.upload_file,
    money.raise_noise,
    billing.create_coupon,
    billing.update_coupon,
    billing.redeem_coupon,
    billing.delete_coupon,
    billing.create_plan,
    billing.update_plan,
    billing.delete_plan,
    billing.create_subscription,
    billing.update_subscription,
    billing.pause_subscription,
    billing.cancel_subscription,
    billing.add_item,
    billing.remove_item,
    billing.remove_item_past_tenth,
    billing.discount_subscription,
    invoices.create_invoice,
    invoices.edit_draft,
    invoices.discount_invoice,
    invoices.finalize_invoice,
    invoices.pay_invoice,
    invoices.try_to_pay_invoice,
    invoices.give_up_invoice,
    invoices.update_invoice,
    invoices.delete_draft,
    invoices.delete_big_draft,
    invoices.remove_line_past_tenth,
    invoices.create_invoice_item,
    invoices.edit_invoice_item,
    invoices.delete_invoice_item,
    connect.connect_account,
    connect.update_account,
    connect.update_own_account,
    connect.add_external_account,
    connect.update_external_account,
    connect.delete_external_account,
    connect.create_fee,
    connect.refund_fee,
    connect.update_fee_refund,
    connect.create_transfer,
    connect.update_transfer,
    connect.reverse_transfer,
    connect.edit_reversal,
    connect.disconnect_account,
)

OPERATIONS: Mapping[str, Callable[[Hand], str | None]] = {
    operation.__name__: operation for operation in (*_EVERY, *operations())
}

# No event tells of these, and what goes with them can only be found by who remembers
# everything: chance takes them only when asked to.
UNSEEN = frozenset(
    {
        "delete_big_draft",
        "disconnect_account",
        "edit_reversal",
        "remove_item_past_tenth",
        "remove_line_past_tenth",
    }
)
# Seen only by who reads the events of connected accounts.
OF_ACCOUNTS = frozenset({"delete_external_account"})
# Customers that lists leave out: chance never takes them.
ON_CLOCKS = frozenset({"create_clock_customer", "delete_test_clock"})
# What Stripe's documentation lacks, or leaves to guess.
UNDOCUMENTED = frozenset(
    {
        "create_payment",
        "try_to_pay_invoice",
    }
)
# Rare in life, and a run of them would leave nothing to change.
_RARE = frozenset(
    {
        "delete_big_draft",
        "delete_coupon",
        "delete_customer",
        "delete_plan",
        "disconnect_account",
        # There are many of them, and all are alike.
        *(operation.__name__ for operation in operations()),
    }
)
_ONE_IN = 4


def mix(*, without: frozenset[str] = frozenset()) -> tuple[str, ...]:
    """Names for chance to draw from, common ones several times."""
    return tuple(
        name
        for name in OPERATIONS
        if name not in without
        for _ in range(1 if name in _RARE else _ONE_IN)
    )
