"""The C++ Hub client against a real server and a misbehaving one, and with huggingface_hub on the same cache."""
import hashlib
import os
import pathlib
import re
import subprocess
import sys

import pytest

from compare import ROOT
from fake_hub import COMMIT, FakeHub


def find_program():
    """Beside the server that is tested, or the newest there is."""
    beside = pathlib.Path(os.environ.get("EMBRACE_BINARY", "none")).resolve().with_name("hub_files")
    if beside.is_file():
        return beside
    found = [path for path in (ROOT / "build").glob("*/hub_files") if path.is_file()]
    return max(found, key=lambda path: path.stat().st_mtime, default=None)


pytestmark = pytest.mark.skipif(find_program() is None, reason="the program hub_files is not built")

# The numbers of Code that programs print.
UNAUTHENTICATED, DENIED, NOT_FOUND, UNAVAILABLE, CORRUPT, INVALID = 1, 2, 3, 12, 13, 0
FILES = {"config.json": b'{"model_type": "none"}', "sub/weights.bin": bytes(range(256)) * 900, "README.md": b"# hello\n", "empty.txt": b""}


class Refused(Exception):
    def __init__(self, line):
        super().__init__(line)
        self.code = int(line.split(":")[0])


def ours(env, *words):
    done = subprocess.run([find_program(), *words], env=env, capture_output=True, text=True, timeout=120)
    if done.returncode == 1:
        raise Refused(done.stdout.strip())
    assert done.returncode == 0, done.stderr
    return pathlib.Path(done.stdout.strip())


