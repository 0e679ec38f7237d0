"""The error contract: which status, which code in the headers, which words; HEAD as well as GET."""

import json

import pytest
from commit_calls import file_line, lfs_line

ANONYMOUS = "Invalid username or password."


def expect(answer, status, code=None, message=None, contains=None):
    assert answer.status_code == status, f"{answer.request.method} {answer.request.url}: {answer.status_code} {answer.text[:500]}"
    assert answer.headers.get("X-Error-Code") == code, dict(answer.headers)
    assert answer.headers.get("X-Error-Message"), dict(answer.headers)
    assert answer.headers.get("X-Request-Id")
    if message:
        assert answer.headers["X-Error-Message"] == message
    if contains:
        assert contains in answer.headers["X-Error-Message"], answer.headers["X-Error-Message"]
    if answer.request.method != "HEAD":
        body = answer.json()
        assert isinstance(body, dict) and body.get("error"), body
        assert answer.headers["Content-Type"].startswith("application/json")
    return answer


@pytest.fixture(scope="module")
def places():
    """Ways to read a repository: (method, what follows {api} or {web})."""
    return [
        ("GET", "{api}"),
        ("GET", "{api}/revision/main"),
        ("GET", "{api}/tree/main"),
        ("GET", "{api}/refs"),
        ("GET", "{api}/commits/main"),
        ("GET", "{api}/commits/main?path=a.txt"),
        ("GET", "{api}/commit/main"),
        ("GET", "{api}/compare/main..main"),
        ("GET", "{api}/blame/main/a.txt"),
        ("POST", "{api}/paths-info/main"),
        ("HEAD", "{web}/resolve/main/a.txt"),
        ("GET", "{web}/resolve/main/a.txt"),
        ("GET", "{web}/raw/main/a.txt"),
        ("GET", "{api}/auth-check"),
        ("GET", "{api}/discussions"),
        ("GET", "{api}/treesize/main"),
    ]


def ask(repo, person, method, place, **more):
    more = {"json": {"paths": ["a.txt"]}} | more if method == "POST" else more
    return person.http().request(method, place.format(api=repo.api, web=repo.web), **more)


@pytest.mark.parametrize("type", ["model", "dataset", "space"])
def test_missing_and_private_look_alike(places, new_repo, alice, bob, anyone, type):
    hidden = new_repo(private=True, type=type, files={"a.txt": b"a"})
    missing = hidden.__class__(alice, "alice/never-made", type)
    nowhere = hidden.__class__(alice, "never-made/never-made", type)
    for method, place in places:
        for repo in (hidden, missing, nowhere):
            answer = expect(ask(repo, anyone, method, place), 401, "RepoNotFound", ANONYMOUS)
            assert "Bearer" in answer.headers["WWW-Authenticate"]
            expect(ask(repo, bob, method, place), 404, "RepoNotFound", "Repository not found")
        assert ask(hidden, alice, method, place).status_code == 200, place


def test_writing_to_what_one_cannot_see(new_repo, bob, anyone):
    hidden = new_repo(private=True)
    for repo, status, person in ((hidden, 404, bob), (hidden, 401, anyone)):
        mine = repo.seen_by(person)
        expect(mine.commit(file_line("x", b"x")), status, "RepoNotFound")
        expect(mine.http.post(f"{repo.api}/preupload/main", json={"files": []}), status, "RepoNotFound")
        expect(mine.http.put(f"{repo.api}/settings", json={"private": False}), status, "RepoNotFound")
        expect(mine.http.post(f"{repo.api}/branch/b", json={}), status, "RepoNotFound")
        body = {"name": repo.id.split("/")[1], "organization": "alice", "type": "model"}
        expect(mine.http.request("DELETE", "/api/repos/delete", json=body), status, "RepoNotFound")


