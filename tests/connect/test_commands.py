"""The commands, from the page to the environment file and back, and how they say no."""

from __future__ import annotations

import json
import socket
import stat
from urllib.parse import parse_qsl, urlsplit

import pytest

from tests.connect.conftest import APP, KEY, PLATFORM, refused

PLATFORM_KEY = {"TAP_STRIPE_API_KEY": KEY}
APP_NAME = "TAP_STRIPE_OAUTH_SECRET_KEY"
APP_KEY = {APP_NAME: KEY}
FILE_NAME = "TAP_STRIPE_OAUTH_TOKEN_FILE"
LIVE_KEY = "sk_live_51ConnectOfTheOwner"


def secrets_of(project):
    """Give the tokens that the app's file holds."""
    file = json.loads(
        (project.folder / ".tap-stripe" / "tap-stripe.json").read_text("utf-8")
    )
    return file["access_token"], file["refresh_token"]


# What they offer


def test_help_names_the_commands(tap) -> None:
    said = tap.run({}, "--help").out.decode()

    for word in ("connect", "disconnect", "--discover", "--config"):
        assert word in said


@pytest.mark.parametrize("command", ["connect", "disconnect"])
def test_both_forms_are_explained(project, command) -> None:
    ran = project.run(command, "--help")

    assert ran.code == 0
    for form in (b"app", b"platform"):
        assert form in ran.out


def test_commands_come_behind_what_meltano_puts_before_them(project) -> None:
    config = project.folder / "config.json"
    config.write_text(json.dumps({"api_key": KEY}), encoding="utf-8")

    ran = project.run("--config", str(config), "connect", "app", "--help")

    assert ran.code == 0
    assert b"--client-id" in ran.out


# A platform


def test_a_connected_account_is_written_beside_the_platforms_key(project) -> None:
    project.env_file.write_text("# mine\nOTHER='a b'\n", encoding="utf-8")

    ran = project.connect(*PLATFORM, **PLATFORM_KEY)

    assert ran.code == 0, ran.err
    (account,) = json.loads(project.kept["TAP_STRIPE_ACCOUNT_IDS"])
    assert account.startswith("acct_")
    assert project.kept["TAP_STRIPE_API_KEY"] == KEY
    assert project.env_file.read_text("utf-8").startswith("# mine\nOTHER='a b'\n")
    assert stat.S_IMODE(project.env_file.stat().st_mode) == 0o600
    assert account in ran.out.decode()
    assert KEY not in ran.out.decode() + ran.err


def test_beforehand_it_says_what_stripe_grants_and_what_serves_better(project) -> None:
    said = project.connect(*PLATFORM, **PLATFORM_KEY).out.decode()

    warned, _, opened = said.partition("Opening this page")
    assert "read_write only" in warned
    assert "https://dashboard.stripe.com/apikeys/create?name=tap-stripe" in warned
    assert "scope=read_write" in opened


def test_another_account_is_added_and_none_is_there_twice(project) -> None:
    project.connect(*PLATFORM, **PLATFORM_KEY)
    (account,) = json.loads(project.kept["TAP_STRIPE_ACCOUNT_IDS"])
    project.env_file.write_text(
        "TAP_STRIPE_ACCOUNT_IDS=acct_other\n"
        "TAP_STRIPE_ACCOUNT_IDS='[\"acct_before\"]'\n",
        encoding="utf-8",
    )

    project.connect(*PLATFORM, **PLATFORM_KEY)
    project.connect(*PLATFORM, **PLATFORM_KEY)

    accounts = json.loads(project.kept["TAP_STRIPE_ACCOUNT_IDS"])
    assert accounts == ["acct_before", account]


def test_the_names_are_those_of_the_plugin(project) -> None:
    ran = project.connect(
        *PLATFORM,
        "--plugin=tap-stripe-eu",
        TAP_STRIPE_EU_API_KEY=KEY,
        TAP_STRIPE_EU_API_URL=project.sandbox.url,
    )

    assert ran.code == 0, ran.err
    assert set(project.kept) == {"TAP_STRIPE_EU_API_KEY", "TAP_STRIPE_EU_ACCOUNT_IDS"}


