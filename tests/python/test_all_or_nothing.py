"""An output appears whole or not at all, however the job ends."""

from __future__ import annotations

import io
import os
import resource
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest

import millstream.dataframe as dd
from millstream.diagnostics import ProgressBar


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """broken.csv, with a bad value after most of its rows, good.csv, and an older output of ten rows in out."""
    rows = "".join(f"{i},name {i % 7}\n" for i in range(200_000))
    (tmp_path / "good.csv").write_text("n,name\n" + rows)
    (tmp_path / "broken.csv").write_text("n,name\n" + rows + "oops,x\n" + rows[:10_000])
    old = pd.DataFrame({"n": range(10), "name": "old"})
    dd.from_pandas(old, npartitions=1).to_parquet(tmp_path / "out", write_index=False)
    return tmp_path


def files(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def assert_old_output(folder: Path) -> None:
    assert files(folder / "out") == ["part.0.parquet"]
    assert pq.read_table(folder / "out").column("name").to_pylist() == ["old"] * 10


def test_a_bad_value_half_way(folder):
    broken = dd.read_csv(folder / "broken.csv", blocksize="256kB")
    for options in ({}, {"partition_on": "name"}, {"overwrite": True}, {"append": True}):
        with pytest.raises(ValueError, match=r"broken\.csv.*line 200002.*'n'.*'oops'"):
            broken.to_parquet(folder / "out", **options)
        assert_old_output(folder)
    for write in (broken.to_parquet, broken.to_csv, broken.to_avro, broken.to_json):
        with pytest.raises(ValueError, match="oops"):
            write(folder / "new")
        assert not (folder / "new").exists()


JOB = """
import sys, time
import millstream.dataframe as dd

def slow(part):
    print("working", flush=True)
    time.sleep(0.3)
    return part

frame = dd.read_csv(sys.argv[1] + "/good.csv", blocksize="100kB").map_partitions(slow)
try:
    frame.to_parquet(sys.argv[1] + "/out")
except KeyboardInterrupt:
    print("interrupted", flush=True)
"""


def start(folder: Path) -> subprocess.Popen[str]:
    """A job that is in the middle of its writing."""
    job = subprocess.Popen([sys.executable, "-c", JOB, str(folder)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert job.stdout is not None
    for _ in range(3):
        job.stdout.readline()
    assert job.poll() is None
    return job


def test_a_killed_process_shows_nothing_and_the_next_run_cleans_up(folder):
    job = start(folder)
    job.kill()
    job.communicate()
    assert [name for name in files(folder / "out") if not name.startswith("_temporary")] == ["part.0.parquet"]
    assert len(dd.read_parquet(folder / "out")) == 10
    dd.read_csv(folder / "good.csv").to_parquet(folder / "out")
    assert pq.read_table(folder / "out").num_rows == 200_000
    assert all(name.startswith("part.") for name in files(folder / "out")) and os.listdir(folder / "out") == ["part.0.parquet"]


def test_interrupting_is_quick_and_leaves_the_old_output(folder):
    job = start(folder)
    job.send_signal(signal.SIGINT)
    sent = time.monotonic()
    assert job.stdout is not None
    while (line := job.stdout.readline()) == "working\n":
        pass
    took = time.monotonic() - sent
    assert line == "interrupted\n", job.communicate()
    assert took < 0.3 + 0.5  # a user's function runs to its end first
    job.communicate()
    assert_old_output(folder)


def test_interrupting_the_engine_itself(folder):
    code = """
import sys, time
import millstream.dataframe as dd
frame = dd.read_csv([sys.argv[1] + "/good.csv"] * 500)
print("start", flush=True)
try:
    frame.to_parquet(sys.argv[1] + "/out")
except KeyboardInterrupt:
    print("interrupted", flush=True)
"""
    job = subprocess.Popen([sys.executable, "-c", code, str(folder)], stdout=subprocess.PIPE, text=True)
    assert job.stdout is not None and job.stdout.readline() == "start\n"
    while not (folder / "out" / "_temporary").exists():
        time.sleep(0.005)
    job.send_signal(signal.SIGINT)
    sent = time.monotonic()
    assert job.stdout.readline() == "interrupted\n"
    assert time.monotonic() - sent < 0.5
    job.communicate()
    assert_old_output(folder)


def wait_until(condition: Callable[[], bool]) -> None:
    begin = time.monotonic()
    while not condition():
        assert time.monotonic() - begin < 60, "it took too long"
        time.sleep(0.005)


def refuse() -> None:
    raise ValueError("no bar")


@pytest.mark.parametrize(
    ("fail", "error"), [(refuse, ValueError), (lambda: signal.raise_signal(signal.SIGINT), KeyboardInterrupt)]
)
def test_an_exception_that_comes_after_the_commit_is_raised(folder, fail, error):
    """What is committed stays, but neither an interrupt nor an error of the progress bar may get lost."""

    asked = threading.Event()

    class LateBar(ProgressBar):
        def update(self, fraction: float, text: str = "") -> None:
            asked.set()
            wait_until(lambda: (folder / "new").exists() and os.listdir(folder / "new") == ["part.0.parquet"])
            fail()

    def slow(part: pd.DataFrame) -> pd.DataFrame:
        assert asked.wait(60), "the bar was not asked while the job ran"
        return part

    frame = dd.from_pandas(pd.DataFrame({"n": range(100)}), npartitions=1).map_partitions(slow, meta={"n": "int64"})
    with pytest.raises(error), LateBar(out=io.StringIO()):
        frame.to_parquet(folder / "new")
    assert pq.read_table(folder / "new").num_rows == 100


def test_a_full_disk(folder):
    """Files larger than the process may write fail as on a full disk, after some of their bytes are there."""
    good = dd.read_csv(folder / "good.csv")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, limits[1]))
        with pytest.raises(OSError, match=r"part\.0\.parquet.*older output is untouched"):
            good.to_parquet(folder / "out")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, ignored)
    assert_old_output(folder)
