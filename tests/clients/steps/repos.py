"""Create, exist_ok, types, move, settings, visibility, duplicate, delete."""

from huggingface_hub import hf_hub_download
from huggingface_hub.errors import HfHubHTTPError, RepositoryNotFoundError
from session import ENDPOINT, ME, VERSION, WORK, api, raises, repo_name

name = repo_name("life")
url = api.create_repo(name)
assert str(url) == f"{ENDPOINT}/{name}", url
assert url.repo_id == name and url.repo_type == "model"
assert str(api.create_repo(name, exist_ok=True)) == str(url)
with raises(HfHubHTTPError, 409):
    api.create_repo(name)
with raises(HfHubHTTPError, 403):
    api.create_repo(f"bob/{name.split('/')[1]}")

assert api.list_repo_files(name) == [".gitattributes"]
[first] = api.list_repo_commits(name)
assert first.title == "initial commit" and first.authors == [ME], first

for kind, more in (("dataset", {}), ("space", {"space_sdk": "static"})):
    typed = api.create_repo(repo_name("typed"), repo_type=kind, **more)
    assert str(typed) == f"{ENDPOINT}/{kind}s/{repo_name('typed')}", typed
    assert typed.repo_type == kind
    assert api.repo_exists(repo_name("typed"), repo_type=kind)
assert not api.repo_exists(repo_name("typed"))
assert "README.md" in api.list_repo_files(repo_name("typed"), repo_type="space")

org = api.create_repo(f"acme/{name.split('/')[1]}", private=True)
assert api.model_info(org.repo_id).private is True

# Renamed: the old name leads on, for reading and for writing.
api.upload_file(path_or_fileobj=b"one", path_in_repo="a.txt", repo_id=name)
moved = repo_name("moved")
api.move_repo(from_id=name, to_id=moved)
assert api.model_info(name).id == moved
assert open(hf_hub_download(name, "a.txt", cache_dir=WORK / "moved")).read() == "one"
api.upload_file(path_or_fileobj=b"two", path_in_repo="b.txt", repo_id=name)
assert "b.txt" in api.list_repo_files(moved)
with raises(HfHubHTTPError, text="already exists"):
    api.move_repo(from_id=org.repo_id, to_id=moved)

api.update_repo_settings(moved, private=True)
assert api.model_info(moved).private is True
api.update_repo_settings(moved, private=False, gated="auto")
info = api.model_info(moved)
assert info.private is False and info.gated == "auto", info
api.update_repo_settings(moved, gated=False)
assert api.model_info(moved).gated is False

if VERSION >= (1, 10):
    copy = api.duplicate_repo(moved, repo_name("copy"))
    assert copy.repo_id == repo_name("copy")
    assert set(api.list_repo_files(copy.repo_id)) == set(api.list_repo_files(moved))
    with raises(HfHubHTTPError, 409):
        api.duplicate_repo(moved, repo_name("copy"))
    api.duplicate_repo(moved, repo_name("copy"), exist_ok=True)

api.delete_repo(moved)
assert not api.repo_exists(moved)
with raises(RepositoryNotFoundError, 404):
    api.delete_repo(moved)
api.delete_repo(moved, missing_ok=True)
