"""Xet: hf_xet, newest and old, and the JavaScript client, against the chunk store."""

import hashlib
import random
import signal
import subprocess
import time

import pytest
from checkout import Checkout
from client_programs import HERE, VENVS, hf, node, run, run_step
from people import Person, token_of


@pytest.mark.parametrize("version", [v for v in VENVS if v != "0.26"])  # which knows no Xet
def test_both_ways(version, own_hub, home, tmp_path):
    alice = Person(own_hub, "alice", token_of("alice"))
    run_step(version, "xet", alice, home, f"both-{version}", tmp_path / "work")
    healthy, said = own_hub.doctor()
    assert healthy, said


def test_clients_ask_for_tokens_again(open_hub, home, tmp_path):
    """Tokens and URLs live for a shorter time than the transfer takes."""
    hub = open_hub("short", settings={"xet_url_lifetime": "2s"})
    run_step("newest", "xet", Person(hub, "alice", token_of("alice")), home, "short", tmp_path / "work")


def test_an_older_api(alice, home, tmp_path, fresh_name):
    """The first versions of reconstruction and shards, which older clients ask for."""
    more = {"HF_XET_CLIENT_RECONSTRUCTION_API_VERSION": 1, "HF_XET_CLIENT_SHARD_API_VERSION": 1}
    run_step("newest", "xet", alice, home, fresh_name("v1"), tmp_path / "work", **more)


def test_several_ranges_at_once(alice, home, tmp_path, fresh_name):
    run_step("newest", "xet", alice, home, fresh_name("ranges"), tmp_path / "work", HF_XET_CLIENT_ENABLE_MULTIRANGE_FETCHING="true")


def test_the_command_line(alice, home, tmp_path, fresh_name):
    name = f"alice/{fresh_name('cli-xet')}"
    content = random.Random(name).randbytes(6 << 20)
    (tmp_path / "model").mkdir()
    (tmp_path / "model/w.safetensors").write_bytes(content)
    env = alice.env(home)
    run([hf("newest"), "upload", name, tmp_path / "model"], env, cwd=tmp_path)
    run([hf("newest"), "download", name, "--local-dir", tmp_path / "down"], env, cwd=tmp_path)
    assert (tmp_path / "down/w.safetensors").read_bytes() == content


