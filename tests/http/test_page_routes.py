"""The website as a browser gets it: which addresses are pages, what stands in them, who may see what."""

import base64
import gzip
import hashlib
import json
import re

import httpx
import pytest
from hub_process import ROOT
from people import PASSWORD

BOOT = re.compile(r'<script type="application/json" id="boot">(.*?)</script>', re.DOTALL)
SITE_PAGES = ["/", "/join", "/login", "/models", "/datasets", "/spaces", "/search/full-text", "/new", "/new-dataset", "/settings/tokens", "/organizations/new", "/admin/jobs"]
IS_BUILT = (ROOT / "web/build/shell.html").exists()
needs_pages = pytest.mark.skipif(not IS_BUILT, reason="web/build is not there: ./dev build makes it")


def test_a_program_without_pages_says_how_to_build_them(anyone):
    answer = anyone.http().get("/")
    assert answer.status_code == (200 if IS_BUILT else 501)
    assert IS_BUILT or "npm run build" in answer.json()["error"]


def boot(answer):
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8", answer.text[:300]
    [text] = BOOT.findall(answer.text)
    return json.loads(text)


def browser(hub, name=None):
    client = httpx.Client(base_url=hub.url, trust_env=False, headers={"Accept": "text/html,*/*"})
    if name:
        assert client.post("/api/login", json={"user": name, "password": PASSWORD}).status_code == 200
    return client


@needs_pages
def test_every_page_is_one_shell(anyone):
    http = anyone.http()
    for path in SITE_PAGES:
        answer = http.get(path)
        assert answer.status_code == 200, path
        assert boot(answer) == {"status": 200, "site": http.get("/api/site").json(), "namespace": None, "repo": None, "rights": None}
        assert "no-cache" in answer.headers["Cache-Control"] and answer.headers["X-Content-Type-Options"] == "nosniff"
        again = http.get(path, headers={"If-None-Match": answer.headers["ETag"]})
        assert again.status_code == 304 and not again.content
        head = http.head(path)
        assert head.status_code == 200 and not head.content and head.headers["Content-Security-Policy"] == answer.headers["Content-Security-Policy"]