def test_bad_token_never_falls_back(new_repo, hub):
    import httpx

    repo = new_repo(files={"a.txt": b"a"})
    for token in ("hf_" + "x" * 34, "nonsense", "hf_alice", ""):
        for path in (repo.api, f"{repo.web}/resolve/main/a.txt", "/api/whoami-v2", "/api/models"):
            answer = httpx.get(hub.url + path, headers={"Authorization": f"Bearer {token}".rstrip() if token else "Bearer x"}, trust_env=False)
            expect(answer, 401, None, "Invalid credentials in Authorization header")


def test_revision_and_entry(new_repo, alice, anyone):
    repo = new_repo(files={"a.txt": b"a", "dir/b.txt": b"b"})
    sha = repo.head_sha()
    for person in (alice, anyone):
        for rev in ("nowhere", "0" * 40, "refs%2Fpr%2F7", "refs/pr/7", "v1..v2", "%2e%2e"):
            for method, place in (
                ("GET", f"{repo.api}/revision/{rev}"),
                ("GET", f"{repo.api}/tree/{rev}"),
                ("GET", f"{repo.api}/commits/{rev}"),
                ("HEAD", f"{repo.web}/resolve/{rev}/a.txt"),
                ("GET", f"{repo.web}/resolve/{rev}/a.txt"),
            ):
                expect(person.http().request(method, place), 404, "RevisionNotFound", contains="Invalid rev id")
        for path in ("missing.txt", "dir", "dir/", "a.txt/below", "dir/missing.txt", "A.TXT"):
            for method in ("HEAD", "GET"):
                answer = expect(person.http().request(method, f"{repo.web}/resolve/main/{path}"), 404, "EntryNotFound", "Entry not found")
                assert answer.headers["X-Repo-Commit"] == sha
        for path in ("missing", "a.txt", "dir/b.txt", "dir%2Fb.txt"):
            answer = expect(person.http().get(f"{repo.api}/tree/main/{path}"), 404, "EntryNotFound")


def test_rights(new_repo, bob, alice_reading):
    repo = new_repo(files={"a.txt": b"a"})
    for person in (bob, alice_reading):
        mine = repo.seen_by(person)
        expect(mine.commit(file_line("x", b"x")), 403)
        expect(mine.http.post(f"{repo.api}/preupload/main", json={"files": [{"path": "x", "size": 1, "sample": ""}]}), 403)
        expect(mine.http.put(f"{repo.api}/settings", json={"private": True}), 403)
        expect(mine.http.post(f"{repo.api}/branch/b", json={}), 403)
        expect(mine.http.post(f"{repo.api}/tag/main", json={"tag": "t"}), 403)
        expect(mine.http.post(f"{repo.api}/super-squash/main", json={}), 403)
    assert repo.seen_by(alice_reading).lfs_batch([{"oid": "0" * 64, "size": 1}]).status_code == 403
    assert bob.http().get(f"{repo.api}/auth-check").status_code == 200
    expect(bob.http().get(f"{repo.api}/auth-check/write"), 403)


def test_gated(new_repo, alice, bob, anyone):
    repo = new_repo(files={"a.txt": b"a"})
    assert repo.http.put(f"{repo.api}/settings", json={"gated": "auto"}).status_code == 200
    for method in ("HEAD", "GET"):
        expect(anyone.http().request(method, f"{repo.web}/resolve/main/a.txt"), 401, "GatedRepo", contains=f"Access to model {repo.id} is restricted")
        expect(bob.http().request(method, f"{repo.web}/resolve/main/a.txt"), 403, "GatedRepo", contains=f"not in the authorized list. Visit {alice.hub.url}/{repo.id} to ask")
    assert bob.http().get(repo.api).json()["gated"] == "auto"
    assert repo.read("a.txt").content == b"a"
    assert anyone.http().get(f"{repo.web}.git/info/refs?service=git-upload-pack").status_code == 401


