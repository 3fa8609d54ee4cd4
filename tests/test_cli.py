"""The command line: outputs, messages and exit codes that a script can use."""

from __future__ import annotations

import gzip
import json
import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

import fastavro
import pandas as pd
import pyarrow.parquet as pq
import pytest
from pandas.testing import assert_frame_equal

BINARY = Path(os.environ.get("MILLSTREAM_CLI", Path(__file__).parents[1] / "build" / "release" / "bin" / "millstream"))


def millstream(*arguments: object, code: int = 0) -> subprocess.CompletedProcess[str]:
    done = subprocess.run([BINARY, *map(str, arguments)], capture_output=True, text=True, timeout=120)
    assert done.returncode == code, done.stderr
    return done


def failure(*arguments: object, code: int) -> str:
    """The one line on standard error with which the command fails."""
    done = millstream(*arguments, code=code)
    assert done.stderr.startswith("millstream: ") and done.stderr.count("\n") == 1 and done.stdout == ""
    return done.stderr


@pytest.fixture
def trips(tmp_path: Path) -> pd.DataFrame:
    """100 trips in trips.csv and trips.json.gz."""
    frame = pd.DataFrame(
        {
            "id": range(100),
            "vendor": ["CMT", "VTS"] * 50,
            "passengers": [1 + i % 6 for i in range(100)],
            "fare": [None if i % 10 == 9 else i / 4 for i in range(100)],
        }
    )
    frame.to_csv(tmp_path / "trips.csv", index=False)
    frame.to_json(tmp_path / "trips.json.gz", orient="records", lines=True)
    return frame


def test_head(tmp_path, trips):
    lines = millstream("head", tmp_path / "trips.csv").stdout.splitlines()
    assert lines[0].split() == ["id", "vendor", "passengers", "fare"]
    assert lines[2].split() == ["1", "VTS", "2", "0.25"] and len(lines) == 6
    assert len(millstream("head", "-n", 12, tmp_path / "trips.json.gz").stdout.splitlines()) == 13
    assert len(millstream("head", "-n", 0, tmp_path / "trips.csv").stdout.splitlines()) == 1


def test_head_of_nested_values_is_one_line_of_json_a_cell(tmp_path):
    rows = [
        {"p": {"a": 1}, "r": {"id": 7, "tags": ["x", None]}, "text": "two\nlines", "long": "é" * 40},
        {"p": {"b": [2.5]}, "r": {"id": 8, "tags": []}, "text": None, "long": ""},
    ]
    (tmp_path / "x.json").write_text("".join(json.dumps(row) + "\n" for row in rows))
    lines = millstream("head", tmp_path / "x.json").stdout.splitlines()
    assert len(lines) == 3
    assert '{"a": 1}' in lines[1] or '{"a":1}' in lines[1]
    assert '{"id":7,"tags":["x",null]}' in lines[1] and "two lines" in lines[1] and "é..." in lines[1]
    assert '{"id":8,"tags":[]}' in lines[2]


def test_version():
    assert millstream("--version").stdout == "millstream 0.1.0\n"


def test_schema(tmp_path, trips):
    lines = millstream("schema", tmp_path / "trips.csv").stdout.splitlines()
    assert [line.split(": ")[0] for line in lines] == list(trips) and lines[0] == "id: int64" and lines[3] == "fare: double"


def test_every_format_converts_to_every_other(tmp_path, trips):
    source = tmp_path / "trips.csv"
    for name in ("a.parquet", "b.avro", "c.json", "d.csv", "e.csv.gz", "f.json.gz"):
        millstream("convert", source, tmp_path / name)
        source = tmp_path / name
    assert_frame_equal(pq.read_table(tmp_path / "a.parquet").to_pandas(), trips, check_dtype=False)
    with open(tmp_path / "b.avro", "rb") as file:
        assert pd.DataFrame(fastavro.reader(file)).fare.sum() == trips.fare.sum()
    assert_frame_equal(pd.read_json(tmp_path / "c.json", lines=True), trips, check_dtype=False)
    assert_frame_equal(pd.read_csv(tmp_path / "d.csv"), trips)
    with gzip.open(tmp_path / "e.csv.gz", "rt") as file:
        assert_frame_equal(pd.read_csv(file), trips)
    with gzip.open(tmp_path / "f.json.gz", "rt") as file:
        assert [json.loads(line)["id"] for line in file] == list(range(100))


