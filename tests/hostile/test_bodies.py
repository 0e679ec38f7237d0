"""Requests that mean harm or make no sense: a clear 4xx, nothing stored, and a server that goes on."""

import gzip
import hashlib
import json
import re
import socket
import time

import httpx
import pytest
from commit_calls import file_line, lfs_line, ndjson


@pytest.fixture(autouse=True)
def server_survives(hub):
    pid = hub.pid
    yield
    assert hub.is_alive() and hub.pid == pid


def refused(answer, *statuses):
    assert answer.status_code in statuses, f"{answer.status_code}: {answer.text[:300]}"
    assert answer.headers.get("X-Error-Message")
    return answer


HOSTILE_PATHS = [
    "../up", "a/../../up", "/etc/passwd", "a//b", "./a", "a/.", "a/..", "", "/", ".git/config", "sub/.git/hooks/x", ".GIT/config",
    ".git", "a/.Git/x", "git~1/x", ".g\u200cit/config", "a\\b", "a\x00b", "a\nb", "a\x7fb", "x" * 1001, "a/" * 600 + "b", ".git ./x", ".git::$INDEX_ALLOCATION/x",
]


@pytest.mark.parametrize("path", HOSTILE_PATHS, ids=range(len(HOSTILE_PATHS)))
def test_paths(new_repo, path):
    repo = new_repo(files={"ok.txt": b"ok"})
    head = repo.head_sha()
    refused(repo.commit(file_line(path, b"x")), 400, 422)
    refused(repo.commit(("file", {"path": path, "oldPath": "ok.txt"})), 400, 422)
    answer = repo.http.post(f"{repo.api}/preupload/main", json={"files": [{"path": path, "size": 1, "sample": "YQ=="}]})
    refused(answer, 400, 422)
    assert repo.head_sha() == head and repo.paths() == [".gitattributes", "ok.txt"]


def test_paths_in_urls(new_repo):
    repo = new_repo(files={"ok.txt": b"ok"})
    for path in ("..%2f..%2fetc%2fpasswd", "%2e%2e/%2e%2e/etc/passwd", "%00", "ok.txt%00", "%ff%fe", "%zz", ".git/HEAD", "a" * 5000):
        for base in (f"{repo.web}/resolve/main/", f"{repo.api}/tree/main/", f"{repo.web}/raw/main/"):
            answer = repo.http.get(base + path)
            assert 400 <= answer.status_code < 500, (base, path, answer.status_code)
            assert b"root:" not in answer.content


def test_collisions(new_repo):
    """Names that one checkout can't hold side by side: a clear no, or a tree that holds both."""
    repo = new_repo(files={"Readme.txt": b"1", "dir/a": b"1", "caf\u00e9": b"1"})
    answer = repo.commit(file_line("x", b"1"), file_line("x/y", b"2"))
    assert answer.status_code in (200, 400, 409, 422)
    if answer.status_code == 200:  # later wins
        assert repo.read("x/y").content == b"2" and repo.read("x").status_code == 404
    for path in ("README.TXT", "DIR/b", "cafe\u0301"):
        answer = repo.commit(file_line(path, b"2"))
        assert answer.status_code in (200, 400, 409, 422), (path, answer.text)
        assert (path in repo.paths()) == (answer.status_code == 200)


BROKEN = {
    "empty": b"",
    "no header": b'{"key":"file","value":{"path":"a","content":"a"}}',
    "half a line": b'{"key":"header","value":{"summary":"x"}}\n{"key":"file","value":{"pa',
    "not json": b"hello\nworld\n",
    "array": b'[{"key":"header"}]',
    "binary": bytes(range(256)),
    "bad utf-8": b'{"key":"header","value":{"summary":"\xff\xfe"}}',
    "deep": b'{"key":"header","value":' + b"[" * 100000 + b"]" * 100000 + b"}",
    "number as path": b'{"key":"header","value":{"summary":"x"}}\n{"key":"file","value":{"path":7,"content":"a"}}',
    "no path": b'{"key":"header","value":{"summary":"x"}}\n{"key":"file","value":{"content":"a"}}',
    "bad base64": b'{"key":"header","value":{"summary":"x"}}\n{"key":"file","value":{"path":"a","content":"a$","encoding":"base64"}}',
    "odd encoding": b'{"key":"header","value":{"summary":"x"}}\n{"key":"file","value":{"path":"a","content":"a","encoding":"rot13"}}',
    "bad oid": b'{"key":"header","value":{"summary":"x"}}\n{"key":"lfsFile","value":{"path":"a","oid":"../../x","size":1}}',
    "negative size": b'{"key":"header","value":{"summary":"x"}}\n{"key":"lfsFile","value":{"path":"a","oid":"' + b"0" * 64 + b'","size":-1}}',
    "bad parent": b'{"key":"header","value":{"summary":"x","parentCommit":"zzzz"}}\n{"key":"file","value":{"path":"a","content":"a"}}',
    "huge line": b'{"key":"header","value":{"summary":"x"}}\n{"key":"file","value":{"path":"a","content":"' + b"a" * (40 << 20) + b'"}}',
}


