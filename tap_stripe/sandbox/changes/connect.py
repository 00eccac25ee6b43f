"""Changes of accounts, application fees and transfers.

Each returns the id of what it changed or created, None where nothing suited.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tap_stripe.sandbox.sources import ACCOUNT_SERIALS, made_source

if TYPE_CHECKING:
    from tap_stripe.sandbox.changes.hand import Hand
    from tap_stripe.sandbox.shapes import Object


def _is_controlled(account: Object) -> bool:
    return bool(account["controller"].get("is_controller"))


def connect_account(hand: Hand) -> str | None:
    """A new account: no event of the platform's."""
    accounts = hand.universe.accounts
    if not accounts.total:
        return None
    rank, created = accounts.next_rank()
    account = accounts.base(rank)
    account["created"] = created
    accounts.add(account)
    return str(account["id"])


def update_account(hand: Hand) -> str | None:
    """An account's own details change."""
    accounts = hand.universe.accounts
    rank = hand.pick(accounts)
    if rank is None:
        return None
    before = hand.show(accounts.record(rank))
    account = accounts.edited(rank)
    hand.touch_metadata(account)
    account["business_profile"]["url"] = f"https://example.com/{hand.dice.below(99)}"
    hand.announce_of_account(
        "account.updated", hand.show(account), account["id"], before
    )
    return str(account["id"])


def update_own_account(hand: Hand) -> str | None:
    """The platform's own details change."""
    if hand.universe is not hand.world.platform:
        return None
    account = hand.world.own
    before = hand.show(account)
    hand.touch_metadata(account)
    account["business_profile"]["name"] = f"Octo {hand.dice.below(1_000)}"
    hand.announce_update("account.updated", before, hand.show(account))
    return str(account["id"])


def add_external_account(hand: Hand) -> str | None:
    """An account gets a card or bank account to be paid out to."""
    accounts = hand.universe.accounts
    rank = hand.pick(accounts, _is_controlled)
    if rank is None:
        return None
    account = accounts.edited(rank)
    serial = hand.universe.next_serial("accounts", rank)
    source = made_source(
        hand.universe,
        hand.dice,
        rank,
        ACCOUNT_SERIALS + serial,
        owner=("account", account["id"]),
    )
    account["external_accounts"].insert(0, source)
    hand.announce_of_account(
        "account.external_account.created", hand.show(source), account["id"]
    )
    return str(source["id"])


def update_external_account(hand: Hand) -> str | None:
    """An edit of a card or bank account."""
    accounts = hand.universe.accounts
    rank = hand.pick(accounts, lambda a: bool(a["external_accounts"]))
    if rank is None:
        return None
    account = accounts.edited(rank)
    source = hand.dice.pick(account["external_accounts"])
    before = hand.show(source)
    hand.touch_metadata(source)
    hand.announce_of_account(
        "account.external_account.updated", hand.show(source), account["id"], before
    )
    return str(source["id"])


def delete_external_account(hand: Hand) -> str | None:
    """A card or bank account leaves its account."""
    accounts = hand.universe.accounts
    rank = hand.pick(accounts, lambda a: len(a["external_accounts"]) > 1)
    if rank is None:
        return None
    account = accounts.edited(rank)
    source = hand.dice.pick(account["external_accounts"])
    account["external_accounts"].remove(source)
    hand.universe.bury(f"{source['object']}s", source["id"])
    hand.announce_of_account(
        "account.external_account.deleted", hand.show(source), account["id"]
    )
    return str(source["id"])


def create_fee(hand: Hand) -> str | None:
    """An application fee."""
    fees = hand.universe.application_fees
    if not fees.total:
        return None
    rank, created = fees.next_rank()
    fee = fees.made(rank, created, hand.dice)
    fee["balance_transaction"] = hand.book(fee, "application_fee")["id"]
    fees.add(fee)
    hand.announce("application_fee.created", fee)
    return str(fee["id"])


