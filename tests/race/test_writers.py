"""Sixteen writers on one branch: what is accepted is in history, what is refused is refused properly."""

import concurrent.futures
import hashlib
import time

import pytest
from commit_calls import Repo, file_line, lfs_line
from people import Person, token_of

WRITERS = 16
ROUNDS = 8


def test_commits_on_one_branch(new_repo):
    repo = new_repo()

    def write(writer):
        mine = Repo(repo.person, repo.id)
        outcome = []
        for n in range(ROUNDS):
            answer = mine.commit(file_line(f"w{writer}/{n}.txt", f"{writer}.{n}".encode()), summary=f"{writer}.{n}")
            outcome.append((f"{writer}.{n}", answer.status_code, answer.json().get("commitOid")))
        return outcome

    with concurrent.futures.ThreadPoolExecutor(WRITERS) as pool:
        outcomes = [o for writer in pool.map(write, range(WRITERS)) for o in writer]
    accepted = {oid: title for title, status, oid in outcomes if status == 200}
    assert {status for _, status, _ in outcomes} <= {200, 409, 412}
    assert len(accepted) >= WRITERS * ROUNDS // 2, "most writers were turned away"
    history = {c["id"]: c["title"] for c in repo.log()}
    assert {oid: history.get(oid) for oid in accepted} == accepted
    assert set(history.values()) == set(accepted.values()) | {"initial commit"}
    assert sorted(repo.paths()) == sorted([".gitattributes"] + [f"w{t.split('.')[0]}/{t.split('.')[1]}.txt" for t in accepted.values()])


def test_one_parent_has_one_child(new_repo):
    """With parentCommit, exactly one of sixteen wins each round."""
    repo = new_repo()
    for n in range(ROUNDS):
        parent = repo.head_sha()

        def write(writer, parent=parent, n=n):
            return Repo(repo.person, repo.id).commit(file_line("one.txt", f"{n} {writer}".encode()), parentCommit=parent).status_code

        with concurrent.futures.ThreadPoolExecutor(WRITERS) as pool:
            told = list(pool.map(write, range(WRITERS)))
        assert told.count(200) == 1 and set(told) <= {200, 409, 412}, told
    assert len(repo.log()) == ROUNDS + 1


def test_the_same_repository_is_made_once(alice, fresh_name):
    name = fresh_name("once")
    with concurrent.futures.ThreadPoolExecutor(WRITERS) as pool:
        told = list(pool.map(lambda _: alice.http().post("/api/repos/create", json={"name": name}), range(WRITERS)))
    assert sorted(a.status_code for a in told) == [200] + [409] * (WRITERS - 1)
    assert all(a.json()["url"].endswith(f"/alice/{name}") for a in told)


def test_branches_and_tags(new_repo):
    repo = new_repo()
    with concurrent.futures.ThreadPoolExecutor(WRITERS) as pool:
        branches = list(pool.map(lambda _: repo.person.http().post(f"{repo.api}/branch/b", json={}).status_code, range(WRITERS)))
        tags = list(pool.map(lambda _: repo.person.http().post(f"{repo.api}/tag/main", json={"tag": "t"}).status_code, range(WRITERS)))
    for told in (branches, tags):
        assert told.count(200) == 1 and set(told) == {200, 409}, told


@pytest.mark.parametrize("same", [True, False], ids=["one file", "many files"])
def test_uploads(new_repo, same):
    repo = new_repo()

    def upload(writer):
        content = b"shared bytes" * 50000 if same else f"bytes of {writer}".encode() * 50000
        mine = Repo(repo.person, repo.id)
        mine.upload_lfs(content)
        return hashlib.sha256(content).hexdigest(), mine.commit(lfs_line(f"{writer}.bin", content)).status_code, writer

    with concurrent.futures.ThreadPoolExecutor(WRITERS) as pool:
        told = list(pool.map(upload, range(WRITERS)))
    for sha, status, writer in told:
        assert status in (200, 409, 412)
        if status == 200:
            assert hashlib.sha256(repo.read(f"{writer}.bin").content).hexdigest() == sha


