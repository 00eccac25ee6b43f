"""Changes of coupons, plans and subscriptions.

Each returns the id of what it changed or created, None where nothing suited.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tap_stripe.sandbox.billing import price_of
from tap_stripe.sandbox.present import EMBEDDED

if TYPE_CHECKING:
    from tap_stripe.sandbox.changes.hand import Hand
    from tap_stripe.sandbox.shapes import Object

_UPDATED = "customer.subscription.updated"
_ENDED = frozenset({"canceled", "incomplete_expired"})


def _is_running(subscription: Object) -> bool:
    return subscription["status"] not in _ENDED


def create_coupon(hand: Hand) -> str | None:
    """A coupon, at times under the id of a deleted one."""
    coupons = hand.universe.coupons
    rank, created = coupons.next_rank()
    gone = sorted(hand.universe.graves["coupons"])
    identifier = coupons.base_id(rank)
    if gone and hand.dice.chance(0.5):
        identifier = hand.dice.pick(gone)
    coupon = coupons.made(identifier, created, hand.dice)
    coupons.add(coupon)
    hand.announce("coupon.created", coupon)
    return identifier


def update_coupon(hand: Hand) -> str | None:
    """An edit of name and metadata."""
    coupons = hand.universe.coupons
    rank = hand.pick(coupons)
    if rank is None:
        return None
    with hand.editing(coupons, rank, "coupon.updated") as coupon:
        hand.touch_metadata(coupon)
        coupon["name"] = f"Gutschein {hand.dice.below(100)}"
    return str(coupon["id"])


def redeem_coupon(hand: Hand) -> str | None:
    """A coupon's counters move: no event."""
    coupons = hand.universe.coupons
    rank = hand.pick(coupons)
    if rank is None:
        return None
    coupon = coupons.edited(rank)
    coupon["times_redeemed"] += 1
    most = coupon["max_redemptions"]
    if most is not None and coupon["times_redeemed"] >= most:
        coupon["valid"] = False
    return str(coupon["id"])


def delete_coupon(hand: Hand) -> str | None:
    """A deletion; discounts that come of it stay."""
    coupons = hand.universe.coupons
    rank = hand.pick(coupons)
    if rank is None:
        return None
    coupon = coupons.record(rank)
    coupons.delete(rank)
    hand.announce("coupon.deleted", coupon)
    return str(coupon["id"])


def _announce_plan(hand: Hand, what: str, plan: Object) -> None:
    hand.announce(f"plan.{what}", plan)
    hand.universe.events.add(f"price.{what}", price_of(plan))


def create_plan(hand: Hand) -> str | None:
    """A plan, which is a price too."""
    plans = hand.universe.plans
    rank, created = plans.next_rank()
    plan = plans.made(rank, created, hand.dice)
    plans.add(plan)
    _announce_plan(hand, "created", plan)
    return str(plan["id"])


def update_plan(hand: Hand) -> str | None:
    """An edit. What is embedded in subscriptions keeps the state of its time."""
    plans = hand.universe.plans
    rank = hand.pick(plans)
    if rank is None:
        return None
    before = price_of(plans.record(rank))
    with hand.editing(plans, rank, "plan.updated") as plan:
        hand.touch_metadata(plan)
        plan.update(active=not plan["active"], nickname=f"Tarif {hand.dice.below(100)}")
    hand.announce_update("price.updated", before, price_of(plan))
    return str(plan["id"])


def delete_plan(hand: Hand) -> str | None:
    """A deletion; what is embedded in subscriptions stays."""
    plans = hand.universe.plans
    rank = hand.pick(plans)
    if rank is None:
        return None
    plan = plans.record(rank)
    plans.delete(rank)
    hand.universe.bury("prices", plan["id"])
    _announce_plan(hand, "deleted", plan)
    return str(plan["id"])


def create_subscription(hand: Hand) -> str | None:
    """A customer subscribes."""
    universe = hand.universe
    owner = hand.pick(universe.customers)
    if owner is None:
        return None
    customer = universe.customers.record(owner)["id"]
    subscriptions = universe.subscriptions
    rank, created = subscriptions.next_rank()
    subscription = subscriptions.made(
        rank, created, hand.dice, customer=customer, status="active"
    )
    subscriptions.add(subscription)
    universe.give("subscriptions", customer, rank)
    hand.announce("customer.subscription.created", subscription)
    return str(subscription["id"])


