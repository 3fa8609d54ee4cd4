"""unique and value_counts."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from millstream.dataframe.collection import POSITIONS, IndexLevel
from millstream.dataframe.convert import array_to_series
from millstream.dataframe.series import Series
from millstream.dataframe.source import Aggregate, Aggregated, Leaf, key_name, unique_token

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa
else:
    from millstream._lazy import LazyModule

    np, pa = LazyModule("numpy"), LazyModule("pyarrow")


def unique(series: Series) -> Series:
    """The distinct values, sorted so that the result does not depend on threads; missing comes last."""
    source = Aggregated(series._source, (series._column,), (), sort=True, dropna=False)
    values = replace(source.column(key_name(0)), nullable=series._column.nullable)
    return Series(source, series.name, values, POSITIONS, (None, None))


def value_counts(series: Series, sort: bool, ascending: bool, dropna: bool, normalize: bool) -> Series:
    """How often each value occurs, most often first; values that occur as often as others are sorted."""
    size = Aggregate("size", None)
    source = Aggregated(series._source, (series._column,), (size,), sort=True, dropna=dropna)
    plan = source.project(["value", "count"], [source.column(key_name(0)), source.column(size.name)])
    value_type = pa.float64() if normalize else pa.int64()
    schema = pa.schema([plan.schema.field("value"), pa.field("count", value_type)])

    def arrange(table: pa.Table, _partition: int) -> pa.Table:
        counts = array_to_series(table.column("count")).to_numpy(np.int64)
        if sort:
            order = np.argsort(counts if ascending else -counts, kind="stable")
            table, counts = table.take(order), counts[order]
        values = counts / counts.sum() if normalize else counts
        return pa.table([table.column("value"), pa.array(values, value_type)], schema=schema)

    leaf = Leaf(plan.map_partitions(arrange, schema, "value_counts"), unique_token("value_counts"))
    levels = (IndexLevel(series.name, replace(leaf.column("value"), nullable=series._column.nullable)),)
    count = replace(leaf.column("count"), nullable=series._column.nullable)
    return Series(leaf, "proportion" if normalize else "count", count, levels, (None, None))