def refund_fee(hand: Hand) -> str | None:
    """A fee is given back in part: the event holds the fee, not the refund."""
    fees = hand.universe.application_fees
    rank = hand.pick(fees, lambda f: f["amount_refunded"] < f["amount"])
    if rank is None:
        return None
    serial = hand.universe.next_serial("application_fees", rank)
    with hand.editing(fees, rank, "application_fee.refunded") as fee:
        rest = fee["amount"] - fee["amount_refunded"]
        amount = max(1, rest // 2)
        refund = fees.refund(rank, serial, hand.universe.now, amount=amount)
        refund["created"] = hand.universe.now
        booked = hand.book(refund, "application_fee_refund")
        refund["balance_transaction"] = booked["id"]
        fee["refunds"].insert(0, refund)
        fee["amount_refunded"] += amount
        fee["refunded"] = fee["amount_refunded"] == fee["amount"]
    return str(refund["id"])


def update_fee_refund(hand: Hand) -> str | None:
    """An edit of metadata of a fee's refund."""
    fees = hand.universe.application_fees
    rank = hand.pick(fees, lambda f: bool(f["refunds"]))
    if rank is None:
        return None
    refund = hand.dice.pick(fees.edited(rank)["refunds"])
    before = hand.show(refund)
    hand.touch_metadata(refund)
    after = hand.show(refund)
    hand.announce_update("application_fee.refund.updated", before, after)
    return str(refund["id"])


def create_transfer(hand: Hand) -> str | None:
    """A transfer to a connected account."""
    transfers = hand.universe.transfers
    if not transfers.total:
        return None
    rank, created = transfers.next_rank()
    transfer = transfers.made(rank, created, hand.dice)
    transfer["balance_transaction"] = hand.book(transfer, "transfer")["id"]
    transfers.add(transfer)
    hand.announce("transfer.created", transfer)
    return str(transfer["id"])


def update_transfer(hand: Hand) -> str | None:
    """An edit of metadata."""
    transfers = hand.universe.transfers
    rank = hand.pick(transfers)
    if rank is None:
        return None
    with hand.editing(transfers, rank, "transfer.updated") as transfer:
        hand.touch_metadata(transfer)
    return str(transfer["id"])


def reverse_transfer(hand: Hand) -> str | None:
    """A transfer is reversed in part: the event holds the transfer."""
    transfers = hand.universe.transfers
    rank = hand.pick(transfers, lambda t: t["amount_reversed"] < t["amount"])
    if rank is None:
        return None
    serial = hand.universe.next_serial("transfers", rank)
    with hand.editing(transfers, rank, "transfer.reversed") as transfer:
        rest = transfer["amount"] - transfer["amount_reversed"]
        amount = max(1, rest // 2)
        reversal = transfers.reversal(rank, serial, hand.universe.now, amount=amount)
        reversal["created"] = hand.universe.now
        booked = hand.book(reversal, "transfer_refund")
        reversal["balance_transaction"] = booked["id"]
        transfer["reversals"].insert(0, reversal)
        transfer["amount_reversed"] += amount
        transfer["reversed"] = transfer["amount_reversed"] == transfer["amount"]
    return str(reversal["id"])


def edit_reversal(hand: Hand) -> str | None:
    """An edit of metadata of a reversal: no event, and no list shows it by time."""
    transfers = hand.universe.transfers
    rank = hand.pick(transfers, lambda t: bool(t["reversals"]))
    if rank is None:
        return None
    reversal = hand.dice.pick(transfers.edited(rank)["reversals"])
    hand.touch_metadata(reversal)
    return str(reversal["id"])


def disconnect_account(hand: Hand) -> str | None:
    """An account leaves the platform: it is no longer listed, and 403 for itself."""
    accounts = hand.universe.accounts
    rank = hand.pick(accounts)
    if rank is None or accounts.total - len(accounts.deleted) < 2:  # noqa: PLR2004 (keep one)
        return None
    account = accounts.record(rank)
    for source in account["external_accounts"]:
        hand.universe.bury(f"{source['object']}s", source["id"])
    hand.world.revoke_account(account["id"])
    return str(account["id"])
