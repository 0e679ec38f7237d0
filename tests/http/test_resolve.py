"""The header contract of resolve and raw: for regular files and for large ones, HEAD and GET, ranges."""

import hashlib
import http.client
import re

import pytest
from commit_calls import file_line, ndjson

TEXT = b"some words\n" * 10
WEIGHTS = bytes(range(256)) * 1000


def git_blob_sha1(content):
    return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()


@pytest.fixture
def repo(new_repo):
    repo = new_repo(files={"a.txt": TEXT, "data.json": b"{}", "sub/ünï \"q\" 100%.txt": b"odd", "empty": b""})
    repo.commit_lfs({"w.bin": WEIGHTS})
    return repo


@pytest.mark.parametrize("method", ["HEAD", "GET"])
def test_regular(repo, method):
    answer = repo.http.request(method, f"{repo.web}/resolve/main/a.txt", headers={"Accept-Encoding": "identity"})
    h = answer.headers
    assert answer.status_code == 200
    assert h["X-Repo-Commit"] == repo.head_sha()
    assert h["ETag"] == f'"{git_blob_sha1(TEXT)}"'
    assert h["Content-Length"] == str(len(TEXT)) and "Transfer-Encoding" not in h and "Content-Encoding" not in h
    assert h["Accept-Ranges"] == "bytes" and h["Content-Type"].startswith("text/plain")
    assert h["Content-Disposition"] == "inline; filename*=UTF-8''a.txt; filename=\"a.txt\";"
    assert "X-Linked-Etag" not in h and "X-Xet-Hash" not in h
    assert {"origin", "accept"} <= {w.strip().lower() for w in h.get("Vary", "").split(",")}
    assert answer.content == (TEXT if method == "GET" else b"")


@pytest.mark.parametrize("method", ["HEAD", "GET"])
def test_large(repo, method):
    answer = repo.http.request(method, f"{repo.web}/resolve/main/w.bin", headers={"Accept-Encoding": "identity"})
    h, sha = answer.headers, hashlib.sha256(WEIGHTS).hexdigest()
    assert answer.status_code == 200
    assert h["ETag"] == f'"{sha}"' and h["X-Linked-Etag"] == f'"{sha}"' and h["X-Linked-Size"] == str(len(WEIGHTS))
    assert h["Content-Length"] == str(len(WEIGHTS)) and h["Content-Type"] == "application/octet-stream"
    assert h["X-Repo-Commit"] == repo.head_sha()
    assert answer.content == (WEIGHTS if method == "GET" else b"")


LINKS = re.compile(r'^<(https?://[^>]+)>; rel="xet-auth", <(https?://[^>]+)>; rel="xet-reconstruction-info"$')


@pytest.mark.parametrize("method", ["HEAD", "GET"])
def test_where_xet_clients_go_on(repo, hub, method):
    h = repo.http.request(method, f"{repo.web}/resolve/main/w.bin").headers
    [entry] = repo.http.post(f"{repo.api}/paths-info/main", json={"paths": ["w.bin"]}).json()
    assert re.fullmatch("[0-9a-f]{64}", h["X-Xet-Hash"]) and h["X-Xet-Hash"] == entry["xetHash"]
    auth, plan = LINKS.match(h["Link"]).groups()
    assert auth == h["X-Xet-Refresh-Route"] == f"{hub.url}{repo.api}/xet-read-token/{repo.head_sha()}"
    token = repo.http.get(auth).json()
    assert plan == f"{token['casUrl']}/v1/reconstructions/{h['X-Xet-Hash']}"
    answer = repo.http.get(plan, headers={"Authorization": f"Bearer {token['accessToken']}"})
    assert answer.status_code == 200, answer.text
    assert sum(term["unpacked_length"] for term in answer.json()["terms"]) == len(WEIGHTS)


