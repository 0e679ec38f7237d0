"""Xet's doors, tried by those who may not pass and by those who make no sense."""

import hashlib
import http.client
import os
import random
import struct
import time

import httpx
import pytest
from people import Person, token_of

CONTENT = random.Random("private").randbytes(1 << 20)
ZERO = "0" * 64
SOME = "0123456789abcdef" * 4


@pytest.fixture(autouse=True)
def server_survives(hub):
    pid = hub.pid
    yield
    assert hub.is_alive() and hub.pid == pid


class Cas:
    """The chunk store as the holder of a repository's token sees it."""

    def __init__(self, repo, scope):
        answer = repo.http.get(f"{repo.api}/xet-{scope}-token/main")
        assert answer.status_code == 200, answer.text
        self.token = answer.json()["accessToken"]
        self.url = answer.json()["casUrl"]
        self.http = httpx.Client(headers={"Authorization": f"Bearer {self.token}"}, timeout=60, trust_env=False)

    def get(self, path, **more):
        return self.http.get(self.url + path, **more)

    def post(self, path, content=b"", **more):
        return self.http.post(self.url + path, content=content, **more)

    def plan(self, file, version=2, **more):
        return self.get(f"/v{version}/reconstructions/{file}", **more)


def xet_hash(repo, path="w.bin"):
    return repo.http.post(f"{repo.api}/paths-info/main", json={"paths": [path]}).json()[0]["xetHash"]


@pytest.fixture
def owned(new_repo):
    """alice's private repository with one large file."""
    repo = new_repo(private=True)
    repo.commit_lfs({"w.bin": CONTENT})
    return repo


@pytest.fixture
def bobs(bob, new_repo):
    return new_repo(owner=bob)


def only_fetch(plan):
    [(xorb, [entry])] = plan["xorbs"].items()
    return xorb, entry["url"], entry["ranges"][0]["bytes"]


def test_the_file_itself(owned):
    """What the others here are refused."""
    cas, file = Cas(owned, "read"), xet_hash(owned)
    plan = cas.plan(file)
    assert plan.status_code == 200
    assert sum(t["unpacked_length"] for t in plan.json()["terms"]) == len(CONTENT)
    _, url, span = only_fetch(plan.json())
    answer = httpx.get(url, headers={"Range": f"bytes={span['start']}-{span['end']}"}, trust_env=False)
    assert answer.status_code == 206 and len(answer.content) == span["end"] - span["start"] + 1
    head = cas.http.head(f"{cas.url}/v1/files/{file}")
    assert head.status_code == 200 and head.headers["Content-Length"] == str(len(CONTENT))
    assert cas.plan(file, 1).json()["terms"] == plan.json()["terms"]
    assert cas.plan(file, headers={"Range": f"bytes={len(CONTENT)}-"}).status_code == 416
    assert cas.plan(file, headers={"Range": "bytes=0-9"}).json()["offset_into_first_range"] == 0


def test_somebody_elses_file(owned, bobs):
    file = xet_hash(owned)
    cas = Cas(bobs, "write")
    for version in (1, 2):
        assert cas.plan(file, version).status_code == 404
    assert cas.get(f"/v1/reconstructions?file_id={file}").status_code == 404
    assert cas.post("/v1/reconstructions", b'[{"prefix": "default", "hash": "%s"}]' % file.encode()).status_code == 404
    assert cas.http.head(f"{cas.url}/v1/files/{file}").status_code == 404
    assert owned.seen_by(bobs.person).http.get(f"{owned.api}/xet-read-token/main").status_code == 404
    # Nor does naming it link it.
    answer = bobs.commit(("lfsFile", {"path": "w.bin", "algo": "sha256", "oid": hashlib.sha256(CONTENT).hexdigest(), "size": len(CONTENT)}))
    assert answer.status_code >= 400


