"""Large files by Xet and by LFS, up by one and down by the other, byte for byte."""

import hashlib
import os
import pathlib
import random
import subprocess
import sys

from huggingface_hub import CommitOperationAdd, hf_hub_download, snapshot_download
from session import STEM, WORK, api, new_repo

MEGABYTE = 1 << 20


def noise(seed, size):
    return random.Random(f"{STEM} {seed}").randbytes(size)


def floats(seed, size):
    """What weights look like to a compressor: the high bytes are alike."""
    return b"".join(noise(f"{seed} {n}", 2) + b"\x80\x3f" for n in range(size // 4))


def by_lfs(code, *arguments):
    """The same client with Xet switched off."""
    subprocess.run([sys.executable, "-c", code, *arguments], env=os.environ | {"HF_HUB_DISABLE_XET": "1"}, check=True)


def download(path, where):
    return pathlib.Path(hf_hub_download(repo, path, cache_dir=WORK / where)).read_bytes()


def xet_hash_of(info):
    return getattr(info, "xet_hash", "-" * 64)  # 1.0 reads it and does not show it


contents = {
    "noise.bin": noise("a", 9 * MEGABYTE + 17),
    "floats.bin": floats("b", MEGABYTE),
    "zeros.bin": bytes(30 * MEGABYTE),
    "small.bin": b"\x00one small chunk",
    "twice.bin": noise("c", 2 * MEGABYTE) * 2,
}
repo = new_repo("xet")
api.create_commit(repo, [CommitOperationAdd(path, content) for path, content in contents.items()], commit_message="by Xet")
for info in api.get_paths_info(repo, list(contents)):
    assert info.lfs.sha256 == hashlib.sha256(contents[info.path]).hexdigest(), info
    assert len(xet_hash_of(info)) == 64, info
for path, content in contents.items():
    assert download(path, "by-xet") == content, path

# Up by Xet, down by plain HTTP.
by_lfs(
    "import sys; from huggingface_hub import snapshot_download; snapshot_download(sys.argv[1], local_dir=sys.argv[2])",
    repo, str(WORK / "plain"),
)
for path, content in contents.items():
    assert (WORK / "plain" / path).read_bytes() == content, path

# Up by LFS, down by Xet; the first half is what the hub has already.
mixed = contents["noise.bin"][: 5 * MEGABYTE] + noise("d", 5 * MEGABYTE)
(WORK / "mixed.bin").write_bytes(mixed)
by_lfs(
    "import sys; from huggingface_hub import HfApi;"
    "HfApi().upload_file(path_or_fileobj=sys.argv[2], path_in_repo='mixed.bin', repo_id=sys.argv[1])",
    repo, str(WORK / "mixed.bin"),
)
[info] = api.get_paths_info(repo, ["mixed.bin"])
assert xet_hash_of(info) and info.lfs.sha256 == hashlib.sha256(mixed).hexdigest()
assert download("mixed.bin", "by-xet") == mixed

# An edit in the middle of a file that both sides know.
edited = mixed[: 3 * MEGABYTE] + b"an edit" + mixed[3 * MEGABYTE :]
api.upload_file(path_or_fileobj=edited, path_in_repo="mixed.bin", repo_id=repo)
assert download("mixed.bin", "again") == edited

# The same bytes once more, under another name and in another repository.
api.upload_file(path_or_fileobj=edited, path_in_repo="copy.bin", repo_id=repo)
first = repo
repo = new_repo("xet-other", private=True)
api.upload_file(path_or_fileobj=edited, path_in_repo="w.bin", repo_id=repo)
assert download("w.bin", "other") == edited

# A whole folder, down again in one go.
folder = WORK / "large"
folder.mkdir()
for n in range(12):
    (folder / f"part-{n:02}.safetensors").write_bytes(noise(f"part {n % 8}", MEGABYTE + n))
if hasattr(api, "upload_large_folder"):  # later versions do in upload_folder what this did
    api.upload_large_folder(repo_id=repo, folder_path=folder, repo_type="model")
else:
    api.upload_folder(repo_id=repo, folder_path=folder)
down = pathlib.Path(snapshot_download(repo, cache_dir=WORK / "snapshot"))
for path in folder.glob("*.safetensors"):
    assert (down / path.name).read_bytes() == path.read_bytes(), path
print("xet done")
