"""The `hf` command (huggingface-cli in old versions): log in, upload, download."""

import filecmp

import pytest
from client_programs import VENVS, hf, run


def make_folder(path):
    (path / "sub").mkdir(parents=True)
    (path / "README.md").write_text("---\nlicense: mit\n---\n# Hello\n")
    (path / "sub/notes.txt").write_text("notes\n")
    (path / "weights.bin").write_bytes(bytes(range(256)) * 8000)
    return path


@pytest.mark.parametrize("version", VENVS)
def test_journey(version, alice, home, tmp_path, fresh_name):
    env = alice.env(home)
    del env["HF_TOKEN"]  # the login must be what counts
    program, old = hf(version), version == "0.26"
    account = [] if old else ["auth"]
    run([program, *account, "login", "--token", alice.token], env)
    assert "alice" in run([program, *account, "whoami"], env).stdout

    folder = make_folder(tmp_path / "folder")
    repo = f"alice/{fresh_name('cli')}"
    said = run([program, "upload", repo, folder], env)
    assert repo in said.stdout + said.stderr
    run([program, "upload", repo, folder / "sub/notes.txt", "again/notes.txt"], env)

    run([program, "download", repo, "--local-dir", tmp_path / "down"], env)
    for name in ("README.md", "sub/notes.txt", "weights.bin"):
        assert filecmp.cmp(folder / name, tmp_path / "down" / name, shallow=False), name
    assert (tmp_path / "down/again/notes.txt").read_text() == "notes\n"
    run([program, "download", repo, "weights.bin", "--local-dir", tmp_path / "one"], env)
    assert [p.name for p in (tmp_path / "one").iterdir() if not p.name.startswith(".")] == ["weights.bin"]

    missing = run([program, "download", "alice/not-there"], env, check=False)
    assert missing.returncode != 0 and "not found" in (missing.stdout + missing.stderr).lower()


def test_bad_token(hub, anyone, home):
    done = run([hf("newest"), "auth", "login", "--token", "hf_" + "wrong".ljust(34, "x")], anyone.env(home), check=False)
    assert done.returncode != 0
    done = run([hf("newest"), "auth", "whoami"], anyone.env(home), check=False)
    assert "alice" not in done.stdout


def test_pull_request(alice, bob, home, tmp_path, new_repo):
    repo = new_repo(files={"a.txt": b"a"})
    folder = make_folder(tmp_path / "folder")
    run([hf("newest"), "upload", repo.id, folder, "--create-pr"], bob.env(home))
    assert "weights.bin" in repo.paths("refs%2Fpr%2F1") and "weights.bin" not in repo.paths()
