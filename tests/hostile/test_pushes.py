"""Pushes that git itself would carry, and no hub should take."""

import os
import time

import httpx
import pytest
from checkout import Checkout
from client_programs import run


@pytest.fixture
def work(alice, home, tmp_path, new_repo):
    repo = new_repo(files={"a.txt": b"a"})
    checkout = Checkout(alice, home, repo.id, tmp_path / "work")
    checkout.repo = repo
    checkout.before = repo.head_sha()
    return checkout


def plumb(work, entries, message="crafted"):
    """A commit whose tree is exactly these `mode type oid<TAB>name` lines; git's own checks are not asked."""
    tree = run(["git", "mktree", "--missing"], work.env, cwd=work.path, stdin="".join(e + "\n" for e in entries)).stdout.strip()
    commit = work.git("commit-tree", tree, "-p", work.before, "-m", message).stdout.strip()
    work.git("update-ref", "refs/heads/main", commit)
    return commit


def blob(work, text):
    return run(["git", "hash-object", "-w", "--stdin"], work.env, cwd=work.path, stdin=text).stdout.strip()


def assert_unchanged(work):
    assert work.repo.head_sha() == work.before
    assert work.repo.paths() == [".gitattributes", "a.txt"]


@pytest.mark.parametrize("name", [".git", ".GIT", "..", ".", "git~1", "a\\b", ".git ", ".g\u200cit"])
def test_names_in_trees(work, name):
    raw = run(["git", "hash-object", "-w", "--stdin"], work.env, cwd=work.path, stdin="evil").stdout.strip()
    record = b"100644 " + name.encode() + b"\0" + bytes.fromhex(raw)
    path = work.path.parent / "tree.bin"
    path.write_bytes(record)
    tree = work.git("hash-object", "-t", "tree", "--literally", "-w", str(path)).stdout.strip()
    commit = work.git("commit-tree", tree, "-p", work.before, "-m", "evil").stdout.strip()
    done = work.push("origin", f"{commit}:refs/heads/main", check=False)
    assert done.returncode != 0, done.stderr
    assert_unchanged(work)


def test_gitmodules_with_commands(work):
    oid = blob(work, '[submodule "x"]\n\tpath = x\n\turl = --upload-pack=touch /tmp/owned\n')
    plumb(work, [f"100644 blob {oid}\t.gitmodules"])
    done = work.push(check=False)
    assert done.returncode != 0, done.stderr
    assert_unchanged(work)


def test_symlinks_are_never_followed(work):
    """Git holds links as text; the hub may keep them, and must not look where they point."""
    oid = blob(work, "/etc/passwd")
    plumb(work, [f"120000 blob {oid}\tlink"])
    done = work.push(check=False)
    if done.returncode == 0:
        answer = work.repo.read("link")
        assert b"root:" not in answer.content
        answer = work.repo.read("link/../../etc/passwd")
        assert b"root:" not in answer.content


def test_rubbish_as_a_pack(work, alice):
    http = alice.http()
    place = f"{work.repo.web}.git/git-receive-pack"
    new = "1" * 40
    line = f"{work.before} {new} refs/heads/main\0 report-status\n".encode()
    command = b"%04x" % (len(line) + 4) + line + b"0000"
    for body in (b"", b"0000", b"zzzz", b"0004", b"fff0abc", command, command + b"PACK", command + b"PACK\0\0\0\2\xff\xff\xff\xff", command + os.urandom(100000)):
        answer = http.post(place, content=body, headers={"Content-Type": "application/x-git-receive-pack-request"})
        assert answer.status_code < 500, (body[:20], answer.status_code, answer.text[:200])
    for body in (b"", b"0000", b"zzzz", b"0032want " + b"f" * 40 + b"\n00000009done\n", os.urandom(1000)):
        try:
            answer = http.post(f"{work.repo.web}.git/git-upload-pack", content=body, headers={"Content-Type": "application/x-git-upload-pack-request"})
            assert answer.status_code < 500, (body[:20], answer.status_code, answer.text[:200])
        except httpx.TransportError:
            pass  # cut off: git gave up after the answer had begun
    assert_unchanged(work)
    work.git("fetch", "-q")


def test_a_kilobyte_that_spells_endless_paths(work, alice):
    oid = blob(work, "x")
    mktree = lambda lines: run(["git", "mktree"], work.env, cwd=work.path, stdin="".join(lines)).stdout.strip()
    tree = mktree(f"100644 blob {oid}\tf{i}\n" for i in range(10))
    for _ in range(9):
        tree = mktree(f"040000 tree {tree}\td{i}\n" for i in range(10))
    plumb(work, [f"040000 tree {tree}\tbomb"])
    started = time.monotonic()
    done = work.push(check=False)
    assert done.returncode != 0, done.stderr
    assert time.monotonic() - started < 30
    assert_unchanged(work)


def test_refs_that_are_not_for_users(work):
    for ref in ("refs/pr/99", "refs/internal/x", "refs/heads/../x", "HEAD", "refs/notes/x"):
        done = work.push("origin", f"HEAD:{ref}", check=False)
        refs = work.repo.http.get(f"{work.repo.api}/refs?include_prs=1").json()
        assert not refs["pullRequests"] and [b["name"] for b in refs["branches"]] == ["main"], (ref, done.stderr)


def test_missing_objects(work):
    """A commit whose blob was never sent."""
    oid = blob(work, "never sent")
    plumb(work, [f"100644 blob {'2' * 40}\tghost.txt", f"100644 blob {oid}\tb.txt"])
    done = work.push(check=False)
    assert done.returncode != 0
    assert_unchanged(work)
