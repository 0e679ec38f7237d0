"""The errors that programs catch, and private repositories that strangers cannot tell from missing ones."""

from huggingface_hub import hf_hub_download, snapshot_download
from huggingface_hub.errors import EntryNotFoundError, GatedRepoError, HfHubHTTPError, RepositoryNotFoundError, RevisionNotFoundError
from session import WORK, api, new_repo, raises, repo_name

BOB = "hf_" + "bobwrite".ljust(34, "x")
READING = "hf_" + "aliceread".ljust(34, "x")


def download(repo, path="a.txt", **how):
    return hf_hub_download(repo, path, cache_dir=WORK / "cache", **how)


open_repo = new_repo("open")
api.upload_file(path_or_fileobj=b"a", path_in_repo="a.txt", repo_id=open_repo)
for token in (None, BOB, False):
    with raises(RepositoryNotFoundError):
        download(repo_name("missing"), token=token)
    with raises(RepositoryNotFoundError):
        api.model_info(repo_name("missing"), token=token)
    with raises(RevisionNotFoundError, 404):
        download(open_repo, revision="nowhere", token=token)
    with raises(RevisionNotFoundError, 404):
        api.model_info(open_repo, revision="nowhere", token=token)
    with raises(EntryNotFoundError, 404):
        download(open_repo, "b.txt", token=token)
    with raises(EntryNotFoundError, 404):
        list(api.list_repo_tree(open_repo, "no/folder", token=token))

hidden = new_repo("hidden", private=True)
api.upload_file(path_or_fileobj=b"a", path_in_repo="a.txt", repo_id=hidden)
for token in (BOB, False):
    for call in (
        lambda: download(hidden, token=token),
        lambda: api.model_info(hidden, token=token),
        lambda: api.list_repo_refs(hidden, token=token),
        lambda: snapshot_download(hidden, cache_dir=WORK / "cache", token=token),
        lambda: api.upload_file(path_or_fileobj=b"x", path_in_repo="x", repo_id=hidden, token=BOB),
        lambda: api.delete_repo(hidden, token=BOB),
    ):
        with raises(RepositoryNotFoundError):
            call()
    assert not api.repo_exists(hidden, token=token)
    assert hidden not in [m.id for m in api.list_models(search=hidden.split("/")[1], token=token)]
assert open(download(hidden, token=READING)).read() == "a"

gated = new_repo("gated")
api.upload_file(path_or_fileobj=b"a", path_in_repo="a.txt", repo_id=gated)
api.update_repo_settings(gated, gated="manual")
for token in (BOB, False):
    with raises(GatedRepoError):
        download(gated, token=token)
    assert api.model_info(gated, token=token).gated == "manual"
    assert api.repo_exists(gated, token=token)
with raises(GatedRepoError):
    api.auth_check(gated, token=BOB)
api.auth_check(open_repo, token=BOB)
with raises(RepositoryNotFoundError):
    api.auth_check(hidden, token=BOB)
assert open(download(gated)).read() == "a"

with raises(HfHubHTTPError, 403):
    api.upload_file(path_or_fileobj=b"x", path_in_repo="x", repo_id=open_repo, token=READING)
with raises(HfHubHTTPError, 403):
    api.create_repo(repo_name("read-only"), token=READING)
with raises(HfHubHTTPError, 403):
    api.delete_repo(open_repo, token=BOB)
with raises(HfHubHTTPError, 403):
    api.update_repo_settings(open_repo, private=True, token=BOB)
with raises(HfHubHTTPError, 403):
    api.create_branch(open_repo, branch="b", token=BOB)
with raises(HfHubHTTPError, 403):
    api.create_tag(open_repo, tag="t", token=BOB)
