"""Logging in from a terminal: two codes, a page for the person, and what the program hears when it asks."""

import httpx
import pytest
from people import PASSWORD, token_of

CLIENT = "26be6b09-91c5-47da-9861-d2d2bb7a7e36"  # of the hf command
DEVICE = "urn:ietf:params:oauth:grant-type:device_code"


class Login:
    """One login that was begun, seen by the program and by the person."""

    def __init__(self, hub, **more):
        self.http = httpx.Client(base_url=hub.url, timeout=60, trust_env=False)
        answer = self.http.post("/oauth/device", data={"client_id": CLIENT, "scope": "openid", **more})
        assert answer.status_code == 200, answer.text
        self.codes = answer.json()

    def ask(self, device_code=None):
        return self.http.post("/oauth/token", data={"grant_type": DEVICE, "device_code": device_code or self.codes["device_code"]})

    def refresh(self, token):
        return self.http.post("/oauth/token", data={"grant_type": "refresh_token", "refresh_token": token})

    def answer(self, answer, user="carol", password=PASSWORD, code=None):
        form = {"user_code": code or self.codes["user_code"], "user": user, "password": password, "answer": answer}
        return self.http.post("/oauth/device/approve", data=form)

    def whoami(self, token):
        return self.http.get("/api/whoami-v2", headers={"Authorization": f"Bearer {token}"})


@pytest.fixture
def login(hub):
    return Login(hub)


def says(answer, error):
    """OAuth's form of an error: JSON, 400, and never kept."""
    assert answer.status_code == 400 and answer.json()["error"] == error, answer.text
    assert answer.json()["error_description"] and answer.headers["Cache-Control"] == "no-store"


def test_codes(login, hub):
    codes = login.codes
    assert codes["verification_uri"] == f"{hub.url}/oauth/device"
    assert codes["verification_uri_complete"] == f"{hub.url}/oauth/device?user_code={codes['user_code']}"
    assert codes["expires_in"] == 900 and codes["interval"] == 5 and len(codes["device_code"]) >= 40
    assert Login(hub).codes["device_code"] != codes["device_code"]
    by_json = login.http.post("/oauth/device", json={"client_id": CLIENT})
    assert by_json.status_code == 200 and by_json.json()["user_code"]


def test_page(login):
    page = login.http.get(login.codes["verification_uri_complete"])
    assert page.status_code == 200 and page.headers["Content-Type"] == "text/html; charset=utf-8"
    assert f'value="{login.codes["user_code"]}"' in page.text and 'action="device/approve"' in page.text
    policy = page.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy and "frame-ancestors 'none'" in policy and page.headers["Cache-Control"] == "no-store"
    hostile = login.http.get("/oauth/device", params={"user_code": '"><script>alert(1)</script>'})
    assert "<script" not in hostile.text and "&lt;script&gt;" in hostile.text


def test_waiting_and_asking_too_often(login):
    says(login.ask(), "authorization_pending")
    says(login.ask(), "slow_down")


def test_approved_once(login):
    says(login.ask(), "authorization_pending")
    page = login.answer("approve")
    assert page.status_code == 200 and "Approved" in page.text
    answer = login.ask()
    assert answer.status_code == 200 and answer.headers["Cache-Control"] == "no-store", answer.text
    grant = answer.json()
    assert grant["token_type"] == "bearer" and grant["scope"] == "openid" and grant["expires_in"] > 24 * 3600
    who = login.whoami(grant["access_token"]).json()
    assert who["name"] == "carol" and who["auth"]["accessToken"]["role"] == "write"
    says(login.ask(), "expired_token")
    assert "wrong or too old" in login.answer("approve").text


def test_a_code_typed_by_hand(login):
    typed = login.codes["user_code"].lower().replace("-", " ")
    assert login.answer("approve", code=typed).status_code == 200
    assert login.ask().status_code == 200


def test_denied(login):
    page = login.answer("refuse")
    assert page.status_code == 200 and "Refused" in page.text
    # What was refused stays so, whoever asks again.
    assert login.answer("approve").status_code == 400
    says(login.ask(), "access_denied")
    says(login.ask(), "expired_token")


def test_refresh_tokens_work_once(login):
    login.answer("approve")
    first = login.ask().json()
    answer = login.refresh(first["refresh_token"])
    assert answer.status_code == 200, answer.text
    second = answer.json()
    assert login.whoami(second["access_token"]).json()["name"] == "carol"
    assert login.whoami(first["access_token"]).status_code == 401
    says(login.refresh(first["refresh_token"]), "invalid_grant")
    assert login.refresh(second["refresh_token"]).status_code == 200


@pytest.mark.parametrize(
    "wrong",
    [{"password": "not carol's"}, {"user": "nobody-here"}, {"password": ""}, {"password": token_of("bob")}, {"code": "BBBB-BBBB"}, {"code": "x"}],
    ids=["password", "user", "no password", "another's token", "code", "no code at all"],
)
def test_who_may_not_approve(login, wrong):
    page = login.answer("approve", **wrong)
    assert page.status_code == 400 and 'role="alert"' in page.text and "Approved" not in page.text
    says(login.ask(), "authorization_pending")


def test_what_was_never_given(login):
    says(login.ask("x" * 43), "expired_token")
    says(login.ask(login.codes["user_code"]), "expired_token")
    says(login.refresh("hf_refresh_" + "x" * 40), "invalid_grant")
    says(login.http.post("/oauth/token", data={"grant_type": DEVICE}), "expired_token")
    says(login.http.post("/oauth/token", data={"grant_type": "password", "username": "carol", "password": PASSWORD}), "unsupported_grant_type")
    says(login.http.post("/oauth/token", content=b""), "unsupported_grant_type")
    says(login.http.post("/oauth/device", data={"client_id": "some-other-app"}), "invalid_client")
    says(login.http.post("/oauth/device", data={"client_id": CLIENT, "scope": "x" * 2000}), "invalid_client")
    assert login.http.post("/oauth/token", content=b"{", headers={"Content-Type": "application/json"}).status_code == 400
    assert login.http.post("/oauth/token", content=b"x" * (64 << 10)).status_code == 413
