"""Clients that hold on to what others need, too: places among git's processes, passwords, addresses."""

import concurrent.futures
import os
import socket
import time

import httpx
import pytest
from checkout import Checkout
from client_programs import run
from commit_calls import Repo
from people import PASSWORD, Person, token_of

CLOSED_IN_SECONDS = 40


def person(hub, name):
    return Person(hub, name, token_of(name))


def a_large_repo(hub, name):
    """Larger than what sockets and memory hold, so that a clone nobody reads has to wait somewhere."""
    repo = Repo.create(person(hub, "alice"), name)
    repo.commit_files({"a.bin": os.urandom(8 << 20), "b.bin": os.urandom(8 << 20)})
    return repo, repo.http.get(repo.api).json()["sha"]


def slow_fetch(hub, repo, head, token=""):
    """A fetch that is asked for and never read."""
    body = f"0032want {head}\n00000009done\n".encode()
    s = socket.socket()
    s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    s.connect(("127.0.0.1", hub.port))
    login = f"Authorization: Bearer {token}\r\n" if token else ""
    s.sendall(
        f"POST /{repo.id}.git/git-upload-pack HTTP/1.1\r\nHost: x\r\n{login}Content-Type: application/x-git-upload-pack-request\r\n"
        f"Content-Length: {len(body)}\r\n\r\n".encode()
        + body
    )
    return s


def gauge(hub, name):
    text = httpx.get(hub.url + "/metrics", trust_env=False).text
    return next(float(line.split()[1]) for line in text.splitlines() if line.startswith(name + " "))


def wait_until(condition, seconds=30):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it never came true"
        time.sleep(0.1)


def test_readers_that_stand_still_free_their_process(open_hub, home, tmp_path):
    hub = open_hub(settings={"fetch_processes_max": 4})
    repo, head = a_large_repo(hub, "slow")
    crowd = [slow_fetch(hub, repo, head) for _ in range(12)]
    try:
        # git has ended for all of them although not one has read its answer ...
        wait_until(lambda: gauge(hub, "embrace_spool_bytes") > 100 << 20)
        wait_until(lambda: gauge(hub, "embrace_fetches_running") == 0)
        # ... so there is room for others,
        Checkout(person(hub, "bob"), home, repo.id, tmp_path / "clone", "--depth=1")
        # and who was slow still gets everything.
        data = b""
        while piece := crowd[0].recv(1 << 20):
            data += piece
            if data.endswith(b"\r\n0\r\n\r\n"):
                break
        assert data.startswith(b"HTTP/1.1 200") and len(data) > 16 << 20
    finally:
        for s in crowd:
            s.close()
    wait_until(lambda: gauge(hub, "embrace_spool_bytes") == 0)


def test_one_peer_never_takes_every_process(open_hub, home, tmp_path):
    """Without any spool the crowd does hold its processes, but only its share of them."""
    hub = open_hub(settings={"fetch_processes_max": 8, "fetch_spools_bytes_max": "0B"})
    repo, head = a_large_repo(hub, "share")
    crowd = [slow_fetch(hub, repo, head) for _ in range(10)]
    crowd += [slow_fetch(hub, repo, head, token_of("carol")) for _ in range(10)]
    try:
        wait_until(lambda: gauge(hub, "embrace_fetches_waiting") >= 14)
        assert gauge(hub, "embrace_fetches_running") == 2 + 4  # anonymous: a quarter; an account: a half
        # git shows a password only when it is asked for one: bob is anonymous here, at another address.
        elsewhere = "http.extraHeader=X-Forwarded-For: 198.51.100.7"
        Checkout(person(hub, "bob"), home, repo.id, tmp_path / "clone", "-c", elsewhere)
    finally:
        for s in crowd:
            s.close()
    wait_until(lambda: gauge(hub, "embrace_fetches_running") == 0, 60)


def test_slow_pushes_leave_room_for_others(open_hub, home, tmp_path):
    hub = open_hub(settings={"push_processes_max": 4})
    repo = Repo.create(person(hub, "alice"), "pushed")
    repo.commit_files({"a.txt": b"a"})
    line = f"{'0' * 40} {'1' * 40} refs/heads/x\0report-status\n"
    command = f"{len(line) + 4:04x}{line}0000".encode() + b"PACK\0\0\0\2\0\0\0\1"
    crowd = []
    try:
        for _ in range(6):
            s = socket.create_connection(("127.0.0.1", hub.port))
            s.sendall(
                f"POST /{repo.id}.git/git-receive-pack HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token_of('alice')}\r\n"
                f"Content-Type: application/x-git-receive-pack-request\r\nContent-Length: 100000\r\n\r\n".encode()
                + command
            )
            crowd.append(s)
        wait_until(lambda: gauge(hub, "embrace_pushes_waiting") == 4)
        assert gauge(hub, "embrace_pushes_running") == 2
        own = Repo.create(person(hub, "bob"), "own")
        own.commit_files({"a.txt": b"a"})
        work = Checkout(person(hub, "bob"), home, own.id, tmp_path / "own")
        work.write("b.txt", b"b")
        work.commit()
        work.push()
    finally:
        for s in crowd:
            s.close()
    wait_until(lambda: gauge(hub, "embrace_pushes_running") == 0)


