"""Accounts as people and administrators use them over HTTP: profile, password, tokens, organizations, /api/admin."""

import itertools

import httpx
import pytest
from people import PASSWORD, Person, token_of

_numbers = itertools.count(1)


def browser(hub, user, password=PASSWORD):
    client = httpx.Client(base_url=hub.url, trust_env=False, headers={"Sec-Fetch-Site": "same-origin", "Origin": hub.url})
    answer = client.post("/api/login", json={"user": user, "password": password})
    assert answer.status_code == 200, answer.text
    return client


@pytest.fixture
def new_user(hub):
    """A user of the test's own, with the usual password."""

    def make(*options):
        name = f"user-{next(_numbers)}"
        hub.admin("user", "create", name, "--password", PASSWORD, "--email", f"{name}@example.org", *options)
        hub.admin("token", "create", name, "--role", "write", "--value", token_of(name))
        return Person(hub, name, token_of(name))

    return make


@pytest.fixture
def boss(new_user):
    return new_user("--admin")


def test_profile(hub, new_user, anyone):
    person = new_user()
    http = browser(hub, person.name)
    profile = http.get("/api/settings/profile").json()
    assert profile["name"] == person.name and profile["email"] == f"{person.name}@example.org" and profile["details"] == profile["homepage"] == ""
    assert set(profile) == {"name", "fullname", "email", "details", "homepage", "avatarUrl", "createdAt"}
    changed = http.patch("/api/settings/profile", json={"fullname": "Zoë <b>", "details": "one\ntwo", "homepage": "https://example.org"})
    assert changed.status_code == 200 and changed.json() == profile | {"fullname": "Zoë <b>", "details": "one\ntwo", "homepage": "https://example.org"}
    assert http.patch("/api/settings/profile", json={"email": ""}).json()["email"] == ""
    overview = anyone.http().get(f"/api/users/{person.name}/overview").json()
    assert overview["fullname"] == "Zoë <b>" and overview["details"] == "one\ntwo" and overview["homepage"] == "https://example.org" and "email" not in overview
    assert http.get("/api/site").json()["user"]["fullname"] == "Zoë <b>"
    for bad in ({"homepage": "javascript:alert(1)"}, {"fullname": "a\nb"}, {"details": "x" * 3000}, {"email": "nowhere"}, {"fullname": 7}):
        assert http.patch("/api/settings/profile", json=bad).status_code == 400, bad
    assert person.http().get("/api/settings/profile").status_code == 200
    assert person.http().patch("/api/settings/profile", json={"fullname": "x"}).status_code == 403, "a write token does not speak for its user"
    for method in ("get", "patch"):
        assert getattr(anyone.http(), method)("/api/settings/profile", **({"json": {}} if method == "patch" else {})).status_code == 401


def test_a_new_password_ends_other_sessions(hub, new_user):
    person = new_user()
    mine, other = browser(hub, person.name), browser(hub, person.name)
    wrong = mine.post("/api/settings/password", json={"current": "not this one", "password": "something new"})
    assert wrong.status_code == 403
    assert mine.post("/api/settings/password", json={"current": PASSWORD, "password": "short"}).status_code == 400
    assert other.get("/api/settings/profile").status_code == 200
    assert mine.post("/api/settings/password", json={"current": PASSWORD, "password": "something new"}).status_code == 204
    assert mine.get("/api/settings/profile").status_code == 200
    assert other.get("/api/settings/profile").status_code == 401
    assert person.http().get("/api/whoami-v2").status_code == 200, "tokens are no sessions"
    assert httpx.post(f"{hub.url}/api/login", json={"user": person.name, "password": PASSWORD}, trust_env=False).status_code == 401
    browser(hub, person.name, "something new")


def test_guesses_are_slowed_down(open_hub):
    """On a server of its own: guesses count for the address, and every test here has the same."""
    hub = open_hub("guessed-at")
    http = browser(hub, "alice")
    answers = [http.post("/api/settings/password", json={"current": f"guess {n}", "password": "something new"}).status_code for n in range(12)]
    assert answers[0] == 403 and answers[-1] == 429
    late = http.post("/api/settings/password", json={"current": PASSWORD, "password": "something new"})
    assert late.status_code == 429 and int(late.headers["Retry-After"]) > 0
    login = httpx.post(f"{hub.url}/api/login", json={"user": "alice", "password": PASSWORD}, trust_env=False)
    assert login.status_code == 429, "the same count"
    assert http.get("/api/settings/profile").status_code == 200, "who is in stays in"


