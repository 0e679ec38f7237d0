"""Rows of bench/results/<commit>.csv, and whether they meet their goals."""

import csv
import dataclasses
import pathlib
import re
import sys
from types import SimpleNamespace

COLUMNS = ["figure", "value", "unit", "reference", "reference_value", "ratio", "goal"]


@dataclasses.dataclass
class Row:
    figure: str
    value: float
    unit: str
    reference: str = ""
    reference_value: float | None = None
    ratio: float | None = None  # more is better
    goal: str = ""  # of the ratio where there is one, else of the value

    def is_met(self):
        """None when there is no goal."""
        found = re.fullmatch(r"(>=|<=|<|>) ([0-9.]+)", self.goal)
        if not found:
            return None
        value, goal = self.value if self.ratio is None else self.ratio, float(found[2])
        return {">=": value >= goal, "<=": value <= goal, "<": value < goal, ">": value > goal}[found[1]]

    def cells(self):
        return [self.figure, short(self.value), self.unit, self.reference, short(self.reference_value), short(self.ratio), self.goal]

    def line(self):
        against = f"{self.reference} {short(self.reference_value)}, ratio {short(self.ratio)}" if self.reference else ""
        verdict = {None: "", True: "met", False: "MISSED"}[self.is_met()]
        return f"{self.figure:<52} {short(self.value):>10} {self.unit:<14} {against:<44} {self.goal:<9} {verdict}"


def short(number):
    if number is None:
        return ""
    return f"{number:.0f}" if abs(number) >= 1000 else f"{number:.4g}"


class Report:
    def __init__(self):
        self.rows = []
        self.skipped = []

    def add(self, figure, value, unit, goal=""):
        self._take(Row(figure, value, unit, goal=goal))

    def against(self, figure, value, unit, reference, reference_value, goal="", less_is_better=False):
        ratio = (reference_value / value if less_is_better else value / reference_value) if value and reference_value else 0.0
        self._take(Row(figure, value, unit, reference, reference_value, ratio, goal))

    def skip(self, figure, why):
        self.skipped.append(figure)
        print(f"{figure:<52} skipped: {why}", flush=True)

    def _take(self, row):
        self.rows.append(row)
        print(row.line(), flush=True)

    def write(self, path):
        path.parent.mkdir(parents=True, exist_ok=True)
        with open(path, "w", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(COLUMNS)
            writer.writerows(row.cells() for row in self.rows)


def run_alone(measure, name):
    """One part as a program of its own: measure(report, FOLDER, options), into FOLDER/`name`. Arguments: FOLDER [--quick]."""
    folder, report = pathlib.Path(sys.argv[1]), Report()
    measure(report, folder, SimpleNamespace(quick="--quick" in sys.argv))
    report.write(folder / name)
