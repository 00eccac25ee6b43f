"""`tap-stripe --test`, and the link to a key that can read what is selected."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import pytest

from tap_stripe import permissions
from tap_stripe.sandbox import Options, Sandbox
from tap_stripe.streams import Collection

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.conftest import Ran, Tap

    Config = Callable[..., dict[str, Any]]

KEY = "sk_test_51OfTheOwnAccount"
RESTRICTED = "rk_test_51OfTheOwnAccount"
NOW = 1_790_000_000
ALL = permissions.needed(permissions.chosen(None).values())


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    options = Options(now=NOW, scale=0.05, keys={KEY: None}, many_children=0)
    with Sandbox(options) as serving:
        yield serving


@pytest.fixture
def restricted(
    tap: Tap, config: Config, sandbox: Sandbox
) -> Callable[[set[str], list[str]], Ran]:
    """Run the check with a key that has only these permissions."""

    def ran(has: set[str], selected: list[str]) -> Ran:
        sandbox.set_key(RESTRICTED, has)
        sandbox.log.clear()
        catalog = selecting(*selected) if selected else None
        return tap.run(config(sandbox, api_key=RESTRICTED), "--test", catalog=catalog)

    return ran


def selecting(*names: str) -> dict[str, Any]:
    return {
        "streams": [
            {
                "stream": name,
                "tap_stream_id": name,
                "schema": {"type": "object", "properties": {"id": {}}},
                "metadata": [
                    {"breadcrumb": [], "metadata": {"selected": name in names}}
                ],
            }
            for name in Collection.registered
        ]
    }


def table(ran: Ran) -> dict[tuple[str, str], str]:
    """Read what the table says of a collection and its source."""
    lines = [re.split(r"  +", line) for line in ran.out.decode().splitlines()]
    start = lines.index(["Collection", "Read from"])
    return {
        (line[0], line[1]): line[2]
        for line in lines[start + 1 : lines.index([""], start)]
    }


def ticked(ran: Ran) -> list[str]:
    (address,) = re.findall(r"https://dashboard\S+", ran.out.decode() + ran.err)
    query = parse_qs(urlsplit(address).query)
    return [name.removeprefix("rak_") for name in query["permissions[]"]]


def test_a_key_that_may_read_everything_passes(
    tap: Tap, config: Config, sandbox: Sandbox
) -> None:
    sandbox.log.clear()

    ran = tap.run(config(sandbox), "--test")

    said = table(ran)
    assert ran.code == 0
    assert set(said.values()) == {"readable"}
    assert {name for name, _ in said} == {
        "(what changed)",
        *permissions.chosen(None),
    }
    assert "secret key of test mode, taken" in ran.out.decode()
    assert KEY not in ran.out.decode() + ran.err


def test_it_asks_once_for_each_listing_and_makes_no_noise(
    tap: Tap, config: Config, sandbox: Sandbox
) -> None:
    sandbox.log.clear()

    ran = tap.run(config(sandbox), "--test")

    assert set(sandbox.log.by_endpoint.values()) == {1}
    assert len(sandbox.log) == 27
    assert "ERROR" not in ran.err
    assert "WARNING" not in ran.err


def test_the_accounts_own_api_version_is_told(tap: Tap, config: Config) -> None:
    options = Options(
        now=NOW, scale=0.02, keys={KEY: None}, account_api_version="2017-08-15"
    )
    with Sandbox(options) as old:
        ran = tap.run(config(old), "--test")

    assert ran.code == 0
    assert "in 2017-08-15, the account's own version; before" in ran.out.decode()


def test_a_key_with_exactly_the_permissions_in_the_link_passes(restricted) -> None:
    ran = restricted(set(ALL), [])

    assert ran.code == 0, ran.out
    assert set(table(ran).values()) == {"readable"}
    assert "restricted key of test mode" in ran.out.decode()


@pytest.mark.parametrize("lacking", ALL)
def test_a_missing_permission_is_named_and_ends_with_the_link(
    lacking: str, restricted
) -> None:
    ran = restricted(set(ALL) - {lacking}, [])

    said = table(ran)
    assert ran.code == 1
    assert set(said.values()) == {"readable", f"the key lacks {lacking}"}
    assert ticked(ran) == ALL


def test_a_missing_permission_of_an_expansion_spoils_only_what_needs_it(
    restricted,
) -> None:
    ran = restricted(set(ALL) - {"source_read"}, [])

    lacking = {key for key, said in table(ran).items() if said != "readable"}
    assert lacking == {
        ("cards", "/v1/customers with sources"),
        ("bank_accounts", "/v1/customers with sources"),
    }


def test_only_what_is_selected_is_asked_for_and_needed(restricted, sandbox) -> None:
    ran = restricted({"charge_read"}, ["charges", "refunds"])

    assert ran.code == 1
    assert table(ran) == {
        ("charges", "/v1/charges"): "readable",
        ("refunds", "/v1/refunds"): "readable",
        ("(what changed)", "/v1/events"): "the key lacks event_read",
    }
    assert ticked(ran) == ["charge_read", "event_read"]
    assert len(sandbox.log) == 4


def test_the_account_need_not_be_readable_where_it_is_not_selected(restricted) -> None:
    ran = restricted({"charge_read", "event_read"}, ["charges"])

    assert ran.code == 0
    assert "not readable with this key" in ran.out.decode()
    assert "the account's own version" in ran.out.decode()


def test_the_catalog_counts_wherever_it_stands(
    tap: Tap, config: Config, sandbox: Sandbox
) -> None:
    ran = tap.run(config(sandbox), "--test", catalog=selecting("payouts"))

    assert {name for name, _ in table(ran)} == {"payouts", "(what changed)"}


def test_a_wrong_key_is_refused_in_one_sentence(
    tap: Tap, config: Config, sandbox: Sandbox
) -> None:
    ran = tap.run(config(sandbox, api_key="sk_test_51OfSomebodyElse"), "--test")

    assert ran.code == 1
    assert not ran.out
    assert ran.err.count("ERROR") == 1
    assert "Invalid API Key" in ran.err


def test_an_account_that_is_no_platform_has_nothing_to_read(
    tap: Tap, config: Config
) -> None:
    options = Options(
        now=NOW,
        scale=0.02,
        keys={KEY: None},
        platform=False,
        platform_refusal="platform_account_required",
    )
    with Sandbox(options) as small:
        ran = tap.run(config(small), "--test")

    assert ran.code == 0, ran.out
    assert "no Connect platform" in table(ran)["accounts", "/v1/accounts"]


def test_the_sdks_other_test_stays(tap: Tap, config: Config, sandbox: Sandbox) -> None:
    ran = tap.run(config(sandbox), "--test=schema")

    assert ran.code == 0
    assert {message["stream"] for message in ran.messages("SCHEMA")}


# The message for a missing key


def test_a_missing_key_is_answered_with_a_link_for_all_that_is_read(tap: Tap) -> None:
    ran = tap.run({})

    assert ran.code == 1
    assert ticked(ran) == ALL


def test_a_missing_key_is_answered_with_a_link_for_what_is_selected(tap: Tap) -> None:
    ran = tap.run({"api_key": " "}, catalog=selecting("payouts", "cards"))

    assert ran.code == 1
    assert ticked(ran) == [
        "connected_account_read",
        "customer_read",
        "event_read",
        "payout_read",
        "source_read",
    ]


def test_nothing_selected_needs_nothing() -> None:
    assert permissions.needed([]) == []
