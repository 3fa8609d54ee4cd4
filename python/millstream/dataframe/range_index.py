"""The RangeIndex that pandas noted in a Parquet file, given back to the rows of its partitions."""

from __future__ import annotations

from itertools import accumulate
from typing import TYPE_CHECKING

from millstream.dataframe.collection import IndexLevel
from millstream.dataframe.execute import run_plans
from millstream.dataframe.frame import DataFrame
from millstream.dataframe.literals import literal
from millstream.dataframe.pandas_notes import RangeNote
from millstream.dataframe.source import with_positions

if TYPE_CHECKING:
    import pyarrow as pa

    from millstream import _core
else:
    from millstream._lazy import LazyModule

    pa, _core = LazyModule("pyarrow"), LazyModule("millstream._core")


def range_indexed(frame: DataFrame, noted: RangeNote) -> DataFrame:
    """`frame`, which is a Parquet scan as it was made, with the RangeIndex noted in its first file.

    It is that of the rows where they are of one file and as many as it has values: pyarrow keeps the note when it filters.
    Other rows are numbered in each partition, under the name of the noted index; so are those of several partitions whose range
    is the default one.
    """
    values, plan = noted.values, frame._source.build(())
    one_partition = frame.npartitions == 1
    positions = DataFrame(frame._source, frame._by_label, (IndexLevel(noted.name),), frame._divisions)
    counts_rows = values.start == 0 and values.step == 1
    if (counts_rows and (one_partition or noted.name is None)) or not _is_one_file(plan):
        return positions
    lengths = _lengths(plan)
    if sum(lengths) != len(values):
        return positions
    source, row = with_positions(frame._source, () if one_partition else (0, *accumulate(lengths[:-1])))
    scaled = source.call("multiply", [row, literal(values.step, row.type)]) if values.step != 1 else row
    moved = source.call("add", [scaled, literal(values.start, row.type)]) if values.start else scaled
    return DataFrame(source, frame._by_label, (IndexLevel(noted.name, moved),), frame._divisions)


def _is_one_file(plan: _core.Plan) -> bool:
    return len(plan.files) == 1


def _lengths(plan: _core.Plan) -> list[int]:
    """How many rows each partition has, which the file's footer tells."""
    schema = pa.schema([pa.field("rows", pa.int64())])

    def count(table: pa.Table, _partition: int) -> pa.Table:
        return pa.table([[table.num_rows]], schema=schema)

    (result,) = run_plans([plan.project([], []).map_partitions(count, schema, "count")])
    return [table.column(0)[0].as_py() for table in result.tables]
