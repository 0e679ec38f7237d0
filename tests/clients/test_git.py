"""git and git-lfs: clone, edit, push; and pushes that must be refused, with the reason on the user's screen."""

import os
import subprocess

import pytest
from checkout import Checkout
from client_programs import large_bytes, run
from commit_calls import file_line


@pytest.fixture
def checkout(alice, home, tmp_path):
    def make(repo, *options, person=None, name="work"):
        return Checkout(person or alice, home / name, repo.id, tmp_path / name, *options)

    return make


def test_clone_edit_push(checkout, new_repo, tmp_path):
    repo = new_repo(files={"a.txt": b"one\n"})
    work = checkout(repo)
    assert (work.path / "a.txt").read_bytes() == b"one\n"
    work.write("a.txt", b"two\n")
    work.write("sub/b.txt", "ünï".encode())
    sha = work.commit("from git\n\nwith a reason")
    work.push()
    assert repo.head_sha() == sha
    assert repo.read("sub/b.txt").text == "ünï"
    [newest, *_] = repo.log()
    assert newest["title"] == "from git" and newest["message"].strip() == "with a reason"

    # And what the API writes, git fetches.
    repo.commit_files({"c.txt": b"api\n"})
    work.git("pull", "-q", "--ff-only")
    assert (work.path / "c.txt").read_bytes() == b"api\n"
    work.git("fsck", "--full", "--strict")


def test_large_files_travel_by_lfs(checkout, new_repo):
    size = max(11 << 20, min(large_bytes(), 1 << 30))
    content = os.urandom(1 << 20) * (size >> 20) + b"end"
    repo = new_repo()
    work = checkout(repo)
    work.write("model.safetensors", content)  # the first commit's .gitattributes names it
    work.commit("weights")
    work.push()
    [entry] = repo.http.post(f"{repo.api}/paths-info/main", json={"paths": ["model.safetensors"]}).json()
    assert entry["lfs"]["size"] == len(content) and entry["size"] == len(content)
    again = checkout(repo, name="again")
    assert (again.path / "model.safetensors").read_bytes() == content
    assert repo.read("model.safetensors", headers={"Range": "bytes=-3"}).content == b"end"

    # The API's large files come down by git-lfs, too; and without credentials from a public repository.
    repo.commit_lfs({"api.bin": b"from the api" * 1000})
    again.git("pull", "-q")
    assert (again.path / "api.bin").read_bytes() == b"from the api" * 1000


def test_anonymous_clone(checkout, new_repo, anyone, bob):
    repo = new_repo(files={"a.txt": b"a"})
    repo.commit_lfs({"w.bin": b"w" * 3000})
    work = checkout(repo, person=anyone, name="public")
    assert (work.path / "w.bin").read_bytes() == b"w" * 3000
    hidden = new_repo(private=True)
    for person in (anyone, bob):
        done = subprocess.run(
            ["git", "clone", person.git_url(hidden.id), work.path.parent / "never"], env=work.env, capture_output=True, text=True
        )
        assert done.returncode != 0
    assert checkout(hidden, name="mine").git("status").returncode == 0


def test_shallow_and_partial_clones(checkout, new_repo, tmp_path):
    repo = new_repo()
    for n in range(5):
        repo.commit_files({"a.txt": b"%d" % n, f"f{n}.txt": b"x" * 1000})
    shallow = checkout(repo, "--depth", "1", name="shallow")
    assert shallow.git("rev-list", "--count", "HEAD").stdout.strip() == "1"
    shallow.git("fetch", "-q", "--depth", "3")
    assert shallow.git("rev-list", "--count", "HEAD").stdout.strip() == "3"
    shallow.git("fetch", "-q", "--unshallow")
    assert shallow.git("rev-list", "--count", "HEAD").stdout.strip() == "6"
    shallow.write("new.txt", b"n")
    shallow.commit()
    shallow.push()

    partial = checkout(repo, "--filter=blob:none", "--no-checkout", name="partial")
    assert partial.git("rev-list", "--objects", "--missing=print", "--all").stdout.count("?") >= 5
    partial.git("checkout", "-q", "main")
    assert (partial.path / "f3.txt").read_bytes() == b"x" * 1000
    one = checkout(repo, "--branch", "main", "--single-branch", name="single")
    first = repo.log()[-1]["id"]
    one.git("fetch", "-q", "origin", first)


def test_tags_branches_and_force(checkout, new_repo):
    repo = new_repo(files={"a.txt": b"1"})
    work = checkout(repo)
    base = work.git("rev-parse", "HEAD").stdout.strip()
    work.git("tag", "v1")
    work.git("tag", "-a", "v2", "-m", "second")
    work.git("checkout", "-q", "-b", "feature/x")
    work.write("x.txt", b"x")
    tip = work.commit("on a branch")
    work.push("origin", "feature/x", "--tags")
    refs = repo.http.get(f"{repo.api}/refs").json()
    assert {b["name"] for b in refs["branches"]} == {"main", "feature/x"}
    assert {t["name"]: t["targetCommit"] for t in refs["tags"]} == {"v1": base, "v2": base}
    assert repo.http.get(f"{repo.api}/revision/v2").json()["sha"] == base

    work.git("commit", "-q", "--amend", "-m", "rewritten")
    assert work.push("origin", "feature/x", check=False).returncode != 0
    work.push("--force-with-lease", "origin", "feature/x")
    assert repo.head_sha("feature%2Fx") != tip
    work.push("origin", "--delete", "feature/x", "v1")
    refs = repo.http.get(f"{repo.api}/refs").json()
    assert {b["name"] for b in refs["branches"]} == {"main"} and {t["name"] for t in refs["tags"]} == {"v2"}
    assert work.push("origin", "--delete", "main", check=False).returncode != 0
    assert repo.head_sha() == base


