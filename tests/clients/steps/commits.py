"""create_commit with every operation, parent_commit, pull requests, and what is refused."""

from huggingface_hub import CommitOperationAdd, CommitOperationCopy, CommitOperationDelete, hf_hub_download
from huggingface_hub.errors import EntryNotFoundError, HfHubHTTPError, RevisionNotFoundError
from session import ENDPOINT, ME, WORK, api, new_repo, raises


def add(path, content):
    return CommitOperationAdd(path_in_repo=path, path_or_fileobj=content)


def commit(message, *operations, **how):
    return api.create_commit(repo, list(operations), commit_message=message, **how)


def text(path, **how):
    with open(hf_hub_download(repo, path, cache_dir=WORK / "cache", **how), "rb") as f:
        return f.read()


repo = new_repo("commits")
first = commit("two files", add("a.txt", b"a"), add("dir/b.txt", b"b"), add("w.bin", b"weights"), commit_description="and why\n\nin lines")
assert first.commit_url == f"{ENDPOINT}/{repo}/commit/{first.oid}", first.commit_url
log = api.list_repo_commits(repo)
assert [c.title for c in log] == ["two files", "initial commit"]
assert log[0].commit_id == first.oid and log[0].message == "and why\n\nin lines" and log[0].authors == [ME], log[0]

second = commit(
    "copy and delete",
    CommitOperationCopy(src_path_in_repo="w.bin", path_in_repo="copy/w.bin"),
    CommitOperationCopy(src_path_in_repo="a.txt", path_in_repo="copy/a.txt"),
    CommitOperationDelete(path_in_repo="dir/", is_folder=True),
    CommitOperationDelete(path_in_repo="a.txt"),
    parent_commit=first.oid,
)
assert sorted(api.list_repo_files(repo)) == [".gitattributes", "copy/a.txt", "copy/w.bin", "w.bin"]
assert text("copy/w.bin") == b"weights" and text("copy/a.txt") == b"a"
commit("from the past", CommitOperationCopy(src_path_in_repo="dir/b.txt", path_in_repo="back.txt", src_revision=first.oid))
assert text("back.txt") == b"b"

with raises(HfHubHTTPError, 412):
    commit("stale", add("c.txt", b"c"), parent_commit=first.oid)
with raises(EntryNotFoundError, 404, "A file with this name doesn't exist"):
    commit("nothing there", CommitOperationDelete(path_in_repo="never.txt"))
with raises(RevisionNotFoundError, 404):
    commit("no branch", add("c.txt", b"c"), revision="no-such-branch")
with raises(HfHubHTTPError, 403):
    api.create_commit(repo, [add("c.txt", b"c")], commit_message="not bob's", token="hf_" + "bobwrite".ljust(34, "x"))
assert api.list_repo_commits(repo)[0].title == "from the past"

# A pull request by somebody who may only read.
pr = api.create_commit(
    repo, [add("c.txt", b"c")], commit_message="please take this", create_pr=True, token="hf_" + "bobwrite".ljust(34, "x")
)
assert pr.pr_num == 1 and pr.pr_revision == "refs/pr/1", pr
assert pr.pr_url == f"{ENDPOINT}/{repo}/discussions/1", pr.pr_url
assert text("c.txt", revision="refs/pr/1") == b"c"
assert "c.txt" not in api.list_repo_files(repo)
refs = api.list_repo_refs(repo, include_pull_requests=True)
assert [r.ref for r in refs.pull_requests] == ["refs/pr/1"], refs
api.create_commit(
    repo, [add("d.txt", b"d")], commit_message="and this", revision="refs/pr/1", token="hf_" + "bobwrite".ljust(34, "x")
)
assert {"c.txt", "d.txt"} <= set(api.list_repo_files(repo, revision="refs/pr/1"))

# Nothing to do: the client hears the head, and makes no second copy.
before = api.list_repo_files(repo)
same = commit("no change", add("w.bin", b"weights"))
assert api.list_repo_files(repo) == before and same.oid

# The card is checked before anything is sent.
with raises(ValueError):
    commit("bad card", add("README.md", b"---\nlicense: [unclosed\n---\n"))
api.delete_file("back.txt", repo)
api.delete_folder("copy", repo)
assert sorted(api.list_repo_files(repo)) == [".gitattributes", "w.bin"]