@pytest.mark.parametrize("body", BROKEN.values(), ids=BROKEN)
def test_broken_commits(new_repo, body):
    repo = new_repo()
    head = repo.head_sha()
    answer = repo.http.post(f"{repo.api}/commit/main", content=body, headers={"Content-Type": "application/x-ndjson"})
    refused(answer, 400, 412, 413, 422)
    assert repo.head_sha() == head


@pytest.mark.parametrize("path", ["/api/repos/create", "/api/repos/move", "/api/validate-yaml", "/api/login", "{api}/preupload/main", "{api}/paths-info/main", "{api}/settings", "{web}.git/info/lfs/objects/batch"])
def test_broken_json(new_repo, path):
    repo = new_repo()
    method = "PUT" if path.endswith("settings") else "POST"
    for body in (b"{", b"[]", b"null", b"7", b'"x"', b"\xff", b'{"a":' * 5000, b'{"name": {"a": []}, "files": 3, "objects": {}, "paths": {"a": 1}, "fromRepo": []}'):
        answer = repo.http.request(method, path.format(api=repo.api, web=repo.web), content=body, headers={"Content-Type": "application/json"})
        assert answer.status_code < 500, (body[:20], answer.status_code, answer.text[:200])
        assert answer.status_code < 400 or isinstance(answer.json(), dict)
        if not path.endswith("paths-info/main") and body not in (b"[]", b"null") and not body.startswith(b'{"name"'):
            assert answer.status_code >= 400, (body[:20], answer.status_code, answer.text[:200])
    big = b'{"name": "' + b"x" * (5 << 20) + b'"}'
    answer = repo.http.request(method, path.format(api=repo.api, web=repo.web), content=big, headers={"Content-Type": "application/json"})
    assert answer.status_code in (400, 413), answer.status_code


