"""Branches, tags, history, and squashing it."""

from huggingface_hub.errors import HfHubHTTPError, RevisionNotFoundError
from session import api, new_repo, raises

repo = new_repo("refs")
for n in range(3):
    api.upload_file(path_or_fileobj=f"{n}".encode(), path_in_repo="n.txt", repo_id=repo, commit_message=f"commit {n}")
log = api.list_repo_commits(repo)
assert [c.title for c in log] == ["commit 2", "commit 1", "commit 0", "initial commit"]

api.create_branch(repo, branch="feature/x")
api.create_branch(repo, branch="old", revision=log[1].commit_id)
api.create_branch(repo, branch="old", exist_ok=True)
with raises(HfHubHTTPError, 409):
    api.create_branch(repo, branch="old")
with raises(RevisionNotFoundError, 404):
    api.create_branch(repo, branch="lost", revision="nowhere")
with raises(HfHubHTTPError, 400):
    api.create_branch(repo, branch="refs/pr/9")
api.upload_file(path_or_fileobj=b"x", path_in_repo="x.txt", repo_id=repo, revision="feature/x")
assert "x.txt" in api.list_repo_files(repo, revision="feature/x")
assert "x.txt" not in api.list_repo_files(repo)
assert "x.txt" in [f.path for f in api.list_repo_tree(repo, revision="feature/x")]

api.create_tag(repo, tag="v1", revision="old", tag_message="the first")
api.create_tag(repo, tag="v1", exist_ok=True)
with raises(HfHubHTTPError, 409):
    api.create_tag(repo, tag="v1")
with raises(RevisionNotFoundError, 404):
    api.create_tag(repo, tag="v2", revision="nowhere")

refs = api.list_repo_refs(repo)
assert sorted(b.name for b in refs.branches) == ["feature/x", "main", "old"], refs
assert [(t.name, t.ref, t.target_commit) for t in refs.tags] == [("v1", "refs/tags/v1", log[1].commit_id)], refs
assert refs.converts == []
for revision in ("v1", "old", log[1].commit_id, log[1].commit_id[:10], "refs/tags/v1", "refs/heads/old"):
    assert api.model_info(repo, revision=revision).sha == log[1].commit_id, revision
assert api.revision_exists(repo, "v1") and not api.revision_exists(repo, "v9")

with raises(HfHubHTTPError, 403):
    api.delete_branch(repo, branch="main")
api.delete_branch(repo, branch="old")
with raises(RevisionNotFoundError, 404):
    api.delete_branch(repo, branch="old")
api.delete_tag(repo, tag="v1")
with raises(RevisionNotFoundError, 404):
    api.delete_tag(repo, tag="v1")

before = api.list_repo_files(repo)
api.super_squash_history(repo, commit_message="all in one")
assert [c.title for c in api.list_repo_commits(repo)] == ["all in one"]
assert api.list_repo_files(repo) == before
with raises(RevisionNotFoundError, 404):
    api.super_squash_history(repo, branch="nowhere")
