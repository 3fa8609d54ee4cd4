"""The tables: what was measured, and which goals are reached."""

from __future__ import annotations

import datetime
import os
import platform
import statistics
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from data import ROOT
from engines import THREADS, versions
from measure import Measurement
from works import Goal, PeakGoal, Work


@dataclass(frozen=True)
class Outcome:
    """All runs of one work, by engine."""

    work: Work
    input_bytes: int
    runs: Mapping[str, Sequence[Measurement]]

    def error(self, label: str) -> str:
        if label not in self.runs:
            return "not run"
        return next((run.error for run in self.runs[label] if run.error), "")

    def seconds(self, label: str) -> float:
        return statistics.median(run.seconds for run in self.runs[label])

    def cpu(self, label: str) -> float:
        return statistics.median(run.cpu for run in self.runs[label])

    def peak(self, label: str) -> int:
        return max(run.peak for run in self.runs[label])

    def fastest(self, labels: Sequence[str]) -> str | None:
        right = [label for label in labels if not self.error(label)]
        return min(right, key=self.seconds, default=None)


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    def line(cells: Sequence[str]) -> str:
        return "| " + " | ".join(cell.replace("|", "/") for cell in cells) + " |"

    return "\n".join([line(header), "|" + "---|" * len(header), *map(line, rows)])


def measured(outcomes: Sequence[Outcome]) -> str:
    rows = []
    for outcome in outcomes:
        ours = None if outcome.error("millstream") else outcome.seconds("millstream")
        for label, runs in outcome.runs.items():
            name = outcome.work.title if label == next(iter(outcome.runs)) else ""
            if error := outcome.error(label):
                rows.append([name, label, *["-"] * 6, error])
                continue
            times = [run.seconds for run in runs]
            middle = outcome.seconds(label)
            rate = f"{outcome.input_bytes / middle / 1e6:.0f}" if outcome.input_bytes else "-"
            ratio = f"{middle / ours:.2f}x" if ours and label != "millstream" else "-"
            spread = f"{min(times):.3f}-{max(times):.3f}"
            peak = f"{outcome.peak(label) / 1e6:.0f}"
            rows.append([name, label, f"{middle:.3f}", spread, f"{outcome.cpu(label):.3f}", rate, peak, ratio, "ok"])
    header = ["work", "engine", "s (median)", "s (range)", "CPU s", "input MB/s", "peak MB", "time to millstream's", "output"]
    return table(header, rows)


def judge(outcome: Outcome, goal: Goal | PeakGoal) -> tuple[str, bool]:
    """What was measured, in words, and whether the goal is reached."""
    if error := outcome.error(goal.subject):
        return error, False
    if isinstance(goal, PeakGoal):
        peak = outcome.peak(goal.subject)
        return f"{peak / 1e6:.0f} MB", peak <= goal.limit
    best = outcome.fastest(goal.peers)
    if best is None:
        return "no peer with a right output", False
    ours, theirs = outcome.seconds(goal.subject), outcome.seconds(best)
    if goal.at_least is not None:
        return f"{theirs / ours:.2f}x {best}", theirs / ours >= goal.at_least
    assert goal.at_most is not None
    return f"{ours / theirs:.2f}x the time of {best}", ours / theirs <= goal.at_most


def goals(outcomes: Sequence[Outcome]) -> str:
    rows = []
    for outcome in outcomes:
        for goal in outcome.work.goals:
            words, reached = judge(outcome, goal)
            rows.append([outcome.work.title, goal.words(), words, "yes" if reached else "no"])
    return table(["work", "goal", "measured", "reached"], rows)


def machine() -> str:
    info = Path("/proc/cpuinfo").read_text().splitlines()
    model = next((line.partition(":")[2].strip() for line in info if line.startswith("model name")), platform.machine())
    flags = next((line.split() for line in info if line.startswith("flags")), [])
    vectors = "AVX-512" if "avx512f" in flags else "AVX2" if "avx2" in flags else "no AVX2"
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9
    return f"{model} ({vectors}), {os.cpu_count()} cores, {memory:.0f} GB, Linux {platform.release()}"


def commit() -> str:
    done = subprocess.run(["git", "-C", str(ROOT), "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False)
    return done.stdout.strip() or "unknown"


def document(outcomes: Sequence[Outcome], command: str, runs: int) -> str:
    engines = list(dict.fromkeys(label for outcome in outcomes for label in outcome.runs))
    used = ", ".join(f"{package} {version}" for package, version in versions(engines).items())
    others = statistics.median(run.others for outcome in outcomes for each in outcome.runs.values() for run in each)
    now = datetime.datetime.now(datetime.UTC)
    return f"""# Results

Written by `{command}`, {now:%Y-%m-%d %H:%M} UTC, at commit {commit()}. Do not edit: run it again.

- Machine: {machine()}. Python {platform.python_version()}, {used}.
- {THREADS} threads each; each run a process of its own, the engines taking turns; the median of {runs} runs, without imports.
- Input in the page cache. Peak: resident memory above what the process had before the work, from the OS, the most of all
  runs; of Dask's worker processes the largest alone is added. An output counts only if it equals DuckDB's own answer.
- Other processes kept {others:.2f} cores busy meanwhile (median of the runs).

## Goals

{goals(outcomes)}

## Measured

{measured(outcomes)}
"""
