"""The program as an operator knows it: first start, accounts, the doctor, stopping."""

import concurrent.futures
import os
import re
import subprocess
import threading
import time

import httpx
import pytest
from commit_calls import Repo, file_line
from hub_process import HubProcess, binary_path
from people import Person, token_of


@pytest.fixture
def bare_hub(tmp_path):
    """A server on an empty folder, before anybody made an account."""
    hub = HubProcess(tmp_path / "hub").start()
    yield hub
    wrong = hub.stop()
    assert not wrong, wrong


def whoami(hub, token):
    return httpx.get(f"{hub.url}/api/whoami-v2", headers={"Authorization": f"Bearer {token}"}, trust_env=False)


def test_first_start_says_how_to_begin(bare_hub):
    said = bare_hub.log_tail()
    token = re.search(r"token\s+(hf_\w{30,})", said)[1]
    user = re.search(r"user\s+(\w+)", said)[1]
    password = re.search(r"password\s+(\S+)", said)[1]
    assert str(bare_hub.port) in said
    me = whoami(bare_hub, token).json()
    assert me["name"] == user and me["isAdmin"] is True
    assert httpx.post(f"{bare_hub.url}/api/login", json={"user": user, "password": password}, trust_env=False).status_code == 200

    assert not bare_hub.stop()
    bare_hub.mark_log()
    bare_hub.start()
    again = bare_hub.log_since_mark(100)
    assert "hf_" not in again and "password" not in again, "secrets are shown once"
    assert whoami(bare_hub, token).status_code == 200


def test_what_is_stored_is_for_the_server_alone(bare_hub):
    token = re.search(r"token\s+(hf_\w{30,})", bare_hub.log_tail())[1]
    repo = Repo.create(Person(bare_hub, whoami(bare_hub, token).json()["name"], token), "secret", private=True)
    repo.commit_files({"a.txt": b"a"})
    repo.commit_lfs({"w.bin": b"weights"})
    subprocess.run(["git", "clone", "-q", repo.person.git_url(repo.id), str(bare_hub.folder / "clone")], check=True, env={"GIT_LFS_SKIP_SMUDGE": "1", "PATH": os.environ["PATH"]})
    open_to_others = [p for p in bare_hub.data.rglob("*") if p.lstat().st_mode & 0o077 and not p.is_symlink()]
    assert not open_to_others, open_to_others


def test_a_new_password_ends_all_sessions(bare_hub):
    bare_hub.admin("user", "create", "anna", "--password", "long enough password")
    login = httpx.post(f"{bare_hub.url}/api/login", json={"user": "anna", "password": "long enough password"}, trust_env=False)
    cookie = {"Cookie": login.headers["set-cookie"].split(";")[0]}
    place = f"{bare_hub.url}/api/settings/tokens"
    assert httpx.get(place, headers=cookie, trust_env=False).status_code == 200
    bare_hub.admin("user", "password", "anna", "--password", "another long password")
    end = time.monotonic() + 20  # a running server believes what it knows for a few seconds
    while httpx.get(place, headers=cookie, trust_env=False).status_code != 401:
        assert time.monotonic() < end
        time.sleep(0.2)


def test_metrics_are_for_who_runs_the_server(bare_hub, open_hub):
    token = re.search(r"token\s+(hf_\w{30,})", bare_hub.log_tail())[1]
    bare_hub.admin("user", "create", "anna", "--password", "long enough password")
    other = re.search(r"hf_\w{30,}", bare_hub.admin("token", "create", "anna", "--role", "write"))[0]

    def ask(hub, **headers):
        return httpx.get(f"{hub.url}/metrics", headers=headers, trust_env=False)

    assert ask(bare_hub).status_code == 200, "this machine"
    stranger = {"X-Forwarded-For": "203.0.113.9"}
    assert ask(bare_hub, **stranger).status_code == 401
    assert ask(bare_hub, **stranger, Authorization=f"Bearer {other}").status_code == 403
    assert "embrace_" in ask(bare_hub, **stranger, Authorization=f"Bearer {token}").text
    assert ask(open_hub("public", settings={"metrics_public": "true"}), **stranger).status_code == 200


def test_admin_commands_with_and_without_a_server(bare_hub):
    for step in ("running", "stopped"):
        if step == "stopped":
            assert not bare_hub.stop()
        bare_hub.admin("user", "create", f"u-{step}", "--password", "long enough password")
        made = bare_hub.admin("token", "create", f"u-{step}", "--role", "write")
        token = re.search(r"hf_\w{30,}", made)[0]
        bare_hub.admin("org", "create", f"o-{step}", "--owner", f"u-{step}")
        if step == "stopped":
            bare_hub.start()
        assert whoami(bare_hub, token).json()["orgs"][0]["name"] == f"o-{step}"
    for words in (["user", "create", "u-running", "--password", "long enough password"], ["token", "create", "nobody", "--role", "read"], ["user", "create", "bad name!", "--password", "long enough password"]):
        with pytest.raises(RuntimeError, match="ended with [12]"):
            bare_hub.admin(*words)