def test_lfs_puts_that_lie(new_repo):
    repo = new_repo()
    content = b"honest weights" * 1000
    for sent in (content[:-1], content + b"x", b"X" + content[1:], b""):
        href = repo.offer_lfs(content)
        answer = httpx.put(href, content=sent, trust_env=False)
        assert 400 <= answer.status_code < 500, (len(sent), answer.status_code)
        assert repo.offer_lfs(content), "the hub took bytes that are not what they were said to be"
        assert repo.commit(lfs_line("w.bin", content)).status_code == 422
    href = repo.offer_lfs(content)
    for broken in (href[:-4] + "0000", href.replace("/upload/", "/download/"), href[: len(href) // 2]):
        assert httpx.put(broken, content=content, trust_env=False).status_code in (400, 401, 403, 404, 405), broken
    assert httpx.put(href, content=content, trust_env=False).status_code in (200, 201)
    assert repo.commit(lfs_line("w.bin", content)).status_code == 200
    assert repo.read("w.bin").content == content


def test_lfs_sizes_that_lie(new_repo):
    repo = new_repo()
    content = b"12345"
    oid = hashlib.sha256(content).hexdigest()
    [thing] = repo.lfs_batch([{"oid": oid, "size": 1 << 62}]).json()["objects"]
    assert thing.get("error", {}).get("code") in (413, 422), thing
    for objects in ([{"oid": "xyz", "size": 1}], [{"oid": oid, "size": -1}], [{"oid": oid, "size": "5"}], [{"oid": oid}], "x", [7]):
        answer = repo.lfs_batch(objects)
        assert 400 <= answer.status_code < 500 or all("error" in o for o in answer.json()["objects"]), answer.text
    assert repo.lfs_batch([{"oid": "%064x" % n, "size": 1} for n in range(1001)]).status_code == 413
    repo.upload_lfs(content)
    assert repo.commit(("lfsFile", {"path": "w.bin", "oid": oid, "size": 6})).status_code in (400, 422)


def raw(hub, *pieces, wait=20, pause=0.0):
    """What the server says to these bytes, until it closes."""
    with socket.create_connection(("127.0.0.1", hub.port), timeout=wait) as s:
        got = b""
        try:
            for piece in pieces:
                s.sendall(piece)
                time.sleep(pause)
            s.shutdown(socket.SHUT_WR)
        except OSError:
            pass
        try:
            while piece := s.recv(65536):
                got += piece
        except (ConnectionResetError, TimeoutError):
            pass
        return got


def status_of(got):
    return int(got.split()[1]) if got.startswith(b"HTTP/1.1 ") else None


def test_truncated_upload(new_repo, hub):
    repo = new_repo()
    content = b"w" * 100000
    href = repo.offer_lfs(content)
    path = href.removeprefix(hub.url)
    for half in (0, 1, 50000, 99999):
        raw(hub, f"PUT {path} HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n".encode() + content[:half], wait=5)
    raw(hub, f"PUT {path} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n1000\r\n".encode() + content[:0x500], wait=5)
    assert repo.offer_lfs(content)
    body = ndjson({"summary": "cut"}, file_line("a", b"a" * 1000))
    head = f"POST {repo.api}/commit/main HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {repo.person.token}\r\nContent-Type: application/x-ndjson\r\nContent-Length: {len(body)}\r\n\r\n"
    raw(hub, head.encode() + body[:-3], wait=5)
    assert repo.paths() == [".gitattributes"]


BAD_HEADS = {
    "nonsense": b"\x00\x01\x02\x03\r\n\r\n",
    "no version": b"GET /healthz\r\n\r\n",
    "bad version": b"GET /healthz HTTP/9.9\r\nHost: x\r\n\r\n",
    "two lengths": b"POST /api/login HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
    "length and chunked": b"POST /api/login HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "negative length": b"POST /api/login HTTP/1.1\r\nHost: x\r\nContent-Length: -5\r\n\r\n",
    "huge length": b"POST /api/login HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999\r\n\r\n",
    "bad chunk": b"POST /api/login HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    "huge chunk": b"POST /api/login HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\nabc",
    "space in name": b"GET /healthz HTTP/1.1\r\nHost : x\r\n\r\n",
    "long line": b"GET /" + b"a" * 200000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
    "many headers": b"GET /healthz HTTP/1.1\r\nHost: x\r\n" + b"X-A: b\r\n" * 20000 + b"\r\n",
    "one big header": b"GET /healthz HTTP/1.1\r\nHost: x\r\nX-A: " + b"b" * 1000000 + b"\r\n\r\n",
}


@pytest.mark.parametrize("head", BAD_HEADS.values(), ids=BAD_HEADS)
def test_heads(hub, head):
    got = raw(hub, head, wait=10)
    assert got == b"" or 400 <= status_of(got) < 600 and status_of(got) != 500, got[:200]
    assert len(re.findall(rb"HTTP/1\.1 \d{3} ", got)) <= 1, "a second request was smuggled"


def test_slow_loris(open_hub):
    """Two hundred clients that never finish their heads keep nobody out, and are sent away."""
    hub = open_hub("slow", settings={"head_timeout": "2s", "idle_timeout": "2s"})
    slow = [socket.create_connection(("127.0.0.1", hub.port), timeout=15) for _ in range(200)]
    for s in slow:
        s.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\nX-")
    assert httpx.get(hub.url + "/healthz", trust_env=False, timeout=5).status_code == 200
    give_up = time.monotonic() + 20
    left = list(slow)
    while left and time.monotonic() < give_up:
        for s in list(left):
            s.settimeout(0.05)
            try:
                s.recv(1000)  # an answer or the end: both say goodbye
                left.remove(s)
            except TimeoutError:
                pass
            except OSError:
                left.remove(s)
    assert not left, f"{len(left)} slow clients were never sent away"
    for s in slow:
        s.close()


def test_gzip_bombs(new_repo, hub):
    """A small body that unpacks to a gigabyte is cut off, not held in memory."""
    repo = new_repo(files={"a.txt": b"a"})
    piece = gzip.compress(b"\0" * (64 << 20), 9)
    before = memory_of(hub.pid)
    for place in (f"{repo.web}.git/git-upload-pack", f"{repo.web}.git/git-receive-pack"):
        try:
            answer = repo.http.post(place, content=piece * 16, headers={"Content-Type": "application/x-git-upload-pack-request", "Content-Encoding": "gzip"})
            assert answer.status_code < 500, answer.text
        except httpx.TransportError:
            pass  # cut off: also an answer
    answer = repo.http.post("/api/validate-yaml", content=piece, headers={"Content-Type": "application/json", "Content-Encoding": "gzip"})
    assert 400 <= answer.status_code < 500
    assert memory_of(hub.pid) - before < 400 << 20, "the bomb went off in memory"


def memory_of(pid):
    with open(f"/proc/{pid}/statm") as f:
        return int(f.read().split()[1]) * 4096


def test_huge_yaml(anyone, new_repo):
    bombs = [
        "---\n" + "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(f"{chr(98 + n)}: &{chr(98 + n)} [{','.join(['*' + chr(97 + n)] * 9)}]\n" for n in range(9)) + "---\n",
        "---\n" + "[" * 50000 + "\n---\n",
        "---\n" + "- " * 20000 + "a\n---\n",
        "---\n" + "k: v\n" * 200000 + "---\n",
        "---\ntags:\n" + "".join(f"- tag{n}\n" for n in range(100000)) + "---\n",
        "---\n" + "a" * 900000 + "\n---\n",
        "---\n&a a: *a\n---\n",
    ]
    repo = new_repo()
    for n, text in enumerate(bombs):
        start = time.monotonic()
        answer = anyone.http().post("/api/validate-yaml", json={"content": text, "repoType": "model"})
        assert answer.status_code in (200, 400, 413) and isinstance(answer.json(), dict), n
        answer = repo.commit(file_line("README.md", text.encode()))
        assert answer.status_code in (200, 400, 413, 422), (n, answer.status_code, answer.text[:200])
        assert time.monotonic() - start < 20, f"bomb {n} took {time.monotonic() - start:.0f} s"
    assert repo.http.get(repo.api).status_code == 200


def test_queries(new_repo, anyone):
    repo = new_repo()
    for query in ("limit=-1", "limit=abc", "limit=99999999999999999999", "cursor=%00", "cursor=" + "A" * 5000, "expand=" + "a," * 2000, "p=-1", "search=" + "%25" * 500, "search=%27%3B%20DROP%20TABLE%20repos%3B--"):
        for place in ("/api/models", f"{repo.api}/tree/main", f"{repo.api}/commits/main", f"{repo.api}/refs", f"{repo.api}/discussions"):
            answer = repo.http.get(f"{place}?{query}")
            assert answer.status_code < 500, (place, query, answer.text)
    assert repo.http.get(repo.api).status_code == 200


def test_a_hundred_thousand_files(new_repo, hub):
    """One commit with as many files as one commit may have; it is listed whole, page by page."""
    count = 99_999
    repo = new_repo()
    body = ndjson({"summary": "a forest"}, *[("file", {"path": f"d{n % 317}/f{n}.txt", "content": str(n)}) for n in range(count)])
    answer = repo.http.post(f"{repo.api}/commit/main", content=body, headers={"Content-Type": "application/x-ndjson"}, timeout=300)
    assert answer.status_code == 200, answer.text
    assert repo.read("d7/f7.txt").content == b"7"
    start = time.monotonic()
    assert len(repo.http.get(f"{repo.api}/tree/main").json()) == 318
    [one] = repo.http.get(f"{repo.api}/tree/main/d5?limit=1").json()
    assert one["path"].startswith("d5/")
    assert time.monotonic() - start < 20
    assert len(repo.paths()) == count + 1
    too_many = ndjson({"summary": "one more"}, *[("file", {"path": f"g{n}", "content": ""}) for n in range(100_001)])
    refused(repo.http.post(f"{repo.api}/commit/main", content=too_many, headers={"Content-Type": "application/x-ndjson"}, timeout=300), 400, 413)


def test_error_bodies_hold_no_markup(anyone):
    answer = anyone.http().get("/api/models/%3Cscript%3Ealert(1)%3C/script%3E/x")
    assert answer.status_code >= 400 and answer.headers["Content-Type"].startswith("application/json")
    assert json.loads(answer.text)["error"]


def test_header_injection(new_repo):
    repo = new_repo()
    answer = repo.http.get(f"{repo.web}/resolve/main/x%0d%0aSet-Cookie:%20a=b")
    assert answer.status_code < 500 and "set-cookie" not in answer.headers
    answer = repo.http.get("/api/whoami-v2", headers={"X-Request-Id": "a" * 3000})
    assert answer.status_code == 200 and len(answer.headers["X-Request-Id"]) <= 3000
