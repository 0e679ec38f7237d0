"""Card checks, preupload, LFS, commits: the wire, word for word."""

import base64
import hashlib
import json

import httpx
from commit_calls import file_line, lfs_line, ndjson


def test_validate_yaml_is_always_json(anyone):
    def ask(content, **more):
        answer = anyone.http().post("/api/validate-yaml", json={"content": content, "repoType": "model"} | more)
        body = answer.json()
        assert isinstance(body["errors"], list) and isinstance(body["warnings"], list), body
        return answer.status_code, body

    status, body = ask("---\nlicense: mit\n---\n# Card\n")
    assert status == 200 and body["errors"] == []
    status, body = ask("# no metadata\n")
    assert status == 200 and "empty or missing yaml metadata" in body["warnings"][0]["message"]
    status, body = ask("---\nlicense: [unclosed\n---\n")
    assert status == 400 and body["errors"][0]["message"]
    for content in (b"", b"{", b"[]", b'"x"'):
        answer = anyone.http().post("/api/validate-yaml", content=content, headers={"Content-Type": "application/json"})
        assert isinstance(answer.json(), dict) and answer.status_code == 400, content


def preupload(repo, *files, rev="main", query="", **more):
    body = {"files": [{"path": p, "size": len(c), "sample": base64.b64encode(c[:512]).decode()} for p, c in files], **more}
    answer = repo.http.post(f"{repo.api}/preupload/{rev}{query}", json=body)
    assert answer.status_code == 200, answer.text
    return {f["path"]: f for f in answer.json()["files"]}


def test_preupload_modes(new_repo):
    repo = new_repo(files={"a.txt": b"words"})
    repo.commit_lfs({"w.bin": b"weights"})
    told = preupload(
        repo, ("a.txt", b"words"), ("w.bin", b"weights"), ("new.safetensors", b"x"), ("notes.md", b"# notes"), ("empty.bin", b"")
    )
    assert {p: f["uploadMode"] for p, f in told.items()} == {
        "a.txt": "regular", "w.bin": "lfs", "new.safetensors": "lfs", "notes.md": "regular", "empty.bin": "regular",
    }
    assert all(f["shouldIgnore"] is False for f in told.values())
    assert told["a.txt"]["oid"] == hashlib.sha1(b"blob 5\0words").hexdigest()
    assert told["w.bin"]["oid"] == hashlib.sha256(b"weights").hexdigest()
    assert told["notes.md"].get("oid") is None
    told = preupload(repo, ("a.log", b"x"), ("b.txt", b"x"), gitIgnore="*.log\n")
    assert told["a.log"]["shouldIgnore"] is True and told["b.txt"]["shouldIgnore"] is False
    told = preupload(repo, ("b.txt", b"x"), gitAttributes="*.txt filter=lfs diff=lfs merge=lfs -text\n")
    assert told["b.txt"]["uploadMode"] == "lfs"
    big = repo.http.post(f"{repo.api}/preupload/main", json={"files": [{"path": "big.txt", "size": 11 << 20, "sample": "YQ=="}]}).json()
    assert big["files"][0]["uploadMode"] == "lfs"


def test_lfs_batch(new_repo, alice, anyone):
    repo = new_repo()
    content = b"some weights" * 100
    oid = hashlib.sha256(content).hexdigest()
    answer = repo.lfs_batch([{"oid": oid, "size": len(content)}], hash_algo="sha_256", ref={"name": "refs/heads/main"}, transfers=["basic", "multipart"])
    assert answer.headers["Content-Type"].startswith("application/vnd.git-lfs+json")
    body = answer.json()
    assert body.get("transfer", "basic") == "basic"
    [thing] = body["objects"]
    upload, verify = thing["actions"]["upload"], thing["actions"]["verify"]
    assert upload["href"].startswith(alice.hub.url)
    assert alice.token not in answer.text, "whoever reads an answer must not learn to log in"
    assert httpx.post(verify["href"], json={"oid": oid, "size": len(content)}, trust_env=False).status_code == 404
    for _ in range(2):  # repeated PUTs are harmless
        assert httpx.put(upload["href"], content=content, trust_env=False).status_code in (200, 201)
    for http in (alice.http(), anyone.http()):  # Python sends its token, git-lfs sends nothing
        assert http.post(verify["href"], json={"oid": oid, "size": len(content)}).status_code == 200
    assert repo.commit(lfs_line("w.bin", content)).status_code == 200
    [known] = repo.lfs_batch([{"oid": oid, "size": len(content)}]).json()["objects"]
    assert "actions" not in known

    [down] = repo.seen_by(anyone).lfs_batch([{"oid": oid, "size": len(content)}], operation="download").json()["objects"]
    href = down["actions"]["download"]["href"]
    assert httpx.get(href, trust_env=False).content == content
    part = httpx.get(href, headers={"Range": "bytes=100-"}, trust_env=False)
    assert part.status_code == 206 and part.content == content[100:]
    [lost] = repo.lfs_batch([{"oid": "0" * 64, "size": 5}], operation="download").json()["objects"]
    assert lost["error"]["code"] == 404 and isinstance(lost["error"]["message"], str) and "actions" not in lost
    refused = repo.seen_by(anyone).lfs_batch([{"oid": oid, "size": 1}])
    assert refused.status_code == 401 and "Basic" in (refused.headers.get("LFS-Authenticate") or refused.headers["WWW-Authenticate"])
    assert refused.json()["message"]