def test_the_project_of_a_folder_below_it_is_found(project) -> None:
    below = project.folder / "extract"
    below.mkdir()
    outer, project.folder = project.folder, below

    project.connect(*PLATFORM, **PLATFORM_KEY)

    assert (outer / ".env").exists()
    assert not (below / ".env").exists()


def test_a_disconnected_account_is_taken_out_with_the_last_one_the_key(
    projects,
) -> None:
    project = projects(connected_data=True)
    project.connect(*PLATFORM, **PLATFORM_KEY)
    (account,) = json.loads(project.kept["TAP_STRIPE_ACCOUNT_IDS"])
    with project.env_file.open("a", encoding="utf-8") as file:
        file.write("OTHER=1\n")

    ran = project.run("disconnect", "platform", "--client-id=ca_sandbox")

    assert ran.code == 0, ran.err
    assert project.kept == {"OTHER": "1"}
    (asked,) = (e for e in project.sandbox.log.entries if "deauthorize" in e.endpoint)
    assert asked.status == 200
    again = project.run(
        "disconnect",
        "platform",
        "--client-id=ca_sandbox",
        f"--account={account}",
        **PLATFORM_KEY,
    )
    assert f"does not disconnect {account}" in refused(again)


def test_of_several_accounts_one_is_named_and_the_others_stay(projects) -> None:
    project = projects(connected_data=True)
    project.connect(*PLATFORM, **PLATFORM_KEY)
    (account,) = json.loads(project.kept["TAP_STRIPE_ACCOUNT_IDS"])
    project.env_file.write_text(
        f"TAP_STRIPE_API_KEY={KEY}\n"
        f"TAP_STRIPE_ACCOUNT_IDS='{json.dumps([account, 'acct_2'])}'\n",
        encoding="utf-8",
    )
    command = ("disconnect", "platform", "--client-id=ca_sandbox")

    nameless = project.run(*command)
    named = project.run(*command, f"--account={account}")

    assert "--account" in refused(nameless)
    assert named.code == 0, named.err
    assert json.loads(project.kept["TAP_STRIPE_ACCOUNT_IDS"]) == ["acct_2"]
    assert project.kept["TAP_STRIPE_API_KEY"] == KEY


def test_withdrawn_access_can_be_forgotten(project) -> None:
    project.env_file.write_text(
        f"TAP_STRIPE_API_KEY={KEY}\nTAP_STRIPE_ACCOUNT_IDS='[\"acct_gone\"]'\n",
        encoding="utf-8",
    )
    asked = len(project.sandbox.log)

    ran = project.run("disconnect", "platform", "--client-id=ca_sandbox", "--forget")

    assert ran.code == 0, ran.err
    assert project.kept == {}
    assert len(project.sandbox.log) == asked


# An app


def test_an_apps_tokens_are_kept_in_a_file_of_their_own(project) -> None:
    ran = project.connect(*APP, **APP_KEY)

    assert ran.code == 0, ran.err
    file = project.folder / ".tap-stripe" / "tap-stripe.json"
    assert project.kept == {
        "TAP_STRIPE_OAUTH_TOKEN_FILE": str(file),
        "TAP_STRIPE_OAUTH_SECRET_KEY": KEY,
    }
    for path in (file, project.env_file):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert (file.parent / ".gitignore").read_text("utf-8") == "*\n"
    assert project.sandbox.account in ran.out.decode()
    for secret in (KEY, *secrets_of(project)):
        assert secret not in ran.out.decode() + ran.err
        assert secret == KEY or secret not in project.env_file.read_text("utf-8")


def test_no_secret_is_in_what_is_logged(project) -> None:
    loud = {"LOGLEVEL": "DEBUG"}

    app = project.connect(*APP, **APP_KEY, **loud)
    seen = secrets_of(project)
    gone = project.run("disconnect", "app", "--forget", **loud)

    assert "/v1/oauth/token" in app.err
    for ran in (app, gone):
        for secret in (KEY, *seen, "ac_"):
            assert secret not in ran.out.decode() + ran.err


