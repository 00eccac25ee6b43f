from __future__ import annotations

from tests.sandbox.client import NOW, serving

DAY_SECONDS = 86_400


class Clock:
    def __init__(self):
        self.now = float(NOW)

    def __call__(self):
        return self.now


def test_events_are_listed_newest_first_and_found_by_id(changing):
    changing.sandbox.change(80, seed=3)

    listed = changing.everything("/v1/events", limit=9)

    assert listed == changing.sandbox.objects("events")
    assert changing.get(f"/v1/events/{listed[5]['id']}").body == listed[5]
    assert changing.get("/v1/events/evt_x").status == 404
    assert changing.get("/v1/events", starting_after="evt_x").status == 400


def test_events_are_narrowed_by_type(changing):
    changing.sandbox.change(50, seed=3)
    changing.sandbox.perform("update_charge")
    changing.sandbox.perform("create_coupon")
    every = changing.everything("/v1/events")

    one = changing.everything("/v1/events", type="charge.updated")
    two = changing.everything("/v1/events", types=["charge.updated", "coupon.created"])
    too_many = changing.get("/v1/events", types=[f"a.{n}" for n in range(21)])

    assert one == [event for event in every if event["type"] == "charge.updated"]
    assert two == [
        event
        for event in every
        if event["type"] in {"charge.updated", "coupon.created"}
    ]
    assert one
    assert too_many.status == 400


def test_events_are_narrowed_by_time_and_gone_after_thirty_days():
    clock = Clock()
    with serving(clock=clock) as client:
        client.sandbox.perform("create_charge")
        old = client.get("/v1/events").ids[0]
        clock.now += 29 * DAY_SECONDS
        client.sandbox.perform("create_charge")
        both = client.get("/v1/events").ids
        recent = client.get("/v1/events", created_gt=NOW).ids
        clock.now += 2 * DAY_SECONDS

        assert both == [recent[0], old]
        assert client.get("/v1/events").ids == recent
        assert client.get(f"/v1/events/{old}").status == 404
        aged_out = client.get("/v1/events", starting_after=old)
        assert aged_out.status == 400
        assert "aged out of our retention policy" in aged_out.error["message"]


def test_events_can_be_forgotten_before_their_time(changing):
    changing.sandbox.perform("create_charge")
    (gone,) = changing.get("/v1/events").ids
    changing.sandbox.forget_events()
    changing.sandbox.perform("create_charge")

    assert len(changing.get("/v1/events").ids) == 1
    assert changing.get(f"/v1/events/{gone}").status == 404
    assert changing.get("/v1/events", starting_after=gone).status == 400


def test_a_late_event_appears_behind_a_newer_one():
    clock = Clock()
    with serving(clock=clock, event_delay_seconds=600, late_events=0.5) as client:
        for _ in range(30):
            clock.now += 1
            client.sandbox.perform("create_charge")
        at_once = client.everything("/v1/events")
        clock.now += 600
        at_last = client.everything("/v1/events")

        late = {event["id"] for event in at_last} - {event["id"] for event in at_once}
        assert late
        newest_seen = at_once[0]["created"]
        assert any(
            event["created"] < newest_seen for event in at_last if event["id"] in late
        )
        assert len(at_last) == 30


def test_payloads_may_be_stale():
    with serving(stale_events=1, old_events=0) as client:
        charge = client.sandbox.objects("charges")[0]
        client.sandbox.perform("update_charge", charge["id"])

        (event,) = client.sandbox.objects("events")
        assert event["data"]["object"] == charge
        assert client.get(f"/v1/charges/{charge['id']}").body != charge


def test_payloads_may_be_of_an_old_version():
    with serving(old_events=1, stale_events=0) as client:
        client.sandbox.perform("create_invoice")
        client.sandbox.perform("set_discount")
        while "file.created" not in {event.type for event in client.sandbox.events()}:
            client.sandbox.perform("upload_file")

        events = client.sandbox.objects("events")
        versions = {event["api_version"] for event in events}
        assert versions <= {None, "2018-02-28", "2017-08-15"}
        invoice = events[-1]["data"]["object"]
        assert {"charge", "date", "paid", "billing", "closed"} <= set(invoice)
        assert "created" not in invoice
        assert events[0]["data"]["object"]["object"] == "file_upload"


def test_one_second_holds_several_events():
    with serving(clock=Clock()) as client:
        client.sandbox.change(30, seed=1)

        assert len({event.created for event in client.sandbox.events()}) == 1


def test_the_noise_that_readers_must_bear(changing):
    for _ in range(60):
        changing.sandbox.perform("raise_noise")

    events = changing.sandbox.objects("events")
    upcoming = [event for event in events if event["type"] == "invoice.upcoming"]
    assert upcoming
    assert all("id" not in event["data"]["object"] for event in upcoming)
    assert "future.thing.imagined" in {event["type"] for event in events}


def test_events_of_connected_accounts_are_in_their_own_list():
    with serving(connected_data=True, connect_events_on_platform=True) as client:
        account = client.sandbox.perform("update_account")

        (own,) = client.get("/v1/events").body["data"]
        (theirs,) = client.get("/v1/events", account=account).body["data"]
        assert own["type"] == theirs["type"] == "account.updated"
        assert own["account"] == account
        assert "account" not in theirs
