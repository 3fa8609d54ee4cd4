"""The memory limit holds: what the operating system saw at most, above what the process had before the session was made."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import duckdb
import pandas as pd
import pytest

pytestmark = pytest.mark.skipif("MILLSTREAM_BATCH_ROWS" in os.environ, reason="measures batches of the engine's own size")

# Everything that the job imports is there before the first look; the session is made by `configure`.
MEASURED = """
import json, re, sys
import pandas, pyarrow.parquet
import millstream
import millstream.dataframe as dd
from millstream import _core

def memory(name):
    return int(re.search(name + r":\\s+(\\d+) kB", open("/proc/self/status").read())[1]) * 1024

_core.Expr
open("/proc/self/clear_refs", "w").write("5")  # the peak so far is that of the imports: start again from here
before = memory("VmRSS")
millstream.configure(memory_limit=sys.argv[1], threads=2)
folder = sys.argv[2]
{program}
print(json.dumps({{"used": memory("VmHWM") - before, "result": result, "spilled": report["spilled_bytes"]}}))
"""

GROUPS = """
grouped = dd.read_csv(folder + "/trips.csv").groupby("trip").agg({"fare": "sum", "tip": "max"})
report = grouped.to_parquet(folder + "/groups")
result = report["rows_written"]
"""

TEXTS_OF_GROUPS = """
spec = {"fare": ["sum", "mean", "var"], "comment": ["first", "last"]}
grouped = dd.read_parquet(folder + "/trips.parquet", split_row_groups=True).groupby("trip").agg(spec)
grouped.columns = ["sum", "mean", "var", "first", "last"]
report = grouped.to_parquet(folder + "/texts")
result = report["rows_written"]
"""

PARTITIONED = """
report = dd.read_{format}(folder + "/{file}").to_parquet(folder + "/{format}-by-vendor", partition_on="vendor")
result = report["rows_written"]
"""

ROWS = 4_000_000
GROUP_COUNT = 2_000_000


@pytest.fixture(scope="module")
def inputs(tmp_path_factory) -> Path:
    """4 million trips (some 250 MB of CSV) with 2 million different keys, and a quarter of them as .csv.gz and .json.gz."""
    folder = tmp_path_factory.mktemp("large")
    query = f"""
        select 'trip-' || ((i * 7919) % {GROUP_COUNT})::varchar as trip, 'vendor ' || (i % 40)::varchar as vendor,
               i as id, (i % 1000) / 4.0 as fare, (i % 97) / 8.0 as tip, 'a comment of ' || i::varchar as comment
        from range({ROWS}) t(i)"""
    quarter = f"select * from ({query}) where id % 4 = 0"
    with duckdb.connect() as database:
        database.execute(f"copy ({query}) to '{folder}/trips.csv' (header)")
        database.execute(f"copy ({quarter}) to '{folder}/trips.csv.gz' (header, compression gzip)")
        database.execute(f"copy ({quarter}) to '{folder}/trips.json.gz' (format json, compression gzip)")
        database.execute(f"copy ({quarter}) to '{folder}/trips.parquet' (format parquet, row_group_size 50000)")
    return folder


def run(program: str, limit: str, folder: Path) -> dict:
    done = subprocess.run(
        [sys.executable, "-c", MEASURED.format(program=program), limit, str(folder)], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    measured = json.loads(done.stdout)
    print(f"limit {limit}: {measured['used'] / 1e6:.0f} MB used, {measured['spilled'] / 1e6:.0f} MB spilled")
    return measured


def test_many_groups(inputs):
    assert (inputs / "trips.csv").stat().st_size > 200_000_000
    measured = run(GROUPS, "128MB", inputs)
    assert measured["result"] == GROUP_COUNT and measured["spilled"] > 0
    assert measured["used"] <= 128_000_000


def test_groups_give_way_to_the_reader_of_wide_rows(inputs):
    measured = run(TEXTS_OF_GROUPS, "96MB", inputs)
    assert measured["result"] == GROUP_COUNT // 4 and measured["spilled"] > 0
    assert measured["used"] <= 96_000_000


@pytest.mark.parametrize(("format", "file"), [("csv", "trips.csv.gz"), ("json", "trips.json.gz")])
def test_compressed_text_to_partitions(inputs, format, file):
    measured = run(PARTITIONED.format(format=format, file=file), "128MB", inputs)
    assert measured["result"] == ROWS // 4
    assert measured["used"] <= 128_000_000


CATEGORIES = """
import pathlib
import numpy
random = numpy.random.default_rng(0)
values = ["value-%028d" % number for number in range(60_000)]
codes = random.integers(0, len(values), 400_000)
frame = pandas.DataFrame({"k": random.integers(0, 200, len(codes)), "c": pandas.Categorical.from_codes(codes, values)})
report = dd.from_pandas(frame, npartitions=4).to_parquet(folder + "/categories", partition_on="k")
written = pandas.read_parquet(folder + "/categories").c.astype(str).value_counts()
result = [
    len(list(pathlib.Path(folder, "categories").rglob("*.parquet"))),
    written.to_dict() == frame.c.astype(str).value_counts().to_dict(),
]
"""


def test_large_dictionaries_are_not_written_for_each_directory(tmp_path):
    measured = run(CATEGORIES, "128MB", tmp_path)
    assert measured["result"] == [200, True]
    assert measured["spilled"] < 100_000_000  # the rows take some 30 MB


COUNTS = """
counts = dd.read_parquet(folder + "/wide.parquet")
result = [int(counts.count().compute().sum()), int(counts.groupby("c0").count().compute().to_numpy().sum())]
report = {"spilled_bytes": 0}
"""


def test_counting_many_columns(tmp_path):
    columns = {f"c{number}": range(33_000) for number in range(1, 250)}
    pd.DataFrame({"c0": [number % 10 for number in range(33_000)], **columns}).to_parquet(tmp_path / "wide.parquet")
    measured = run(COUNTS, "68MB", tmp_path)
    assert measured["result"] == [33_000 * 250, 33_000 * 249]
    assert measured["used"] <= 68_000_000