def test_what_is_written_is_what_a_run_needs(project) -> None:
    project.connect(*APP, **APP_KEY)

    ran = project.run("--config=ENV", "--test", **project.kept)

    assert ran.code == 0, ran.err
    assert b"Everything that is selected can be read." in ran.out


def test_a_disconnected_app_is_uninstalled_and_its_tokens_are_gone(projects) -> None:
    project = projects()
    project.connect(*APP, **APP_KEY)

    ran = project.run("disconnect", "app", "--app-id=app_sandbox")

    assert ran.code == 0, ran.err
    assert project.kept == {}
    assert {path.name for path in (project.folder / ".tap-stripe").iterdir()} == {
        ".gitignore"
    }
    (asked,) = (e for e in project.sandbox.log.entries if "uninstall" in e.target)
    assert asked.status == 200
    assert asked.account == project.sandbox.account


def test_an_app_that_its_owner_has_uninstalled_is_removed_here_too(projects) -> None:
    project = projects()
    project.connect(*APP, **APP_KEY)
    project.sandbox.uninstall_app()

    ran = project.run("disconnect", "app", "--app-id=app_sandbox")

    assert ran.code == 0, ran.err
    assert b"was not installed" in ran.out
    assert project.kept == {}


def test_stripe_is_needed_to_uninstall_unless_it_is_to_be_forgotten(projects) -> None:
    project = projects()
    project.connect(*APP, **APP_KEY)

    nameless = project.run("disconnect", "app")
    wrong = project.run("disconnect", "app", "--app-id=app_other")
    kept = project.kept
    forgotten = project.run("disconnect", "app", "--forget")

    assert "--app-id" in refused(nameless)
    assert "does not uninstall the app" in refused(wrong)
    assert kept
    assert forgotten.code == 0, forgotten.err
    assert project.kept == {}


# Without a screen


@pytest.mark.parametrize(
    "change",
    [str, lambda led_to: dict(parse_qsl(urlsplit(led_to).query))["code"]],
    ids=["the address", "the code"],
)
def test_the_address_or_the_code_can_be_pasted(project, change) -> None:
    ran = project.connect_by_hand(*APP, change=change, **APP_KEY)

    assert ran.code == 0, ran.err
    assert "TAP_STRIPE_OAUTH_TOKEN_FILE" in project.kept


def test_another_address_can_be_redirected_to(project) -> None:
    ran = project.connect_by_hand(
        *APP, "--redirect-uri=https://example.com/back?of=us", **APP_KEY
    )

    assert ran.code == 0, ran.err
    assert b"redirect_uri=https%3A%2F%2Fexample.com%2Fback%3Fof%3Dus" in ran.out


# How they say no


def test_who_cancels_refuses(project) -> None:
    ran = project.connect(*PLATFORM, button="cancel", **PLATFORM_KEY)

    assert "Access was refused on Stripe's page" in refused(ran)
    assert not project.env_file.exists()


def test_another_commands_page_is_not_believed(projects) -> None:
    project = projects()

    ran = project.connect_by_hand(
        *APP, change=lambda led_to: led_to.replace("state=", "state=x"), **APP_KEY
    )

    assert "its state is another" in refused(ran)
    assert project.sandbox.log.by_endpoint["POST /v1/oauth/token"] == 0
    assert not project.env_file.exists()


@pytest.mark.parametrize(("command", "key"), [(PLATFORM, PLATFORM_KEY), (APP, APP_KEY)])
def test_a_code_that_was_used_is_not_taken(project, command, key) -> None:
    seen: list[str] = []

    def code(led_to: str) -> str:
        seen.append(dict(parse_qsl(urlsplit(led_to).query))["code"])
        return seen[0]

    first = project.connect_by_hand(*command, change=code, **key)
    again = project.connect_by_hand(*command, change=code, **key)

    assert first.code == 0, first.err
    assert "Stripe does not take the code" in refused(again)
    assert seen[0] not in again.out.decode() + again.err


