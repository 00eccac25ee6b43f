"""What the docs say of choosing collections and of `--test`, under Meltano."""

from __future__ import annotations

from tap_stripe.streams import Collection
from tests.conftest import Tap


def test_meltano_lists_what_can_be_selected(meltano):
    said = meltano("--environment=sandbox", "select", "tap-stripe", "--list", "--all")

    for name in Collection.registered:
        assert f"{name}.received_at" in said


def test_the_check_of_the_key_goes_by_what_meltano_selects(meltano, tmp_path):
    said = meltano(
        "--environment=sandbox",
        "invoke",
        "--dump=catalog",
        "tap-stripe",
        TAP_STRIPE__SELECT='["charges.*", "cards.*"]',
    )
    catalog = tmp_path / "catalog.json"
    catalog.write_text(said[said.index("{\n") :])

    ran = Tap(tmp_path).run({"api_url": "sandbox"}, "--catalog", str(catalog), "--test")

    table = [line.split() for line in ran.out.decode().splitlines()]
    checked = {line[0] for line in table if line[-1:] == ["readable"]}
    assert ran.code == 0, ran.err
    assert checked == {"charges", "cards", "(what"}
