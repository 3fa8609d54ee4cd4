"""Every work on every engine, checked and timed: `make bench`.

    bench/run.py                        all, a quarter of the full size; writes bench/RESULTS.md
    bench/run.py --full                 1 GB of CSV, 2 GB of JSON, 5e7 rows of Parquet
    bench/run.py --only csv-parquet --engines millstream,polars --scale 0.05

A part of the works or of the engines writes no file, unless --output names one.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
from pathlib import Path
from typing import Any

from data import DATA, ROOT, input_of, size_of
from measure import Measurement, measure, read_input, touch_memory
from report import Outcome, document, goals, measured
from works import WORKS, Work

RESULTS = ROOT / "bench/RESULTS.md"


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", metavar="NAME", help=f"these works, comma-separated: {', '.join(WORKS)}")
    parser.add_argument("--engines", help="these engines, comma-separated: millstream, polars, duckdb, dask")
    parser.add_argument("--runs", type=int, default=3, help="of each engine (3)")
    parser.add_argument("--scale", type=float, default=0.25, help="of the full size (0.25)")
    parser.add_argument("--full", action="store_true", help="the same as --scale 1")
    parser.add_argument("--timeout", type=float, default=600, help="seconds that one run may take (600)")
    parser.add_argument("--output", type=Path, help="where the report goes (bench/RESULTS.md)")
    given = parser.parse_args()
    given.scale = 1.0 if given.full else given.scale
    if given.runs < 1 or given.scale <= 0:
        parser.error("--runs and --scale must be above 0")
    if unknown := set(chosen(given.only)) - set(WORKS):
        parser.error(f"no such work: {', '.join(sorted(unknown))}; there are {', '.join(WORKS)}")
    known = {label.partition("@")[0] for work in WORKS.values() for label in work.engines}
    if unknown := set(chosen(given.engines)) - known:
        parser.error(f"no such engine: {', '.join(sorted(unknown))}; there are {', '.join(sorted(known))}")
    if given.output is None and not given.only and not given.engines:
        given.output = RESULTS
    return given


def chosen(text: str | None) -> list[str]:
    return text.split(",") if text else []


def expected(work: Work, data: Path) -> list[Any]:
    """The oracle's answer, kept beside the input."""
    kept = DATA / f"{data.name}.{work.name}.json"
    if not kept.exists():
        kept.parent.mkdir(parents=True, exist_ok=True)
        kept.write_text(json.dumps(work.oracle(data)))
    answer: list[Any] = json.loads(kept.read_text())
    return answer


def bench(work: Work, labels: list[str], scale: float, runs: int, timeout: float) -> Outcome:
    print(f"{work.name}: {work.title}", flush=True)
    data = DATA if work.input is None else input_of(work.input, scale)
    want = expected(work, data)
    touch_memory()
    if work.input is None:
        for label in labels:  # Python compiles and the OS reads an import's files once
            measure(work, label, data, want, timeout)
    else:
        read_input(data)
    taken: dict[str, list[Measurement]] = {label: [] for label in labels}
    for turn in range(runs):
        for label in labels:
            if any(run.error for run in taken[label]):
                continue  # wrong once is wrong
            run = measure(work, label, data, want, timeout)
            taken[label].append(run)
            memory = f"peak {run.peak / 1e6:.0f} MB, {run.others:.1f} cores busy elsewhere"
            status = run.error or f"{run.seconds:.3f} s, CPU {run.cpu:.3f} s, {memory}"
            print(f"  {turn + 1} {label:<18} {status}", flush=True)
    return Outcome(work, size_of(data) if work.input else 0, taken)


def main() -> int:
    given = arguments()
    names, engines = chosen(given.only) or list(WORKS), chosen(given.engines)
    outcomes = []
    for name in names:
        work = WORKS[name]
        labels = [label for label in work.engines if not engines or label.partition("@")[0] in engines]
        if labels:
            outcomes.append(bench(work, labels, given.scale, given.runs, given.timeout))
    print(f"\n{measured(outcomes)}\n\n{goals(outcomes)}")
    if given.output:
        words = [f"--scale {given.scale:g}", f"--runs {given.runs}"]
        words += [f"--{name} {value}" for name in ("only", "engines") if (value := getattr(given, name))]
        given.output.write_text(document(outcomes, f"bench/run.py {' '.join(words)}", given.runs))
        print(f"\nwritten: {given.output}")
    wrong = [outcome.work.name for outcome in outcomes if "millstream" in outcome.runs and outcome.error("millstream")]
    if wrong:
        print(f"millstream failed: {', '.join(wrong)}", file=sys.stderr)
    shutil.rmtree(ROOT / "build/bench-out", ignore_errors=True)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