def theirs(env, code):
    """What huggingface_hub prints, in a process of its own."""
    done = subprocess.run([sys.executable, "-c", f"from huggingface_hub import *\nfrom huggingface_hub.file_download import _CACHED_NO_EXIST\nprint({code})"], env=env, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr[-3000:]
    return pathlib.Path(done.stdout.strip().splitlines()[-1])


def contents(folder):
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture
def fake(home):
    hub = FakeHub(FILES)
    yield hub
    hub.close()


def env_of(hub, home, **more):
    env = {name: value for name, value in os.environ.items() if not name.startswith("HF_") and "proxy" not in name.lower()}
    return env | {"HF_ENDPOINT": hub.url, "HF_HOME": str(home), "NO_PROXY": "*"} | more


# With the official client


def test_a_file_that_we_fetched_is_found_by_the_official_client(alice, new_repo, home):
    repo = new_repo(files=FILES)
    env = alice.env(home, xet=False)
    path = ours(env, "file", repo.id, "sub/weights.bin")
    assert path.read_bytes() == FILES["sub/weights.bin"]
    assert theirs(env, f"hf_hub_download({repo.id!r}, 'sub/weights.bin', local_files_only=True)") == path
    assert theirs(env, f"try_to_load_from_cache({repo.id!r}, 'sub/weights.bin')") == path
    assert ours(env, "find", repo.id, "sub/weights.bin") == path


def test_a_file_that_the_official_client_fetched_is_found_by_us(alice, new_repo, home):
    repo = new_repo(files=FILES)
    env = alice.env(home, xet=False)
    path = theirs(env, f"hf_hub_download({repo.id!r}, 'sub/weights.bin')")
    assert ours(env, "find", repo.id, "sub/weights.bin") == path
    assert ours(env | {"HF_HUB_OFFLINE": "1"}, "file", repo.id, "sub/weights.bin") == path
    assert ours(env, "file", repo.id, "sub/weights.bin") == path


@pytest.mark.parametrize("first", ["ours", "theirs"])
def test_snapshots_are_shared(alice, new_repo, home, first):
    repo = new_repo(files=FILES, type="dataset")
    env = alice.env(home, xet=False)
    code = f"snapshot_download({repo.id!r}, repo_type='dataset')"
    folders = []
    for side in (first, "theirs" if first == "ours" else "ours"):
        folders.append(ours(env, "snapshot", f"datasets/{repo.id}") if side == "ours" else theirs(env, code))
        env["HF_HUB_OFFLINE"] = "1"
    assert folders[0] == folders[1]
    assert FILES.items() <= contents(folders[0]).items()
    for path in folders[0].rglob("*"):
        assert not path.is_symlink() or not os.readlink(path).startswith("/"), "links are relative"


def test_revisions_and_patterns(alice, new_repo, home):
    repo = new_repo(files=FILES)
    old = repo.commit_files({"config.json": b"{}"})
    new = repo.commit_files({"config.json": b"[]"})
    env = alice.env(home)
    assert ours(env, "file", f"{repo.id}@{old}", "config.json").read_bytes() == b"{}"
    folder = ours(env, "snapshot", repo.id, "*.json", "sub/")
    assert folder.name == new
    assert set(contents(folder)) == {"config.json", "sub/weights.bin"}
    assert (folder / "config.json").read_bytes() == b"[]"
    with pytest.raises(Refused, match="no branch, tag or commit nowhere") as refused:
        ours(env, "file", f"{repo.id}@nowhere", "config.json")
    assert refused.value.code == NOT_FOUND


def test_what_is_absent_is_remembered(alice, new_repo, home):
    repo = new_repo(files=FILES)
    env = alice.env(home)
    with pytest.raises(Refused, match="has no file none.json") as refused:
        ours(env, "file", repo.id, "none.json")
    assert refused.value.code == NOT_FOUND
    assert theirs(env, f"try_to_load_from_cache({repo.id!r}, 'none.json') is _CACHED_NO_EXIST").name == "True"
    with pytest.raises(Refused) as refused:
        ours(env | {"HF_HUB_OFFLINE": "1"}, "file", repo.id, "none.json")
    assert refused.value.code == NOT_FOUND


@pytest.mark.parametrize("command", [["file", "config.json"], ["snapshot", "config.json"]])
def test_a_repository_that_moved_is_followed(alice, new_repo, fresh_name, home, command):
    repo = new_repo(files=FILES)
    moved = {"fromRepo": repo.id, "toRepo": f"alice/{fresh_name('moved')}", "type": "model"}
    assert repo.http.post("/api/repos/move", json=moved).status_code == 200
    path = ours(alice.env(home), command[0], repo.id, command[1])
    assert (path / "config.json" if path.is_dir() else path).read_bytes() == FILES["config.json"]


# Rights


def test_private_repositories_need_a_token(alice, bob, anyone, new_repo, home):
    repo = new_repo(files=FILES, private=True)
    assert ours(alice.env(home / "a"), "file", repo.id, "config.json").read_bytes() == FILES["config.json"]
    for person, words in ((anyone, "HF_TOKEN"), (bob, "token")):
        for command in (["file", repo.id, "config.json"], ["snapshot", repo.id]):
            with pytest.raises(Refused, match=words) as refused:
                ours(person.env(home / person.name), *command)
            assert refused.value.code == NOT_FOUND
    with pytest.raises(Refused, match="refuses the token") as refused:
        ours(anyone.env(home / "c") | {"HF_TOKEN": "hf_wrong"}, "file", repo.id, "config.json")
    assert refused.value.code == UNAUTHENTICATED


def test_the_token_may_be_in_a_file(alice, new_repo, home):
    repo = new_repo(files=FILES, private=True)
    env = alice.env(home)
    token = env.pop("HF_TOKEN")
    (home / "hf").mkdir(parents=True)
    (home / "hf/token").write_text(token + "\n")
    assert ours(env, "snapshot", repo.id)


def test_gated_repositories_say_where_to_ask(alice, bob, new_repo, home):
    repo = new_repo(files=FILES)
    assert repo.http.put(f"{repo.api}/settings", json={"gated": "manual"}).status_code == 200
    with pytest.raises(Refused, match=f"gated: ask for access at .*{repo.id}") as refused:
        ours(bob.env(home), "file", repo.id, "config.json")
    assert refused.value.code == DENIED


def test_a_missing_repository_is_named(alice, home):
    with pytest.raises(Refused, match="there is no model alice/none") as refused:
        ours(alice.env(home), "snapshot", "alice/none")
    assert refused.value.code == NOT_FOUND


# Cuts, lies and ways elsewhere


def test_a_cut_is_mended_where_it_was(fake, home):
    content = FILES["sub/weights.bin"]
    fake.cut_after = [100_000, 50_000]
    path = ours(env_of(fake, home), "file", "ns/name", "sub/weights.bin")
    assert path.read_bytes() == content
    gets = fake.gets()
    assert "Range" not in gets[0]
    first = re.fullmatch(r"bytes=(\d+)-", gets[1]["Range"])[1]
    assert 0 < int(first) <= 100_000
    assert gets[1]["If-Range"] == f'"{hashlib.sha256(content).hexdigest()}"'
    assert len(gets) == 3


def test_what_another_process_began_is_finished(fake, home):
    content = FILES["sub/weights.bin"]
    blobs = home / "hub/models--ns--name/blobs"
    blobs.mkdir(parents=True)
    part = blobs / f"{hashlib.sha256(content).hexdigest()}.incomplete"
    part.write_bytes(content[:70_000])
    assert ours(env_of(fake, home), "file", "ns/name", "sub/weights.bin").read_bytes() == content
    assert fake.gets()[0]["Range"] == "bytes=70000-"
    assert not part.exists()


def test_a_server_without_ranges_is_asked_anew(fake, home):
    fake.ranges = False
    fake.cut_after = [100_000]
    assert ours(env_of(fake, home), "file", "ns/name", "sub/weights.bin").read_bytes() == FILES["sub/weights.bin"]


@pytest.mark.parametrize("begun", [b"", b"other bytes"])
def test_other_bytes_than_promised_are_refused(fake, home, begun):
    fake.spoil = not begun
    content = FILES["sub/weights.bin"]
    blobs = home / "hub/models--ns--name/blobs"
    blobs.mkdir(parents=True)
    (blobs / f"{hashlib.sha256(content).hexdigest()}.incomplete").write_bytes(begun)
    with pytest.raises(Refused, match="digest .*try again") as refused:
        ours(env_of(fake, home), "file", "ns/name", "sub/weights.bin")
    assert refused.value.code == CORRUPT
    assert not list((home / "hub/models--ns--name").glob("snapshots/*/*"))
    fake.spoil = False
    assert ours(env_of(fake, home), "file", "ns/name", "sub/weights.bin").read_bytes() == content, "the next try begins anew"


def test_a_server_that_never_comes_to_the_end_is_given_up(fake, home):
    fake.cut_after = [0] * 100
    with pytest.raises(Refused) as refused:
        ours(env_of(fake, home), "file", "ns/name", "sub/weights.bin")
    assert refused.value.code == UNAVAILABLE
    assert len(fake.gets()) < 30


@pytest.mark.parametrize("path", ["../../evil", "/etc/evil", "a/../../evil", "a//b", "", ".", "a\\b", "x" * 300, "nul\0"])
def test_names_that_lead_out_of_the_folder_are_refused(fake, home, path):
    fake.listed = [{"type": "file", "path": path, "oid": "a" * 40, "size": 1}]
    with pytest.raises(Refused, match="not a path inside") as refused:
        ours(env_of(fake, home), "snapshot", "ns/name")
    assert refused.value.code == INVALID
    assert not list(home.parent.rglob("evil"))


@pytest.mark.parametrize("etag", ["../../../evil", "..", "a/b", ""])
def test_contents_that_are_called_by_paths_are_refused(fake, home, etag):
    fake.etag = etag or " "
    with pytest.raises(Refused, match="as a Hub does"):
        ours(env_of(fake, home), "file", "ns/name", "config.json")
    fake.listed = [{"type": "file", "path": "a", "oid": etag, "size": 1}]
    with pytest.raises(Refused, match="can't name a content"):
        ours(env_of(fake, home), "snapshot", "ns/name")
    assert not list(home.parent.rglob("evil"))


def test_the_token_stays_with_the_hub(fake, home):
    elsewhere = FakeHub(FILES)
    try:
        elsewhere.cut_after = [100_000]
        fake.elsewhere = elsewhere
        path = ours(env_of(fake, home, HF_TOKEN="hf_secret"), "file", "ns/name", "sub/weights.bin")
        assert path.read_bytes() == FILES["sub/weights.bin"]
        assert all(headers["Authorization"] == "Bearer hf_secret" for _, _, headers in fake.requests)
        assert len(elsewhere.requests) == 2
        assert all("Authorization" not in headers for _, _, headers in elsewhere.requests)
    finally:
        elsewhere.close()


def test_without_a_connection_the_cache_answers(fake, home):
    env = env_of(fake, home)
    path = ours(env, "file", "ns/name", "config.json")
    fake.close()
    assert ours(env, "file", "ns/name", "config.json") == path
    assert ours(env, "snapshot", "ns/name") == path.parent
    with pytest.raises(Refused, match="not in the cache .*can't be asked") as refused:
        ours(env, "file", "ns/name", "README.md")
    assert refused.value.code == UNAVAILABLE


@pytest.mark.parametrize("status, tag", [(401, None), (403, None), (403, "GatedRepo"), (404, "RepoNotFound"), (429, None), (500, None), (503, None), (200, None)])
def test_a_hub_that_does_not_let_us_in_leaves_the_cache_good(fake, home, status, tag):
    env = env_of(fake, home, HF_TOKEN="hf_old")
    path = ours(env, "file", "ns/name", "config.json")
    fake.refuses = (status, {"X-Error-Code": tag} if tag else {})
    asked = len(fake.requests)
    assert theirs(env, "hf_hub_download('ns/name', 'config.json')") == path
    assert ours(env, "file", "ns/name", "config.json") == path
    assert ours(env, "snapshot", "ns/name") == path.parent
    assert ours(env, "snapshot", f"ns/name@{COMMIT}") == path.parent
    assert len(fake.requests) - asked <= 8, "nobody asks for long when there is an answer"


@pytest.mark.parametrize("tag", ["EntryNotFound", "RevisionNotFound"])
def test_what_is_no_more_is_not_answered_by_the_cache(fake, home, tag):
    env = env_of(fake, home)
    ours(env, "file", "ns/name", "config.json")
    fake.refuses = (404, {"X-Error-Code": tag})
    with pytest.raises(Refused) as refused:
        ours(env, "file", "ns/name", "config.json")
    assert refused.value.code == NOT_FOUND


def test_the_official_client_calls_the_cache_sound_at_any_time(fake, home):
    """Also of a download that came to nothing, and while there is but a revision."""
    env = env_of(fake, home)
    scan = "[str(w) for w in scan_cache_dir().warnings]"
    with pytest.raises(Refused):
        ours(env, "file", "ns/name", "none.json")
    assert theirs(env, scan).name == "[]"
    with pytest.raises(Refused):
        ours(env | {"HF_HUB_OFFLINE": "1"}, "snapshot", "ns/name")
    fake.spoil = True
    with pytest.raises(Refused):
        ours(env, "snapshot", "ns/name")
    assert theirs(env, scan).name == "[]"
    fake.spoil = False
    ours(env, "snapshot", "ns/name")
    assert theirs(env, scan).name == "[]"


@pytest.mark.parametrize("next_page", [lambda query: query, lambda query: f"cursor={len(query)}&" + "x" * len(query)])
def test_a_list_without_end_is_given_up(fake, home, next_page):
    fake.listed = []
    fake.next_page = next_page
    with pytest.raises(Refused, match="has no end"):
        ours(env_of(fake, home), "snapshot", "ns/name")
    assert len(fake.requests) < 30


def test_a_cache_that_cannot_be_written_is_read(fake, home):
    env = env_of(fake, home)
    path = ours(env, "file", "ns/name", "config.json")
    ref = home / "hub/models--ns--name/refs/main"
    ref.unlink()
    ref.mkdir()  # as good as no right to write, also for root
    assert ours(env, "file", "ns/name", "config.json") == path
    with pytest.raises(Refused):
        ours(env, "file", "ns/name", "README.md")


def test_two_at_once_fetch_a_file_once(fake, home):
    env = env_of(fake, home)
    both = [subprocess.Popen([find_program(), "snapshot", "ns/name"], env=env, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    for process in both:
        assert process.communicate(timeout=120)[0].strip().endswith(COMMIT)
        assert process.returncode == 0
    assert len(fake.gets()) == sum(1 for content in FILES.values() if content)


def test_progress_is_told(fake, home):
    done = subprocess.run([find_program(), "--progress", "file", "ns/name", "sub/weights.bin"], env=env_of(fake, home), capture_output=True, text=True, timeout=120)
    size = len(FILES["sub/weights.bin"])
    lines = [line.split() for line in done.stderr.splitlines()]
    assert lines[-1] == ["sub/weights.bin", str(size), str(size), "0", "1", str(size), str(size)]
    assert [int(line[1]) for line in lines] == sorted(int(line[1]) for line in lines)


def test_progress_of_all_files_is_told(fake, home):
    """Those that were there before count, too."""
    subprocess.run([find_program(), "file", "ns/name", "config.json"], env=env_of(fake, home), capture_output=True, check=True, timeout=120)
    done = subprocess.run([find_program(), "--progress", "snapshot", "ns/name"], env=env_of(fake, home), capture_output=True, text=True, timeout=120)
    told = [[int(number) for number in line.rsplit(" ", 4)[1:]] for line in done.stderr.splitlines()]
    size = sum(map(len, FILES.values()))
    assert told and all(files == len(FILES) and of == size for _, files, _, of in told)
    assert [one[2] for one in told] == sorted(one[2] for one in told)
    assert max(one[2] for one in told) <= size
    assert any(one[0] > 0 for one in told)
