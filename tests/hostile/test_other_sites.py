"""What pages of other sites can make a browser send with the cookie of somebody who is logged in."""

import base64

import pytest
from people import PASSWORD


@pytest.fixture
def browser(anyone):
    http = anyone.http()
    answer = http.post("/api/login", json={"user": "alice", "password": PASSWORD})
    assert answer.status_code == 200, answer.text
    http.headers["Cookie"] = answer.headers["set-cookie"].split(";")[0]
    return http


def make(browser, fresh_name, **headers):
    return browser.post("/api/repos/create", json={"name": fresh_name()}, headers=headers).status_code


def test_cookies_of_other_sites_write_nothing(browser, fresh_name, hub):
    assert make(browser, fresh_name, Origin=hub.url) == 200
    assert make(browser, fresh_name, Origin="https://evil.example") == 403
    assert make(browser, fresh_name, Origin="null") == 403
    assert make(browser, fresh_name, Origin=hub.url, **{"Sec-Fetch-Site": "cross-site"}) == 403
    assert make(browser, fresh_name, **{"Sec-Fetch-Site": "cross-site"}) == 403
    assert make(browser, fresh_name, Origin=hub.url, **{"Sec-Fetch-Site": "same-origin"}) == 200
    assert browser.get("/api/whoami-v2", headers={"Sec-Fetch-Site": "cross-site"}).status_code == 200


@pytest.mark.parametrize("secret", ["password", "token"])
def test_remembered_passwords_write_nothing_for_other_sites(alice, fresh_name, hub, secret):
    """A browser that git's paths asked for a password sends it with every request from then on."""
    browser = alice.http()
    browser.headers.pop("Authorization", None)
    pair = f"alice:{PASSWORD if secret == 'password' else alice.token}"
    browser.headers["Authorization"] = f"Basic {base64.b64encode(pair.encode()).decode()}"
    assert make(browser, fresh_name) == 200, "git and Python say nothing of where they come from"
    assert make(browser, fresh_name, Origin=hub.url) == 200
    assert make(browser, fresh_name, Origin="https://evil.example") == 403
    assert make(browser, fresh_name, **{"Sec-Fetch-Site": "cross-site"}) == 403


def test_behind_a_proxy_the_public_name_counts(browser, fresh_name):
    there = {"Host": "internal:8080", "X-Forwarded-Host": "hub.example", "X-Forwarded-Proto": "https"}
    assert make(browser, fresh_name, Origin="https://hub.example", **there) == 200
    assert make(browser, fresh_name, Origin="https://hub.example:443", **there) == 200
    assert make(browser, fresh_name, Origin="https://evil.example", **there) == 403


@pytest.mark.parametrize("type", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", ""])
def test_a_form_logs_nobody_in(anyone, type):
    body = f'{{"user": "alice", "password": "{PASSWORD}"}}'.encode()
    answer = anyone.http().post("/api/login", content=body, headers={"Content-Type": type})
    assert answer.status_code == 400 and "set-cookie" not in answer.headers
