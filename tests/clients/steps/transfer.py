"""A folder with small files and one large one, up and down again, in every way that people do it."""

import hashlib
import io
import os
import pathlib

from huggingface_hub import hf_hub_download, snapshot_download
from session import STEM, WORK, api, new_repo

LARGE = int(os.environ.get("LARGE_BYTES", 64 << 20))


def fill(path, size):
    """Bytes that don't repeat and don't compress, made quickly."""
    block, seed = [], hashlib.sha256(STEM.encode()).digest()
    for n in range(1024):
        block.append(hashlib.blake2b(seed + n.to_bytes(4, "big")).digest() * 16)
    block = b"".join(block)
    with open(path, "wb") as f:
        done = 0
        while done < size:
            piece = done.to_bytes(16, "big") + block[: size - done - 16]
            done += f.write(piece[: size - done])


def digest(path):
    with open(path, "rb") as f:
        return hashlib.file_digest(f, "sha256").hexdigest()


folder = WORK / "model"
(folder / "deep/er").mkdir(parents=True)
(folder / "README.md").write_text("---\nlicense: mit\ntags:\n- test\n---\n# A model\n")
(folder / "config.json").write_text('{"model_type": "bert"}\n')
(folder / "empty.txt").write_bytes(b"")
(folder / "deep/er/ünï çödé & 100%.txt").write_text("words\n")
for n in range(30):
    (folder / f"deep/shard-{n:02}.txt").write_text(f"shard {n}\n")
fill(folder / "model.safetensors", LARGE)

repo = new_repo("transfer")
done = api.upload_folder(repo_id=repo, folder_path=folder, commit_message="the whole folder")
assert done.oid == api.model_info(repo).sha
files = sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file())
assert sorted(set(api.list_repo_files(repo)) - {".gitattributes"}) == files

down = pathlib.Path(snapshot_download(repo, cache_dir=WORK / "cache"))
for name in files:
    assert digest(down / name) == digest(folder / name), name

# Nothing changed: the same folder, and no file is fetched again.
before = {p: p.stat().st_mtime_ns for p in (WORK / "cache").rglob("*") if p.is_file() and "blobs" in p.parts}
assert pathlib.Path(snapshot_download(repo, cache_dir=WORK / "cache")) == down
assert before == {p: p.stat().st_mtime_ns for p in (WORK / "cache").rglob("*") if p.is_file() and "blobs" in p.parts}

# Nothing changed: an upload of the same folder makes no commit of any effect.
tree = {f.path: f.blob_id for f in api.list_repo_tree(repo, recursive=True) if hasattr(f, "blob_id")}
api.upload_folder(repo_id=repo, folder_path=folder, commit_message="again")
assert tree == {f.path: f.blob_id for f in api.list_repo_tree(repo, recursive=True) if hasattr(f, "blob_id")}

some = pathlib.Path(snapshot_download(repo, cache_dir=WORK / "some", allow_patterns=["deep/*", "*.json"], ignore_patterns="*-1*"))
got = sorted(p.relative_to(some).as_posix() for p in some.rglob("*") if not p.is_dir())
assert "config.json" in got and "deep/shard-05.txt" in got and "deep/shard-12.txt" not in got and "README.md" not in got, got

api.upload_file(path_or_fileobj=io.BytesIO(b"later"), path_in_repo="config.json", repo_id=repo)
old = hf_hub_download(repo, "config.json", revision=done.oid, cache_dir=WORK / "cache")
new = hf_hub_download(repo, "config.json", cache_dir=WORK / "cache")
assert open(old).read() == '{"model_type": "bert"}\n' and open(new).read() == "later"

local = WORK / "local"
snapshot_download(repo, local_dir=local, revision=done.oid)
assert digest(local / "model.safetensors") == digest(folder / "model.safetensors")
assert (local / "empty.txt").read_bytes() == b""

# A path, bytes, and an open file of something that belongs to LFS; into a subfolder.
with open(folder / "model.safetensors", "rb") as opened:
    for n, source in enumerate([str(folder / "model.safetensors"), b"x" * 1000, opened]):
        api.upload_file(path_or_fileobj=source, path_in_repo=f"w/{n}.bin", repo_id=repo)
assert digest(hf_hub_download(repo, "w/2.bin", cache_dir=WORK / "cache")) == digest(folder / "model.safetensors")
[entry] = api.get_paths_info(repo, ["w/1.bin"])
assert entry.size == 1000 and entry.lfs.size == 1000 and entry.lfs.sha256 == hashlib.sha256(b"x" * 1000).hexdigest()

# What .gitignore names stays at home.
(WORK / "ignored").mkdir()
(WORK / "ignored/.gitignore").write_text("*.secret\nbuild/\n")
(WORK / "ignored/a.secret").write_text("no")
(WORK / "ignored/kept.txt").write_text("yes")
api.upload_folder(repo_id=repo, folder_path=WORK / "ignored", commit_message="with a .gitignore")
assert "kept.txt" in api.list_repo_files(repo) and "a.secret" not in api.list_repo_files(repo)

# Replaced and deleted by pattern in one go.
(WORK / "ignored/kept.txt").write_text("changed")
api.upload_folder(repo_id=repo, folder_path=WORK / "ignored", commit_message="clean", delete_patterns=["deep/*"])
assert not [p for p in api.list_repo_files(repo) if p.startswith("deep/")]