def test_readers_see_whole_commits(new_repo):
    """Two files that always change together are never seen apart."""
    repo = new_repo(files={"a": b"0", "b": b"0"})
    stop = False

    def read():
        mine, seen = Repo(repo.person, repo.id), 0
        while not stop:
            sha = mine.head_sha()
            assert mine.read("a", rev=sha).content == mine.read("b", rev=sha).content
            seen += 1
        return seen

    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        readers = [pool.submit(read) for _ in range(4)]
        try:
            for n in range(1, 40):
                repo.commit_files({"a": b"%d" % n, "b": b"%d" % n})
        finally:
            stop = True
        assert all(r.result() > 0 for r in readers)


def test_a_flood_on_one_repository_delays_no_other(new_repo, bob):
    flooded, calm = new_repo(), new_repo(owner=bob)
    files = [file_line(f"{n}.txt", b"") for n in range(2500)]
    writers, answers, waits = 28, [], []

    def flood(writer):
        return Repo(flooded.person, flooded.id).commit(file_line("who", b"%d" % writer), *files).status_code

    began = time.monotonic()
    with concurrent.futures.ThreadPoolExecutor(writers) as pool:
        running = [pool.submit(flood, writer) for writer in range(writers)]
        while not all(r.done() for r in running):
            asked = time.monotonic()
            answers.append(calm.commit(file_line("a", b"%d" % len(waits))).status_code)
            waits.append(time.monotonic() - asked)
    took = time.monotonic() - began
    assert {r.result() for r in running} == {200} and set(answers) == {200}
    assert max(waits) < took / 4, (max(waits), took)


def test_too_many_writes_are_told_to_come_back(open_hub):
    hub = open_hub(settings={"writes_waiting_max": 4})
    alice = Person(hub, "alice", token_of("alice"))
    repo = Repo.create(alice, "busy")
    files = [file_line(f"{n}.txt", b"") for n in range(500)]

    def write(writer):
        return Repo(alice, repo.id).commit(file_line("who", b"%d" % writer), *files)

    with concurrent.futures.ThreadPoolExecutor(WRITERS) as pool:
        told = list(pool.map(write, range(WRITERS)))
    assert {a.status_code for a in told} == {200, 503}
    refused = next(a for a in told if a.status_code == 503)
    assert int(refused.headers["retry-after"]) > 0 and "alice/busy" in refused.json()["error"]
    assert len(repo.log()) == 1 + sum(a.status_code == 200 for a in told)
    assert write(0).status_code == 200


def test_commits_to_what_is_deleted(alice, fresh_name):
    """Whatever step a deletion falls into: the repository is there, or it is not."""
    name = fresh_name("doomed")
    stop = False

    def write(n):
        repo, told = Repo(alice, f"alice/{name}"), set()
        query = "?create_pr=1" if n % 2 else ""
        while not stop:
            told.add(repo.commit(file_line("a", b"%d" % n), query=query).status_code)
            told.add(repo.http.post(f"{repo.api}/branch/b{n}", json={"overwrite": True}).status_code)
        return told

    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        writers = [pool.submit(write, n) for n in range(4)]
        try:
            http = alice.http()
            for _ in range(40):
                assert http.post("/api/repos/create", json={"name": name}).status_code == 200
                assert http.request("DELETE", "/api/repos/delete", json={"name": name}).status_code == 200
        finally:
            stop = True
        told = set().union(*(w.result() for w in writers))
    assert told <= {200, 404, 409, 412}, told


def test_clones_of_what_comes_and_goes(alice, fresh_name):
    """A repository that is deleted and made again is there or not; nobody hears about folders."""
    name = fresh_name("fleeting")
    stop = False

    def read():
        http, told = alice.http(), set()
        while not stop:
            told.add(http.get(f"/alice/{name}.git/info/refs?service=git-upload-pack").status_code)
        return told

    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        readers = [pool.submit(read) for _ in range(4)]
        try:
            http = alice.http()
            for _ in range(60):
                assert http.post("/api/repos/create", json={"name": name}).status_code == 200
                assert http.request("DELETE", "/api/repos/delete", json={"name": name}).status_code == 200
        finally:
            stop = True
        told = set().union(*(r.result() for r in readers))
    assert told <= {200, 401, 404}, told
