from __future__ import annotations

import base64

import pytest

from tests.sandbox.client import serving


@pytest.fixture(scope="module")
def guarded():
    keys = {
        "sk_test_all": None,
        "rk_test_charges_1234": {"charge_read", "customer_read"},
    }
    with serving(keys=keys, connected_data=True) as client:
        yield client


def test_without_or_with_a_wrong_key_it_is_401(guarded):
    none = guarded.get("/v1/charges", headers={"Authorization": ""})
    wrong = guarded.get("/v1/charges", key="sk_test_wrong_key_9999")

    assert none.status == wrong.status == 401
    assert none.error["message"].startswith("You did not provide an API key.")
    assert wrong.error["message"].startswith("Invalid API Key provided: sk_test_")
    assert "wrong_key" not in wrong.error["message"]


def test_basic_authentication_takes_the_key_as_user(guarded):
    user = base64.b64encode(b"sk_test_all:").decode()

    reply = guarded.get("/v1/charges", headers={"Authorization": f"Basic {user}"})

    assert reply.status == 200


def test_a_revoked_key_has_expired():
    with serving() as client:
        client.sandbox.revoke(client.sandbox.key)

        reply = client.get("/v1/charges")

        assert reply.status == 401
        assert reply.error["message"].startswith("Expired API Key provided")


@pytest.mark.parametrize(
    ("wording", "names"),
    [("present", "('invoice_read')"), ("older", "'rak_invoice_read'")],
)
def test_a_missing_permission_is_named(wording, names):
    keys = {"rk_test_charges_1234": {"charge_read"}}
    with serving(keys=keys, permission_wording=wording) as client:
        allowed = client.get("/v1/refunds")
        refused = client.get("/v1/invoices")

        assert allowed.status == 200
        assert refused.status == 403
        assert refused.error["code"] == "more_permissions_required"
        assert names in refused.error["message"]


@pytest.mark.parametrize(
    ("path", "expand", "permission"),
    [
        ("/v1/customers", "data.sources", "source_read"),
        ("/v1/charges", "data.balance_transaction", "balance_read"),
        ("/v1/customers", "data.subscriptions", "subscription_read"),
    ],
)
def test_an_expansion_needs_the_permission_of_what_it_expands(
    guarded, path, expand, permission
):
    key = "rk_test_charges_1234"

    assert guarded.get(path, key=key).status == 200
    refused = guarded.get(path, key=key, expand=expand)

    assert refused.status == 403
    assert permission in refused.error["message"]


def test_a_missing_permission_may_come_as_401():
    keys = {"rk_test_nothing_1234": ()}
    with serving(keys=keys, permission_status=401) as client:
        refused = client.get("/v1/invoices")

        assert refused.status == 401
        assert refused.error["code"] == "more_permissions_required"


def test_unknown_ids_and_paths_are_404(stripe):
    missing = stripe.get("/v1/charges/ch_nothing")
    bitcoin = stripe.get("/v1/bitcoin/receivers")
    nowhere = stripe.get("/v1/nowhere")

    assert missing.status == bitcoin.status == nowhere.status == 404
    assert missing.error["code"] == "resource_missing"
    assert missing.error["message"] == "No such charge: 'ch_nothing'"
    assert bitcoin.error["message"].startswith(
        "Unrecognized request URL (GET: /v1/bitcoin/receivers)."
    )
    assert "code" not in bitcoin.error


def test_the_own_account_stands_apart_from_the_connected_ones(guarded):
    own = guarded.get("/v1/account").body
    connected = guarded.everything("/v1/accounts")

    assert own["object"] == "account"
    assert own["id"] == guarded.sandbox.account
    assert own["id"] not in {account["id"] for account in connected}
    assert guarded.get(f"/v1/accounts/{own['id']}").body == own


def test_a_connected_account_has_data_of_its_own(guarded):
    one, two = (account["id"] for account in guarded.sandbox.objects("accounts")[:2])

    of_one = guarded.everything("/v1/charges", account=one)
    of_two = guarded.everything("/v1/charges", account=two)
    of_own = guarded.everything("/v1/charges", account=guarded.sandbox.account)

    assert of_one == guarded.sandbox.objects("charges", account=one)
    assert of_own == guarded.sandbox.objects("charges")
    every = [charge["id"] for charge in of_one + of_two + of_own]
    assert len(set(every)) == len(every)
    assert guarded.get("/v1/account", account=one).body["id"] == one


def test_a_connected_account_lists_no_accounts(guarded):
    one = guarded.sandbox.objects("accounts")[0]["id"]

    reply = guarded.get("/v1/accounts", account=one)

    assert reply.status == 400
    assert "your platform's connected accounts" in reply.error["message"]


def test_an_account_without_access_is_403():
    with serving(connected_data=True) as client:
        account = client.sandbox.objects("accounts")[0]["id"]
        assert client.get("/v1/charges", account=account).status == 200
        client.sandbox.revoke_account(account)

        for barred in (account, "acct_unknown"):
            reply = client.get("/v1/charges", account=barred)
            assert reply.status == 403
            assert reply.error["code"] == "account_invalid"
            assert (
                f"does not have access to account '{barred}'"
                in (reply.error["message"])
            )


def test_an_account_that_is_no_platform_has_none_connected():
    with serving(platform=False) as client:
        assert client.get("/v1/accounts").body["data"] == []
    with serving(
        platform=False, platform_refusal="platform_account_required"
    ) as client:
        reply = client.get("/v1/accounts")

        assert reply.status == 403
        assert reply.error["code"] == "platform_account_required"


def test_bodies_can_be_indented():
    with serving(pretty=True) as client:
        assert client.get("/v1/charges").body["data"]