def test_lfs_batch_with_xet(new_repo, anyone):
    """Uploads go by Xet when the client offers it; downloads never do."""
    repo = new_repo()
    content = b"other weights" * 100
    asked = [{"oid": hashlib.sha256(content).hexdigest(), "size": len(content)}]
    answer = repo.lfs_batch(asked, transfers=["basic", "multipart", "xet"]).json()
    assert answer["transfer"] == "xet"
    upload = answer["objects"][0]["actions"]["upload"]
    names = {"X-Xet-Cas-Url", "X-Xet-Access-Token", "X-Xet-Token-Expiration", "X-Xet-Session-Id"}
    assert names <= upload["header"].keys() and all(isinstance(v, str) for v in upload["header"].values())
    again = repo.http.get(upload["href"])
    assert again.status_code == 200 and again.json()["casUrl"] == upload["header"]["X-Xet-Cas-Url"]
    repo.commit_lfs({"w.bin": content})
    assert "actions" not in repo.lfs_batch(asked, transfers=["xet"]).json()["objects"][0]
    down = repo.seen_by(anyone).lfs_batch(asked, operation="download", transfers=["basic", "xet"]).json()
    assert down["transfer"] == "basic"
    assert httpx.get(down["objects"][0]["actions"]["download"]["href"], trust_env=False).content == content


def test_lfs_objects_of_others_stay_private(new_repo, bob, fresh_name):
    """Knowing the hash of a private file is no right to it."""
    secret = b"a secret of alice" * 50
    hidden = new_repo(private=True)
    hidden.commit_lfs({"s.bin": secret})
    theirs = new_repo(owner=bob)
    [told] = theirs.lfs_batch([{"oid": hashlib.sha256(secret).hexdigest(), "size": len(secret)}], operation="download").json()["objects"]
    assert "error" in told and "actions" not in told
    answer = theirs.commit(lfs_line("s.bin", secret))
    assert answer.status_code == 422, "bob got alice's file into his repository by naming its hash"
    assert theirs.offer_lfs(secret), "bob must send the bytes himself"


