"""Settings, progress, and what an import costs."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys

import pandas as pd
import pytest

import millstream
import millstream.dataframe as dd
from millstream.diagnostics import ProgressBar
from millstream.utils import parse_bytes


def test_sizes():
    assert parse_bytes("256MB") == 256_000_000 and parse_bytes("1.5 GiB") == 3 * 2**29 and parse_bytes("64k") == 64_000
    assert parse_bytes(12) == 12 and parse_bytes(64e6) == parse_bytes("64e6") == 64_000_000
    assert parse_bytes("1.5e3 kB") == 1_500_000 and parse_bytes(".5MB") == 500_000
    for bad in ("", "MB", "12 parsecs", -1, 0, 0.5, "0.1b", "-3MB", float("inf"), float("nan"), "10000000PB", None, True):
        with pytest.raises(ValueError):
            parse_bytes(bad)


def test_configure():
    before = millstream.settings()
    try:
        millstream.configure(memory_limit="1GB", threads=2)
        assert millstream.settings()["memory_limit"] == 10**9 and millstream.settings()["threads"] == 2
        with pytest.raises(ValueError, match="threads"):
            millstream.configure(threads=0)
        with pytest.raises(ValueError, match="memory_limit"):
            millstream.configure(memory_limit="much")
        assert millstream.settings()["memory_limit"] == 10**9
    finally:
        millstream.configure(memory_limit=before["memory_limit"], threads=before["threads"])


def test_progress_bar(lazy):
    out = io.StringIO()
    with ProgressBar(out=out):
        lazy.i.sum().compute()
    assert "100% Completed" in out.getvalue() and out.getvalue().endswith("\n")
    written = out.getvalue()
    lazy.i.sum().compute()
    assert out.getvalue() == written
    bar = ProgressBar(minimum=60, out=out)
    with bar:
        lazy.i.sum().compute()
    assert out.getvalue() == written and bar.last_duration < 60


def test_the_import_is_light():
    code = "import sys, millstream.dataframe, millstream.bag; print(*sorted({m.split('.')[0] for m in sys.modules}))"
    modules = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert not {"pandas", "numpy", "pyarrow", "fsspec"} & set(modules)


def test_pyarrow_and_the_system_may_both_bring_openssl():
    code = "import pyarrow; from millstream import _core; import hashlib, ssl; hashlib.md5(b''); ssl.create_default_context()"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_everything_named_is_there():
    for name in dd.__all__:
        assert hasattr(dd, name)


def run_with(code: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """A fresh interpreter, as settings are read when the session is made."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("MILLSTREAM_")}
    return subprocess.run(
        [sys.executable, "-c", "import millstream\n" + code], env={**kept, **environment}, capture_output=True, text=True
    )


def settings_with(code: str = "", **environment: str) -> dict:
    done = run_with(f"{code}\nimport json; print(json.dumps(millstream.settings()))", **environment)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_settings_from_the_environment(tmp_path):
    found = settings_with(
        MILLSTREAM_MEMORY_LIMIT="256MB", MILLSTREAM_THREADS="3", MILLSTREAM_TEMP_DIR=str(tmp_path), HOME=str(tmp_path)
    )
    assert found["memory_limit"] == 256_000_000 and found["threads"] == 3 and found["temp_dir"] == str(tmp_path)


def test_settings_from_a_file(tmp_path):
    file = tmp_path / "settings.toml"
    file.write_text(f'memory_limit = "1GiB"\nthreads = 5\ntemp_dir = "{tmp_path}"\n')
    found = settings_with(MILLSTREAM_CONFIG=str(file))
    assert found["memory_limit"] == 2**30 and found["threads"] == 5 and found["temp_dir"] == str(tmp_path)
    home = tmp_path / ".config" / "millstream.toml"
    home.parent.mkdir()
    home.write_text("threads = 7\nmemory_limit = 300000000\n")
    found = settings_with(HOME=str(tmp_path))
    assert found["threads"] == 7 and found["memory_limit"] == 300_000_000


