"""Metadata: single files and repositories read, commits written, many repositories listed."""

import os
import statistics
import time

from client import Client, file_line
from measure import Load, in_turns
from processes import TOKEN

CARD = b"""---
license: apache-2.0
language: en
library_name: transformers
pipeline_tag: text-generation
tags: [bench, small]
---
# A model
"""


def measure_reads(report, hub, nginx, options):
    client = Client(hub)
    repo = client.create_repo("small")
    config = b'{"architectures": ["LlamaForCausalLM"], "model_type": "llama", "hidden_size": 64}'
    client.commit(repo, [file_line("README.md", CARD), file_line("config.json", config)])
    info = client.call("GET", f"/api/models/{repo}")
    (nginx.root / "config.json").write_bytes(config)
    (nginx.root / "info.json").write_bytes(info)
    how = {"connections": 16, "seconds": options.seconds}
    bearer = (f"Authorization: Bearer {TOKEN}",)

    head = Load(hub, f"/{repo}/resolve/main/config.json", method="HEAD", **how)
    head_known = Load(hub, f"/{repo}/resolve/main/config.json", method="HEAD", headers=bearer, **how)
    head_static = Load(nginx, "/config.json", method="HEAD", **how)
    get = Load(hub, f"/{repo}/resolve/main/config.json", **how)
    get_static = Load(nginx, "/config.json", **how)
    model_info = Load(hub, f"/api/models/{repo}", **how)
    info_static = Load(nginx, "/info.json", **how)
    loads = [head, head_known, head_static, get, get_static, model_info, info_static]
    head, head_known, head_static, get, get_static, model_info, info_static = in_turns(options.rounds, *loads)

    pair(report, "HEAD resolve", head, "nginx, static HEAD", head_static, ">= 0.4")
    pair(report, "HEAD resolve with a token", head_known, "nginx, static HEAD", head_static, ">= 0.4")
    pair(report, "GET resolve of a small file", get, "nginx, same bytes", get_static)
    pair(report, "model_info (3 files)", model_info, "nginx, static HEAD", head_static, ">= 0.25")
    pair(report, "model_info (3 files) vs GET", model_info, "nginx, same bytes", info_static)
    report.add("HEAD resolve, p99 of 16 connections", head["p99_us"] / 1000, "ms")


def pair(report, figure, ours, reference, theirs, goal=""):
    report.against(figure, ours["per_second"], "/s", reference, theirs["per_second"], goal)
    report.against(f"{figure}, CPU", ours["cpu_us"], "us/request", reference, theirs["cpu_us"], goal, less_is_better=True)


def syncs_per_second(folder):
    """How often this disk can make 4 KiB durable, in a file that has its blocks."""
    path = folder / "sync-probe"
    with open(path, "wb", buffering=0) as file:
        file.write(b"x" * 409600)
        os.fsync(file.fileno())
        began = time.monotonic()
        for i in range(100):
            os.pwrite(file.fileno(), b"y" * 4096, i * 4096)
            os.fdatasync(file.fileno())
        took = time.monotonic() - began
    path.unlink()
    return 100 / took


def measure_writes(report, hub, options):
    client = Client(hub)
    repo = client.create_repo("one-by-one")
    rates, cpus, syncs = [], [], []
    for turn in range(options.rounds):
        syncs.append(syncs_per_second(hub.folder))
        before, began = hub.cpu_seconds(), time.monotonic()
        for i in range(options.commits):
            client.commit(repo, [file_line(f"file-{turn}.txt", f"{turn} {i}".encode())])
        rates.append(options.commits / (time.monotonic() - began))
        cpus.append((hub.cpu_seconds() - before) / options.commits * 1000)
    report.add("one-file commits in sequence", statistics.median(rates), "/s", ">= 150")
    # A commit waits for the disk once: its objects are in the database's own log (docs/design/0012).
    report.against("one-file commits in sequence vs the disk", statistics.median(rates), "/s", "fdatasync of 4 KiB", statistics.median(syncs))
    report.add("one-file commits in sequence, CPU", statistics.median(cpus), "ms/commit")

    seconds = []
    for turn in range(options.rounds):
        repo = client.create_repo(f"wide-{turn}")
        lines = [file_line(f"data/{i % 20:02}/{i:05}.txt", f"{turn} {i}".encode() * 8) for i in range(2000)]
        began = time.monotonic()
        client.commit(repo, lines)
        seconds.append(time.monotonic() - began)
    report.add("commit of 2,000 small files", statistics.median(seconds), "s", "<= 1.5")

    measure_wide(report, hub, repo, options)


def measure_wide(report, hub, repo, options):
    """A repository of 2,000 files: its whole tree (in pages) and its info."""
    client = Client(hub)
    pages = client.pages(f"/api/models/{repo}/tree/main?recursive=true&limit=10000")
    how = {"connections": 1, "seconds": options.seconds}
    tree, info = in_turns(options.rounds, Load(hub, pages, **how), Load(hub, f"/api/models/{repo}", **how))
    report.add(f"recursive tree of 2,000 files ({len(pages)} pages)", len(pages) / tree["per_second"] * 1000, "ms", "<= 50")
    report.add("model_info of 2,000 files", 1000 / info["per_second"], "ms", "<= 50")

    trees, infos = [], []
    for _ in range(options.rounds):  # nothing is in the hub's own caches
        for paths, into in ((pages, trees), ([f"/api/models/{repo}"], infos)):
            hub.stop()
            hub.start()
            client = Client(hub)
            began = time.monotonic()
            for path in paths:
                client.call("GET", path)
            into.append((time.monotonic() - began) * 1000)
    report.add("recursive tree of 2,000 files, first after a start", statistics.median(trees), "ms", "<= 50")
    report.add("model_info of 2,000 files, first after a start", statistics.median(infos), "ms", "<= 50")


def measure_many(report, hub, small_hub, options):
    """The same questions, in turns, to a hub with few repositories and to one with many."""
    how = {"connections": 1, "seconds": options.seconds}
    clients = [Client(small_hub), Client(hub)]
    counts = [100, options.repositories]
    for client, count in zip(clients, counts):
        client.commit(client.create_repo("rare-one"), [file_line("README.md", b"---\ntags: [rare]\n---\n")])
        for i in range(count):
            client.create_repo(f"many-{i}")

    here, there = f"with {options.repositories} repositories", "with 100"
    questions = {
        "model_info": [f"/api/models/bench/many-{i}" for i in range(10)],
        "first page of 10": "/api/models?limit=10",
        "search, one match": "/api/models?search=rare-one&limit=10",
        "search, one name in nine": "/api/models?search=many-7&limit=1",
        "filter by a rare tag": "/api/models?filter=rare&limit=10",
    }
    for name, paths in questions.items():
        few, many = in_turns(options.rounds, Load(small_hub, paths, **how), Load(hub, paths, **how))
        goal = "" if "nine" in name else ">= 0.7"  # its work grows with what it finds
        report.against(f"{name}, {here}", many["p50_us"] / 1000, "ms", there, few["p50_us"] / 1000, goal, less_is_better=True)

    clients = [Client(small_hub), Client(hub)]  # the small hub's connection has been idle for too long
    milliseconds = [[], []]
    for i in range(100):
        for client, count, into in zip(clients, counts, milliseconds):
            began = time.monotonic()
            client.create_repo(f"many-{count + i}")
            into.append((time.monotonic() - began) * 1000)
    few, many = map(statistics.median, milliseconds)
    report.against(f"create_repo, {here}", many, "ms", there, few, ">= 0.7", less_is_better=True)
