"""kill -9 at random moments of uploads, commits, pushes and garbage collections: afterwards the doctor finds
everything whole, and every write that was acknowledged is there."""

import concurrent.futures
import hashlib
import json
import os
import pathlib
import random
import re
import subprocess
import threading
import time

import httpx
import pytest
from client_programs import VENVS, run
from commit_calls import Repo, file_line, lfs_line
from people import Person, token_of

CRASHES = int(os.environ.get("EMBRACE_CRASHES") or 10)
GRACE_SECONDS = 2
XET_SECONDS = 20
TINY_GRACE = [
    word
    for name in ("garbage_links_after", "garbage_condemned_for", "garbage_files_after", "garbage_xorbs_after")
    for word in ("--set", f"{name}={GRACE_SECONDS}s")
] + ["--set", "garbage_xorbs_early=true"]
SEED = int(os.environ.get("EMBRACE_SEED") or time.time())


class Ledger:
    """What the hub has promised to keep."""

    def __init__(self):
        self._lock = threading.Lock()
        self.commits = []  # (repo, path, sha256 of the content, commit)

    def promise(self, repo, path, content, commit):
        self.promise_hash(repo, path, hashlib.sha256(content).hexdigest(), commit)

    def promise_hash(self, repo, path, sha256, commit):
        with self._lock:
            self.commits.append((repo, path, sha256, commit))


def small_commits(alice, name, ledger, stop, rng):
    repo = Repo(alice, f"alice/{name}")
    n = 0
    while not stop.is_set():
        n += 1
        path, content = f"{rng.randrange(1 << 60):x}.txt", rng.randbytes(rng.choice([10, 5000, 300000]))
        answer = repo.commit(file_line(path, content), summary=f"small {n}")
        if answer.status_code == 200:
            ledger.promise(repo.id, path, content, answer.json()["commitOid"])
        else:
            assert answer.status_code in (409, 412, 503), answer.text


def large_uploads(alice, name, ledger, stop, rng):
    repo = Repo(alice, f"alice/{name}")
    while not stop.is_set():
        path, content = f"{rng.randrange(1 << 60):x}.bin", rng.randbytes(rng.choice([2000, 3 << 20]))
        repo.upload_lfs(content)
        answer = repo.commit(lfs_line(path, content))
        if answer.status_code == 200:
            ledger.promise(repo.id, path, content, answer.json()["commitOid"])
        else:
            assert answer.status_code in (409, 412, 503), answer.text


def send_to_repo_that_goes(alice, name, content):
    repo = Repo.create(alice, name)
    repo.upload_lfs(content)
    repo.commit(lfs_line("gone.bin", content))
    answer = repo.http.request("DELETE", "/api/repos/delete", json={"name": name})
    assert answer.status_code in (200, 404), answer.text


def litter(alice, name, ledger, stop, rng):
    """Uploads few contents again and again, keeps some of them and lets the others become garbage, so that uploads
    meet the collection of the very files that they send."""
    repo = Repo(alice, f"alice/{name}")
    while not stop.is_set():
        content = random.Random(rng.randrange(6)).randbytes(150_000)
        path = f"{rng.randrange(1 << 60):x}.bin"
        fate = rng.randrange(3)
        if fate == 0:  # sent, never committed
            repo.upload_lfs(content)
        elif fate == 1:
            send_to_repo_that_goes(alice, f"{name}-{rng.randrange(1 << 60):x}", content)
        else:
            repo.upload_lfs(content)
            answer = repo.commit(lfs_line(path, content))
            if answer.status_code == 200:
                ledger.promise(repo.id, path, content, answer.json()["commitOid"])
            else:  # 422: the collection was quicker, and said so
                assert answer.status_code in (409, 412, 422, 503), answer.text


class Collector:
    """`embrace admin gc` beside the server, over and over, killed at random, too."""

    def __init__(self, hub):
        self.hub, self.removed = hub, dict.fromkeys(("links", "files", "xorbs"), 0)

    def __call__(self, alice, name, ledger, stop, rng):
        while not stop.is_set():
            patience = rng.choice([None, None, rng.uniform(0.05, 1)])
            self.collect(patience)

    def collect(self, patience=None):
        process = self.hub.start_admin(*TINY_GRACE, "gc")
        try:
            said, errors = process.communicate(timeout=patience)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
            return
        assert process.returncode == 0, said + errors
        for thing in self.removed:
            self.removed[thing] += int(re.search(rf"{thing} (?:removed|dropped): (\d+)", said)[1])


def new_repos(alice, name, ledger, stop, rng):
    while not stop.is_set():
        repo = Repo.create(alice, f"{name}-{rng.randrange(1 << 60):x}")
        content = rng.randbytes(100)
        answer = repo.commit(file_line("first.txt", content))
        if answer.status_code == 200:
            ledger.promise(repo.id, "first.txt", content, answer.json()["commitOid"])


class Pusher:
    def __init__(self, alice, name, home, folder):
        self.env, self.folder, self.id = alice.env(home), folder, f"alice/{name}"
        run(["git", "clone", "-q", alice.git_url(self.id), folder], self.env)

    def __call__(self, alice, name, ledger, stop, rng):
        while not stop.is_set():
            path, content = f"{rng.randrange(1 << 60):x}.txt", rng.randbytes(20000)
            (self.folder / path).write_bytes(content)
            for words in (["add", "-A"], ["commit", "-q", "-m", path]):
                run(["git", *words], self.env, cwd=self.folder)
            sha = run(["git", "rev-parse", "HEAD"], self.env, cwd=self.folder).stdout.strip()
            done = subprocess.run(["git", "push", "-q", "origin", "main"], env=self.env, cwd=self.folder, capture_output=True, text=True)
            if done.returncode == 0:
                ledger.promise(self.id, path, content, sha)