def test_two_servers_on_one_folder(own_hub, tmp_path):
    """Started twice by mistake, or for a moment during an upgrade: nothing that either accepted is lost."""
    alice = Person(own_hub, "alice", token_of("alice"))
    repo = Repo.create(alice, "shared")
    other = HubProcess(tmp_path / "other", data=own_hub.data).start()
    again = Person(other, "alice", token_of("alice"))

    def write(n):
        mine = Repo(alice if n % 2 else again, repo.id)
        return [mine.commit(file_line(f"{n}/{k}", b"x")) for k in range(8)]

    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        told = [a for answers in pool.map(write, range(8)) for a in answers]
    assert {a.status_code for a in told} <= {200, 409, 412}, [a.text for a in told if a.status_code not in (200, 409, 412)][:3]
    accepted = {a.json()["commitOid"] for a in told if a.status_code == 200}
    assert len(accepted) > 8
    for person in (alice, again):
        assert accepted <= {c["id"] for c in Repo(person, repo.id).log()}
    assert not other.stop()
    assert own_hub.doctor()[0], own_hub.doctor()[1]


def test_doctor(own_hub):
    alice = Person(own_hub, "alice", token_of("alice"))
    repo = Repo.create(alice, "checked")
    repo.commit_files({"a.txt": b"a"})
    content = b"large enough to be a file of its own " * 1000
    repo.commit_lfs({"w.bin": content})
    assert own_hub.doctor()[0], own_hub.doctor()[1]  # while the server runs
    assert not own_hub.stop()
    clean, said = own_hub.doctor()
    assert clean, said

    [stored] = [p for p in (own_hub.data / "xorbs").rglob("*") if p.is_file()]
    whole = stored.read_bytes()
    stored.chmod(0o644)
    stored.write_bytes(whole[:20] + bytes([whole[20] ^ 1]) + whole[21:])
    clean, said = own_hub.doctor()
    assert not clean and "alice/checked" in said, said
    stored.unlink()
    clean, said = own_hub.doctor()
    assert not clean and "alice/checked" in said and "xorb " in said, said
    stored.write_bytes(whole)
    spare = stored.with_name(stored.name[:-1] + ("1" if stored.name[-1] == "0" else "0"))
    spare.write_bytes(b"left by a crash")
    clean, said = own_hub.doctor()
    assert clean and "named by no row" in said, said
    assert own_hub.doctor()[0]
    own_hub.start()


def test_stopping_lets_running_requests_finish(own_hub):
    alice = Person(own_hub, "alice", token_of("alice"))
    repo = Repo.create(alice, "busy")
    accepted = []

    def write():
        mine = Repo(alice, repo.id)
        for n in range(1000):
            try:
                answer = mine.commit(file_line("n.txt", b"%d" % n))
            except httpx.TransportError:
                return
            if answer.status_code == 200:
                accepted.append(answer.json()["commitOid"])

    writer = threading.Thread(target=write)
    writer.start()
    while len(accepted) < 5:
        pass
    assert not own_hub.stop()
    writer.join()
    own_hub.start()
    history = {c["id"] for c in repo.log()}
    assert set(accepted) <= history


def test_settings_file_that_is_wrong(tmp_path):
    for text in ("nonsense", "no_such_setting = 1", "io_threads = many"):
        config = tmp_path / "embrace.conf"
        config.write_text(text)
        done = subprocess.run(
            [binary_path(), "serve", "--data", tmp_path / "data", "--config", config, "--listen", "127.0.0.1:0"],
            capture_output=True, text=True, timeout=60,
        )
        assert done.returncode != 0 and "embrace.conf" in done.stderr + done.stdout, done.stderr


def test_a_public_url_with_a_path_is_refused(tmp_path, open_hub):
    """The pages live at the root of a host."""

    def refusal(url):
        done = subprocess.run([binary_path(), "serve", "--data", tmp_path / "data", "--public-url", url, "--listen", "127.0.0.1:0"], capture_output=True, text=True, timeout=60)
        assert done.returncode != 0 and not (tmp_path / "data").exists(), url
        return done.stderr

    for url in ("https://example.org/hub", "http://example.org:8080/a/", "https://example.org/?a", "https://example.org#a"):
        assert "has a path" in refusal(url) and "root of a host" in refusal(url), url
    for url in ("example.org", "ftp://example.org", "https://", "https:///", "https://me@example.org"):
        assert "public_url takes https://HOST" in refusal(url), url
    hub = open_hub(settings={"public_url": "https://hub.example.org:8443/"})
    answer = httpx.get(f"{hub.url}/api/models?limit=1", trust_env=False)
    assert answer.status_code == 200


def test_chunks_are_not_collected_while_clients_count_on_them(tmp_path, open_hub):
    done = subprocess.run(
        [binary_path(), "serve", "--data", tmp_path / "data", "--set", "garbage_xorbs_after=20d", "--listen", "127.0.0.1:0"],
        capture_output=True, text=True, timeout=60,
    )
    said = done.stderr + done.stdout
    assert done.returncode != 0 and "garbage_xorbs_after" in said and "garbage_xorbs_early" in said, said
    open_hub("early", settings={"garbage_xorbs_after": "20d", "garbage_xorbs_early": "true"})
    open_hub("late", settings={"garbage_xorbs_after": "21d"})
