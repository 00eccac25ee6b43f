"""Writes at Stripe while a sync reads: after the next quiet sync nothing is missing."""

from __future__ import annotations

import contextlib
import re

import pytest

from tap_stripe.sandbox import Options

CURSOR = re.compile(r"/v1/(customer|coupon|plan)s\?.*starting_after=([^&]+)")
CURSOR_INSIDE = re.compile(r"/v1/customers/([^/]+)/sources\?.*starting_after=(\w+)")
INSIDE = re.compile(r"/v1/(customers|invoices)/([^/]+)/(?:sources|lines)\?")
DELETE = {"customers": "delete_customer", "invoices": "delete_big_draft"}


def goes_on_until_quiet(copy):
    """Sync until a sync ends; there are no writes any more."""
    ran = copy.sync()

    assert ran.code == 0, ran.err[-2000:]
    copy.assert_equal()


@pytest.mark.parametrize("per_second", [20, 200])
def test_no_row_is_missing_after_changes_all_the_time(
    copying, rounds, seed, per_second
):
    copy = copying(Options(seed=seed, scale=0.3, latency_seconds=0.05))
    copy.sandbox.start_changing(per_second)
    for _ in range(max(1, rounds // 6)):
        ran = copy.sync()

        assert ran.code == 0, ran.err[-2000:]
    copy.sandbox.stop_changing()

    goes_on_until_quiet(copy)


def test_no_row_is_missing_when_the_object_of_the_cursor_is_deleted_again_and_again(
    copying, tried, rounds, seed
):
    sizes = {"customers": 900, "coupons": 320, "plans": 320}
    copy = copying(Options(seed=seed, scale=0.1, sizes=sizes, many_children=0))
    deleted: list[str] = []

    def delete_it_first(target):
        found = CURSOR.match(target)
        if found and len(deleted) < 5 * rounds:
            deleted.append(copy.sandbox.perform(f"delete_{found[1]}", found[2]))

    copy.sandbox.impostor = delete_it_first
    ran = copy.sync()

    tried(f"{len(deleted)} cursors deleted")
    assert ran.code == 0, ran.err[-2000:]
    assert deleted
    assert copy.sandbox.log.by_status[400] == len(deleted)
    copy.sandbox.impostor = None
    goes_on_until_quiet(copy)


def test_a_cursor_of_an_embedded_list_that_is_deleted_hides_no_row(
    copying, tried, rounds, seed
):
    copy = copying(Options(seed=seed, scale=0.2, many_children=0.5))
    deleted: list[str] = []

    def delete_it_first(target):
        found = CURSOR_INSIDE.match(target)
        while found and len(deleted) < 20 * rounds and found[2] not in deleted:
            deleted.append(copy.sandbox.perform("delete_source", found[1]))

    copy.sandbox.impostor = delete_it_first
    ran = copy.sync()

    refused = copy.sandbox.log.by_status[400]
    tried(f"{len(deleted)} sources deleted, {refused} of them cursors")
    assert ran.code == 0, ran.err[-2000:]
    assert refused
    copy.sandbox.impostor = None
    goes_on_until_quiet(copy)


@pytest.mark.parametrize("resource", DELETE)
def test_a_parent_deleted_before_its_embedded_list_is_read_ends_no_run(
    copying, tried, seed, resource
):
    copy = copying(Options(seed=seed, scale=0.3, many_children=0.5))
    deleted: list[str] = []

    def delete_it_first(target):
        found = INSIDE.match(target)
        if found and found[1] == resource and len(deleted) < 3:
            with contextlib.suppress(LookupError):  # No draft.
                deleted.append(copy.sandbox.perform(DELETE[resource], found[2]))

    copy.sandbox.impostor = delete_it_first
    ran = copy.sync()

    tried(f"{len(deleted)} {resource} deleted")
    assert deleted
    assert ran.code == 0, ran.err[-2000:]
    copy.sandbox.impostor = None
    goes_on_until_quiet(copy)


def test_an_object_deleted_between_its_event_and_its_look_is_flagged(copying, seed):
    copy = copying(Options(seed=seed, scale=0.2))
    copy.sync()
    changed = copy.sandbox.perform("update_customer")
    looks: list[str] = []

    def delete_it_first(target):
        if target.partition("?")[0] == f"/v1/customers/{changed}":
            if not looks:
                copy.sandbox.perform("delete_customer", changed)
            looks.append(target)

    copy.sandbox.impostor = delete_it_first
    ran = copy.sync()

    assert ran.code == 0, ran.err[-2000:]
    assert len(looks) == 1
    assert copy.target.tables["customers"][(changed,)]["is_deleted"]
    copy.sandbox.impostor = None
    goes_on_until_quiet(copy)