def test_other_sites_write_nothing_with_a_session(hub, new_user):
    person = new_user("--admin")
    http = browser(hub, person.name)
    writes = [
        ("PATCH", "/api/settings/profile", {"fullname": "x"}),
        ("POST", "/api/settings/password", {"current": PASSWORD, "password": "something new"}),
        ("POST", "/api/settings/tokens", {"displayName": "x", "role": "write"}),
        ("POST", "/api/organizations", {"name": "evil"}),
        ("PATCH", "/api/organizations/acme", {"fullname": "evil"}),
        ("PUT", "/api/organizations/acme/members/carol", {"role": "admin"}),
        ("DELETE", "/api/organizations/acme/members/bob", None),
        ("POST", "/api/admin/users", {"name": "evil", "password": PASSWORD, "isAdmin": True}),
        ("PATCH", "/api/admin/users/bob", {"isAdmin": True}),
        ("PUT", "/api/admin/quota/alice", {"bytes": 1}),
        ("POST", "/api/admin/gc", {"dryRun": True}),
        ("POST", "/api/admin/jobs/1/retry", None),
        ("DELETE", "/api/settings/tokens/1", None),
    ]
    for foreign in ({"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.example"}, {"Origin": "null"}):
        for method, path, body in writes:
            headers = {"Sec-Fetch-Site": "same-origin"} | foreign
            answer = http.request(method, path, json=body, headers=headers)
            assert answer.status_code == 403 and "another site" in answer.json()["error"], (method, path, foreign, answer.text)
    assert http.get("/api/site").json()["user"]["fullname"] == person.name


def test_tokens_may_expire(hub, new_user):
    http = browser(hub, new_user().name)
    made = http.post("/api/settings/tokens", json={"displayName": "short", "role": "read", "expiresInDays": 30}).json()
    assert made["expiration"] > made["createdAt"] and made["token"].startswith("hf_")
    assert "expiration" not in http.post("/api/settings/tokens", json={"displayName": "long"}).json()
    for days in (0, -1, 100000, "many"):
        assert http.post("/api/settings/tokens", json={"expiresInDays": days}).status_code == 400, days


def test_organizations(hub, new_user, alice, anyone):
    owner, member, stranger = new_user(), new_user(), new_user()
    name = f"org-{next(_numbers)}"
    made = owner.http().post("/api/organizations", json={"name": name, "fullname": "Some Org"})
    assert made.status_code == 201 and made.json()["name"] == name and made.json()["fullname"] == "Some Org" and "email" not in made.json()
    assert owner.http().post("/api/organizations", json={"name": name.upper()}).status_code == 409
    for bad in ("", "api", "admin", "a b", "x" * 60):
        assert owner.http().post("/api/organizations", json={"name": bad}).status_code == 400, bad
    assert anyone.http().post("/api/organizations", json={"name": "nobodys"}).status_code == 401

    http = owner.http()
    assert http.patch(f"/api/organizations/{name}", json={"details": "things", "homepage": "http://example.org"}).json()["details"] == "things"
    assert anyone.http().get(f"/api/organizations/{name}/overview").json()["homepage"] == "http://example.org"
    assert stranger.http().patch(f"/api/organizations/{name}", json={"details": "x"}).status_code == 403

    for role in ("read", "contributor", "write"):
        assert http.put(f"/api/organizations/{name}/members/{member.name}", json={"role": role}).json() == {"user": member.name, "role": role}
    roles = {row["user"]: row["role"] for row in anyone.http().get(f"/api/organizations/{name}/members").json()}
    assert roles == {owner.name: "admin", member.name: "write"}
    for bad in ("no_access", "owner", ""):
        assert http.put(f"/api/organizations/{name}/members/{member.name}", json={"role": bad}).status_code == 400, bad
    assert http.put(f"/api/organizations/{name}/members/nobody-here", json={"role": "read"}).status_code == 404
    for person in (member, stranger):
        assert person.http().put(f"/api/organizations/{name}/members/{stranger.name}", json={"role": "read"}).status_code == 403
        assert person.http().delete(f"/api/organizations/{name}/members/{owner.name}").status_code == 403
    assert browser(hub, member.name).get("/api/site").json()["user"]["canCreateIn"] == [member.name, name]

    assert http.delete(f"/api/organizations/{name}/members/{owner.name}").status_code == 409
    assert http.put(f"/api/organizations/{name}/members/{owner.name}", json={"role": "read"}).status_code == 409
    assert member.http().delete(f"/api/organizations/{name}/members/{member.name}").status_code == 204, "who wants to may leave"
    assert http.delete(f"/api/organizations/{name}/members/{member.name}").status_code == 404
    assert anyone.http().delete(f"/api/organizations/{name}/members/{owner.name}").status_code == 401


