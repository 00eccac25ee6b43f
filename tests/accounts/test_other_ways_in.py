"""Discovery, `--test` and singer-sdk's own way of reading know many accounts too."""

from __future__ import annotations

import json

from tap_stripe.streams import Collection
from tap_stripe.tap import TapStripe


def discovered(stripe, **settings):
    ran = stripe.tap.run({**stripe.settings, **settings}, "--discover")
    return {stream["stream"]: stream for stream in json.loads(ran.out)["streams"]}


def test_the_catalog_has_the_account_in_each_key(platform):
    stripe = platform(1)

    found = discovered(stripe)

    assert found.keys() == Collection.registered.keys()
    for name, stream in found.items():
        own = list(Collection.registered[name].primary_keys)
        assert stream["key_properties"] == ["account_id", *own]
        assert stream["schema"]["properties"]["account_id"]["type"] == ["string"]


def test_the_catalog_of_just_the_own_account_knows_no_other(platform):
    stripe = platform(1)

    found = discovered(stripe, account_ids=["own"])

    for name, stream in found.items():
        assert stream["key_properties"] == list(
            Collection.registered[name].primary_keys
        )
        assert "account_id" not in stream["schema"]["properties"]


def test_a_catalog_of_just_the_own_account_is_refused(platform):
    stripe = platform(1)
    alone = discovered(stripe, account_ids=["own"])

    ran = stripe.tap.sync(
        stripe.settings, stripe.target, catalog={"streams": list(alone.values())}
    )

    assert ran.code == 1
    assert "discover" in ran.err
    assert "Traceback" not in ran.err


def test_singer_sdks_own_way_gives_the_same_rows(platform):
    stripe = platform(3)
    stripe.sync()
    tap = TapStripe(config=stripe.settings)

    for name in ("accounts", "coupons", "cards"):
        rows = {
            (row["account_id"], row["id"])
            for row in tap.streams[name].get_records(None)
            if isinstance(row, dict)
        }
        assert rows == stripe.target.tables[name].keys()


def test_one_account_is_tried_in_place_of_all(platform):
    stripe = platform(3)

    ran = stripe.tap.run({**stripe.settings, "account_ids": ["connected"]}, "--test")

    assert ran.code == 0, ran.err
    assert f"{stripe.ids[0]}, tried in place of 2 more" in ran.out.decode()
    asked = {entry.account for entry in stripe.sandbox.log.entries}
    assert asked == {None, stripe.ids[0]}


def test_what_the_account_that_is_tried_does_not_grant_is_told(platform):
    stripe = platform(2)
    stripe.sandbox.restrict_account(stripe.ids[0], {"event_read", "customer_read"})

    ran = stripe.tap.run({**stripe.settings, "account_ids": ["connected"]}, "--test")

    assert ran.code == 1
    assert "the key lacks charge_read" in ran.out.decode()
