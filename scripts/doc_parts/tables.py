"""The tables of the docs that repeat what the code knows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tap_stripe import permissions
from tap_stripe.streams import Collection
from tap_stripe.streams.listings import EVENTS, OWN_ACCOUNT
from tap_stripe.streams.old_names import entries

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

# Selections that docs/limits.md works out the cost of.
SELECTIONS = {
    "everything": (),
    "charges, customers, invoices, subscriptions": (
        "charges",
        "customers",
        "invoices",
        "subscriptions",
    ),
    "charges, refunds, disputes, balance_transactions, payouts": (
        "balance_transactions",
        "charges",
        "disputes",
        "payouts",
        "refunds",
    ),
    "charges": ("charges",),
}
_DAYS = 30
_SCHEDULES = {"15 minutes": 96, "hour": 24, "3 hours": 8, "6 hours": 4, "day": 1}
# https://docs.stripe.com/rate-limits
_ALLOWED, _A_TRANSACTION = 10_000, 500


def permissions_table() -> str:
    """Name each permission and the collections that need it, and give the link."""
    by_permission: dict[str, list[str]] = {}
    chosen = permissions.chosen(None)
    for name, collection in sorted(chosen.items()):
        for permission in permissions.needed([collection]):
            by_permission.setdefault(permission, []).append(name)
    by_permission[EVENTS.permission] = ["all"]
    lines = ["| Permission (read) | Needed for |", "| --- | --- |"]
    for permission, names in sorted(by_permission.items()):
        lines.append(f"| `{permission}` | {', '.join(names)} |")
    link = permissions.link(permissions.needed(chosen.values()))
    return "\n".join([*lines, "", "The form for all of them:", "", f"<{link}>"]) + "\n"


def idle_requests(names: Iterable[str]) -> int:
    """Count the requests of a sync in which nothing is new, by what is selected."""
    wanted = set(names) or set(permissions.chosen(None))
    listings = {
        feed.listing
        for name in wanted
        for feed in Collection.registered[name].feeds
        if not feed.changes_only
    }
    return len(listings | {OWN_ACCOUNT, EVENTS})


def costs_table() -> str:
    """Tell what each schedule costs of Stripe's read allocation when idle."""
    head = ["Every", "syncs a month", *SELECTIONS]
    lines = [_row(head), _row(["---"] * len(head))]
    each = [idle_requests(names) for names in SELECTIONS.values()]
    lines.append(_row(["one sync", "", *map(str, each)]))
    for schedule, a_day in _SCHEDULES.items():
        syncs = a_day * _DAYS
        cells = [_cost(count * syncs) for count in each]
        lines.append(_row([schedule, f"{syncs:,}", *cells]))
    return "\n".join(lines) + "\n"


def _cost(requests: int) -> str:
    if requests <= _ALLOWED:
        return f"{requests:,}"
    return f"{requests:,} ({requests // _A_TRANSACTION:,} transactions)"


def segment_table() -> str:
    """Give Segment's columns of each collection, and where the values are today."""
    lines: list[str] = []
    collection = ""
    for entry in entries():
        if entry.collection != collection:
            collection = entry.collection
            lines += [
                "",
                f"### {collection}",
                "",
                "| Then | Now | |",
                "| --- | --- | --- |",
            ]
        now = entry.now
        if entry.kind == "same":
            now = f"`{now}`" if now != entry.column else "the same"
        elif entry.kind == "kept":
            now = f"kept, from {now}" if "`" in now else f"`{now}`"
        else:
            now = f"gone: {now}"
        since = f"since {entry.since}." if entry.since else ""
        remark = " ".join(f"{since} {entry.remark}".split())
        lines.append(_row([f"`{entry.column}`", now, remark]))
    return "\n".join(lines).lstrip("\n") + "\n"


def _row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"