def test_a_pack_that_nobody_may_push_is_not_taken_in(own_hub, home, tmp_path):
    hub = own_hub
    repo = Repo.create(person(hub, "alice"), "mine")
    repo.commit_files({"a.txt": b"a"})
    work = Checkout(person(hub, "carol"), home, repo.id, tmp_path / "work")
    work.write("big.txt", os.urandom(6 << 20))
    work.commit()
    work.refused("remote rejected")
    assert gauge(hub, "embrace_pushes_running") == 0

    # Not even when its sender never comes to an end.
    line = f"{'0' * 40} {'1' * 40} refs/heads/x\0report-status\n"
    with socket.create_connection(("127.0.0.1", hub.port)) as s:
        s.sendall(
            f"POST /{repo.id}.git/git-receive-pack HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token_of('carol')}\r\n"
            f"Content-Type: application/x-git-receive-pack-request\r\nContent-Length: {4 << 30}\r\n\r\n".encode()
            + f"{len(line) + 4:04x}{line}0000".encode()
            + b"PACK\0\0\0\2\0\0\0\1"
        )
        sent, end = 0, time.monotonic() + CLOSED_IN_SECONDS
        with pytest.raises(OSError):
            while time.monotonic() < end:
                sent += s.send(b"\0" * (1 << 20))
        assert sent < 400 << 20
    quarantines = [p for p in hub.data.rglob("quarantine-*")]
    assert quarantines == [] and gauge(hub, "embrace_pushes_running") == 0


def basic(name, password):
    return httpx.BasicAuth(name, password)


def whoami(hub, auth, **headers):
    return httpx.get(hub.url + "/api/whoami-v2", auth=auth, headers=headers, trust_env=False, timeout=60)


def test_guesses_lock_out_only_who_guesses(own_hub):
    hub = own_hub
    guesser, owner = {"X-Forwarded-For": "203.0.113.66"}, {"X-Forwarded-For": "198.51.100.7"}
    with concurrent.futures.ThreadPoolExecutor(16) as crowd:
        seen = list(crowd.map(lambda i: whoami(hub, basic("alice", f"guess {i}"), **guesser).status_code, range(40)))
    # Side by side, and still not one guess more than ten was judged.
    assert sorted(set(seen)) == [401, 429] and seen.count(401) == 10, seen
    refused = whoami(hub, basic("alice", PASSWORD), **guesser)
    assert refused.status_code == 429 and int(refused.headers["Retry-After"]) > 100
    assert whoami(hub, basic("alice", PASSWORD), **owner).status_code == 200
    assert whoami(hub, basic("bob", "wrong"), **owner).status_code == 401


def test_strangers_may_not_say_where_they_come_from(open_hub):
    hub = open_hub(settings={"trusted_proxies": "192.0.2.0/24"})
    seen = [
        whoami(hub, basic("alice", "wrong"), **{"X-Forwarded-For": f"203.0.113.{i}"}).status_code for i in range(12)
    ]
    assert seen == [401] * 10 + [429] * 2
    answer = httpx.get(
        hub.url + "/api/models?limit=1",
        headers={"X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "https"},
        trust_env=False,
    )
    assert "evil" not in answer.headers.get("Link", "")
    created = httpx.post(
        hub.url + "/api/repos/create",
        json={"name": "x"},
        headers={"Authorization": f"Bearer {token_of('alice')}", "X-Forwarded-Host": "evil.example"},
        trust_env=False,
    )
    assert created.json()["url"].startswith(hub.url), created.text


def test_a_flood_of_passwords_slows_nobody_else(own_hub):
    hub = own_hub
    with concurrent.futures.ThreadPoolExecutor(64) as crowd:
        flood = [
            crowd.submit(whoami, hub, basic(f"nobody{i}", "guess"), **{"X-Forwarded-For": f"203.0.{i // 200}.{i % 200}"})
            for i in range(256)
        ]
        seconds = []
        for _ in range(20):
            began = time.monotonic()
            answer = httpx.get(
                hub.url + "/api/whoami-v2", headers={"Authorization": f"Bearer {token_of('alice')}"}, trust_env=False, timeout=60
            )
            seconds.append(time.monotonic() - began)
            assert answer.status_code == 200
        codes = {f.result().status_code for f in flood}
    assert codes <= {401, 429} and 429 in codes, codes
    assert sorted(seconds)[len(seconds) // 2] < 2, seconds