def test_a_code_that_has_expired_is_not_taken(projects) -> None:
    project = projects(code_seconds=0)

    ran = project.connect(*PLATFORM, **PLATFORM_KEY)

    assert "good once, for five minutes" in refused(ran)
    assert not project.env_file.exists()


def test_an_unknown_secret_key_is_named(project) -> None:
    platform = project.connect(*PLATFORM, TAP_STRIPE_API_KEY="sk_test_51Somebody")
    app = project.connect(*APP, **{APP_NAME: "sk_test_51Somebody"})

    assert "set api_key" in refused(platform)
    assert "set oauth_secret_key" in refused(app)
    for ran in (platform, app):
        assert "sk_test_51Somebody" not in ran.out.decode() + ran.err


@pytest.mark.parametrize("command", [PLATFORM, APP])
def test_without_a_secret_key_it_says_which_to_set(project, command) -> None:
    assert "is missing: set TAP_STRIPE_" in refused(project.run(*command, pasted=""))


def test_an_account_of_the_other_mode_is_not_written(projects) -> None:
    project = projects(keys={LIVE_KEY: None})
    body = {
        "access_token": "sk_test_OfTheOtherMode",
        "stripe_user_id": "acct_1",
        "livemode": False,
    }
    project.sandbox.impostor = lambda target: (
        (200, json.dumps(body).encode(), {}) if target == "/oauth/token" else None
    )

    ran = project.connect(*PLATFORM, TAP_STRIPE_API_KEY=LIVE_KEY)

    assert "another mode" in refused(ran)
    assert not project.env_file.exists()


def test_an_unknown_client_sends_nothing_back(project) -> None:
    ran = project.run(
        "connect",
        "platform",
        "--client-id=ca_other",
        f"--port={project.port}",
        "--wait=1",
        **PLATFORM_KEY,
    )

    assert "check --client-id" in refused(ran)


def test_a_client_id_of_another_form_is_refused_at_once(project) -> None:
    ran = project.run("connect", "app", "--client-id=pk_test_1", **APP_KEY)

    assert "'pk_test_1'" in refused(ran)


def test_a_port_that_is_taken_is_named(project) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", project.port))
        taken.listen()

        ran = project.connect(*PLATFORM, **PLATFORM_KEY)

    assert f"The port {project.port}" in refused(ran)
    assert "--port" in refused(ran)


@pytest.mark.parametrize("place", ["folder", "missing/.env", "file/.env"])
def test_an_environment_file_that_cant_be_written_is_named_before_the_page(
    project, place
) -> None:
    (project.folder / "folder").mkdir()
    (project.folder / "file").touch()

    ran = project.connect(*PLATFORM, f"--env-file={place}", **PLATFORM_KEY)

    assert "--env-file" in refused(ran)
    assert b"Opening" not in ran.out
    assert [path.name for path in (project.folder / "folder").iterdir()] == []


def test_a_plugin_has_one_way_to_stripe(project) -> None:
    both = project.run(*APP, **APP_KEY, **PLATFORM_KEY)
    other = project.run(*PLATFORM, **{FILE_NAME: "tokens.json"})

    assert "TAP_STRIPE_API_KEY is set" in refused(both)
    assert "TAP_STRIPE_OAUTH_TOKEN_FILE is set" in refused(other)


def test_the_sandbox_of_a_run_has_nobody_to_connect(project) -> None:
    ran = project.run(*APP, TAP_STRIPE_API_URL="sandbox", **APP_KEY)

    assert "tap-stripe-sandbox" in refused(ran)


def test_a_key_goes_to_no_other_machine_in_plain_text(project) -> None:
    ran = project.run(*APP, TAP_STRIPE_API_URL="http://stripe.example", **APP_KEY)

    assert "api_url" in refused(ran)


def test_stripes_own_reasons_are_passed_on(project) -> None:
    def odd(led_to: str) -> str:
        query = dict(parse_qsl(urlsplit(led_to).query))
        return f"http://x/?error=invalid_scope&state={query['state']}"

    ran = project.connect_by_hand(*APP, change=odd, **APP_KEY)

    assert "did not connect the account: invalid_scope" in refused(ran)
