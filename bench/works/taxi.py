"""Taxi CSV of 14 columns -> trips of more than three passengers -> three columns -> Avro (DuckDB: Parquet)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from data import sql
from engines import Run
from works.work import Answer, Goal, Work

COLUMNS = ["pickup_datetime", "passenger_count", "trip_time_in_secs"]
SCHEMA: dict[str, Any] = {
    "type": "record",
    "name": "trip",
    "fields": [
        {"name": "pickup_datetime", "type": "string"},
        {"name": "passenger_count", "type": "long"},
        {"name": "trip_time_in_secs", "type": "long"},
    ],
}
SUMS = """count(*)::DOUBLE, sum(passenger_count)::DOUBLE, sum(trip_time_in_secs)::DOUBLE,
  sum(epoch(pickup_datetime::TIMESTAMP))"""


def millstream(run: Run) -> None:
    trips = run.dd.read_csv(run.data / "trips.csv")
    trips[trips.passenger_count > 3][COLUMNS].to_avro(f"{run.out}/trip.*.avro")


def polars(run: Run) -> None:
    import polars as pl

    trips = pl.scan_csv(run.data / "trips.csv").filter(pl.col("passenger_count") > 3).select(COLUMNS)
    trips.collect(engine="streaming").write_avro(run.out / "trips.avro")


def duckdb(run: Run) -> None:
    run.duck().execute(f"""COPY (SELECT {",".join(COLUMNS)}
      FROM read_csv('{run.data}/trips.csv', types={{'pickup_datetime': 'VARCHAR'}}) WHERE passenger_count > 3)
      TO '{run.out}/trips.parquet' (FORMAT parquet)""")


def dask(run: Run) -> None:
    trips = run.dd.read_csv(run.data / "trips.csv", blocksize="32MB", dtype={"store_and_fwd_flag": "str"})
    trips[trips.passenger_count > 3][COLUMNS].to_bag(format="dict").to_avro(f"{run.out}/trip.*.avro", SCHEMA)


def oracle(data: Path) -> Answer:
    return list(sql(f"SELECT {SUMS} FROM read_csv('{data}/trips.csv') WHERE passenger_count > 3")[0])


def check(out: Path) -> Answer:
    if list(out.glob("*.parquet")):
        return list(sql(f"SELECT {SUMS} FROM '{out}/*.parquet'")[0])
    import fastavro
    import pandas as pd

    count = passengers = seconds = epochs = 0.0
    for path in sorted(out.glob("*.avro")):
        with open(path, "rb") as file:
            trips = pd.DataFrame.from_records(list(fastavro.reader(file)), columns=COLUMNS)
        count += len(trips)
        passengers += float(trips.passenger_count.sum())
        seconds += float(trips.trip_time_in_secs.sum())
        epochs += float((pd.to_datetime(trips.pickup_datetime) - pd.Timestamp(0)).dt.total_seconds().sum())
    return [count, passengers, seconds, epochs]


TAXI = Work(
    name="taxi-avro",
    title="taxi CSV, 14 columns -> filter -> 3 columns -> Avro (DuckDB writes Parquet)",
    input="taxi",
    engines={"millstream": millstream, "polars": polars, "duckdb": duckdb, "dask": dask},
    oracle=oracle,
    check=check,
    goals=(Goal(("polars", "duckdb"), at_least=1.5), Goal(("dask",), at_least=10)),
)