def test_where_and_select(tmp_path, trips):
    out = tmp_path / "out.parquet"
    where = "passengers > 3 and fare is not null and vendor == 'CMT'"
    done = millstream("convert", tmp_path / "trips.csv", out, "--where", where, "--select", "id,fare")
    expected = trips[(trips.passengers > 3) & trips.fare.notna() & (trips.vendor == "CMT")][["id", "fare"]]
    assert_frame_equal(pq.read_table(out).to_pandas(), expected.reset_index(drop=True))
    assert done.stdout.startswith(f"{len(expected)} rows, ") and str(out) in done.stdout


def test_partition_on(tmp_path, trips):
    out = tmp_path / "out"
    millstream("convert", tmp_path / "trips.csv", out, "--to", "parquet", "--partition-on", "vendor,passengers")
    assert sorted(os.listdir(out)) == ["vendor=CMT", "vendor=VTS"]
    assert pq.read_table(out).num_rows == 100
    for shown in (millstream("head", out, "--format", "parquet", "-n", 100), millstream("head", out, "-n", 100)):
        assert len(shown.stdout.splitlines()) == 101


def test_the_source_is_not_written_over(tmp_path, trips):
    before = (tmp_path / "trips.csv").read_bytes()
    (tmp_path / "link.csv").symlink_to(tmp_path / "trips.csv")
    for same in (tmp_path / "trips.csv", f"file://{tmp_path}/trips.csv", tmp_path / "link.csv"):
        assert "the source itself" in failure("convert", tmp_path / "trips.csv", same, code=2)
        assert (tmp_path / "trips.csv").read_bytes() == before


def test_formats_that_no_name_tells(tmp_path, trips):
    shutil.copy(tmp_path / "trips.csv", tmp_path / "trips")
    assert "--format (" in failure("head", tmp_path / "trips", code=2)
    assert "--to (" in failure("convert", tmp_path / "trips.csv", tmp_path / "out", code=2)


def test_reports(tmp_path, trips):
    source, out, report = tmp_path / "trips.csv", tmp_path / "out.parquet", tmp_path / "report.json"
    millstream("convert", source, out, "--report", report, "--memory-limit", "256MB", "--threads", 1)
    values = json.loads(report.read_text())
    assert values["rows_written"] == 100 and values["bytes_written"] == out.stat().st_size and values["status"] == "ok"
    assert values["memory_limit"] == 256_000_000 and values["threads"] == 1 and values["bytes_read"] == source.stat().st_size
    assert json.loads(millstream("convert", source, out, "--report", "-").stdout)["rows_in"] == 100
    assert millstream("convert", source, out, "--quiet").stdout == ""


def test_explain(tmp_path, trips):
    plan = millstream("explain", tmp_path / "trips.csv", tmp_path / "out.avro", "--where", "fare > 3", "--select", "id").stdout
    written, run = plan.split("as run:")
    assert written.startswith("as written:") and "Scan" in run and "fare > 3" in run
    assert not (tmp_path / "out.avro").exists()


def test_help_names_every_command():
    text = millstream("--help").stdout
    assert all(name in text for name in ("head", "schema", "convert", "explain"))
    assert "--partition-on" in millstream("convert", "--help").stdout