def test_arguments_win_over_the_environment_and_that_over_the_file(tmp_path):
    file = tmp_path / "settings.toml"
    file.write_text('memory_limit = "1GB"\nthreads = 5\n')
    found = settings_with(
        "millstream.configure(threads=2)", MILLSTREAM_CONFIG=str(file), MILLSTREAM_THREADS="3", MILLSTREAM_MEMORY_LIMIT="2GB"
    )
    assert found["threads"] == 2 and found["memory_limit"] == 2 * 10**9


def test_no_more_threads_work_than_the_limit_is_for():
    code = """
import pandas as pd, millstream.dataframe as dd
frame = dd.from_pandas(pd.DataFrame({"a": range(8)}), npartitions=8)
frame.compute()
print(frame.last_report["threads"], millstream.settings()["threads"])
"""
    for limit, fitting in ((68_000_000, 2), (100_000_000, 3), (2_000_000_000, 8)):
        done = run_with(code, MILLSTREAM_THREADS="8", MILLSTREAM_MEMORY_LIMIT=str(limit))
        assert done.returncode == 0, done.stderr
        threads, asked = map(int, done.stdout.split())
        assert asked == 8 and 1 <= threads <= fitting and (threads == 8 or fitting < 8)


@pytest.mark.parametrize(
    ("environment", "message"),
    [
        ({"MILLSTREAM_MEMORY_LIMIT": "much"}, "MILLSTREAM_MEMORY_LIMIT"),
        ({"MILLSTREAM_MEMORY_LIMIT": "1kB"}, "too small"),
        ({"MILLSTREAM_THREADS": "two"}, "MILLSTREAM_THREADS: 'two' is not a whole number"),
        ({"MILLSTREAM_THREADS": "0"}, "threads must be from 1"),
        ({"MILLSTREAM_TEMP_DIR": "/proc/none"}, "/proc/none"),
        ({"MILLSTREAM_CONFIG": "/none.toml"}, "/none.toml, which does not exist"),
    ],
)
def test_bad_values_in_the_environment(environment, message):
    done = run_with("millstream.settings()", **environment)
    assert done.returncode != 0 and message in done.stderr.splitlines()[-1]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("thread = 2", "thread is not a setting"),
        ('threads = "two"', "threads is not a setting, or not of its type"),
        ('threads = 2\nmemory_limit = "much"', "memory_limit"),
        ("threads = ", "line 1"),
    ],
)
def test_bad_values_in_a_file(tmp_path, text, message):
    file = tmp_path / "settings.toml"
    file.write_text(text)
    done = run_with("millstream.settings()", MILLSTREAM_CONFIG=str(file))
    assert done.returncode != 0 and message in done.stderr and str(file) in done.stderr


def test_spill_files_go_to_the_temp_dir_and_vanish(tmp_path):
    code = f"""
millstream.configure(temp_dir={str(tmp_path)!r}, memory_limit="128MB", threads=1)
import os, pandas as pd, millstream.dataframe as dd
frame = dd.from_pandas(pd.DataFrame({{"k": range(1000), "v": range(1000)}}), npartitions=4)
assert len(frame.groupby("k").v.sum().compute()) == 1000
assert os.listdir({str(tmp_path)!r})
"""
    done = run_with(code, MILLSTREAM_FORCE_SPILL="1")
    assert done.returncode == 0, done.stderr
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("rows", ["0", "-1", "1048577", "two"])
def test_batch_rows_have_bounds(rows):
    code = "import millstream; millstream.settings()"
    run = subprocess.run(
        [sys.executable, "-c", code], env={**os.environ, "MILLSTREAM_BATCH_ROWS": rows}, capture_output=True, text=True
    )
    assert run.returncode != 0 and "MILLSTREAM_BATCH_ROWS" in run.stderr


def test_a_progress_bar_that_cannot_be_shown_stops_nothing(tmp_path):
    class Gone(io.StringIO):
        def write(self, text):
            raise BrokenPipeError("nobody reads")

    frame = dd.from_pandas(pd.DataFrame({"a": [1, 2]}), npartitions=1)
    with ProgressBar(out=Gone()):
        assert frame.to_parquet(str(tmp_path / "out"))["rows_written"] == 2
    with ProgressBar(out=Gone()), pytest.raises(ZeroDivisionError):
        frame.map_partitions(lambda part: part / (1 // 0), meta=frame).compute()
