"""What a repository stores, and taking it away for good."""

import hashlib

from huggingface_hub import CommitOperationAdd, hf_hub_download
from huggingface_hub.errors import EntryNotFoundError
from session import WORK, api, new_repo, raises

repo = new_repo("lfs-files")
contents = {f"w{n}.bin": f"weights {n} of {repo}".encode() for n in range(3)}
api.create_commit(repo, [CommitOperationAdd(p, c) for p, c in contents.items()], commit_message="three")
stored = {f.filename: f for f in api.list_lfs_files(repo)}
assert sorted(stored) == sorted(contents)
for path, content in contents.items():
    assert stored[path].file_oid == hashlib.sha256(content).hexdigest() and stored[path].size == len(content), stored[path]
    assert stored[path].pushed_at.tzinfo

api.permanently_delete_lfs_files(repo, [stored["w1.bin"]])
assert sorted(f.filename for f in api.list_lfs_files(repo)) == ["w0.bin", "w2.bin"]
assert "w1.bin" not in api.list_repo_files(repo)
with raises(EntryNotFoundError, 404):
    hf_hub_download(repo, "w1.bin", cache_dir=WORK / "cache")
assert open(hf_hub_download(repo, "w2.bin", cache_dir=WORK / "cache"), "rb").read() == contents["w2.bin"]
