"""Does the index of chunks slow down as it grows? Two million chunks have 125,000 landmarks, one in sixteen."""

import json
import subprocess

from processes import ROOT

SMALL, LARGE = 10_000, 125_000


def measure(report):
    program = ROOT / "build/bench/meta_bench"
    if not program.exists():
        report.skip("the index of two million chunks", "build/bench/meta_bench is not built: ./dev build bench")
        return
    wanted = f"^(add_64_mib|add_1_gib|find_chunks)/({SMALL}|{LARGE})/"
    command = [program, f"--benchmark_filter={wanted}", "--benchmark_format=json"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    rows = json.loads(done.stdout)["benchmarks"]
    rates = {row["name"]: row["items_per_second"] for row in rows}
    memory = {row["name"]: row["anon_mib"] for row in rows if "anon_mib" in row}
    for figure, name, rest, unit in (
        ("rows added to the index by uploads of 64 MiB", "add_64_mib", "1/iterations:200", "rows/s"),
        ("rows added to the index by uploads of 1 GiB", "add_1_gib", "16/iterations:40", "rows/s"),
        ("chunks looked up, known", "find_chunks", "1", "/s"),
        ("chunks looked up, unknown", "find_chunks", "0", "/s"),
    ):
        small, large = (rates[f"{name}/{size}/{rest}"] for size in (SMALL, LARGE))
        report.against(f"{figure}, of two million chunks", large, unit, f"of {16 * SMALL:,}", small, ">= 0.8")
    small, large = (memory[f"add_64_mib/{size}/1/iterations:200"] for size in (SMALL, LARGE))
    report.against("memory beside two million chunks", large, "MiB", f"beside {16 * SMALL:,}", small, ">= 0.8", less_is_better=True)
