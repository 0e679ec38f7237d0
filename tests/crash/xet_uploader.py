"""Uploads files by Xet, one after the other, from the word "go" on, and prints what was acknowledged as
[path, sha256, commit], a line each. Ends when the hub no longer answers."""

import hashlib
import json
import random
import sys

from huggingface_hub import HfApi

api, repo = HfApi(), sys.argv[1]
sys.stdin.readline()
while True:
    content = random.randbytes(random.choice([20_000, 300_000, 3 << 20]))
    path = f"{random.getrandbits(60):x}.bin"
    done = api.upload_file(path_or_fileobj=content, path_in_repo=path, repo_id=repo)
    print(json.dumps([path, hashlib.sha256(content).hexdigest(), done.oid]), flush=True)
