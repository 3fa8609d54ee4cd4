"""The CSV of nine typed columns: aggregate all, aggregate two, convert to Parquet."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from data import ORDER_TYPES, sql
from engines import Run
from works.work import Answer, Goal, Work, plain

# What each column is reduced to.
ALL = {
    "order_id": "sum", "order_date": "max", "customer_id": "sum", "category": "max", "region": "min", "quantity": "sum",
    "price": "sum", "discount": "sum", "status": "max",
}  # fmt: skip
TWO = {"quantity": "sum", "price": "sum"}
PANDAS_TYPES = {"BIGINT": "int64", "DOUBLE": "float64", "VARCHAR": "str"}
SUMS = """count(*)::DOUBLE, sum(order_id)::DOUBLE, sum(customer_id)::DOUBLE, sum(quantity)::DOUBLE, sum(price),
  sum(discount), sum(epoch(order_date)), sum(length(category))::DOUBLE, count(DISTINCT region)::DOUBLE,
  sum((status = 'active')::INT)::DOUBLE"""


def scan_frame(run: Run) -> Any:
    """The frame in Dask and in Millstream."""
    types = {name: PANDAS_TYPES[kind] for name, kind in ORDER_TYPES.items() if kind != "TIMESTAMP"}
    return run.dd.read_csv(run.data / "orders.csv", dtype=types, parse_dates=["order_date"])


def scan_polars(run: Run) -> Any:
    import polars as pl

    types = {"BIGINT": pl.Int64, "DOUBLE": pl.Float64, "VARCHAR": pl.String, "TIMESTAMP": pl.String}
    frame = pl.scan_csv(run.data / "orders.csv", schema={name: types[kind] for name, kind in ORDER_TYPES.items()})
    # A format is several times as fast as a Datetime in the schema.
    return frame.with_columns(pl.col("order_date").str.to_datetime("%Y-%m-%d %H:%M:%S"))


def scan_duckdb(data: Path) -> str:
    return f"read_csv('{data}/orders.csv', columns={ORDER_TYPES}, header=true)"


def plain_all(values: Sequence[Any]) -> Answer:
    return [plain(value) for value in values]


class Reduce:
    """Some columns, each to one value, in one pass."""

    def __init__(self, reductions: dict[str, str]) -> None:
        self._reductions = reductions

    def frames(self, run: Run) -> Answer:
        frame = scan_frame(run)
        return plain_all(run.dd.compute(*(getattr(frame[name], how)() for name, how in self._reductions.items())))

    def polars(self, run: Run) -> Answer:
        import polars as pl

        reduced = scan_polars(run).select(getattr(pl.col(name), how)() for name, how in self._reductions.items())
        return plain_all(reduced.collect(engine="streaming").row(0))

    def _query(self, data: Path) -> str:
        return f"SELECT {', '.join(f'{how}({name})' for name, how in self._reductions.items())} FROM {scan_duckdb(data)}"

    def duckdb(self, run: Run) -> Answer:
        return plain_all(run.duck().execute(self._query(run.data)).fetchone())

    def oracle(self, data: Path) -> Answer:
        return plain_all(sql(self._query(data))[0])

    def work(self, name: str, title: str) -> Work:
        engines = {"millstream": self.frames, "polars": self.polars, "duckdb": self.duckdb, "dask": self.frames}
        return Work(name, title, "orders", engines, self.oracle, (Goal(("polars", "duckdb"), at_least=1.5),))


SCAN_9 = Reduce(ALL).work("csv-scan-9", "typed CSV scan, 9 columns, aggregate all")
SCAN_2 = Reduce(TWO).work("csv-scan-2", "typed CSV scan, 2 of 9 columns, aggregate")


def convert_frame(run: Run) -> None:
    scan_frame(run).to_parquet(str(run.out), compression="snappy", write_index=False)


def convert_polars(run: Run) -> None:
    scan_polars(run).sink_parquet(run.out / "orders.parquet", compression="snappy")


def convert_duckdb(run: Run) -> None:
    target = f"'{run.out}/orders.parquet' (FORMAT parquet, COMPRESSION snappy)"
    run.duck().execute(f"COPY (FROM {scan_duckdb(run.data)}) TO {target}")


CONVERT = Work(
    name="csv-parquet",
    title="CSV -> Parquet snappy, all columns",
    input="orders",
    engines={"millstream": convert_frame, "polars": convert_polars, "duckdb": convert_duckdb, "dask": convert_frame},
    oracle=lambda data: list(sql(f"SELECT {SUMS} FROM {scan_duckdb(data)}")[0]),
    check=lambda out: list(sql(f"SELECT {SUMS} FROM '{out}/*.parquet'")[0]),
    goals=(Goal(("polars", "duckdb", "dask"), at_least=1),),
)