class XetUploader:
    """The official client. Its program is started ahead of time, because that takes a second."""

    def __init__(self, alice, name, home):
        self.alice, self.id, self.home, self.turn = alice, f"alice/{name}", home, 0
        self.start()

    def start(self):
        # A cache of its own: the client would refer to chunks that the tiny grace times have collected.
        self.turn += 1
        env = self.alice.env(self.home / str(self.turn)) | {"HF_XET_CLIENT_RETRY_MAX_ATTEMPTS": "0"}
        command = [VENVS["newest"] / "bin/python", pathlib.Path(__file__).with_name("xet_uploader.py"), self.id]
        self.process = subprocess.Popen(command, env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)

    def __call__(self, alice, name, ledger, stop, rng):
        self.process.stdin.write("go\n")
        self.process.stdin.flush()
        stop.wait()
        self.process.kill()
        said = self.process.communicate()[0]
        for line in said.splitlines():
            if line.endswith("]"):
                ledger.promise_hash(self.id, *json.loads(line))
        self.start()

    def close(self):
        self.process.kill()
        self.process.communicate()


def quiet(worker, *arguments):
    """A worker until the server dies under it; anything but a lost connection is a failure."""
    try:
        worker(*arguments)
    except httpx.TransportError:
        pass


def check(alice, ledger):
    kept = {}
    for repo_id in {r for r, _, _, _ in ledger.commits}:
        repo = Repo(alice, repo_id)
        url, ids = f"{repo.api}/commits/main?limit=1000", set()
        while url:
            answer = repo.http.get(url)
            assert answer.status_code == 200, answer.text
            ids |= {c["id"] for c in answer.json()}
            url = answer.links.get("next", {}).get("url")
        kept[repo_id] = (repo, ids)
    for repo_id, path, sha, commit in ledger.commits:
        repo, ids = kept[repo_id]
        assert commit in ids, f"{repo_id}: commit {commit} was acknowledged and is gone"
        answer = repo.read(path)
        assert answer.status_code == 200, f"{repo_id}/{path}: acknowledged and gone ({answer.status_code})"
        assert hashlib.sha256(answer.content).hexdigest() == sha, f"{repo_id}/{path}: other bytes than were acknowledged"


@pytest.mark.timeout(60 + 60 * CRASHES)
def test_kill_and_restart(own_hub, tmp_path):
    print(f"seed {SEED} (EMBRACE_SEED repeats it)")
    rng = random.Random(SEED)
    alice = Person(own_hub, "alice", token_of("alice"))
    for name in ("small", "large", "pushed", "litter", "xet"):
        Repo.create(alice, name)
    pusher = Pusher(alice, "pushed", tmp_path / "home", tmp_path / "pushed")
    uploader = XetUploader(alice, "xet", tmp_path / "xet")
    collector, promises = Collector(own_hub), Ledger()

    def sent_by_xet(ledger):
        return any(repo == uploader.id for repo, _, _, _ in ledger.commits)

    jobs = [(small_commits, "small"), (small_commits, "small"), (large_uploads, "large"), (new_repos, "made"), (pusher, "pushed"), (uploader, "xet"), (litter, "litter"), (litter, "litter"), (collector, "")]

    for crash in range(CRASHES):
        ledger, stop = Ledger(), threading.Event()
        with concurrent.futures.ThreadPoolExecutor(len(jobs)) as pool:
            running = [pool.submit(quiet, job, alice, name, ledger, stop, random.Random(rng.random())) for job, name in jobs]
            pause = rng.uniform(0.1, 1.5)
            # On a slow machine no upload by Xet may have been that quick: the last crash waits for one.
            if crash == CRASHES - 1 and not sent_by_xet(promises):
                pause = XET_SECONDS
            time.sleep(pause)
            own_hub.kill()
            stop.set()
            for done in running:
                done.result()
        clean, said = own_hub.doctor()
        assert clean, f"crash {crash}, seed {SEED}: the doctor found\n{said}"
        own_hub.start()
        check(alice, ledger)
        promises.commits += ledger.commits
        # And the hub still takes writes everywhere.
        for name in ("small", "large"):
            Repo(alice, f"alice/{name}").commit_files({"alive.txt": b"%d" % crash})
        run(["git", "fetch", "-q"], pusher.env, cwd=pusher.folder)
        run(["git", "reset", "-q", "--hard", "origin/main"], pusher.env, cwd=pusher.folder)

    uploader.close()
    assert sent_by_xet(promises), "no upload by Xet ever got through"

    # What is garbage goes in the end, and nothing else. Some of each kind is certain to be there.
    Repo(alice, "alice/litter").upload_lfs(rng.randbytes(150_000))
    send_to_repo_that_goes(alice, "short", rng.randbytes(150_000))
    for _ in range(6):
        time.sleep(GRACE_SECONDS + 0.1)
        collector.collect()
    assert all(collector.removed.values()), collector.removed
    own_hub.kill()
    clean, said = own_hub.doctor()
    assert clean, f"seed {SEED}, after the last collection: the doctor found\n{said}"
    own_hub.start()
    check(alice, promises)
