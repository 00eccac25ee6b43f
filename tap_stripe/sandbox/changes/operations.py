"""Every operation by name, and how often chance takes it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tap_stripe.sandbox.changes import billing, connect, core, invoices, money

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tap_stripe.sandbox.changes.hand import Hand

_EVERY: tuple[Callable[[Hand], str | None], ...] = (
    core.create_charge,
    core.update_charge,
    core.capture_charge,
    core.refund_charge,
    core.update_refund,
    core.end_refund,
    core.settle_transaction,
    core.create_customer,
    core.update_customer,
    core.delete_customer,
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
    billing.discount_subscription,
    invoices.create_invoice,
    invoices.edit_draft,
    invoices.discount_invoice,
    invoices.finalize_invoice,
    invoices.pay_invoice,
    invoices.give_up_invoice,
    invoices.update_invoice,
    invoices.delete_draft,
    invoices.create_invoice_item,
    invoices.edit_invoice_item,
    invoices.delete_invoice_item,
    connect.connect_account,
    connect.update_account,
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
    operation.__name__: operation for operation in _EVERY
}

# No event tells of these and no affordable list shows them, so no reader can follow:
# chance does not take them, a test may.
UNSEEN = frozenset({"edit_reversal"})
# Rare in life, and a run of them would leave nothing to change.
RARE = frozenset({"delete_customer", "disconnect_account", "delete_coupon"})
_ONE_IN = 4

# Names that chance draws from, common ones several times.
MIX: tuple[str, ...] = tuple(
    name
    for name in OPERATIONS
    if name not in UNSEEN
    for _ in range(1 if name in RARE else _ONE_IN)
)
