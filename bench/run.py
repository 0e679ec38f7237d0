#!/usr/bin/env python3
"""Measures a release build against nginx on the same machine in the same minutes.

    bench/run.py [--binary build/release/embrace] [--only WORD] [--rounds 5] [--quick]

Prints a row for each budget and writes bench/results/<commit>.csv with the columns figure,
value, unit, reference, reference_value, ratio, goal. A ratio is always "more is better". The goal is of the
ratio where there is one, else of the value. Rows named "CPU" count the processor time of the
servers' processes, which a noisy machine disturbs little; the others are wall-clock.

Ends with 0 when everything was measured, 3 when something was skipped. Missed goals don't fail: the
machine may be busy.
"""

import argparse
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

import catalog
import hashing
import large_files
import small_things
import tokenizing
import web
from measure import Load, build_load_tool
from processes import ROOT, Embrace, Nginx
from report import Report


def measure_start(report, binary, folder, options):
    took, resident = [], []
    for turn in range(options.rounds):
        hub = Embrace(binary, folder / "start")  # the first start makes the database, the others open it
        took.append(hub.start())
        time.sleep(1)
        resident.append(hub.resident_mib())
        hub.stop()
    report.add("start to ready", statistics.median(took), "s", "< 0.3")
    report.add("start to ready, empty folder", took[0], "s", "< 0.3")
    report.add("idle memory", statistics.median(resident), "MiB", "< 60")


def commit_name():
    """The commit that was measured; "-changed" when the sources differ from it."""
    git = ["git", "-C", str(ROOT)]
    name = subprocess.run([*git, "rev-parse", "--short=12", "HEAD"], capture_output=True, text=True).stdout.strip()
    changed = subprocess.run([*git, "status", "--porcelain", "--", "src", "web/src"], capture_output=True, text=True).stdout
    tests = all(line.endswith(("_test.cc", "_fuzz.cc", "_bench.cc", ".test.ts", ".md")) for line in changed.splitlines())
    return (name or "unknown") + ("" if tests else "-changed")


def parse_options():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", type=pathlib.Path, default=ROOT / "build/release/embrace")
    parser.add_argument("--only", default="", metavar="PART", choices=["", "hashing", "catalog", "start", "reads", "writes", "large", "many", "web", "tokenizers"])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--quick", action="store_true", help="small files, few repositories: to see that it runs")
    parser.add_argument("--folder", type=pathlib.Path, default=ROOT / "build", help="where the temporary folder goes (6 GiB)")
    parser.add_argument("--output", type=pathlib.Path, help="instead of bench/results/<commit>.csv")
    options = parser.parse_args()
    options.large_mib, options.repositories, options.commits, options.seconds = (64, 1000, 50, 0.5) if options.quick else (1024, 10_000, 200, 2.0)
    return options


def main():
    options = parse_options()
    if not options.binary.exists():
        sys.exit(f"{options.binary} is not built: run ./dev build")
    Load.program = build_load_tool()
    report = Report()
    wants = lambda part: options.only in ("", part)
    options.folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="bench-", dir=options.folder) as name:
        folder = pathlib.Path(name)
        hub, nginx = Embrace(options.binary, folder / "hub"), Nginx(folder / "nginx")
        try:
            if wants("hashing"):
                hashing.measure(report, folder / "hashing")
            if wants("catalog"):
                catalog.measure(report)
            if wants("tokenizers"):
                tokenizing.measure(report, folder / "tokenizers", options)
            if wants("start"):
                measure_start(report, options.binary, folder, options)
            hub.start()
            hub.create_user()
            nginx.start()
            if wants("reads"):
                small_things.measure_reads(report, hub, nginx, options)
            if wants("writes"):
                small_things.measure_writes(report, hub, options)
            if wants("large"):
                large_files.measure(report, hub, nginx, options)
            if wants("many"):
                small_hub = Embrace(options.binary, folder / "small-hub")
                try:
                    small_hub.start()
                    small_hub.create_user()
                    small_things.measure_many(report, hub, small_hub, options)
                finally:
                    small_hub.stop()
            if wants("web"):
                web.measure(report, hub, options)
        finally:
            hub.stop()
            nginx.stop()
    if not options.quick and not options.only or options.output:
        path = options.output or ROOT / f"bench/results/{commit_name()}.csv"
        report.write(path)
        print(f"written: {path}")
    return 3 if report.skipped else 0


if __name__ == "__main__":
    sys.exit(main())