def test_pull_request_refs(checkout, new_repo, bob):
    repo = new_repo(files={"a.txt": b"1"})
    answer = repo.seen_by(bob).commit(file_line("b.txt", b"b"), query="?create_pr=1")
    assert answer.status_code == 200, answer.text
    work = checkout(repo, person=bob, name="bob")
    work.git("fetch", "-q", "origin", "refs/pr/1:pr/1")
    work.git("checkout", "-q", "pr/1")
    assert (work.path / "b.txt").read_bytes() == b"b"
    work.write("c.txt", b"c")
    sha = work.commit("more for the pull request")
    work.push("origin", "pr/1:refs/pr/1")
    assert repo.head_sha("refs%2Fpr%2F1") == sha


def test_redirect_after_rename(checkout, new_repo, alice, fresh_name):
    repo = new_repo(files={"a.txt": b"1"})
    work = checkout(repo)
    answer = repo.http.post("/api/repos/move", json={"fromRepo": repo.id, "toRepo": f"alice/{fresh_name('renamed')}", "type": "model"})
    assert answer.status_code == 200, answer.text
    work.write("b.txt", b"b")
    sha = work.commit()
    work.push()
    assert repo.http.get(f"{repo.api}/revision/main").is_redirect
    assert alice.http(follow_redirects=True).get(f"{repo.api}/revision/main").json()["sha"] == sha


def test_refuses_large_file_outside_lfs(checkout, new_repo):
    repo = new_repo()
    before = repo.head_sha()
    work = checkout(repo)
    work.write("big.txt", os.urandom(1 << 20) * 11)
    work.commit()
    said = work.refused("git-lfs")
    assert "big.txt" in said
    assert repo.head_sha() == before
    # Also when it hides below the tip.
    work.git("rm", "-q", "big.txt")
    work.git("commit", "-q", "-m", "gone again")
    work.refused("big.txt")
    work.git("reset", "-q", "--hard", "origin/main")
    work.write("small.txt", b"small")
    work.commit()
    work.push()


def test_refuses_broken_card(checkout, new_repo):
    repo = new_repo()
    work = checkout(repo)
    work.write("README.md", b"---\nlicense: [unclosed\n---\n# Card\n")
    work.commit()
    work.refused("README.md")
    assert "README.md" not in repo.paths()


def test_refuses_missing_lfs_object(checkout, new_repo):
    repo = new_repo()
    work = checkout(repo)
    pointer = f"version https://git-lfs.github.com/spec/v1\noid sha256:{'1234567890' * 6 + 'abcd'}\nsize 12345\n"
    oid = run(["git", "hash-object", "-w", "--stdin"], work.env, cwd=work.path, stdin=pointer).stdout.strip()
    work.git("update-index", "--add", "--cacheinfo", f"100644,{oid},w.bin")
    work.git("commit", "-q", "-m", "a pointer to nothing")
    said = work.refused("LFS", "--no-verify", "origin", "main")
    assert "w.bin" in said
    assert "w.bin" not in repo.paths()


def test_refuses_who_may_not_write(checkout, new_repo, bob, alice_reading, anyone, hub):
    repo = new_repo(files={"a.txt": b"1"})
    before = repo.head_sha()
    for person, name, text in ((bob, "bob", "permissions"), (alice_reading, "reading", "permissions"), (anyone, "anyone", "")):
        work = checkout(repo, person=person, name=name)
        work.write("b.txt", b"b")
        work.commit()
        work.refused(text)
    assert repo.head_sha() == before


def test_protocol_versions(new_repo, alice, home):
    repo = new_repo(files={"a.txt": b"1"})
    env = alice.env(home)
    for version in "012":
        out = run(["git", "-c", f"protocol.version={version}", "ls-remote", "--symref", alice.git_url(repo.id)], env).stdout
        assert "refs/heads/main" in out and repo.head_sha() in out and "ref: refs/heads/main\tHEAD" in out, out
    assert run(["git", "ls-remote", alice.git_url(repo.id + ".git")], env).stdout.count("refs/heads/main")


def test_datasets_and_spaces(alice, home, tmp_path, new_repo):
    for kind, prefix in (("dataset", "datasets/"), ("space", "spaces/")):
        repo = new_repo(type=kind)
        work = Checkout(alice, home, repo.id, tmp_path / kind, prefix=prefix)
        work.write("a.txt", b"a")
        sha = work.commit()
        work.push()
        assert repo.head_sha() == sha


def test_lfs_locks(checkout, new_repo):
    repo = new_repo()
    repo.commit_lfs({"w.bin": b"weights"})
    work = checkout(repo)
    work.git("lfs", "lock", "w.bin")
    assert "w.bin" in work.git("lfs", "locks").stdout
    work.git("lfs", "unlock", "w.bin")
    assert "w.bin" not in work.git("lfs", "locks").stdout