ADMIN_CALLS = [
    ("GET", "/api/admin/users"),
    ("POST", "/api/admin/users"),
    ("PATCH", "/api/admin/users/bob"),
    ("PATCH", "/api/admin/users/nobody-here"),
    ("GET", "/api/admin/organizations"),
    ("GET", "/api/admin/storage"),
    ("POST", "/api/admin/gc"),
    ("PUT", "/api/admin/quota/alice"),
    ("GET", "/api/admin/jobs"),
    ("POST", "/api/admin/jobs/1/retry"),
    ("GET", "/api/admin/health"),
    ("GET", "/api/admin/settings"),
]


def test_administration_is_for_administrators(alice, anyone, boss):
    reading = Person(boss.hub, boss.name, token_of(boss.name, "read"))
    boss.hub.admin("token", "create", boss.name, "--role", "read", "--value", reading.token)
    for person in (alice, anyone, reading):
        for method, path in ADMIN_CALLS:
            answer = person.http().request(method, path, json={} if method != "GET" else None)
            assert answer.status_code == 403, (person.name, method, path, answer.text)


def test_administrators_see_and_change_users(hub, boss, alice, new_user):
    http = boss.http()
    name = f"made-{next(_numbers)}"
    made = http.post("/api/admin/users", json={"name": name, "email": "m@example.org", "fullname": "Made", "password": PASSWORD, "isAdmin": False})
    assert made.status_code == 201 and made.json()["name"] == name and made.json()["isAdmin"] is False
    assert http.post("/api/admin/users", json={"name": name}).status_code == 409
    assert http.post("/api/admin/users", json={"name": "x", "password": "short"}).status_code == 400
    [row] = http.get("/api/admin/users", params={"search": name.upper()}).json()["users"]
    assert row["email"] == "m@example.org" and row["repos"] == 0 and row["storedBytes"] == 0 and row["isAdmin"] is False and "lastUsedAt" not in row

    session = browser(hub, name)
    [row] = http.get("/api/admin/users", params={"search": name}).json()["users"]
    assert row["lastUsedAt"]
    assert http.patch(f"/api/admin/users/{name}", json={"password": "something else"}).status_code == 200
    assert session.get("/api/settings/profile").status_code == 401
    browser(hub, name, "something else")
    assert http.patch(f"/api/admin/users/{name}", json={"isAdmin": True}).json()["isAdmin"] is True
    assert browser(hub, name, "something else").get("/api/admin/health").status_code == 200
    assert http.patch(f"/api/admin/users/{name}", json={"isAdmin": False}).json()["isAdmin"] is False
    assert http.patch("/api/admin/users/acme", json={"isAdmin": True}).status_code == 404

    seen, cursor = [], ""
    while cursor is not None:
        page = http.get("/api/admin/users", params={"limit": 2, "cursor": cursor}).json()
        seen += [row["name"] for row in page["users"]]
        cursor = page.get("next")
    assert {"alice", "bob", "carol", name, boss.name} <= set(seen) and len(seen) == len(set(seen))
    [acme] = http.get("/api/admin/organizations", params={"search": "acme"}).json()["organizations"]
    assert acme["name"] == "acme" and acme["members"] >= 2 and acme["createdAt"]


def test_the_last_administrator_stays(open_hub):
    hub = open_hub("one-admin")
    hub.admin("token", "create", "root", "--role", "admin", "--value", token_of("root"))
    root = Person(hub, "root", token_of("root")).http()
    assert root.patch("/api/admin/users/root", json={"isAdmin": False}).status_code == 409
    assert root.patch("/api/admin/users/alice", json={"isAdmin": True}).status_code == 200
    assert root.patch("/api/admin/users/root", json={"isAdmin": False}).status_code == 200
    assert root.get("/api/admin/health").status_code == 403
    with pytest.raises(RuntimeError, match="last administrator"):
        hub.admin("user", "demote", "alice")
    assert "is an administrator" in hub.admin("user", "promote", "root")
    assert "is no administrator" in hub.admin("user", "demote", "alice")