def test_who_gets_tokens(owned, bobs, anyone, carol, alice_reading):
    assert bobs.seen_by(anyone).http.get(f"{bobs.api}/xet-read-token/main").status_code == 200
    assert bobs.seen_by(anyone).http.get(f"{bobs.api}/xet-write-token/main").status_code == 401
    assert bobs.seen_by(carol).http.get(f"{bobs.api}/xet-write-token/main").status_code == 403
    assert bobs.seen_by(carol).http.get(f"{bobs.api}/xet-write-token/refs%2Fpr%2F9").status_code in (403, 404)
    assert bobs.seen_by(carol).http.get(f"{bobs.api}/xet-write-token/None?create_pr=1").status_code == 200
    assert owned.seen_by(carol).http.get(f"{owned.api}/xet-write-token/None?create_pr=1").status_code == 404
    assert owned.seen_by(alice_reading).http.get(f"{owned.api}/xet-write-token/main").status_code == 403
    answer = owned.http.get(f"{owned.api}/xet-read-token/main")
    assert answer.headers["X-Xet-Access-Token"] == answer.json()["accessToken"]
    assert answer.headers["X-Xet-Cas-Url"] == answer.json()["casUrl"] and not answer.json()["casUrl"].endswith("/")
    assert int(answer.headers["X-Xet-Token-Expiration"]) == answer.json()["exp"] > time.time() + 600


def test_a_read_token_writes_nothing(owned):
    cas = Cas(owned, "read")
    for path in (f"/v1/xorbs/default/{SOME}", "/v1/shards", "/v2/shards"):
        assert cas.post(path, b"x").status_code == 403


@pytest.mark.parametrize("token", ["", "hf_no", "1.w.1.1.1.99999999999999.AAAA", "x" * 9000])
def test_forged_tokens(hub, token):
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    with httpx.Client(base_url=f"{hub.url}/api/xet", headers=headers, trust_env=False) as http:
        for method, path in (
            ("GET", f"/v1/reconstructions/{SOME}"), ("GET", f"/v2/reconstructions/{SOME}"), ("GET", f"/v1/reconstructions?file_id={SOME}"),
            ("POST", "/v1/reconstructions"), ("GET", f"/v1/chunks/default/{SOME}"), ("HEAD", f"/v1/xorbs/default/{SOME}"),
            ("POST", f"/v1/xorbs/default/{SOME}"), ("POST", "/v1/shards"), ("POST", "/v2/shards"), ("HEAD", f"/v1/files/{SOME}"),
            ("GET", f"/v2/file-chunk-hashes/{SOME}"), ("POST", "/v1/telemetry"),
        ):
            assert http.request(method, path).status_code == 401, path


def test_a_changed_token(owned):
    cas = Cas(owned, "read")
    cas.http.headers["Authorization"] = "Bearer " + cas.token.replace("1.r.", "1.w.", 1)
    assert cas.post("/v1/shards", b"x").status_code == 401


def test_a_hub_token_is_none_of_the_stores(owned, alice):
    with alice.http() as http:
        assert http.get(f"/api/xet/v2/reconstructions/{xet_hash(owned)}").status_code == 401
    cas = Cas(owned, "write")
    assert httpx.get(f"{owned.person.hub.url}/api/whoami-v2", headers={"Authorization": f"Bearer {cas.token}"}, trust_env=False).status_code == 401


