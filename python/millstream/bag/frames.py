"""Frames -> bags of rows, and bags of records -> frames."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import islice, repeat
from typing import TYPE_CHECKING, Any

from millstream.bag.bag import CHUNK, Bag
from millstream.bag.shape import Shape, shape_of_meta, shape_of_sample, shape_of_schema
from millstream.dataframe.collection import POSITIONS
from millstream.dataframe.convert import array_to_series, physical_names
from millstream.dataframe.frame import DataFrame
from millstream.dataframe.source import Leaf, unique_token

if TYPE_CHECKING:
    import pyarrow as pa

    from millstream.dataframe.series import Series
else:
    from millstream._lazy import LazyModule

    pa = LazyModule("pyarrow")


def frame_to_bag(frame: DataFrame, index: bool, format: str) -> Bag:
    """Rows as tuples (with `index`, the index first), dicts, or one frame a partition (format="frame")."""
    if format not in ("tuple", "dict", "frame"):
        raise ValueError(f"format must be 'tuple', 'dict' or 'frame', not {format!r}")
    if format == "frame":
        fetch, index_names = frame._fetch()
        return Bag(fetch.source.project(fetch.names, fetch.columns), lambda table: [frame._to_pandas([table], index_names)])
    labels = frame._labels
    if format == "tuple" and index:
        source, levels = frame._fixed_positions()
        columns = [*(level.column for level in levels if level.column is not None), *frame._columns]
    else:
        source, columns = frame._source, frame._columns
    names = [str(i) for i in range(len(columns))] if len(columns) > len(labels) else physical_names(labels)
    plan = source.project(names, columns)
    if format == "tuple":
        return Bag(plan, _rows, frame=None if index else frame)
    return Bag(plan, lambda table: (dict(zip(labels, row, strict=True)) for row in _rows(table)), frame=frame)


def series_to_bag(series: Series, index: bool) -> Bag:
    rows = frame_to_bag(series.to_frame(), index, "tuple")
    return rows if index else rows.pluck(0)


def _rows(table: pa.Table) -> Iterator[tuple[Any, ...]]:
    """The rows as pandas would give them: missing numbers and texts are NaN, JSON is decoded."""
    if not table.columns:
        yield from repeat((), table.num_rows)
    arrays = [_widened(column) for column in table.columns]
    for begin in range(0, table.num_rows, CHUNK):
        yield from zip(*(array_to_series(array.slice(begin, CHUNK)).tolist() for array in arrays), strict=True)


def _widened(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Integers with nulls as floats, in all rows alike."""
    return column.cast(pa.float64()) if column.null_count and pa.types.is_integer(column.type) else column


def bag_to_frame(bag: Bag, meta: Any, columns: Sequence[Hashable] | None) -> DataFrame:
    if meta is not None and columns is not None:
        raise ValueError("pass either meta or columns, not both: meta names the columns already")
    if meta is None and bag._frame is not None and bag._same_values and columns is None:
        return bag._frame.reset_index(drop=True)
    return _to_frame(bag, shape_of_meta(meta) if meta is not None else shape_of_sample(bag, columns))


def frame_for_schema(bag: Bag, schema: Mapping[str, Any]) -> DataFrame:
    """The records of a bag as a frame that an Avro schema can be written from."""
    return bag._frame if bag._frame is not None else _to_frame(bag, shape_of_schema(schema))


def _to_frame(bag: Bag, shape: Shape) -> DataFrame:
    names = physical_names(shape.labels)
    schema = pa.schema([pa.field(name, type_) for name, type_ in zip(names, shape.types, strict=True)])
    iterate = bag._iterate

    def run(table: pa.Table, _partition: int) -> pa.Table:
        elements, chunks, rows = iterate(table), [], 0
        while chunk := list(islice(elements, CHUNK)):
            chunks.append(pa.table(shape.arrays(chunk), schema=schema))
            rows += len(chunk)
        if not names:
            return pa.table([pa.nulls(rows)], names=["row"]).select([])
        return pa.concat_tables(chunks) if chunks else schema.empty_table()

    leaf = Leaf(bag._plan.map_partitions(run, schema, "to_dataframe"), unique_token("to_dataframe"))
    columns = {
        label: replace(leaf.column(name), nullable=i in shape.nullable)
        for i, (label, name) in enumerate(zip(shape.labels, names, strict=True))
    }
    return DataFrame(leaf, columns, POSITIONS, (None,) * (leaf.npartitions + 1))
