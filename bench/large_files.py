"""Large files: in through LFS and through the official client, out through resolve."""

import hashlib
import json
import os
import resource
import statistics
import subprocess
import time

from client import Client, lfs_line, make_file
from measure import Load, in_turns
from processes import ROOT, TOKEN, plain_env

UPLOAD = """
import json, sys, time
from huggingface_hub import HfApi
api, began = HfApi(), time.monotonic()
api.upload_file(path_or_fileobj=sys.argv[1], path_in_repo="model.bin", repo_id=sys.argv[2])
print(json.dumps(time.monotonic() - began))
"""


def sha256_cost(path):
    """Seconds and CPU seconds of hashing a file with OpenSSL, reading included."""
    began, cpu = time.monotonic(), time.process_time()
    with open(path, "rb", buffering=0) as file:
        digest, buffer = hashlib.sha256(), bytearray(1 << 20)
        while got := file.readinto(buffer):
            digest.update(memoryview(buffer)[:got])
    return time.monotonic() - began, time.process_time() - cpu


def store_seconds(path, size):
    """Copying a file and making the copy durable: what any store of the same bytes has to do."""
    copy = path.with_suffix(".copy")
    began = time.monotonic()
    with open(path, "rb", buffering=0) as source, open(copy, "wb", buffering=0) as target:
        done = 0
        while done < size:
            done += os.sendfile(target.fileno(), source.fileno(), done, min(size - done, 8 << 20))
        os.fdatasync(target.fileno())
    took = time.monotonic() - began
    copy.unlink()
    return took


def measure(report, hub, nginx, options):
    size = options.large_mib << 20
    client = Client(hub)
    repo = client.create_repo("large")
    sources, uploads, hashes, stores = [], [], [], []
    for turn in range(options.rounds):
        path = nginx.root / f"large-{turn}.bin"
        sha256 = make_file(path, size, f"large {turn}")
        os.sync()
        hashes.append(sha256_cost(path))
        stores.append(store_seconds(path, size))
        os.sync()
        uploads.append(client.upload(repo, path, sha256, size))
        client.commit(repo, [lfs_line(f"large-{turn}.bin", sha256, size)])
        if sources:
            path.unlink()
        else:
            sources.append(path)
    wall, cpu = (statistics.median(u[i] for u in uploads) for i in (0, 1))
    sha_wall, sha_cpu = (statistics.median(h[i] for h in hashes) for i in (0, 1))
    report.against("ingest of an LFS PUT", size / wall / 1e6, "MB/s", "sha256 (OpenSSL)", size / sha_wall / 1e6, ">= 0.8")
    # It ends when the bytes are durable, so on a slow disk this is the row to look at.
    report.against("ingest of an LFS PUT vs the disk", size / wall / 1e6, "MB/s", "copy and fdatasync", size / statistics.median(stores) / 1e6)
    report.against("ingest of an LFS PUT, CPU", cpu / size * 1e9, "s/GB", "sha256 (OpenSSL)", sha_cpu / size * 1e9, less_is_better=True)
    download(report, hub, nginx, repo, options)
    official_client(report, client, nginx, options)
    for path in nginx.root.glob("large-*"):
        path.unlink()


def download(report, hub, nginx, repo, options):
    for streams in (1, 16):
        how = {"connections": streams, "requests": max(4, streams), "seconds": 600}
        ours, theirs = in_turns(
            options.rounds,
            Load(hub, f"/{repo}/resolve/main/large-0.bin", **how),
            Load(nginx, "/large-0.bin", **how),
        )
        name = f"GET of {options.large_mib} MiB, {streams} stream{'s' if streams > 1 else ''}"
        report.against(name, ours["mb_per_second"], "MB/s", "nginx, sendfile", theirs["mb_per_second"], ">= 0.9")
        report.against(f"{name}, CPU", ours["cpu_s_per_gb"], "s/GB", "nginx, sendfile", theirs["cpu_s_per_gb"], ">= 0.9", less_is_better=True)


def official_client(report, client, nginx, options):
    for door in ("LFS", "Xet"):
        upload_with_client(report, client, nginx, options, door)


def upload_with_client(report, client, nginx, options, door):
    """Wall-clock, and beside it what the processors of this machine allow: the client's own work (it hashes the file, too)
    and the server's, on all cores at once."""
    figure = f"upload of {options.large_mib} MiB by huggingface_hub, {door}"
    python = ROOT / ".venv/bin/python"
    if not python.exists():
        report.skip(figure, "no .venv: ./dev bench and ./dev test make it")
        return
    env = plain_env() | {
        "HF_ENDPOINT": f"http://127.0.0.1:{client.server.port}",
        "HF_TOKEN": TOKEN,
        "HF_HOME": str(nginx.folder / "home"),
        "HF_HUB_DISABLE_XET": str(int(door == "LFS")),
        "HF_HUB_DISABLE_TELEMETRY": "1",
        "HF_HUB_DISABLE_PROGRESS_BARS": "1",
    }
    size, took, theirs, ours = options.large_mib << 20, [], [], []
    for turn in range(options.rounds):
        path = nginx.root / "large-upload.bin"
        make_file(path, size, f"upload by {door} {turn}")
        repo = client.create_repo(f"upload-{door.lower()}-{turn}")
        before = child_seconds(), client.server.cpu_seconds()
        done = subprocess.run([python, "-c", UPLOAD, path, repo], env=env, capture_output=True, text=True)
        if done.returncode != 0:
            raise RuntimeError(f"huggingface_hub: {done.stderr[-2000:]}")
        theirs.append(child_seconds() - before[0])
        ours.append(client.server.cpu_seconds() - before[1])
        took.append(json.loads(done.stdout.splitlines()[-1]))
    wall, cpu_client, cpu_server = (statistics.median(values) for values in (took, theirs, ours))
    report.add(figure, size / wall / 1e6, "MB/s", ">= 300")
    bound = size * (os.cpu_count() or 1) / (cpu_client + cpu_server)
    report.against(f"{figure}, vs the processors", size / wall / 1e6, "MB/s", "their work and ours, all cores", bound / 1e6)
    report.against(f"{figure}, CPU", cpu_server / size * 1e9, "s/GB", "the client's own", cpu_client / size * 1e9, less_is_better=True)
    os.sync()


def child_seconds():
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
