#!/usr/bin/env python3
"""The kernels of language models beside the machine's limits, at each precision.

Decoding reads all weights once for a token: its reference is a plain read of as many bytes in the same seconds. A prompt of 512
rows is bound by the multipliers: its reference is their peak (f32 multiply and add, vdpbf16ps, vpdpbusd) in the same seconds. Ratios are
medians of pairs, by the processor time of all threads; operations of prompts are those of one thread, however many there are.

    bench/decoding.py FILE.csv      measures, and writes the rows there

The figures come from src/transformers/kernels/linear_bench.cc (./dev build bench); they exist on processors with AVX-512 BF16.
"""

import json
import pathlib
import subprocess
import sys

from report import Report

ROOT = pathlib.Path(__file__).resolve().parent.parent
UNITS = {"decode": "GB/s", "prompt": "Gop/s"}
REFERENCES = {"decode": "plain read", "prompt": "multiply peak"}
GOALS = {
    ("prompt", "bf16"): ">= 0.88",
    ("prompt", "q8_0"): ">= 0.7",
}


def run(program, pattern):
    command = [program, f"--benchmark_filter={pattern}", "--benchmark_format=json"]
    return json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)["benchmarks"]


def measure(report, program, pattern="^(decode|prompt)/"):
    for found in run(program, pattern):
        kind, precision, threads = found["name"].split("/")[:3]
        unit = UNITS[kind]
        goal = GOALS.get((kind, precision), ">= 0.95" if kind == "decode" else "")
        value, ratio = found[unit], found["ratio"]
        what = f"{kind} {precision}, {threads} thread{'s' * (threads != '1')}"
        report.against(what, value, unit, REFERENCES[kind], value / ratio, goal)
        if "of_tiles" in found:
            report.against(f"{what}, of the tiles' peak", value, unit, "tdpbf16ps", value / found["of_tiles"], "")


def main():
    program = ROOT / "build/bench/transformers_bench"
    report = Report()
    if program.exists():
        measure(report, program)
    else:
        report.skip("decoding", "build/bench/transformers_bench is not built: ./dev build bench")
    report.write(pathlib.Path(sys.argv[1]))


if __name__ == "__main__":
    main()
