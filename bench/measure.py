"""How things are measured here: alternating rounds, medians, and CPU time beside wall-clock."""

import json
import pathlib
import statistics
import subprocess

from processes import ROOT


def build_load_tool():
    source = ROOT / "bench/http_load.cc"
    program = ROOT / "build/bench-tools/http_load"
    if not program.exists() or program.stat().st_mtime < source.stat().st_mtime:
        program.parent.mkdir(parents=True, exist_ok=True)
        subprocess.run(["clang++-19", "-std=c++20", "-O2", "-Wall", "-Wextra", source, "-o", program], check=True)
    return program


class Load:
    """One way of asking a server; ask() may be called any number of times."""

    program: pathlib.Path

    def __init__(self, server, paths, *, method="GET", connections=16, seconds=2.0, requests=None, headers=()):
        self.server = server
        paths = [paths] if isinstance(paths, str) else paths
        self._command = [self.program, str(server.port), "--method", method, "--connections", str(connections), "--seconds", str(seconds)]
        if requests:
            self._command += ["--requests", str(requests)]
        for path in paths:
            self._command += ["--path", path]
        for header in headers:
            self._command += ["--header", header]

    def ask(self):
        before = self.server.cpu_seconds()
        done = subprocess.run(self._command, capture_output=True, text=True)
        if done.returncode != 0:
            raise RuntimeError(f"http_load {self._command[-1]}: {done.stderr}{done.stdout}")
        answer = json.loads(done.stdout)
        cpu = self.server.cpu_seconds() - before
        count = max(answer["requests"], 1)
        answer["per_second"] = answer["requests"] / answer["seconds"]
        answer["mb_per_second"] = answer["body_bytes"] / answer["seconds"] / 1e6
        answer["cpu_us"] = cpu * 1e6 / count
        answer["cpu_s_per_gb"] = cpu * 1e9 / max(answer["body_bytes"], 1)
        return answer


def in_turns(rounds, *loads):
    """The median of each figure, for each load; they take turns, so that a noisy minute hits all."""
    answers = [[] for _ in loads]
    for load in loads:
        load.ask()  # fills caches, and is not counted
    for _ in range(rounds):
        for load, into in zip(loads, answers):
            into.append(load.ask())
    return [{name: statistics.median(a[name] for a in list) for name in list[0]} for list in answers]
