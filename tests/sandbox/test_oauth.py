"""OAuth: the pages, the codes and the tokens, as a client of Stripe sees them."""

from __future__ import annotations

from urllib.parse import parse_qsl, urlsplit

import pytest
import requests

from tap_stripe.sandbox import Options, Sandbox

NOW = 1_790_000_000
BACK = "http://localhost:1/back"


class Clock:
    def __init__(self) -> None:
        self.now = float(NOW)

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def sandbox(clock):
    with Sandbox(Options(now=NOW, clock=clock, scale=0.02)) as serving:
        yield serving


def decided(sandbox, path, answer="connect", **fields):
    """Give what the page sends back once a button is pressed."""
    asked = {"client_id": "ca_sandbox", "redirect_uri": BACK, "state": "s", **fields}
    form = {"answer": answer, "account": fields.get("account", sandbox.account)}
    reply = requests.post(
        sandbox.url + path, params=asked, data=form, allow_redirects=False, timeout=5
    )
    return reply, dict(parse_qsl(urlsplit(reply.headers.get("Location", "")).query))


def exchanged(sandbox, path, key=None, headers=None, **fields):
    return requests.post(
        sandbox.url + path,
        data=fields,
        auth=(key or sandbox.key, ""),
        headers=headers,
        timeout=5,
    )


def installed(sandbox, **fields):
    _, back = decided(sandbox, "/oauth/v2/authorize", **fields)
    return exchanged(sandbox, "/v1/oauth/token", code=back["code"]).json()


def renewed(sandbox, refresh_token, headers=None):
    return exchanged(
        sandbox,
        "/v1/oauth/token",
        grant_type="refresh_token",
        refresh_token=refresh_token,
        headers=headers,
    )


def charges(sandbox, token, **headers):
    return requests.get(
        f"{sandbox.url}/v1/charges",
        headers={"Authorization": f"Bearer {token}", **headers},
        timeout=5,
    )


@pytest.mark.parametrize("path", ["/oauth/authorize", "/oauth/v2/authorize"])
def test_the_page_asks_and_sends_back_a_code_with_the_state(sandbox, path):
    page = requests.get(
        sandbox.url + path,
        params={"client_id": "ca_sandbox", "redirect_uri": BACK},
        timeout=5,
    )
    reply, back = decided(sandbox, path)

    assert page.headers["Content-Type"].startswith("text/html")
    assert page.text.count("<button") == 2
    assert reply.status_code == 303
    assert reply.headers["Location"].startswith(f"{BACK}?")
    assert back["code"].startswith("ac_")
    assert back["state"] == "s"


def test_who_cancels_sends_back_an_error(sandbox):
    _, back = decided(sandbox, "/oauth/authorize", answer="cancel")

    assert back["error"] == "access_denied"
    assert back["state"] == "s"
    assert "code" not in back


def test_an_unknown_client_is_told_so_on_the_page_and_sent_nowhere(sandbox):
    reply, _ = decided(sandbox, "/oauth/authorize", client_id="ca_other")

    assert reply.status_code == 400
    assert "No application matches" in reply.text
    assert "Location" not in reply.headers


def test_a_code_is_good_once(sandbox):
    _, back = decided(sandbox, "/oauth/authorize")
    first = exchanged(sandbox, "/oauth/token", code=back["code"])

    again = exchanged(sandbox, "/oauth/token", code=back["code"])

    assert first.status_code == 200
    assert again.status_code == 400
    assert again.json()["error"] == "invalid_grant"
    assert again.json()["error_description"].startswith("Authorization code does not")


@pytest.mark.parametrize(("later_s", "status"), [(299, 200), (300, 400)])
def test_a_code_is_good_for_five_minutes(sandbox, clock, later_s, status):
    _, back = decided(sandbox, "/oauth/authorize")

    clock.now += later_s

    assert exchanged(sandbox, "/oauth/token", code=back["code"]).status_code == status


def test_an_unknown_key_is_no_client(sandbox):
    _, back = decided(sandbox, "/oauth/authorize")

    reply = exchanged(sandbox, "/oauth/token", key="sk_test_other", code=back["code"])

    assert reply.status_code == 401
    assert reply.json()["error"] == "invalid_client"


def test_a_deauthorized_account_refuses_the_platform(clock):
    options = Options(now=NOW, clock=clock, scale=0.02, connected_data=True)
    with Sandbox(options) as sandbox:
        listed = requests.get(
            f"{sandbox.url}/v1/accounts", auth=(sandbox.key, ""), timeout=5
        )
        account = listed.json()["data"][0]["id"]
        of_it = {"Stripe-Account": account}
        before = charges(sandbox, sandbox.key, **of_it)

        done = exchanged(
            sandbox,
            "/oauth/deauthorize",
            client_id="ca_sandbox",
            stripe_user_id=account,
        )
        again = exchanged(
            sandbox,
            "/oauth/deauthorize",
            client_id="ca_sandbox",
            stripe_user_id=account,
        )

        assert before.status_code == 200
        assert done.json() == {"stripe_user_id": account}
        assert charges(sandbox, sandbox.key, **of_it).status_code == 403
        assert again.json()["error"] == "invalid_client"


def test_an_apps_access_token_reads_for_an_hour(sandbox, clock):
    token = installed(sandbox)["access_token"]

    clock.now += 3_599
    before = charges(sandbox, token)
    clock.now += 1
    after = charges(sandbox, token)

    assert before.status_code == 200
    assert after.status_code == 401
    assert after.json()["error"]["code"] == "api_key_expired"


def test_a_refresh_token_is_replaced_by_each_exchange(sandbox):
    first = installed(sandbox)

    second = renewed(sandbox, first["refresh_token"]).json()
    burnt = renewed(sandbox, first["refresh_token"])

    assert second["refresh_token"] != first["refresh_token"]
    assert charges(sandbox, second["access_token"]).status_code == 200
    assert burnt.status_code == 400
    assert burnt.json()["error"] == "invalid_grant"


def test_the_same_exchange_sent_twice_gets_the_same_answer(sandbox):
    refresh = installed(sandbox)["refresh_token"]
    once = {"Idempotency-Key": "one"}

    first = renewed(sandbox, refresh, headers=once)
    again = renewed(sandbox, refresh, headers=once)

    assert first.status_code == 200
    assert again.json() == first.json()


def test_a_refresh_token_is_good_for_a_year(sandbox, clock):
    refresh = installed(sandbox)["refresh_token"]

    clock.now += 365 * 86_400

    assert renewed(sandbox, refresh).json()["error"] == "invalid_grant"


def test_an_uninstalled_app_has_no_access_any_more(sandbox):
    granted = installed(sandbox)

    def asked(method, path=""):
        reply = requests.request(
            method,
            f"{sandbox.url}/v1/apps/installs{path}",
            params={"app": "app_sandbox"},
            auth=(sandbox.key, ""),
            headers={"Stripe-Account": granted["stripe_user_id"]},
            timeout=5,
        )
        return reply.json()

    (install,) = asked("GET")["data"]

    gone = asked("POST", f"/{install['id']}/uninstall")

    assert gone["status"] == "uninstalling"
    assert asked("GET")["data"] == []
    assert charges(sandbox, granted["access_token"]).status_code == 401
    assert renewed(sandbox, granted["refresh_token"]).status_code == 400