def test_file_info_instead_of_the_file(repo):
    """What the JavaScript client asks first: it goes on by Xet only when the answer has this type."""
    accept = {"Accept": "application/vnd.xet-fileinfo+json, */*", "Range": "bytes=0-0"}
    plain = repo.http.head(f"{repo.web}/resolve/main/w.bin").headers
    answer = repo.read("w.bin", headers=accept)
    assert answer.status_code == 200 and answer.headers["Content-Type"] == "application/vnd.xet-fileinfo+json"
    for name in ("X-Linked-Size", "X-Linked-Etag", "ETag", "X-Xet-Hash", "X-Xet-Refresh-Route", "Link", "X-Repo-Commit"):
        assert answer.headers[name] == plain[name], name
    auth, plan = LINKS.match(plain["Link"]).groups()
    info = answer.json()
    assert info["hash"] == plain["X-Xet-Hash"] and info["size"] == len(WEIGHTS) and info["etag"] == plain["ETag"]
    assert info["refreshUrl"] == auth and info["reconstructionUrl"] == plan

    regular = repo.read("a.txt", headers=accept)
    assert regular.status_code == 206 and regular.headers["Content-Range"] == f"bytes 0-0/{len(TEXT)}" and "Link" not in regular.headers


def test_raw_is_what_git_stores(repo):
    pointer = repo.http.get(f"{repo.web}/raw/main/w.bin")
    assert pointer.text == f"version https://git-lfs.github.com/spec/v1\noid sha256:{hashlib.sha256(WEIGHTS).hexdigest()}\nsize {len(WEIGHTS)}\n"
    assert pointer.headers["ETag"] == f'"{git_blob_sha1(pointer.content)}"'
    assert repo.http.get(f"{repo.web}/raw/main/a.txt").content == TEXT


@pytest.mark.parametrize(
    "path,content", [("a.txt", TEXT), ("w.bin", WEIGHTS)], ids=["regular", "large"]
)
def test_ranges(repo, path, content):
    n = len(content)
    for value, first, last in (
        ("bytes=0-0", 0, 0),
        ("bytes=5-9", 5, 9),
        ("bytes=10-", 10, n - 1),
        ("bytes=-7", n - 7, n - 1),
        (f"bytes=3-{n + 1000}", 3, n - 1),
        (f"bytes=-{n + 10}", 0, n - 1),
    ):
        for method in ("GET", "HEAD"):
            answer = repo.http.request(method, f"{repo.web}/resolve/main/{path}", headers={"Range": value})
            assert answer.status_code in ((206,) if method == "GET" else (200, 206)), value
            if method == "GET":
                assert answer.headers["Content-Range"] == f"bytes {first}-{last}/{n}"
                assert answer.content == content[first : last + 1]
                assert answer.headers["X-Repo-Commit"] and answer.headers["ETag"]
    for value in (f"bytes={n}-", f"bytes={n + 5}-{n + 9}"):
        answer = repo.read(path, headers={"Range": value})
        assert answer.status_code == 416 and answer.headers["Content-Range"] == f"bytes */{n}"
    for value in ("bytes=9-5", "lines=1-2", "bytes=a-b", "bytes", "bytes=-"):
        assert repo.read(path, headers={"Range": value}).status_code in (200, 416), value


def test_empty_file_with_a_range(repo):
    answer = repo.read("empty", headers={"Range": "bytes=0-0", "Accept": "application/vnd.xet-fileinfo+json, */*"})
    assert answer.status_code == 200 and answer.headers["Content-Range"] == "bytes */0" and answer.content == b""


def test_conditional(repo):
    etag = repo.read("a.txt").headers["ETag"]
    assert repo.read("a.txt", headers={"If-None-Match": etag}).status_code in (200, 304)
    assert repo.read("a.txt", headers={"If-None-Match": '"other"'}).status_code == 200


def test_odd_names(repo):
    path = "sub/%C3%BCn%C3%AF%20%22q%22%20100%25.txt"
    answer = repo.read(path)
    assert answer.content == b"odd"
    disposition = answer.headers["Content-Disposition"]
    assert "filename*=UTF-8''%C3%BCn%C3%AF%20%22q%22%20100%25.txt" in disposition and disposition.endswith('";')
    assert all(32 <= ord(c) < 127 for c in disposition)
    assert repo.read("sub%2F%C3%BCn%C3%AF%20%22q%22%20100%25.txt").status_code in (200, 404)


