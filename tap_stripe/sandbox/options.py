"""What a sandbox is told: its size, its data's traits and how it behaves."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, Self

from tap_stripe.sandbox.faults import Faults
from tap_stripe.sandbox.limits import Limits
from tap_stripe.sandbox.resources import RESOURCES

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

API_VERSION = "2026-10-28.endive"
DEFAULT_KEY = "sk_test_sandbox"
YEAR_SECONDS = 365 * 86_400

# How many objects a collection has at scale 1.
SIZES: Mapping[str, int] = {
    "accounts": 12,
    "application_fees": 80,
    "charges": 1_000,
    "coupons": 15,
    "customers": 200,
    "disputes": 20,
    "files": 20,
    "invoice_payments": 240,
    "invoiceitems": 150,
    "invoices": 300,
    "payouts": 72,
    "plans": 15,
    "prices": 15,
    "refunds": 100,
    "subscriptions": 120,
    "transfers": 60,
    **{resource.path: resource.size for resource in RESOURCES},
}


@dataclass(frozen=True, kw_only=True)
class Options:
    """What is fixed while a sandbox runs.

    Attributes:
        seed: The same seed, sizes and `now` give the same bytes.
        scale: Factor on the size of every collection (`SIZES` at 1).
        sizes: Objects of single collections, `{"charges": 20_000}`.
        now: Unix seconds that the base data leads up to, less an hour. None: the
            clock's time at the start.
        span_seconds: From the first base object to the last.
        density: How objects spread over the span; `growing` has most near the end.
        burst: Objects that share one `created` second, once in `burst_every`.
        burst_every: Objects from one such second to the next.
        many_children: Share of parents with 11 to 35 children.
        clock: Gives unix seconds.
        host: Where it listens; loopback only by intention.
        port: 0 takes a free one.
        latency_seconds: Time from a request to its answer.
        keys: API keys and the read permissions each has; None means all.
        permission_wording: Which of Stripe's two sentences a 403 uses.
        permission_status: Status of that answer; some have met 401 on live keys.
        pretty: Whether bodies are indented, as Stripe's are.
        limits: Rate limits at the start.
        faults: Faults at the start.
        client_ids: `ca_…` of the platform and of its Stripe App, for OAuth.
        app_id: `app_…` of that app.
        code_seconds: For how long a code of OAuth is good.
        access_seconds: For how long an access token of the app is good.
        refresh_seconds: For how long a refresh token of the app is good.
        exchange_once: Whether an exchange of tokens that is sent again with the same
            `Idempotency-Key` gets the same answer, as Stripe promises for all of POST.
        platform: Whether the own account is a Connect platform.
        platform_refusal: What a list of accounts answers when it is none: an empty
            list, or 403 `platform_account_required`.
        connected_data: Whether connected accounts have data of their own.
        connected_scale: Scale of a connected account's data.
        event_delay_seconds: A late event becomes visible up to this much later.
        late_events: Share of the events that are late.
        stale_events: Share of the update events whose object is as before.
        old_events: Share of the events rendered in an API version of 2017, 2018 or
            null.
        account_api_version: Decides which event types exist and, if from before
            March 2018, the shape of what events hold.
        deleted_discounts: Share of invoices that carry a deleted discount.
        cascade_events: Which events a customer's deletion raises for what goes with
            it; Stripe's documentation leaves it open.
        cascade_first: Whether they come before that of the customer.
        connect_events_on_platform: Whether events of connected accounts are in the
            platform's own list too, with `account`.
        clock_offset_seconds: By how much Stripe's clock is ahead of this machine's;
            all times and the header `Date` follow Stripe's.
        jitter_seconds: Up to so much is added by chance to an answer's latency.
        most_per_page: Pages hold no more than so many, whatever limit is asked for.
        embedded_url: `url` of a list inside an object: `filtered` names the parent,
            `unfiltered` leaves its filter out, `recorded` is what was seen of an
            invoice's payments, which answers 404; else any path.
        absent_nulls: Whether properties that are null are left out.
        left_account: What an account that has left answers by id: 404, or 403
            `account_invalid`.
        deleted_customer_lists: What a list with `customer` answers for one who is
            deleted: its rows, or this status with `resource_missing`.
        deleted_draft_items: What becomes of the invoice items of a deleted draft:
            they are pending again, or gone without an event.
        shuffled_seconds: Whether objects of one second come in another order with
            each request.
        misplaced: Whether every eighth object or so stands a second too late in a list.
        false_has_more: Share of the last pages that say `has_more`; an empty one
            follows.
        late_transactions_seconds: A new charge, capture or refund names its balance
            transaction up to so much later, with an event; till then there is none.
        payouts_as_transfers: Whether events about payouts are those of API versions
            before 2017-04-06, which called them transfers.
        repeated_events: Share of the events that come twice, under two ids.
        false_ids: Whether events of noise have ids that stand for nothing.
        undocumented: Whether chance does what Stripe's documentation lacks, such as
            `payment.created`.
    """

    seed: int = 1
    scale: float = 1.0
    sizes: Mapping[str, int] = field(default_factory=dict)
    now: int | None = None
    span_seconds: int = 2 * YEAR_SECONDS
    density: Literal["uniform", "growing", "bursty"] = "uniform"
    burst: int = 130
    burst_every: int = 1_000
    many_children: float = 0.08
    clock: Callable[[], float] = time.time
    host: str = "127.0.0.1"
    port: int = 0
    latency_seconds: float = 0.0
    keys: Mapping[str, Collection[str] | None] = field(
        default_factory=lambda: {DEFAULT_KEY: None}
    )
    permission_wording: Literal["present", "older"] = "present"
    permission_status: Literal[401, 403] = 403
    pretty: bool = False
    limits: Limits = field(default_factory=Limits)
    faults: Faults = field(default_factory=Faults)
    client_ids: Collection[str] = ("ca_sandbox",)
    app_id: str = "app_sandbox"
    code_seconds: float = 300.0
    access_seconds: float = 3_600.0
    refresh_seconds: float = YEAR_SECONDS
    exchange_once: bool = True
    platform: bool = True
    platform_refusal: Literal["empty", "platform_account_required"] = "empty"
    connected_data: bool = False
    connected_scale: float = 0.2
    event_delay_seconds: float = 0.0
    late_events: float = 0.2
    stale_events: float = 0.15
    old_events: float = 0.15
    account_api_version: str = API_VERSION
    deleted_discounts: float = 0.02
    cascade_events: Literal["all", "subscriptions", "none"] = "all"
    cascade_first: bool = True
    connect_events_on_platform: bool = False
    clock_offset_seconds: float = 0.0
    jitter_seconds: float = 0.0
    most_per_page: int = 100
    embedded_url: str = "filtered"
    absent_nulls: bool = False
    left_account: Literal[403, 404] = 404
    deleted_customer_lists: Literal["rows", 400, 404] = "rows"
    deleted_draft_items: Literal["pending", "gone"] = "pending"
    shuffled_seconds: bool = False
    misplaced: bool = False
    false_has_more: float = 0.0
    late_transactions_seconds: float = 0.0
    payouts_as_transfers: bool = False
    repeated_events: float = 0.0
    false_ids: bool = False
    undocumented: bool = False

    @classmethod
    def unkind(cls, **changed: Any) -> Self:
        """Options in which each thing that nobody has proved is as bad as can be.

        What depends on the time between runs stays as it is: a late event or
        transaction makes a table differ from Stripe until the run after.
        """
        return cls(**{**UNKIND, **changed})

    def __post_init__(self) -> None:
        unknown = sorted(set(self.sizes) - set(SIZES))
        if unknown:
            message = f"no such collection to size: {', '.join(unknown)}"
            raise ValueError(message)

    def size(self, collection: str, *, scale: float | None = None) -> int:
        """Objects that a collection starts with."""
        if scale is None:
            scale = self.scale
            if collection in self.sizes:
                return self.sizes[collection]
        return max(1, round(SIZES[collection] * scale))


# Where Stripe's documentation leaves something open, the side that is harder to read.
UNKIND: Mapping[str, Any] = {
    "absent_nulls": True,
    "cascade_events": "subscriptions",
    "cascade_first": False,
    "deleted_customer_lists": 400,
    "deleted_draft_items": "gone",
    "embedded_url": "recorded",
    "false_has_more": 0.5,
    "false_ids": True,
    "left_account": 403,
    "misplaced": True,
    "payouts_as_transfers": True,
    "platform_refusal": "platform_account_required",
    "repeated_events": 0.1,
    "shuffled_seconds": True,
    "undocumented": True,
}