def update_subscription(hand: Hand) -> str | None:
    """An edit of the subscription and the quantity of an item."""
    subscriptions = hand.universe.subscriptions
    rank = hand.pick(subscriptions, _is_running)
    if rank is None:
        return None
    with hand.editing(subscriptions, rank, _UPDATED) as subscription:
        hand.touch_metadata(subscription)
        hand.dice.pick(subscription["items"])["quantity"] += 1
    return str(subscription["id"])


def pause_subscription(hand: Hand) -> str | None:
    """A trial ends without a payment method, or one that did is resumed."""
    subscriptions = hand.universe.subscriptions
    rank = hand.pick(
        subscriptions, lambda s: s["status"] in {"active", "trialing", "paused"}
    )
    if rank is None:
        return None
    is_paused = subscriptions.record(rank)["status"] == "paused"
    event = f"customer.subscription.{'resumed' if is_paused else 'paused'}"
    with hand.editing(subscriptions, rank, event) as subscription:
        subscription["status"] = "active" if is_paused else "paused"
    return str(subscription["id"])


def cancel_subscription(hand: Hand) -> str | None:
    """`customer.subscription.deleted`, though it stays readable."""
    subscriptions = hand.universe.subscriptions
    rank = hand.pick(subscriptions, _is_running)
    return None if rank is None else cancel(hand, rank, is_announced=True)


def cancel(hand: Hand, rank: int, *, is_announced: bool) -> str:
    """Cancel a subscription."""
    now = hand.universe.now
    subscription = hand.universe.subscriptions.edited(rank)
    subscription.update(status="canceled", canceled_at=now, ended_at=now)
    if is_announced:
        hand.announce("customer.subscription.deleted", subscription)
    return str(subscription["id"])


def add_item(hand: Hand) -> str | None:
    """A subscription gets one more item."""
    universe = hand.universe
    subscriptions = universe.subscriptions
    rank = hand.pick(subscriptions, _is_running)
    if rank is None:
        return None
    serial = universe.next_serial("subscriptions", rank)
    with hand.editing(subscriptions, rank, _UPDATED) as subscription:
        item = subscriptions.item(
            rank,
            serial,
            universe.now,
            hand.dice,
            currency=subscription["currency"],
        )
        subscription["items"].insert(0, item)
    return str(item["id"])


def remove_item(hand: Hand) -> str | None:
    """An item leaves its subscription; only `previous_attributes` shows it."""
    return _remove_item(hand, slice(EMBEDDED), least=2)


def remove_item_past_tenth(hand: Hand) -> str | None:
    """The same, of an item that no event shows."""
    return _remove_item(hand, slice(EMBEDDED, None), least=EMBEDDED + 1)


def _remove_item(hand: Hand, shown: slice, *, least: int) -> str | None:
    universe = hand.universe
    subscriptions = universe.subscriptions
    rank = hand.pick(
        subscriptions, lambda s: _is_running(s) and len(s["items"]) >= least
    )
    if rank is None:
        return None
    with hand.editing(subscriptions, rank, _UPDATED) as subscription:
        item = hand.dice.pick(subscription["items"][shown])
        subscription["items"].remove(item)
        universe.bury("subscription_items", item["id"])
        for discount in item["discounts"]:
            universe.bury("discounts", discount["id"])
    return str(item["id"])


def discount_subscription(hand: Hand) -> str | None:
    """A subscription, or an item of it, gets a discount or loses one."""
    universe = hand.universe
    subscriptions = universe.subscriptions
    rank = hand.pick(subscriptions, _is_running)
    if rank is None:
        return None
    with hand.editing(subscriptions, rank, _UPDATED) as subscription:
        owner, owners = subscription, {"subscription": subscription["id"]}
        if hand.dice.chance(0.3):
            owner = hand.dice.pick(subscription["items"])
            owners["subscription_item"] = owner["id"]
        else:
            owners["customer"] = subscription["customer"]
        if owner["discounts"] and hand.dice.chance(0.5):
            discount = owner["discounts"].pop()
            universe.bury("discounts", discount["id"])
            event = "customer.discount.deleted"
        else:
            serial = universe.next_serial("subscriptions", rank)
            discount = universe.discount(
                hand.dice, universe.now, f"{rank}s{serial}", **owners
            )
            owner["discounts"].append(discount)
            event = "customer.discount.created"
    if owner is subscription and hand.dice.chance(0.5):
        hand.announce(event, discount)
    return str(discount["id"])