def test_a_wrong_command_line_is_code_2(tmp_path, trips):
    source, out = tmp_path / "trips.csv", tmp_path / "out.parquet"
    for arguments in (
        [],
        ["frobnicate"],
        ["convert", source],
        ["head", source, "-n", "many"],
        ["head", source, "--frobnicate"],
    ):
        assert millstream(*arguments, code=2).stderr != ""
    assert "'speed'" in failure("convert", source, out, "--where", "speed > 3", code=2)
    assert "'speed'" in failure("convert", source, out, "--select", "id,speed", code=2)
    assert "speed" in failure("convert", source, out, "--partition-on", "speed", code=2)
    assert failure("convert", source, out, "--where", "fare > (3", code=2)
    assert "out.xyz" in failure("convert", source, tmp_path / "out.xyz", code=2)
    assert "much" in failure("convert", source, out, "--memory-limit", "much", code=2)
    assert "too small" in failure("convert", source, out, "--memory-limit", "1kB", code=2)
    assert "sepp" in failure("head", source, "--options", '{"sepp": ";"}', code=2)
    assert "--options" in failure("head", source, "--options", "sep=;", code=2)
    assert "leave out .gz" in failure("convert", source, tmp_path / "out.avro.gz", code=2)
    assert "--report" in failure("convert", source, out, "--report", out, code=2) and not out.exists()
    (tmp_path / "link").symlink_to(out)
    assert "--report" in failure("convert", source, f"file://{out}", "--report", tmp_path / "link", code=2)
    failure("convert", source, "", "--report", tmp_path / "report", code=2)
    message = millstream("head", source, "--threads", 0, code=2).stderr
    assert "threads" in message and len(message) < 200
    assert not list(tmp_path.glob("out*"))


def test_a_failed_job_is_code_1_and_leaves_nothing(tmp_path, trips):
    out = tmp_path / "out.parquet"
    assert "gone.csv" in failure("head", tmp_path / "gone.csv", code=1)
    broken = tmp_path / "broken.csv"
    broken.write_text("id,n\n" + "".join(f"{i},{i}\n" for i in range(100_000)) + "7,oops\n")
    message = failure("convert", broken, out, code=1)
    assert "broken.csv" in message and "100002" in message and "oops" in message and "'n'" in message
    (tmp_path / "cut.json.gz").write_bytes((tmp_path / "trips.json.gz").read_bytes()[:-20])
    assert "cut.json.gz" in failure("convert", tmp_path / "cut.json.gz", out, code=1)
    assert not out.exists() and not list(tmp_path.glob("**/_temporary"))


def test_old_output_outlives_a_failure(tmp_path, trips):
    out = tmp_path / "out.parquet"
    millstream("convert", tmp_path / "trips.csv", out)
    before = out.read_bytes()
    (tmp_path / "broken.csv").write_text("id,n\n" + "1,1\n" * 100_000 + "7,oops\n")
    failure("convert", tmp_path / "broken.csv", out, code=1)
    assert out.read_bytes() == before


@pytest.mark.parametrize("name", [signal.SIGINT, signal.SIGTERM])
def test_interrupting_writes_nothing(tmp_path, name):
    source, out = tmp_path / "long.csv", tmp_path / "out.parquet"
    source.write_text("id,name,value\n" + "".join(f"{i},name {i},{i / 8}\n" for i in range(1_000_000)))
    millstream("schema", source)  # so that the time of the start below is the job's own
    running = subprocess.Popen(
        [BINARY, "convert", source, out, "--threads", "1"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    while running.poll() is None and not list(tmp_path.glob("**/_temporary")):
        time.sleep(0.005)
    running.send_signal(name)
    stdout, stderr = running.communicate(timeout=30)
    assert running.returncode == 130, stderr
    assert stderr == "millstream: interrupted; nothing was written\n" and stdout == ""
    assert os.listdir(tmp_path) == ["long.csv"]


def test_tsv_has_tabs_on_both_sides(tmp_path):
    folder = tmp_path / "x.tsv.d"
    folder.mkdir()
    (folder / "a.csv").write_text("id,name\n1,a\n")
    millstream("convert", folder / "a.csv", tmp_path / "b.tsv")
    assert (tmp_path / "b.tsv").read_text() == "id\tname\n1\ta\n"
    millstream("convert", tmp_path / "b.tsv", tmp_path / "c.csv")
    assert (tmp_path / "c.csv").read_text() == "id,name\n1,a\n"
