"""One large file that nothing can make smaller, up and down again, whole and in ranges."""

import os

import httpx
from huggingface_hub import hf_hub_download, hf_hub_url
from session import WORK, api, new_repo

LARGE = int(os.environ.get("LARGE_BYTES", 24 << 20))

data = os.urandom(LARGE)
repo = new_repo("random")
api.upload_file(repo_id=repo, path_or_fileobj=data, path_in_repo="random.bin")
with open(hf_hub_download(repo, "random.bin", cache_dir=WORK / "cache"), "rb") as f:
    assert f.read() == data

url, token = hf_hub_url(repo, "random.bin"), os.environ["HF_TOKEN"]
for first, last in [(0, 0), (5, 70_000), (LARGE // 2, LARGE // 2 + 3_000_000), (LARGE - 10, LARGE - 1)]:
    headers = {"Authorization": f"Bearer {token}", "Range": f"bytes={first}-{last}"}
    answer = httpx.get(url, headers=headers, follow_redirects=True, trust_env=False, timeout=120)
    assert answer.status_code == 206 and answer.content == data[first : last + 1], (first, last)
