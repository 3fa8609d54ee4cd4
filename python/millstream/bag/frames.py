"""Frames -> bags of rows, and bags of records -> frames."""

from __future__ import annotations

import datetime
import decimal
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any

from millstream.bag.avro_schema import arrow_schema
from millstream.bag.bag import Bag
from millstream.dataframe.collection import POSITIONS
from millstream.dataframe.convert import array_to_series, is_json, json_array, physical_names
from millstream.dataframe.frame import DataFrame
from millstream.dataframe.meta import make_meta, meta_type
from millstream.dataframe.source import Leaf, unique_token

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

    from millstream.dataframe.series import Series
else:
    from millstream._lazy import LazyModule

    pa, pd = LazyModule("pyarrow"), LazyModule("pandas")

_CHUNK = 10_000
"""Rows that are Python objects at a time."""


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
    arrays = [_widened(column) for column in table.columns]
    for begin in range(0, table.num_rows, _CHUNK):
        yield from zip(*(array_to_series(array.slice(begin, _CHUNK)).tolist() for array in arrays), strict=True)


def _widened(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Integers with nulls as floats, in all rows alike."""
    return column.cast(pa.float64()) if column.null_count and pa.types.is_integer(column.type) else column


def bag_to_frame(bag: Bag, meta: Any, columns: Sequence[Hashable] | None) -> DataFrame:
    if meta is not None and columns is not None:
        raise ValueError("pass either meta or columns, not both: meta names the columns already")
    if meta is None and bag._frame is not None and columns is None:
        return bag._frame.reset_index(drop=True)
    labels, schema = _shape_of_meta(meta) if meta is not None else _shape_of_sample(bag, columns)
    return _to_frame(bag, labels, schema)


def frame_for_schema(bag: Bag, schema: Mapping[str, Any]) -> DataFrame:
    """The records of a bag as a frame that an Avro schema can be written from."""
    if bag._frame is not None:
        return bag._frame
    target = arrow_schema(schema)
    return _to_frame(bag, list(target.names), target)


def _to_frame(bag: Bag, labels: list[Hashable], schema: pa.Schema) -> DataFrame:
    named = pa.schema([pa.field(name, field.type) for name, field in zip(physical_names(labels), schema, strict=True)])
    iterate, pick = bag._iterate, _picker(labels)

    def run(table: pa.Table, _partition: int) -> pa.Table:
        elements, chunks = iterate(table), []
        while chunk := list(islice(elements, _CHUNK)):
            columns = list(zip(*map(pick, chunk), strict=True))
            arrays = [_array(values, field.type, label) for values, field, label in zip(columns, named, labels, strict=True)]
            chunks.append(pa.table(arrays, schema=named))
        return pa.concat_tables(chunks) if chunks else named.empty_table()

    leaf = Leaf(bag._plan.map_partitions(run, named, "to_dataframe"), unique_token("to_dataframe"))
    columns = {label: leaf.column(name) for label, name in zip(labels, named.names, strict=True)}
    return DataFrame(leaf, columns, POSITIONS, (None,) * (leaf.npartitions + 1))


def _picker(labels: list[Hashable]) -> Callable[[Any], Iterable[Any]]:
    """From an element to its values, in the order of `labels`."""

    def pick(element: Any) -> Iterable[Any]:
        if isinstance(element, Mapping):
            return [element.get(label) for label in labels]
        if isinstance(element, (tuple, list)):
            if len(element) != len(labels):
                raise ValueError(f"to_dataframe: an element has {len(element)} values for {len(labels)} columns: {element!r}")
            return element
        return [element]

    return pick


def _array(values: Sequence[Any], type_: pa.DataType, label: Hashable) -> pa.Array:
    if is_json(type_):
        return json_array(values)
    try:
        return pa.array(values, type=type_, from_pandas=True)
    except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError, OverflowError) as error:
        raise TypeError(
            f"to_dataframe: column {label!r} holds a value that is no {type_}: {error}. Say its type with meta=."
        ) from error


def _shape_of_meta(meta: Any) -> tuple[list[Hashable], pa.Schema]:
    empty = make_meta(meta)
    if isinstance(empty, pd.Series):
        empty = empty.to_frame(0 if empty.name is None else empty.name)
    labels = list(empty.columns)
    types = [_object_or(empty.iloc[:, i]) for i in range(len(labels))]
    return labels, pa.schema([pa.field(str(label), type_) for label, type_ in zip(labels, types, strict=True)])


def _object_or(values: pd.Series) -> pa.DataType:
    """Columns of dtype object may hold anything: JSON."""
    return pa.json_(pa.utf8()) if values.dtype == object else meta_type(values)


def _shape_of_sample(bag: Bag, columns: Sequence[Hashable] | None) -> tuple[list[Hashable], pa.Schema]:
    sample = bag.take(100, npartitions=1) or bag.take(100, npartitions=-1)
    if not sample:
        raise ValueError("to_dataframe: the bag is empty, so its columns are not known: pass meta={'name': 'dtype', ...}")
    first = sample[0]
    if columns is not None:
        labels = list(columns)
    elif isinstance(first, Mapping):
        labels = list(dict.fromkeys(key for record in sample if isinstance(record, Mapping) for key in record))
    else:
        labels = list(range(len(first) if isinstance(first, (tuple, list)) else 1))
    picked = [list(_picker(labels)(record)) for record in sample]
    types = [_type_of([row[i] for row in picked]) for i in range(len(labels))]
    return labels, pa.schema([pa.field(str(label), type_) for label, type_ in zip(labels, types, strict=True)])


def _type_of(values: list[Any]) -> pa.DataType:
    """The type that holds these values and likely ones: JSON for nested, mixed and always missing ones."""
    kinds = {type(value) for value in values if value is not None and value == value}
    if kinds and all(issubclass(kind, str) for kind in kinds):
        return pa.string()
    if kinds == {bool}:
        return pa.bool_()
    if kinds == {int}:
        missing = any(value is None or value != value for value in values)
        return pa.float64() if missing else pa.int64()
    if kinds and kinds <= {int, float}:
        return pa.float64()
    simple = (datetime.date, datetime.timedelta, bytes, decimal.Decimal)
    if len(kinds) == 1 and issubclass(next(iter(kinds)), simple):
        return pa.array(values, from_pandas=True).type
    return pa.json_(pa.utf8())
