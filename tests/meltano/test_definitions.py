"""meltano.yml and the definition for Meltano's Hub say what is true of the tap."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest
import yaml  # type: ignore[import-untyped]  # Its stubs are another package.

from scripts import bootstrap

# What the Hub's schema for extractors wants or knows beside what Meltano's knows:
# https://github.com/meltano/hub/tree/main/schemas/plugin_definitions
HUB_NEEDS = {"name", "namespace", "variant", "label", "quality"}
HUB_ONLY = {
    "definition",
    "domain_url",
    "keywords",
    "maintenance_status",
    "next_steps",
    "prereq",
    "quality",
    "settings_preamble",
    "usage",
}
HUB_CAPABILITIES = {
    "about",
    "activate-version",
    "batch",
    "catalog",
    "discover",
    "log-based",
    "properties",
    "schema-flattening",
    "state",
    "stream-maps",
    "structured-logging",
    "test",
}


@pytest.fixture(scope="module")
def project():
    return yaml.safe_load((bootstrap.ROOT / "meltano.yml").read_text())


@pytest.fixture(scope="module")
def extractor(project):
    return project["plugins"]["extractors"][0]


@pytest.fixture(scope="module")
def hub():
    return yaml.safe_load((bootstrap.ROOT / "meltano" / "tap-stripe.yml").read_text())


@pytest.fixture(scope="module")
def meltano_schema(meltano_command):
    package = (
        Path(meltano_command).parents[1].glob("lib/python3*/site-packages/meltano")
    )
    return json.loads((next(package) / "schemas/meltano.schema.json").read_text())


def test_meltano_yml_is_valid(project, meltano_schema, meltano, tmp_path):
    said = meltano("compile", "--lint", "--directory", str(tmp_path / "manifests"))

    jsonschema.validate(project, meltano_schema)
    assert "meltano-manifest.sandbox.json" in said


def test_every_setting_of_the_tap_is_declared_and_described(extractor, hub, about):
    declared = extractor["settings"]

    assert [s["name"] for s in declared] == list(about["settings"]["properties"])
    assert all(s["label"] and s["description"] for s in declared)
    assert [s["name"] for s in declared if s.get("sensitive")] == [
        "api_key",
        "oauth_secret_key",
    ]
    assert hub["settings"] == declared


def test_every_capability_of_the_tap_is_declared(extractor, hub, about):
    able = set(about["capabilities"]) & HUB_CAPABILITIES

    assert set(extractor["capabilities"]) == able
    assert hub["capabilities"] == extractor["capabilities"]


def test_the_hub_definition_is_valid(hub, meltano_schema):
    for_meltano = {k: v for k, v in hub.items() if k not in HUB_ONLY}

    jsonschema.validate({"plugins": {"extractors": [for_meltano]}}, meltano_schema)
    assert hub.keys() >= HUB_NEEDS
    assert hub.keys() & {"config", "load_schema", "select"} == set()


@pytest.mark.parametrize(
    ("environment", "key"), [("prod", "rk_test_51Abc"), ("test", "rk_live_51Abc")]
)
@pytest.mark.parametrize("tap", ["tap-stripe", "tap-stripe-eu"])
def test_a_key_of_the_other_mode_fills_no_schema(
    environment, key, tap, meltano, tmp_path
):
    variable = f"{tap.upper().replace('-', '_')}_API_KEY"

    said = meltano(
        f"--environment={environment}",
        "run",
        tap,
        "target-jsonl",
        fails=True,
        # Nothing listens there: with the right key the message would be another one.
        TAP_STRIPE_API_URL="http://127.0.0.1:1",
        TARGET_JSONL_DESTINATION_PATH=str(tmp_path / "jsonl"),
        **{variable: key},
    )

    assert "The setting livemode is" in said
    assert key not in said
    assert not (tmp_path / "jsonl").exists()


def test_every_name_that_meltano_writes_into_the_config_is_a_setting(about, meltano):
    said = meltano(
        "--environment=prod",
        "invoke",
        "--dump=config",
        "tap-stripe",
        TAP_STRIPE_API_KEY="rk_live_51Abc",
        TAP_STRIPE__SELECT='["charges.*"]',
        TAP_STRIPE_BATCH_CONFIG='{"encoding": {"format": "jsonl"}}',
    )

    written = json.loads(said[said.index("{\n") :])
    assert {"api_key", "batch_config", "livemode"} <= written.keys()
    assert written.keys() <= about["settings"]["properties"].keys()
