"""Parquet scan, filter, group by 1,000 strings."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from data import sql
from engines import Run
from works.work import Answer, Goal, Work, plain


def table(rows: Iterable[Iterable[Any]]) -> Answer:
    return sorted([plain(value) for value in row] for row in rows)


def frames(run: Run) -> Answer:
    sales = run.dd.read_parquet(str(run.data))
    groups = sales[sales.quantity > 4].groupby("customer")
    result = groups.agg({"amount": ["sum", "mean"], "product": ["count"]}).compute()
    return table(result.itertuples())


def polars(run: Run) -> Answer:
    import polars as pl

    amount, product = pl.col("amount"), pl.col("product")
    sales = pl.scan_parquet(f"{run.data}/*.parquet").filter(pl.col("quantity") > 4).group_by("customer")
    result = sales.agg(amount.sum().alias("sum"), amount.mean().alias("mean"), product.count().alias("count"))
    return table(result.collect(engine="streaming").rows())


def query(data: Path) -> str:
    return f"""SELECT customer, sum(amount), avg(amount), count(product) FROM '{data}/*.parquet'
      WHERE quantity > 4 GROUP BY customer"""


def duckdb(run: Run) -> Answer:
    return table(run.duck().execute(query(run.data)).fetchall())


GROUP = Work(
    name="parquet-group",
    title="Parquet scan, filter, group by 1,000 strings",
    input="sales",
    engines={"millstream": frames, "polars": polars, "duckdb": duckdb, "dask": frames},
    oracle=lambda data: table(sql(query(data))),
    goals=(Goal(("polars", "duckdb"), at_least=1),),
)