def test_a_link_opens_what_it_names(owned):
    plan = Cas(owned, "read").plan(xet_hash(owned), headers={"Range": "bytes=400000-500000"}).json()
    _, url, span = only_fetch(plan)
    first, last = span["start"], span["end"]
    assert first > 0

    def fetch(value, where=url):
        return httpx.get(where, headers={"Range": value} if value else {}, trust_env=False)

    assert fetch(f"bytes={first}-{last}").status_code == 206
    assert len(fetch(f"bytes={first + 10}-{first + 19}").content) == 10
    for value in (f"bytes={first - 1}-{last}", f"bytes={first}-{last + 1}", "bytes=0-0", "bytes=0-", "bytes=99999999-", f"bytes={first}-{first},0-1", None, "bytes=9-1"):
        assert fetch(value).status_code == 403, value
    several = fetch(f"bytes={first}-{first + 9},{first + 10}-{first + 19}")
    assert several.status_code == 206
    boundary = several.headers["Content-Type"].split("boundary=")[1]
    assert len(boundary) >= 32 and several.content.count(f"--{boundary}\r\n".encode()) == 2
    assert several.content.endswith(f"--{boundary}--\r\n".encode())
    for times in (2, 64):
        assert fetch("bytes=" + ",".join([f"{first}-{last}"] * times)).status_code == 416, "more than the link opens"
    wider = url.replace(f".{first}-", ".0-")
    assert wider != url and fetch("bytes=0-9", wider).status_code == 403


def test_an_expired_link(open_hub):
    hub = open_hub("short", settings={"xet_url_lifetime": "1s"})
    from commit_calls import Repo

    repo = Repo.create(Person(hub, "alice", token_of("alice")), "short")
    repo.commit_lfs({"w.bin": CONTENT})
    cas, file = Cas(repo, "read"), xet_hash(repo)
    _, url, span = only_fetch(cas.plan(file).json())
    time.sleep(1.2)
    header = {"Range": f"bytes={span['start']}-{span['end']}"}
    assert httpx.get(url, headers=header, trust_env=False).status_code == 403
    _, url, _ = only_fetch(cas.plan(file).json())
    assert httpx.get(url, headers=header, trust_env=False).status_code == 206


def record(chunk):
    return b"\0" + len(chunk).to_bytes(3, "little") + b"\0" + len(chunk).to_bytes(3, "little") + chunk


@pytest.mark.parametrize(
    "body",
    [b"", b"x", b"\0" * 8, record(b"other bytes than the name says"), record(b"cut off")[:-1], b"\1" + record(b"a later version")[1:],
     b"\0\xff\xff\xff\0\xff\xff\xff" + bytes(100), os.urandom(1 << 20), record(b"a") + b"XETBLOB", b"XETBLOB" + bytes(100)],
    ids=range(10),
)
def test_no_xorbs(bobs, body):
    cas = Cas(bobs, "write")
    answer = cas.post(f"/v1/xorbs/default/{SOME}", body)
    assert answer.status_code == 400, answer.text
    assert cas.http.head(f"{cas.url}/v1/xorbs/default/{SOME}").status_code == 404


def test_too_large(hub, bobs):
    """Refused by what they announce, before a byte of it is sent."""
    cas = Cas(bobs, "write")
    for path in (f"/v1/xorbs/default/{SOME}", "/v1/shards", "/v2/shards"):
        connection = http.client.HTTPConnection("127.0.0.1", hub.port, timeout=30)
        connection.putrequest("POST", f"/api/xet{path}")
        connection.putheader("Authorization", f"Bearer {cas.token}")
        connection.putheader("Content-Length", str(1 << 40))
        connection.endheaders()
        assert connection.getresponse().status == 413
        connection.close()


@pytest.mark.parametrize("name", ["", "zz", "0" * 63, "0" * 65, "g" * 64, "..%2f..", ZERO + "%00"])
def test_names_that_are_none(owned, name):
    cas = Cas(owned, "write")
    for method, path in (
        ("GET", f"/v1/reconstructions/{name}"), ("GET", f"/v2/reconstructions/{name}"), ("GET", f"/v1/chunks/default/{name}"),
        ("POST", f"/v1/xorbs/default/{name}"), ("HEAD", f"/v1/xorbs/default/{name}"), ("HEAD", f"/v1/files/{name}"),
    ):
        assert cas.http.request(method, cas.url + path, content=b"x" if method == "POST" else None).status_code in (400, 404, 405), path


def spelled(hash):
    """The bytes of a hash as it is spelled in JSON."""
    return b"".join(bytes.fromhex(hash[n : n + 16])[::-1] for n in range(0, 64, 16))


