"""HfFileSystem: read, write, ls, glob, cp, rm, across revisions and types."""

from huggingface_hub import HfFileSystem
from session import api, new_repo, raises

repo = new_repo("fs", repo_type="dataset")
fs = HfFileSystem(skip_instance_cache=True)
root = f"datasets/{repo}"

with fs.open(f"{root}/data/train.csv", "w") as f:
    f.write("a,b\n1,2\n")
with fs.open(f"{root}/data/big.bin", "wb") as f:
    f.write(bytes(range(256)) * 40000)
fs.invalidate_cache()
assert fs.read_text(f"{root}/data/train.csv") == "a,b\n1,2\n"
assert sorted(fs.ls(f"{root}/data", detail=False)) == [f"{root}/data/big.bin", f"{root}/data/train.csv"]
assert fs.info(f"{root}/data/big.bin")["size"] == 256 * 40000
assert fs.info(f"{root}/data")["type"] == "directory"
assert fs.exists(f"{root}/data") and not fs.exists(f"{root}/nothing/here")
with raises(FileNotFoundError):
    fs.ls(f"{root}/nothing")
assert fs.glob(f"{root}/**/*.csv") == [f"{root}/data/train.csv"]
assert fs.find(root) == sorted([f"{root}/.gitattributes", f"{root}/data/big.bin", f"{root}/data/train.csv"])

with fs.open(f"{root}/data/big.bin", "rb", block_size=1 << 16) as f:
    f.seek(256 * 39999 + 5)
    assert f.read() == bytes(range(5, 256))
    f.seek(1000)
    assert f.read(3) == bytes([232, 233, 234])
assert fs.cat_file(f"{root}/data/big.bin", start=10, end=20) == bytes(range(10, 20))

fs.cp_file(f"{root}/data/big.bin", f"{root}/copy.bin")
fs.cp_file(f"{root}/data/train.csv", f"{root}/copy.csv")
fs.invalidate_cache()
assert fs.cat_file(f"{root}/copy.csv") == b"a,b\n1,2\n"
assert fs.info(f"{root}/copy.bin")["size"] == 256 * 40000

api.create_branch(repo, branch="side/way", repo_type="dataset")
with fs.open(f"{root}@side%2Fway/only.txt", "w") as f:
    f.write("side")
fs.invalidate_cache()
assert fs.read_text(f"{root}@side%2Fway/only.txt") == "side"
assert not fs.exists(f"{root}/only.txt")
assert fs.modified(f"{root}/data/train.csv").tzinfo is not None

fs.rm(f"{root}/data", recursive=True)
fs.rm(f"{root}/copy.csv")
fs.invalidate_cache()
assert fs.find(root) == [f"{root}/.gitattributes", f"{root}/copy.bin"]