def test_multipart(open_hub):
    from commit_calls import Repo
    from people import Person, token_of

    hub = open_hub("parts", settings={"lfs_multipart_above_bytes": "5MiB", "lfs_part_bytes": "5MiB"})
    repo = Repo.create(Person(hub, "alice", token_of("alice")), "parts")
    content = bytes(range(256)) * (12 * 4096) + b"tail"
    oid = hashlib.sha256(content).hexdigest()
    body = repo.lfs_batch([{"oid": oid, "size": len(content)}], transfers=["basic", "multipart"]).json()
    assert body["transfer"] == "multipart"
    upload = body["objects"][0]["actions"]["upload"]
    size = int(upload["header"]["chunk_size"])
    assert isinstance(upload["header"]["chunk_size"], str) and size == 5 << 20
    keys = [k for k in upload["header"] if k != "chunk_size"]
    count = -(-len(content) // size)
    assert keys == [f"{n:05}" for n in range(1, count + 1)]
    parts = []
    for n, key in enumerate(keys):
        answer = httpx.put(upload["header"][key], content=content[n * size : (n + 1) * size], trust_env=False)
        assert answer.status_code == 200 and answer.headers["ETag"]
        parts.append({"partNumber": n + 1, "etag": answer.headers["ETag"]})
    early = httpx.post(upload["href"], json={"oid": oid, "parts": parts[:-1]}, trust_env=False)
    assert 400 <= early.status_code < 500
    done = httpx.post(upload["href"], content=json.dumps({"oid": oid, "parts": parts}), headers={"Content-Type": "application/vnd.git-lfs+json"}, trust_env=False)
    assert done.status_code == 200, done.text
    assert repo.commit(lfs_line("w.bin", content)).status_code == 200
    assert repo.read("w.bin").content == content
    [plain] = repo.lfs_batch([{"oid": "1" * 64, "size": len(content)}], transfers=["basic"]).json()["objects"]
    assert "chunk_size" not in plain["actions"]["upload"].get("header", {})


def test_an_upload_that_broke_off_goes_on(open_hub):
    from commit_calls import Repo
    from people import Person, token_of

    hub = open_hub("resume", settings={"lfs_small_part_bytes": "1MiB"})
    repo = Repo.create(Person(hub, "alice", token_of("alice")), "resume")
    content = bytes(range(256)) * 12_000
    oid = hashlib.sha256(content).hexdigest()

    def offer(objects):
        answer = repo.http.post(
            f"{repo.web}.git/info/lfs/objects/batch",
            json={"operation": "upload", "transfers": ["basic", "multipart"], "objects": objects},
            headers={"X-Multipart": "always"},
        ).json()
        assert answer["transfer"] == "multipart"
        return [o["actions"]["upload"] for o in answer["objects"]]

    large, small = offer([{"oid": oid, "size": len(content)}, {"oid": "2" * 64, "size": 10}])
    assert "header" not in small and large["header"]["chunk_size"] == str(1 << 20)
    parts = [href for key, href in large["header"].items() if key != "chunk_size"]
    assert len(parts) == 3
    assert httpx.head(parts[0], trust_env=False).status_code == 404
    assert httpx.put(parts[0], content=content[: 1 << 20], trust_env=False).status_code == 200

    [again] = offer([{"oid": oid, "size": len(content)}])
    parts = [href for key, href in again["header"].items() if key != "chunk_size"]
    states = [httpx.head(href, trust_env=False) for href in parts]
    assert [s.status_code for s in states] == [200, 404, 404] and states[0].headers["Content-Length"] == str(1 << 20)
    assert httpx.head(again["href"].replace("/complete/", "/part/"), trust_env=False).status_code == 403
    for n in (1, 2):
        assert httpx.put(parts[n], content=content[n << 20 : (n + 1) << 20], trust_env=False).status_code == 200
    body = {"oid": oid, "parts": [{"partNumber": n, "etag": "x"} for n in (1, 2, 3)]}
    assert httpx.post(again["href"], json=body, trust_env=False).status_code == 200
    assert repo.commit(lfs_line("w.bin", content)).status_code == 200
    assert repo.read("w.bin").content == content


def test_commit_answers(new_repo, alice):
    repo = new_repo()
    answer = repo.commit(file_line("a.txt", b"a"), summary="first", description="why")
    body = answer.json()
    assert body["success"] is True and body["hookOutput"] == ""
    assert body["commitUrl"] == f"{alice.hub.url}/{repo.id}/commit/{body['commitOid']}"
    assert repo.head_sha() == body["commitOid"] and "pullRequestUrl" not in body

    # utf-8 text is the default encoding; blank lines are nothing; the last newline may be missing.
    lines = b'\n{"key":"header","value":{"summary":"text"}}\n\n{"key":"file","value":{"path":"t.txt","content":"\\u00fcn\\u00ef"}}'
    assert repo.http.post(f"{repo.api}/commit/main", content=lines, headers={"Content-Type": "application/x-ndjson"}).status_code == 200
    assert repo.read("t.txt").text == "ünï"

    # The same as one JSON document.
    whole = {"summary": "json", "files": [{"path": "j.txt", "content": "j"}], "deletedEntries": [{"path": "t.txt"}]}
    assert repo.http.post(f"{repo.api}/commit/main", json=whole).status_code == 200
    assert repo.read("j.txt").text == "j" and repo.read("t.txt").status_code == 404

    # Later wins; folders go with deletedFile, deletedFolder and deletedEntry.
    assert repo.commit(file_line("x", b"1"), file_line("x", b"2"), file_line("d/1", b""), file_line("e/1", b""), file_line("f/1", b"")).status_code == 200
    assert repo.read("x").content == b"2"
    assert repo.commit(("deletedFile", {"path": "d"}), ("deletedFolder", {"path": "e/"}), ("deletedEntry", {"path": "f"})).status_code == 200
    assert sorted(repo.paths()) == [".gitattributes", "a.txt", "j.txt", "x"]
    assert repo.commit(("file", {"path": "y", "oldPath": "x"})).status_code == 200
    assert repo.read("y").content == b"2" and repo.read("x").status_code == 404


def test_lfs_paths_get_attributes(new_repo):
    repo = new_repo()
    repo.commit_lfs({"weights.odd": b"odd weights"})
    assert "weights.odd filter=lfs diff=lfs merge=lfs -text" in repo.read(".gitattributes").text
    repo.commit_lfs({"other.bin": b"covered"})
    assert "other.bin filter" not in repo.read(".gitattributes").text
    # A copy names no size.
    oid = hashlib.sha256(b"odd weights").hexdigest()
    assert repo.commit(("lfsFile", {"path": "copy.bin", "oid": oid})).status_code == 200
    assert repo.read("copy.bin").content == b"odd weights"


def test_pull_request_by_commit(new_repo, bob, alice):
    repo = new_repo(files={"a.txt": b"a"})
    answer = repo.seen_by(bob).commit(file_line("b.txt", b"b"), query="?create_pr=1", summary="please")
    assert answer.json()["pullRequestUrl"] == f"{alice.hub.url}/{repo.id}/discussions/1"
    assert repo.read("b.txt", rev="refs%2Fpr%2F1").content == b"b" and repo.read("b.txt").status_code == 404
    assert repo.seen_by(bob).commit(file_line("c.txt", b"c"), rev="refs%2Fpr%2F1").status_code == 200
    told = repo.http.get(f"{repo.api}/discussions?status=open").json()
    assert told["count"] == 1 and told["discussions"][0]["num"] == 1 and told["discussions"][0]["isPullRequest"] is True
    [entry] = repo.http.get(f"{repo.api}/refs?include_prs=1").json()["pullRequests"]
    assert entry["ref"] == "refs/pr/1" and entry["name"] == "1"


def test_delete_has_a_body(new_repo):
    repo = new_repo()
    answer = repo.http.request("DELETE", "/api/repos/delete", json={"name": repo.id.split("/")[1], "organization": "alice", "type": "model"})
    assert answer.status_code == 200
    assert repo.http.get(repo.api).status_code == 404


def test_big_bodies_stream(new_repo):
    """A commit of a hundred megabytes of base64 in regular files."""
    repo = new_repo()
    content = bytes(range(256)) * 4096 * 4  # 4 MiB
    body = ndjson({"summary": "many"}, *[file_line(f"f{n}.txt", content + b"%d" % n) for n in range(20)])
    answer = repo.http.post(f"{repo.api}/commit/main", content=body, headers={"Content-Type": "application/x-ndjson"})
    assert answer.status_code == 200, answer.text
    assert repo.read("f7.txt").content == content + b"7"


def test_who_may_only_propose_may_ask_for_locks(new_repo, carol, anyone):
    """git-lfs asks before every push, and takes a 403 for the end of it."""
    repo = new_repo(files={"a.txt": b"a"})
    place = f"{repo.web}.git/info/lfs/locks/verify"
    answer = carol.http().post(place, json={"ref": {"name": "refs/pr/1"}})
    assert answer.status_code == 200 and answer.json() == {"ours": [], "theirs": []}, answer.text
    assert anyone.http().post(place, json={}).status_code == 401


def test_who_may_only_propose_may_upload_for_any_ref(new_repo, carol):
    """git-lfs names the branch it is on, whatever it pushes to."""
    repo = new_repo(files={"a.txt": b"a"})
    content = b"large enough"
    wanted = [{"oid": hashlib.sha256(content).hexdigest(), "size": len(content)}]
    answer = repo.seen_by(carol).lfs_batch(wanted, ref={"name": "refs/heads/main"})
    assert answer.status_code == 200 and "upload" in answer.json()["objects"][0]["actions"], answer.text
    # Only the upload: the branch is still not hers.
    repo.seen_by(carol).upload_lfs(content)
    assert repo.seen_by(carol).commit(lfs_line("w.bin", content)).status_code == 403


def test_settings_that_are_not_kept_are_refused(new_repo):
    repo = new_repo()
    for body, status in (
        ({"discussionsSorting": "trending"}, 501),
        ({"discussionsSorting": "by-colour"}, 400),
        ({"discussionsSorting": 1}, 400),
        ({"orgMembersGated": True}, 501),
        ({"orgMembersGated": "yes"}, 400),
        ({"gatedNotificationsEmail": "alice@example.org"}, 501),
        ({"gatedNotificationsEmail": 7}, 400),
        ({"gatedNotificationsMode": "bulk"}, 501),
        ({"gatedNotificationsMode": "never"}, 400),
        ({"discussionsDisabled": "yes"}, 400),
    ):
        answer = repo.http.put(f"{repo.api}/settings", json=body | {"private": True})
        assert answer.status_code == status and answer.json()["error"], (body, answer.text)
        assert repo.http.get(repo.api).json()["private"] is False, body
    unset = {"discussionsSorting": None, "orgMembersGated": None, "gatedNotificationsEmail": None, "gatedNotificationsMode": None}
    answer = repo.http.put(f"{repo.api}/settings", json=unset | {"private": True, "discussionsDisabled": True})
    assert answer.status_code == 200 and answer.json()["private"] is True and answer.json()["discussionsDisabled"] is True