@pytest.mark.parametrize("where", ["hub", "postgres_hub"])
def test_storage_jobs_and_health(request, where):
    hub = request.getfixturevalue(where)
    name = f"chief-{where.replace('_', '-')}"
    hub.admin("user", "create", name, "--admin")
    hub.admin("token", "create", name, "--role", "write", "--value", token_of(name))
    http = Person(hub, name, token_of(name)).http()
    assert http.post("/api/repos/create", json={"name": f"{name}-repo", "type": "model"}).status_code == 200

    assert http.put(f"/api/admin/quota/{name}", json={"bytes": 12345}).status_code == 204
    storage = http.get("/api/admin/storage").json()
    assert {row["name"]: row.get("quotaBytes") for row in storage["namespaces"]}[name] == 12345
    assert storage["savedBytes"] == storage["logicalBytes"] - storage["storedBytes"]
    assert set(storage["garbage"]) == {"links", "files", "xorbs"} and set(storage["garbage"]["links"]) == {"count", "bytes"}
    for nothing in (None, "none"):
        assert http.put(f"/api/admin/quota/{name}", json={"bytes": nothing}).status_code == 204
        rows = {row["name"]: row for row in http.get("/api/admin/storage").json()["namespaces"]}
        assert "quotaBytes" not in rows[name]
    for bad in ({}, {"bytes": -1}, {"bytes": "1GB"}, {"bytes": 1.5}):
        assert http.put(f"/api/admin/quota/{name}", json=bad).status_code == 400, bad
    assert http.put("/api/admin/quota/nobody-here", json={"bytes": 1}).status_code == 404

    report = http.post("/api/admin/gc", json={"dryRun": True}).json()
    assert report["dryRun"] is True and report["linksRemoved"]["count"] == 0 and any("xorbs" in line for line in report["lines"])
    assert http.post("/api/admin/gc").json()["dryRun"] is True, "nothing is removed unless somebody says so"
    assert http.post("/api/admin/gc", json={"dryRun": False}).json()["dryRun"] is False

    jobs = http.get("/api/admin/jobs").json()["jobs"]
    assert all(set(job) == {"id", "kind", "subject", "state", "attempts", "runAfter", "createdAt", "lastError"} for job in jobs)
    for state in ("waiting", "running", "done", "failed"):
        assert all(job["state"] == state for job in http.get("/api/admin/jobs", params={"state": state}).json()["jobs"])
    assert http.get("/api/admin/jobs", params={"state": "lost"}).status_code == 400
    assert http.post("/api/admin/jobs/999999/retry").status_code == 404
    assert http.post("/api/admin/jobs/x/retry").status_code == 404
    done = [job for job in http.get("/api/admin/jobs", params={"state": "done"}).json()["jobs"]]
    if done:
        assert http.post(f"/api/admin/jobs/{done[0]['id']}/retry").status_code == 409

    listed = hub.admin("jobs", "list")
    assert all(str(job["id"]) in listed for job in done[:5])
    with pytest.raises(RuntimeError, match="no job"):
        hub.admin("jobs", "retry", "999999")

    health = http.get("/api/admin/health").json()
    assert health["database"] == ("postgresql" if where == "postgres_hub" else "sqlite") and health["blobs"] == "file"
    assert health["databaseBytes"] > 4096 and health["memoryBytes"] > 1 << 20 and 0 < health["diskFreeBytes"] <= health["diskTotalBytes"]
    assert health["dataFolder"] == str(hub.data) and health["uptimeSeconds"] >= 0 and health["threads"]["io"] >= 1
    assert health["requests"]["total"] > 0 and health["requests"]["2xx"] > 0 and health["gauges"]["embrace_connections_open"] >= 1

    settings = {row["name"]: row for row in http.get("/api/admin/settings").json()["settings"]}
    assert settings["data"]["value"] == str(hub.data) and settings["allow_sign_up"]["help"]
    if where == "postgres_hub":
        assert settings["database"]["value"] == "(set)"
