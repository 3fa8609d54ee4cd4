"""The measured process: one work on one engine, its seconds, its memory and its result as one line of JSON.

python bench/child.py WORK ENGINE INPUT_FOLDER OUTPUT_FOLDER
"""

from __future__ import annotations

import contextlib
import json
import resource
import sys
import time
from pathlib import Path

from engines import Run, import_engine
from works import WORKS


def resident(field: str) -> int:
    """VmRSS (now) or VmHWM (the most so far) of this process, in bytes."""
    status = Path("/proc/self/status").read_text()
    return int(status.split(f"{field}:")[1].split()[0]) * 1024


def cpu() -> float:
    """CPU seconds of this process and of the workers that it has waited for."""
    usages = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def main() -> None:
    name, label, data, out = sys.argv[1:]
    work = WORKS[name]
    if work.imports_first:
        import_engine(label)
    with contextlib.suppress(OSError):  # forget the peak of the imports, where the kernel lets us
        Path("/proc/self/clear_refs").write_text("5")
    baseline = resident("VmRSS")
    start, cpu_before = time.perf_counter(), cpu()
    result = work.engines[label](Run(label, Path(data), Path(out)))
    seconds, cpu_seconds = time.perf_counter() - start, cpu() - cpu_before
    # Dask's worker processes are not part of this one: the largest of them counts, once.
    workers = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024
    peak = resident("VmHWM") - baseline + workers
    print(json.dumps({"seconds": seconds, "cpu": cpu_seconds, "peak": peak, "result": result}))


if __name__ == "__main__":
    main()