@needs_pages
def test_the_policy_allows_what_stands_in_the_shell_and_nothing_else(anyone):
    answer = anyone.http().get("/")
    policy = dict(rule.split(" ", 1) for rule in answer.headers["Content-Security-Policy"].split("; "))
    inline = [text for attributes, text in re.findall(r"<script([^>]*)>(.*?)</script>", answer.text, re.DOTALL) if "src=" not in attributes and "json" not in attributes]
    hashes = [f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'" for text in inline]
    assert policy["script-src"].split() == ["'self'", *hashes]
    assert policy["default-src"] == "'none'" and policy["frame-ancestors"] == "'none'" and policy["base-uri"] == "'none'"
    assert "unsafe" not in answer.headers["Content-Security-Policy"]
    assert not re.search(r"<[^>]+\s(style|on\w+)=", answer.text), "the policy would refuse these"
    assert not re.search(r'(src|href)="(https?:)?//', answer.text), "everything comes from here"


@needs_pages
def test_files_of_the_website(anyone):
    http = anyone.http()
    paths = set(re.findall(r'"(/_app/[^"]+\.(?:js|css))"', http.get("/").text))
    assert paths
    for path in paths:
        answer = http.get(path, headers={"Accept-Encoding": "gzip"})
        assert answer.status_code == 200 and answer.headers["Cache-Control"] == "public, max-age=31536000, immutable", path
        assert ("Vary" in answer.headers) == ("Content-Encoding" in answer.headers), "what is not packed is the same for everybody"
        assert answer.headers["Content-Type"].startswith("text/javascript" if path.endswith(".js") else "text/css")
        plain = http.get(path, headers={"Accept-Encoding": "identity"})
        assert "Content-Encoding" not in plain.headers and plain.content == answer.content
        assert plain.content == (ROOT / "web/build" / path[1:]).read_bytes()
        with http.stream("GET", path, headers={"Accept-Encoding": "br, gzip"}) as packed:
            raw = b"".join(packed.iter_raw())
            if packed.headers.get("Content-Encoding") == "gzip":
                assert gzip.decompress(raw) == plain.content
            assert len(raw) == int(packed.headers["Content-Length"]) <= len(plain.content)
        etag = answer.headers["ETag"]
        assert http.get(path, headers={"Accept-Encoding": "gzip", "If-None-Match": etag}).status_code == 304
    assert http.get("/_app/immutable/none.js").status_code == 404
    assert http.post(next(iter(paths))).status_code == 404


@needs_pages
def test_a_page_brings_its_repository(new_repo, alice, anyone):
    for type, api, web in (("model", "models", ""), ("dataset", "datasets", "datasets/")):
        repo = new_repo(type=type, files={"README.md": b"---\nlicense: mit\n---\n# </script><script>alert(1)</script>\n"})
        for what in ("", "/tree/main", "/blob/main/README.md", "/commits/main", "/settings", "/discussions"):
            answer = anyone.http().get(f"/{web}{repo.id}{what}")
            assert answer.status_code == 200
            facts = boot(answer)
            asked = anyone.http().get(f"/api/{api}/{repo.id}").json()
            assert facts["repo"]["id"] == repo.id and {name: facts["repo"][name] for name in asked} == asked
            assert facts["rights"] == {"see": True, "read": True, "propose": False, "write": False, "manage": False}
            assert f"<title>{repo.id}" in answer.text and f'<meta property="og:title" content="{repo.id}">' in answer.text
            assert "<script>alert" not in answer.text
        assert boot(alice.http().get(f"/{web}{repo.id}"))["rights"]["manage"] is True


@needs_pages
def test_rights(new_repo, alice, alice_reading, bob, anyone):
    repo = new_repo(files={"a.txt": b"a"})
    everything = dict.fromkeys(["see", "read", "propose", "write", "manage"], True)
    assert alice.http().get(f"{repo.api}/rights").json() == everything
    assert alice_reading.http().get(f"{repo.api}/rights").json() == everything | dict.fromkeys(["propose", "write", "manage"], False)
    assert bob.http().get(f"{repo.api}/rights").json() == everything | dict.fromkeys(["write", "manage"], False)
    hidden = new_repo(private=True)
    assert bob.http().get(f"{hidden.api}/rights").headers["X-Error-Code"] == "RepoNotFound"
    assert anyone.http().get(f"{hidden.api}/rights").status_code == 401
    assert alice.http().put(f"{repo.api}/settings", json={"gated": "manual"}).status_code == 200
    assert bob.http().get(f"{repo.api}/rights").json() == everything | dict.fromkeys(["read", "propose", "write", "manage"], False)


@needs_pages
def test_what_is_private_looks_like_what_is_not_there(new_repo, hub, bob, anyone):
    hidden = new_repo(private=True, files={"a.txt": b"a"})
    for person in (anyone.http(), bob.http(), browser(hub, "carol")):
        for what in ("", "/tree/main", "/blob/main/a.txt", "/settings"):
            private, absent = person.get(f"/{hidden.id}{what}"), person.get(f"/alice/no-such-thing{what}")
            assert private.status_code == absent.status_code == 404
            assert private.content == absent.content and boot(private)["status"] == 404
            names = {"date", "x-request-id"}
            assert {k: v for k, v in private.headers.items() if k not in names} == {k: v for k, v in absent.headers.items() if k not in names}
    assert browser(hub, "alice").get(f"/{hidden.id}").status_code == 200


@needs_pages
def test_moved_repositories_and_other_spellings_redirect(new_repo, alice, anyone, fresh_name):
    repo, name = new_repo(files={"a.txt": b"a"}), fresh_name("moved")
    assert alice.http().post("/api/repos/move", json={"fromRepo": repo.id, "toRepo": f"alice/{name}", "type": "model"}).status_code == 200
    http = anyone.http()
    for what in ("", "/tree/main/x%20y?a=b"):
        answer = http.get(f"/{repo.id}{what}")
        assert answer.status_code == 307 and answer.headers["Location"] == f"/alice/{name}{what}"
    answer = http.get("/ALICE")
    assert answer.status_code == 307 and answer.headers["Location"] == "/alice"


@needs_pages
def test_pages_of_accounts(anyone):
    http = anyone.http()
    assert boot(http.get("/alice"))["namespace"] == {"name": "alice", "type": "user"}
    assert boot(http.get("/acme"))["namespace"] == {"name": "acme", "type": "org"}
    assert http.get("/nobody-here").status_code == 404 and boot(http.get("/nobody-here"))["namespace"] is None


@needs_pages
def test_a_session_is_in_the_page(hub):
    http = browser(hub, "bob")
    user = boot(http.get("/"))["site"]["user"]
    assert user["name"] == "bob" and user["email"] == "bob@example.org" and user["isAdmin"] is False
    assert user["canCreateIn"] == ["bob"], "bob may only read in acme"
    assert [(org["name"], org["role"]) for org in user["orgs"]] == [("acme", "read")]
    assert http.post("/api/logout").status_code == 204
    assert boot(http.get("/"))["site"]["user"] is None
    http.cookies.set("embrace_session", "rubbish", domain="127.0.0.1")
    assert boot(http.get("/"))["site"]["user"] is None


@needs_pages
def test_unknown_addresses(anyone):
    http = anyone.http()
    for path in ("/join/us", "/alice/x/nothing", "/datasets/alice", "/robots.txt.gz"):
        assert http.get(path).json()["error"] and http.get(path).status_code == 404
        answer = http.get(path, headers={"Accept": "text/html"})
        assert answer.status_code == 404 and boot(answer)["status"] == 404, path
    for path in ("/api/nothing", "/api/models/alice/nothing"):
        assert http.get(path, headers={"Accept": "text/html"}).headers["Content-Type"].startswith("application/json"), path
