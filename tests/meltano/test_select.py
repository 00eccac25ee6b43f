"""What the docs say of choosing collections and of `--test`, under Meltano."""

from __future__ import annotations

from tap_stripe.streams import Collection


def test_meltano_lists_what_can_be_selected(meltano):
    said = meltano("--environment=sandbox", "select", "tap-stripe", "--list", "--all")

    for name in Collection.registered:
        assert f"{name}.received_at" in said


def test_the_check_of_the_key_goes_by_what_is_selected(meltano):
    said = meltano(
        "--environment=sandbox",
        "invoke",
        "tap-stripe",
        "--test",
        TAP_STRIPE__SELECT='["charges.*", "cards.*"]',
    )

    table = [line.split() for line in said.splitlines() if line.endswith("readable")]
    assert {line[0] for line in table} == {"charges", "cards", "(what"}
    assert "Everything that is selected can be read." in said
