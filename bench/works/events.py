"""GH Archive hours: five fields, one of them nested, -> Parquet by type; or one hour by type and repository."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path
from typing import Any

from data import sql
from engines import Run
from works.work import Answer, Goal, PeakGoal, Work

BY_TYPE = ("type",)
BY_REPOSITORY = ("type", "repo_name")
FIELDS = ["repo_name", "type", "id", "created_at", "payload"]
SUMS = """count(*)::DOUBLE, sum(id::DOUBLE), sum(length(type))::DOUBLE, sum(length(repo_name))::DOUBLE,
  count(DISTINCT repo_name)::DOUBLE, sum(epoch(created_at::TIMESTAMP)), sum((payload::JSON->>'$.size')::DOUBLE),
  sum(length(payload::JSON->>'$.action'))::DOUBLE, sum(length(payload::JSON->>'$.commits[0].message'))::DOUBLE"""


def files(data: Path) -> list[str]:
    return [str(path) for path in sorted(data.glob("*.json.gz"))]


def millstream(run: Run, keys: tuple[str, ...]) -> None:
    events = run.dd.read_json(files(run.data), dtype={"id": "str"})
    events["repo_name"] = events["repo"].struct.field("name")
    events[FIELDS].to_parquet(str(run.out), partition_on=list(keys), write_index=False)


def polars(run: Run, keys: tuple[str, ...]) -> None:
    """Lines and paths: as a String field of scan_ndjson the payload would come out as invalid JSON."""
    import polars as pl

    def field(path: str) -> Any:
        return pl.col("line").str.json_path_match(path)

    events = pl.scan_lines(files(run.data), name="line").select(
        repo_name=field("$.repo.name"), type=field("$.type"), id=field("$.id"), payload=field("$.payload"),
        created_at=field("$.created_at").str.to_datetime("%Y-%m-%dT%H:%M:%SZ"),
    )  # fmt: skip
    events.sink_parquet(pl.PartitionBy(run.out, key=list(keys)), compression="snappy", mkdir=True)


def duckdb_scan(data: Path) -> str:
    return f"""(SELECT repo.name repo_name, type, id, created_at, payload FROM read_json({files(data)},
      format='newline_delimited', columns={{id: 'VARCHAR', type: 'VARCHAR', created_at: 'TIMESTAMP',
      repo: 'STRUCT(id BIGINT, name VARCHAR, url VARCHAR)', payload: 'JSON'}}))"""


def duckdb(run: Run, keys: tuple[str, ...]) -> None:
    run.duck().execute(f"""COPY (FROM {duckdb_scan(run.data)}) TO '{run.out}'
      (FORMAT parquet, COMPRESSION snappy, PARTITION_BY ({",".join(keys)}), OVERWRITE_OR_IGNORE)""")


def clean(event: dict[str, Any]) -> dict[str, Any]:
    nested = {"repo_name": event["repo"]["name"], "payload": json.dumps(event["payload"])}
    return {**nested, "type": event["type"], "id": event["id"], "created_at": event["created_at"]}


def dask(run: Run, keys: tuple[str, ...]) -> None:
    """A bag of lines: dask.dataframe.read_json makes Python reprs of nested objects."""
    import dask.bag

    events = dask.bag.read_text(files(run.data)).map(json.loads).map(clean).to_dataframe(meta=dict.fromkeys(FIELDS, "str"))
    events.to_parquet(str(run.out), partition_on=list(keys), write_index=False)


def oracle(data: Path) -> Answer:
    return list(sql(f"SELECT {SUMS} FROM {duckdb_scan(data)}")[0])


def check(out: Path, keys: tuple[str, ...]) -> Answer:
    types = ", ".join(f"{key}: VARCHAR" for key in keys)
    source = f"read_parquet('{out}/**/*.parquet', hive_partitioning=true, hive_types={{{types}}})"
    return list(sql(f"SELECT {SUMS} FROM {source}")[0])


def program(function: Any, keys: tuple[str, ...]) -> Any:
    return partial(function, keys=keys)


EVENTS = Work(
    name="json-parquet",
    title=".json.gz NDJSON (GH Archive), 5 fields with a nested one -> Parquet by type",
    input="events",
    engines={
        "millstream": program(millstream, BY_TYPE),
        "polars": program(polars, BY_TYPE),
        "duckdb": program(duckdb, BY_TYPE),
        "dask": program(dask, BY_TYPE),
    },
    oracle=oracle,
    check=partial(check, keys=BY_TYPE),
    goals=(Goal(("polars", "duckdb"), at_least=1.5), Goal(("dask",), at_least=6)),
)

LIMITED = Work(
    name="json-parquet-limit",
    title="the same under a limit of 256 MB",
    input="events",
    engines={"millstream": program(millstream, BY_TYPE), "millstream@256MB": program(millstream, BY_TYPE)},
    oracle=oracle,
    check=partial(check, keys=BY_TYPE),
    goals=(Goal(("millstream",), at_most=1.3, subject="millstream@256MB"), PeakGoal("millstream@256MB", 256_000_000)),
)

PARTITIONS = Work(
    name="json-partitions",
    title="one hour, 7,702 events -> Parquet by type and repository, some 4,200 partitions",
    input="hour",
    engines={
        "millstream": program(millstream, BY_REPOSITORY),
        "polars": program(polars, BY_REPOSITORY),
        "duckdb": program(duckdb, BY_REPOSITORY),
        "dask": program(dask, BY_REPOSITORY),
    },
    oracle=oracle,
    check=partial(check, keys=BY_REPOSITORY),
    goals=(Goal(("polars", "duckdb"), at_least=2),),
)