def test_revisions(repo):
    sha = repo.head_sha()
    assert repo.http.post(f"{repo.api}/branch/feature%2Fx", json={}).status_code == 200
    assert repo.http.post(f"{repo.api}/tag/main", json={"tag": "v1.0"}).status_code == 200
    for rev in ("main", "HEAD", sha, sha[:7], "v1.0", "feature%2Fx", "feature/x", "refs%2Fheads%2Fmain", "refs/heads/main", "refs/heads/feature/x", "refs/tags/v1.0"):
        answer = repo.read("a.txt", rev=rev)
        assert answer.status_code == 200 and answer.headers["X-Repo-Commit"] == sha, rev
        assert repo.http.get(f"{repo.api}/tree/{rev}/sub").status_code == 200, rev


def test_query_words_and_slashes(repo):
    assert repo.read("a.txt?download=true&noContentDisposition=1").content == TEXT
    assert repo.read("a.txt?unknown=1").content == TEXT
    assert repo.http.get(f"{repo.person.hub.url}//api/models/{repo.id}").status_code == 200


def test_redirect_after_rename(repo, alice, fresh_name):
    old, new = repo.id, f"alice/{fresh_name('new')}"
    assert repo.http.post("/api/repos/move", json={"fromRepo": old, "toRepo": new, "type": "model"}).status_code == 200
    commit = ndjson({"summary": "moved"}, file_line("x", b"x"))
    for method, path, body in (
        ("GET", f"/api/models/{old}", b""),
        ("GET", f"/api/models/{old}/tree/main/sub?recursive=true&expand=false", b""),
        ("HEAD", f"/{old}/resolve/main/a.txt", b""),
        ("POST", f"/api/models/{old}/paths-info/main", b'{"paths": ["a.txt"]}'),
        ("POST", f"/api/models/{old}/preupload/main", b'{"files": [{"path": "x", "size": 1, "sample": "eA=="}]}'),
        ("POST", f"/api/models/{old}/commit/main", commit),
        ("POST", f"/{old}.git/info/lfs/objects/batch", b'{"operation": "download", "objects": []}'),
    ):
        kind = "application/x-ndjson" if body is commit else "application/json"
        answer = alice.http().request(method, path, content=body, headers={"Content-Type": kind})
        assert answer.status_code == 307, path
        assert answer.headers["Location"] == path.replace(old, new)
    answer = alice.http().get(f"/{old}.git/info/refs?service=git-upload-pack")
    assert answer.status_code in (301, 307) and answer.headers["Location"].endswith(f"/{new}.git/info/refs?service=git-upload-pack")
    follow = alice.http(follow_redirects=True)
    assert follow.post(f"/api/models/{old}/paths-info/main", data={"paths": ["a.txt"]}).json()[0]["path"] == "a.txt"
    assert follow.get(f"/{old}/resolve/main/a.txt").content == TEXT


def test_case_of_names_is_canonical(repo, alice):
    shouted = repo.id.upper()
    answer = alice.http().get(f"/api/models/{shouted}")
    assert answer.status_code == 307 and answer.headers["Location"] == f"/api/models/{repo.id}"


def test_urls_follow_the_host_that_was_asked(repo, hub, alice):
    for headers, base in (
        ({"Host": f"localhost:{hub.port}"}, f"http://localhost:{hub.port}"),
        ({"X-Forwarded-Proto": "https", "X-Forwarded-Host": "hub.example.org"}, "https://hub.example.org"),
    ):
        answer = alice.http().get("/api/models?limit=1", headers=headers)
        assert answer.headers["Link"].startswith(f"<{base}/api/models?"), answer.headers["Link"]


def test_pipelined_requests(repo, hub):
    """Two requests in one packet get two answers in order."""
    import socket

    with socket.create_connection(("127.0.0.1", hub.port), timeout=20) as s:
        one = f"GET {repo.web}/resolve/main/a.txt HTTP/1.1\r\nHost: x\r\n\r\n"
        two = f"GET {repo.web}/resolve/main/data.json HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
        s.sendall((one + two).encode())
        got = b""
        while piece := s.recv(65536):
            got += piece
    assert got.count(b"HTTP/1.1 200") == 2 and got.endswith(b"{}") and got.index(TEXT) < got.rindex(b"HTTP/1.1 200")


def test_http_1_0(repo, hub):
    connection = http.client.HTTPConnection("127.0.0.1", hub.port, timeout=20)
    connection._http_vsn, connection._http_vsn_str = 10, "HTTP/1.0"
    connection.request("GET", f"{repo.web}/resolve/main/a.txt")
    assert connection.getresponse().read() == TEXT