HEADER = b"HFRepoMetaData\0" + bytes([85, 105, 103, 69, 106, 123, 129, 87, 131, 165, 189, 217, 92, 205, 209, 74, 169]) + struct.pack("<QQ", 2, 0)
BOOKEND = b"\xff" * 32 + bytes(16)


def shard(file, xorb, unpacked, first, last, range_hash, sha256=None):
    """One file of one range of a xorb, and no xorbs of its own."""
    flags = (0x80000000 if range_hash else 0) | (0x40000000 if sha256 else 0)
    out = HEADER + spelled(file) + struct.pack("<IIQ", flags, 1, 0) + spelled(xorb) + struct.pack("<IIII", 0, unpacked, first, last)
    if range_hash:
        out += spelled(range_hash) + bytes(16)
    if sha256:
        out += spelled(sha256) + bytes(16)
    return out + BOOKEND + BOOKEND


@pytest.mark.parametrize("version", [1, 2])
def test_a_shard_that_names_bytes_its_sender_never_had(owned, bobs, version):
    """Knowing every name is not knowing the bytes."""
    file = xet_hash(owned)
    plan = Cas(owned, "read").plan(file).json()
    [term] = plan["terms"]
    cas = Cas(bobs, "write")
    sha256 = hashlib.sha256(CONTENT).hexdigest()
    for range_hash in (None, SOME, ZERO, file, term["hash"]):
        body = shard(file, term["hash"], term["unpacked_length"], term["range"]["start"], term["range"]["end"], range_hash, sha256)
        answer = cas.post(f"/v{version}/shards", body)
        if version == 1:
            assert answer.status_code == 400, answer.text
        else:
            last = answer.text.strip().splitlines()[-1]
            assert '"type":"error"' in last and '"retryable":false' in last
    assert cas.plan(file).status_code == 404


SHARDS = [b"", b"x", HEADER, HEADER + BOOKEND, HEADER + BOOKEND * 3, os.urandom(4800), HEADER + os.urandom(48 * 50), HEADER[:47],
          HEADER + spelled(SOME) + struct.pack("<IIQ", 0x80000000, 0xFFFFFFFF, 0) + BOOKEND, shard(SOME, SOME, 10, 0, 1, SOME, SOME)]


@pytest.mark.parametrize("body", SHARDS, ids=range(len(SHARDS)))
def test_no_shards(bobs, body):
    cas = Cas(bobs, "write")
    answer = cas.post("/v1/shards", body)
    assert answer.status_code == 400 or (body[:48] == HEADER and answer.status_code == 200 and BOOKEND * 2 in body), answer.text


def test_no_batches(owned):
    cas = Cas(owned, "read")
    for body in (b"", b"{}", b"[1]", b"[]", b'[{"hash": 3}]', b"[" * 1000, b'[{"hash": "zz"}]'):
        assert cas.post("/v1/reconstructions", body).status_code == 400, body
    assert cas.get("/v1/reconstructions").status_code == 400
    assert cas.get("/v1/reconstructions?" + f"file_id={SOME}&" * 101).status_code in (400, 431)
    assert cas.get(f"/v1/chunks/default/{SOME}").status_code == 403, "readers need not know what there is"
    writer = Cas(owned, "write")
    assert writer.get(f"/v1/chunks/other/{SOME}").status_code == 400
    assert writer.get(f"/v1/chunks/default-merkledb/{SOME}").status_code == 404
    assert cas.post("/v1/telemetry", b"\xff nonsense").status_code == 200


def test_the_addresses_of_older_clients(owned):
    cas, file = Cas(owned, "read"), xet_hash(owned)
    assert cas.get(f"/reconstructions/{file}").json()["terms"] == cas.plan(file, 1).json()["terms"]
    assert cas.post(f"/xorbs/default/{SOME}", b"x").status_code == 403
    assert cas.post("/shards", b"x").status_code == 403
    assert Cas(owned, "write").get(f"/chunks/default-merkledb/{SOME}").status_code == 404
