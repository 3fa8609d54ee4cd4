"""One measurement: a process of its own, its output checked, and how busy the rest of the machine was meanwhile."""

from __future__ import annotations

import json
import math
import os
import resource
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from data import ROOT
from engines import environment
from works import Work

OUT = ROOT / "build/bench-out"
CHILD = Path(__file__).with_name("child.py")


@dataclass(frozen=True)
class Measurement:
    seconds: float = 0.0
    cpu: float = 0.0  # user and system seconds, all threads
    peak: int = 0  # bytes of resident memory above what the process had before the work
    others: float = 0.0  # cores that other processes kept busy
    error: str = ""  # empty: the output equals the oracle's


def touch_memory(size: int = 1 << 30) -> None:
    """Lets a virtual machine hand out its pages now, rather than to whoever comes first."""
    subprocess.run([sys.executable, "-c", f"b'1' * {size}"], check=False)


def read_input(folder: Path) -> None:
    """Brings an input into the page cache."""
    for path in folder.iterdir():
        with open(path, "rb") as file:
            while file.read(1 << 22):
                pass


def measure(work: Work, label: str, data: Path, want: list[Any], timeout: float) -> Measurement:
    out = OUT / work.name
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    os.sync()  # what the run before wrote is not this one's to flush
    command = [sys.executable, str(CHILD), work.name, label, str(data), str(out)]
    start, machine, own = time.perf_counter(), machine_cpu(), children_cpu()
    try:
        done = subprocess.run(
            command, env=environment(label, out / "spill"), timeout=timeout, capture_output=True, text=True, check=False
        )
    except subprocess.TimeoutExpired:
        return Measurement(error=f"not done after {timeout:.0f} s")
    wall = time.perf_counter() - start
    others = max(0.0, machine_cpu() - machine - (children_cpu() - own)) / wall
    try:
        if done.returncode != 0:
            return Measurement(others=others, error=last_line(done.stderr) or f"exit code {done.returncode}")
        answer = json.loads(done.stdout.splitlines()[-1])
        wrong = verdict(work, out, answer["result"], want)
        return Measurement(answer["seconds"], answer["cpu"], answer["peak"], others, wrong)
    finally:
        shutil.rmtree(out, ignore_errors=True)


def verdict(work: Work, out: Path, result: list[Any] | None, want: list[Any]) -> str:
    """Empty where the result, or the files that were written, equal the oracle's."""
    try:
        got = result if work.check is None else work.check(out)
    except Exception as error:  # whatever a reader says about a peer's file
        return f"unreadable: {error}".splitlines()[0]
    return "" if same(got, want) else f"wrong: {got} instead of {want}"[:200]


def same(got: Any, want: Any) -> bool:
    """Equal, numbers to a relative 1e-6."""
    if isinstance(want, list | tuple):
        return isinstance(got, list | tuple) and len(got) == len(want) and all(map(same, got, want))
    if isinstance(want, int | float) and isinstance(got, int | float):
        return math.isclose(got, want, rel_tol=1e-6, abs_tol=1e-6)
    return bool(got == want)


def last_line(text: str) -> str:
    lines = [line for line in text.splitlines() if line.strip()]
    return lines[-1][:200] if lines else ""


def children_cpu() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def machine_cpu() -> float:
    """CPU seconds that all processes of the machine have used."""
    ticks = [int(value) for value in Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]]
    idle, waiting = ticks[3], ticks[4]
    return (sum(ticks) - idle - waiting) / os.sysconf("SC_CLK_TCK")
