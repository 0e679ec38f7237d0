"""What an upload must compute, alone and together: the micro-benches of cas/ against sha256, PyPI's blake3 and hf_xet
on the same bytes."""

import json
import os
import subprocess
import time

import blake3
import hf_xet
from processes import ROOT

MIB = 1 << 20


def rates(program, only):
    """Bytes a second of each bench whose name matches, by its name."""
    command = [ROOT / "build/bench" / program, f"--benchmark_filter={only}", "--benchmark_format=json", "--benchmark_min_time=1"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return {row["name"].split("/")[0]: row["bytes_per_second"] for row in json.loads(done.stdout)["benchmarks"]}


def cpu_rate(work, size, rounds=3):
    best = float("inf")
    for _ in range(rounds):
        began = time.process_time()
        work()
        best = min(best, time.process_time() - began)
    return size / best


def measure(report, folder):
    if not (ROOT / "build/bench/cas_bench").exists():
        report.skip("hashing", "build/bench/cas_bench is not built: ./dev build bench")
        return
    folder.mkdir(parents=True, exist_ok=True)
    os.environ["EMB_BENCH_FOLDER"] = str(folder / "ingest")
    alone = rates("cas_bench", "^(sha256|gear_hash|blake3)_alone")
    physical = rates("cas_bench", "^(memcpy|disk)_alone")
    slowest = min(alone, key=alone.get)
    chunk = os.urandom(64 << 10)
    peer = cpu_rate(lambda: [blake3.blake3(chunk).digest() for _ in range(4096)], 4096 * len(chunk))
    report.against("BLAKE3 of chunks, one thread", alone["blake3_alone"] / 1e9, "GB/s", "blake3 (PyPI), 64 KiB", peer / 1e9, ">= 1")
    report.add("gear hash with skipping, one thread", alone["gear_hash_alone"] / 1e9, "GB/s")
    noise = folder / "noise"
    noise.write_bytes(os.urandom(256 * MIB))
    ours = 1 / (1 / alone["gear_hash_alone"] + 1 / alone["blake3_alone"])
    theirs = cpu_rate(lambda: hf_xet.hash_files([str(noise)]), 256 * MIB)
    report.against("cutting and hashing chunks, CPU", ours / 1e9, "GB/s", "hf_xet.hash_files, reading too", theirs / 1e9, ">= 1")
    noise.unlink()
    for kind, rate in rates("cas_bench", "^ingest_of_").items():
        name = f"server's {kind.replace('_', ' ')}"
        report.against(name, rate / 1e9, "GB/s", slowest.replace("_", " "), alone[slowest] / 1e9, ">= 0.8")
        # It ends when the bytes are durable: on a slow disk this is the row to look at.
        report.against(f"{name} vs the disk", rate / 1e9, "GB/s", "writing and syncing alone", physical["disk_alone"] / 1e9)
    report.add("memcpy, one thread", physical["memcpy_alone"] / 1e9, "GB/s")
