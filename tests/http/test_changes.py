"""Commits, comparisons, histories of paths, blame: shapes, errors, and that git agrees."""

import subprocess

import pytest
from commit_calls import file_line
from test_errors import expect
from test_reading import DATE, OID


@pytest.fixture
def repo(new_repo):
    repo = new_repo(files={"a.txt": b"one\ntwo\nthree\n", "dir/b.txt": b"b\n"})
    repo.commit(file_line("a.txt", b"one\n2\nthree\n"), summary="Change <b>two</b>")
    repo.commit_lfs({"w.bin": b"weights"})
    return repo


def test_commit(repo):
    history = repo.http.get(f"{repo.api}/commits/main").json()
    changed = repo.http.get(f"{repo.api}/commit/{history[1]['id']}").json()
    commit = changed["commit"]
    assert commit["id"] == history[1]["id"] and commit["parents"] == [history[2]["id"]]
    assert commit["title"] == "Change <b>two</b>" and DATE.match(commit["date"]) and commit["authors"] == [{"user": "alice"}]
    assert changed["diff"] == {
        "files": [{
            "path": "a.txt", "status": "modified", "additions": 1, "deletions": 1, "binary": False,
            "hunks": [{"oldStart": 1, "oldLines": 3, "newStart": 1, "newLines": 3, "header": "@@ -1,3 +1,3 @@",
                       "lines": [" one", "-two", "+2", " three"]}],
        }],
        "additions": 1, "deletions": 1, "truncated": False,
    }
    [large] = repo.http.get(f"{repo.api}/commit/main").json()["diff"]["files"]
    assert large["lfs"]["newSize"] == 7 and len(large["lfs"]["newOid"]) == 64 and large["hunks"] == []
    root = repo.http.get(f"{repo.api}/commit/{history[-1]['id'][:10]}").json()
    assert root["commit"]["parents"] == [] and {f["status"] for f in root["diff"]["files"]} == {"added"}


def test_compare(repo, tmp_path):
    first = repo.http.get(f"{repo.api}/commits/main").json()[-1]["id"]
    assert repo.http.post(f"{repo.api}/branch/feature%2Fx", json={"startingPoint": first}).status_code == 200
    repo.commit(file_line("side.txt", b"s\n"), rev="feature%2Fx")
    for range in ("main..feature/x", "main..feature%2Fx", "refs%2Fheads%2Fmain..feature%2Fx"):
        body = repo.http.get(f"{repo.api}/compare/{range}").json()
        assert OID.match(body["head"]["id"]) and body["mergeBase"] == {"id": first} and body["base"] == {"id": repo.head_sha()}
        assert len(body["commits"]) == body["ahead"] == 1
        assert {f["path"]: f["status"] for f in body["diff"]["files"]} == {
            "a.txt": "deleted", "dir/b.txt": "deleted", "side.txt": "added", "w.bin": "deleted"}
    body = repo.http.get(f"{repo.api}/compare/main...feature/x").json()
    assert [f["path"] for f in body["diff"]["files"]] == ["side.txt"]

    answer = repo.http.get(f"{repo.api}/compare/main...feature/x?raw=true")
    assert answer.headers["Content-Type"].startswith("text/plain") and answer.headers["X-Content-Type-Options"] == "nosniff"
    subprocess.run(["git", "apply"], input=answer.content, cwd=tmp_path, check=True)
    assert (tmp_path / "side.txt").read_bytes() == b"s\n"
    expect(repo.http.get(f"{repo.api}/compare/main"), 400)
    expect(repo.http.get(f"{repo.api}/compare/main..no"), 404, "RevisionNotFound")


def test_history_of_a_path(repo):
    titles = [c["title"] for c in repo.http.get(f"{repo.api}/commits/main?path=a.txt").json()]
    assert titles[0] == "Change <b>two</b>" and len(titles) == 2
    page = repo.http.get(f"{repo.api}/commits/main?path=a.txt&limit=1")
    assert len(page.json()) == 1 and 'rel="next"' in page.headers["Link"] and "X-Total-Count" not in page.headers
    page = repo.http.get(page.headers["Link"].split(">")[0][1:])
    assert len(page.json()) == 1 and "Link" not in page.headers
    assert len(repo.http.get(f"{repo.api}/commits/main?path=dir").json()) == 1
    assert repo.http.get(f"{repo.api}/commits/main?path=never").json() == []
    expect(repo.http.get(f"{repo.api}/commits/main?path=../etc"), 422)


def test_blame(repo):
    body = repo.http.get(f"{repo.api}/blame/main/a.txt").json()
    assert [(r["start"], r["lines"]) for r in body["ranges"]] == [(1, 1), (2, 1), (3, 1)]
    owners = [body["commits"][r["commit"]]["title"] for r in body["ranges"]]
    assert owners[0] == owners[2] != owners[1] == "Change <b>two</b>"
    assert repo.http.get(f"{repo.api}/blame/main/dir%2Fb.txt").json()["ranges"][0]["lines"] == 1
    expect(repo.http.get(f"{repo.api}/blame/main/w.bin"), 422)
    expect(repo.http.get(f"{repo.api}/blame/main/dir"), 422)
    expect(repo.http.get(f"{repo.api}/blame/main/none"), 404, "EntryNotFound")
    expect(repo.http.get(f"{repo.api}/blame/none/a.txt"), 404, "RevisionNotFound")
    repo.commit(file_line("big.txt", b"x\n" * 30_000))
    expect(repo.http.get(f"{repo.api}/blame/main/big.txt"), 413)


def test_hostile_contents_stay_bounded(new_repo):
    """Two texts of which the shortest diff takes long: the answer comes in time, and says what is left out."""
    import random

    random.seed(7)
    text = lambda: "".join(f"{random.randrange(50)}\n" for _ in range(60_000)).encode()
    repo = new_repo(files={"t.txt": text()})
    repo.commit(file_line("t.txt", text()))
    answer = repo.http.get(f"{repo.api}/commit/main", timeout=60)
    body = answer.json()
    assert answer.elapsed.total_seconds() < 30 and len(answer.content) < 8 << 20
    assert body["diff"]["truncated"] is True and body["diff"]["files"][0]["tooLarge"] is True
