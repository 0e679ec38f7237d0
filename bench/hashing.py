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


def rates(program, only, clock="real_time"):
    """Bytes a second of each bench whose name matches, by its name: the best of three. `clock` may be "cpu_time"."""
    command = [ROOT / "build/bench" / program, f"--benchmark_filter={only}", "--benchmark_format=json", "--benchmark_min_time=0.5"]
    done = subprocess.run([*command, "--benchmark_repetitions=3"], capture_output=True, text=True, check=True)
    best = {}
    for row in json.loads(done.stdout)["benchmarks"]:
        if row["run_type"] == "iteration":
            name, rate = row["name"].split("/")[0], row["bytes_per_second"] * row["real_time"] / row[clock]
            best[name] = max(rate, best.get(name, 0))
    return best


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
    # As much memory as ours reads: one chunk alone would stay in the cache.
    bytes = memoryview(os.urandom(256 * MIB))
    peer = cpu_rate(lambda: [blake3.blake3(bytes[at : at + (64 << 10)]).digest() for at in range(0, len(bytes), 64 << 10)], len(bytes))
    own = rates("cas_bench", "^blake3_alone", "cpu_time")["blake3_alone"]
    report.against("BLAKE3 of chunks, CPU", own / 1e9, "GB/s", "blake3 (PyPI), 64 KiB each", peer / 1e9, ">= 1")
    report.add("gear hash with skipping, one thread", alone["gear_hash_alone"] / 1e9, "GB/s")
    noise = folder / "noise"
    noise.write_bytes(bytes)
    ours = 1 / (1 / rates("cas_bench", "^gear_hash_alone", "cpu_time")["gear_hash_alone"] + 1 / own)
    theirs = cpu_rate(lambda: hf_xet.hash_files([str(noise)]), 256 * MIB)
    report.against("cutting and hashing chunks, CPU", ours / 1e9, "GB/s", "hf_xet.hash_files, reading too", theirs / 1e9, ">= 1")
    noise.unlink()
    for kind, rate in rates("cas_bench", "^ingest_of_").items():
        name = f"server's {kind.replace('_', ' ')}"
        report.against(name, rate / 1e9, "GB/s", slowest.replace("_", " "), alone[slowest] / 1e9, ">= 0.8")
        # It ends when the bytes are durable: on a slow disk this is the row to look at.
        report.against(f"{name} vs the disk", rate / 1e9, "GB/s", "writing and syncing alone", physical["disk_alone"] / 1e9)
    report.add("memcpy, one thread", physical["memcpy_alone"] / 1e9, "GB/s")