def test_an_interrupted_upload_goes_on(own_hub, home, tmp_path):
    """Killed after its first pack of chunks, of three. What is stored in the end is the file, once."""
    alice = Person(own_hub, "alice", token_of("alice"))
    content = random.Random("interrupted").randbytes(160 << 20)
    (tmp_path / "w.safetensors").write_bytes(content)
    command = [str(hf("newest")), "upload", "alice/interrupted", str(tmp_path / "w.safetensors"), "w.safetensors"]
    env = alice.env(home)
    # One at a time, so that the first is there well before the last.
    slowly = env | {"HF_XET_CLIENT_AC_MAX_UPLOAD_CONCURRENCY": "1", "HF_XET_CLIENT_AC_INITIAL_UPLOAD_CONCURRENCY": "1"}
    started = subprocess.Popen(command, env=slowly, cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while started.poll() is None and not stored_packs(own_hub):
        time.sleep(0.005)
    started.send_signal(signal.SIGKILL)
    assert started.wait() == -signal.SIGKILL, "it had ended before it could be killed"
    before = stored_packs(own_hub)
    assert before
    run(command, env, cwd=tmp_path)
    got = alice.http(follow_redirects=True).get("/alice/interrupted/resolve/main/w.safetensors")
    assert hashlib.sha256(got.content).digest() == hashlib.sha256(content).digest()
    after = stored_packs(own_hub)
    assert before.items() <= after.items(), "what had come was kept"
    assert sum(after.values()) < len(content) * 1.01, "and not stored again"
    healthy, said = own_hub.doctor()
    assert healthy, said


def stored_packs(hub):
    """{name: bytes} of the packs of chunks that a hub has."""
    return {path.name: path.stat().st_size for path in hub.data.glob("xorbs/**/*") if path.is_file()}


def test_a_pull_request_by_somebody_who_may_only_propose(alice, bob, home, tmp_path, new_repo):
    repo = new_repo(files={"a.txt": b"a"})
    content = random.Random(repo.id).randbytes(3 << 20)
    (tmp_path / "w.bin").write_bytes(content)
    run([hf("newest"), "upload", repo.id, tmp_path / "w.bin", "w.bin", "--create-pr"], bob.env(home), cwd=tmp_path)
    assert repo.read("w.bin", rev="refs%2Fpr%2F1").content == content
    assert repo.read("w.bin").status_code == 404


@pytest.mark.parametrize("useXet", ["true", "false"])
def test_javascript(useXet, alice, home, tmp_path, new_repo):
    """Up by JavaScript, which cuts in other places, and down by everybody; and the other way round."""
    repo = new_repo()
    content = random.Random(repo.id).randbytes(5 << 20)
    theirs = random.Random(repo.id + "py").randbytes(5 << 20)
    (tmp_path / "up.bin").write_bytes(content)
    repo.upload_lfs(theirs)
    repo.commit_lfs({"theirs.bin": theirs})
    env = alice.env(home) | {"HUB_URL": alice.hub.url, "REPO": repo.id, "WORK": str(tmp_path), "USE_XET": useXet}
    assert "xet done" in run([node(), HERE / "steps/xet.mjs"], env, cwd=HERE).stdout
    assert (tmp_path / "theirs.bin").read_bytes() == theirs
    assert (tmp_path / "ours.bin").read_bytes() == content
    run([hf("newest"), "download", repo.id, "up.bin", "--local-dir", tmp_path / "down"], env, cwd=tmp_path)
    assert (tmp_path / "down/up.bin").read_bytes() == content
    assert repo.read("up.bin").content == content


def test_everybody_reads_what_anybody_sends(alice, home, tmp_path, new_repo):
    """Files that share most of their bytes go up by each client, and come down by each."""
    repo = new_repo()
    shared = random.Random(repo.id).randbytes(4 << 20)
    senders = ["newest", "1.0", "lfs", "javascript", "git"]
    files = {f"{way}.bin": way.encode() * 1000 + shared + way.encode() for way in senders}
    source = tmp_path / "source"
    source.mkdir()
    for name, content in files.items():
        (source / name).write_bytes(content)

    def python(version, *arguments, xet=True):
        run([hf(version), *arguments], alice.env(home / f"{version}-{xet}", xet=xet), cwd=tmp_path)

    def javascript(**more):
        env = alice.env(home) | {"HUB_URL": alice.hub.url, "REPO": repo.id}
        run([node(), HERE / "steps/travel.mjs"], env | {k: str(v) for k, v in more.items()}, cwd=HERE)

    python("newest", "upload", repo.id, source / "newest.bin", "newest.bin")
    python("1.0", "upload", repo.id, source / "1.0.bin", "1.0.bin")
    python("newest", "upload", repo.id, source / "lfs.bin", "lfs.bin", xet=False)
    javascript(UP=source / "javascript.bin")
    work = Checkout(alice, home / "git", repo.id, tmp_path / "git")
    work.write("git.bin", files["git.bin"])
    work.commit("by git-lfs")
    work.push()

    for reader in ("newest", "1.0", "lfs", "javascript", "git"):
        down = tmp_path / f"down-{reader}"
        down.mkdir()
        if reader == "javascript":
            javascript(DOWN=" ".join(files), TO=down)
        elif reader == "git":
            down = Checkout(alice, home / "git-again", repo.id, tmp_path / "git-again").path
        else:
            python("1.0" if reader == "1.0" else "newest", "download", repo.id, "--local-dir", down, xet=reader != "lfs")
        for name, content in files.items():
            assert (down / name).read_bytes() == content, f"{name} read by {reader}"