def test_conflicts(new_repo, alice):
    repo = new_repo(files={"a.txt": b"a"})
    name = repo.id.split("/")[1]
    answer = expect(repo.http.post("/api/repos/create", json={"name": name}), 409, None, "You already created this model repo")
    assert answer.json()["url"] == f"{alice.hub.url}/{repo.id}"
    expect(repo.http.post(f"{repo.api}/branch/main", json={}), 409, contains="already exists")
    assert repo.http.post(f"{repo.api}/tag/main", json={"tag": "t"}).status_code == 200
    expect(repo.http.post(f"{repo.api}/tag/main", json={"tag": "t"}), 409, contains="Tag reference exists already")
    expect(repo.commit(file_line("x", b"x"), parentCommit=repo.log()[-1]["id"]), 412, contains="updated since you opened this page")
    expect(repo.http.delete(f"{repo.api}/branch/main"), 403, contains="Cannot delete refs/heads/main")


def test_commits_that_make_no_sense(new_repo):
    repo = new_repo(files={"a.txt": b"a"})
    head = repo.head_sha()
    expect(repo.commit(("deletedFile", {"path": "missing"})), 404, "EntryNotFound", contains="A file with this name doesn't exist")
    expect(repo.commit(lfs_line("w.bin", b"never uploaded")), 422, contains="LFS pointer pointed to a file that does not exist")
    expect(repo.commit(("copyFile", {"path": "b", "from": "a"})), 400)
    expect(repo.commit(("file", {"path": "b", "content": "!!!", "encoding": "base64"})), 400)
    expect(repo.commit(file_line("b", b"b"), rev="nowhere"), 404, "RevisionNotFound")
    answer = repo.commit(file_line("b", b"b"), rev=head)
    assert answer.status_code in (400, 404), answer.text
    assert repo.head_sha() == head


def test_expand_names_what_it_takes(new_repo):
    repo = new_repo()
    answer = repo.http.get(repo.api, params={"expand": "shoe_size"})
    assert answer.status_code == 400
    assert answer.json()["error"].startswith('"expand" must be one of [')


@pytest.mark.parametrize("name", ["", "a--b", "a..b", "-a", "a.", ".a", "a.git", "ünï", "a b", "x" * 97, "tree", "resolve"])
def test_names_that_cannot_be(alice, name):
    expect(alice.http().post("/api/repos/create", json={"name": name}), 400)


def test_other_methods(new_repo, alice):
    repo = new_repo()
    answer = alice.http().delete(repo.api)
    assert answer.status_code in (404, 405)
    assert json.loads(answer.text)["error"]
    answer = alice.http().get("/api/no-such-thing")
    assert answer.status_code == 404 and answer.json()["error"]


@pytest.mark.parametrize(
    "place, body",
    [
        ("/preupload/main", {"files": 3}),
        ("/preupload/main", {}),
        ("/preupload/main", []),
        ("/paths-info/main", []),
        ("/paths-info/main", {"paths": 3}),
        ("/paths-info/main", {}),
        ("/tag/main", []),
    ],
)
def test_bodies_of_another_shape(new_repo, place, body):
    repo = new_repo(files={"a.txt": b"a"})
    expect(repo.http.post(repo.api + place, json=body), 400)


def test_validate_yaml_needs_a_text(alice):
    for body in ({}, {"content": 7}, {"repoType": "model"}):
        expect(alice.http().post("/api/validate-yaml", json=body), 400, contains="content")


def test_names_have_one_slash_at_most(alice):
    expect(alice.http().post("/api/repos/create", json={"name": "a/b/c"}), 400)
    expect(alice.http().post("/api/repos/create", json={"name": "alice/b/c"}), 400)


def test_fetches_that_git_refuses(new_repo):
    """A clear 400, not a 200 that breaks off."""
    repo = new_repo(files={"a.txt": b"a"})
    for body in (b"zzzz", b"0009done\n", b"0032want x\n"):
        answer = repo.http.post(
            f"{repo.web}.git/git-upload-pack", content=body, headers={"Content-Type": "application/x-git-upload-pack-request"}
        )
        assert answer.status_code == 400, (body, answer.status_code, answer.content[:100])
