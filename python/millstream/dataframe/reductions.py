"""sum, mean, count, ... of a series (a Scalar) and of a frame (a Series by column)."""

from __future__ import annotations

import json
from collections.abc import Callable, Hashable
from dataclasses import dataclass, replace
from functools import reduce
from typing import TYPE_CHECKING, Any

from millstream.dataframe import ops
from millstream.dataframe.comparing import require_order
from millstream.dataframe.literals import literal
from millstream.dataframe.scalar import Scalar
from millstream.dataframe.source import Aggregate, Aggregated, Column, Leaf, Source, distinct, unique_token

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

    from millstream.dataframe.frame import DataFrame
    from millstream.dataframe.series import Series
else:
    from millstream._lazy import LazyModule

    np, pa = LazyModule("numpy"), LazyModule("pyarrow")

_NUMBERS_ONLY = ("sum", "mean", "var", "std", "prod")


def aggregate_of(source: Source, function: str, column: Column, name: Hashable, options: dict[str, Any]) -> Aggregate:
    """The aggregate for a pandas reduction of a column; TypeError where pandas has none for its type."""
    if pa.types.is_null(column.type):
        column = ops.null_of(pa.float64())  # as pandas sums values that are all missing
    if function in ("min", "max"):
        require_order(f"{function} of column {name!r}", column.type)
    numeric = ops.is_numeric(column.type)
    if function in _NUMBERS_ONLY and not numeric:
        raise TypeError(f"{function} of column {name!r} ({column.type}): it takes numbers; use numeric_only=True or drop it")
    if function in ("any", "all") and not pa.types.is_boolean(column.type):
        if not numeric and not ops.is_text(column.type):
            raise TypeError(f"{function} of column {name!r} ({column.type}): it takes booleans, numbers or text")
        if numeric:
            column = _truth(source, column)
    if function in _NUMBERS_ONLY and pa.types.is_boolean(column.type):
        column = replace(ops.cast(source, column, "Int64"), nullable=column.nullable)  # which keeps missing ones
    return Aggregate(function, column, json.dumps(options) if options else None)


def _truth(source: Source, column: Column) -> Column:
    """Whether each number differs from 0; missing where it is."""
    missing = ops.is_null(source, column)
    truth = source.call("ne", [column, literal(0, column.type)])
    return replace(ops.choose(source, missing, ops.null_of(pa.bool_()), truth), nullable=column.nullable)


@dataclass(frozen=True)
class Reduction:
    """The aggregates that a reduction needs, and the column they make."""

    aggregates: tuple[Aggregate, ...]
    skipna: bool

    def result(self, source: Source) -> Column:
        value = source.column(self.aggregates[0].name)
        if self.skipna:
            return value
        count, size = (source.column(aggregate.name) for aggregate in self.aggregates[1:])
        return ops.choose(source, source.call("eq", [count, size]), value, ops.null_of(value.type))


def reduction_of(
    source: Source, function: str, column: Column, name: Hashable, skipna: bool = True, **keywords: Any
) -> Reduction:
    if not skipna and function in ("any", "all"):
        raise _no_skipna(function)
    aggregate = aggregate_of(source, function, column, name, reduction_options(function, **keywords))
    if skipna or function in ("count", "nunique"):
        return Reduction((aggregate,), True)
    return Reduction((aggregate, Aggregate("count", column), Aggregate("size", None)), False)


def _no_skipna(function: str) -> NotImplementedError:
    return NotImplementedError(f"{function}(skipna=False) is not there yet: use fillna(True) first")


def reduction_options(function: str, ddof: int = 1, min_count: int = 0, dropna: bool = True) -> dict[str, Any]:
    """The options that differ from the engine's defaults."""
    options: dict[str, Any] = {}
    if function in ("var", "std") and ddof != 1:
        options["ddof"] = ddof
    if function in ("sum", "prod") and min_count > 0:
        options["min_count"] = min_count
    if function == "nunique" and not dropna:
        options["dropna"] = False
    return options


def reduce_series(series: Series, function: str, **keywords: Any) -> Scalar:
    reduction = reduction_of(series._source, function, series._column, series.name, **keywords)
    source = Aggregated(series._source, (), reduction.aggregates, False, False)
    return Scalar.of_column(f"{series.name}.{function}()", source, reduction.result(source))


def row_count(source: Source, name: str, factor: int = 1) -> Scalar:
    size = Aggregate("size", None)
    counted = Aggregated(source, (), (size,), False, False)
    scalar = Scalar.of_column(name, counted, counted.column(size.name))
    return scalar if factor == 1 else scalar * factor


def reduce_frame(frame: DataFrame, function: str, numeric_only: bool, **keywords: Any) -> Series:
    """One value per column, as a series with the labels as its index."""
    pairs = [
        (label, column)
        for label, column in zip(frame._labels, frame._columns, strict=True)
        if not numeric_only or ops.is_numeric(column.type)
    ]
    found = [reduction_of(frame._source, function, column, label, **keywords) for label, column in pairs]
    aggregates = tuple(distinct(aggregate for reduction in found for aggregate in reduction.aggregates))
    source = Aggregated(frame._source, (), aggregates, False, False, of_records=True)
    columns = [reduction.result(source) for reduction in found]
    values = transpose(source, [label for label, _ in pairs], columns, function)
    nullable = function not in ("count", "nunique") and any(column.nullable for _, column in pairs)
    return values._new(replace(values._column, nullable=nullable))


def transpose(source: Source, labels: list[Hashable], columns: list[Column], what: str) -> Series:
    """The columns of a one-row source as a series with `labels` as its index."""
    from millstream.dataframe.collection import IndexLevel
    from millstream.dataframe.series import Series

    type_ = common_type([column.type for column in columns], what)
    index = pa.array(labels) if labels else pa.array([], pa.string())
    schema = pa.schema([pa.field("value", type_), pa.field("label", index.type)])
    names = [str(i) for i in range(len(columns))]

    def turn(table: pa.Table, _partition: int) -> pa.Table:
        alike = [column.cast(type_, safe=False) for column in table.columns]  # long integers round among floats
        values = [value for column in alike for value in column.to_pylist()[:1]]
        return pa.table([pa.array(values, type_), index], schema=schema)

    plan = source.project(names, columns).map_partitions(turn, schema, f"{what} by column")
    leaf = Leaf(plan, unique_token(what))
    return Series(leaf, None, leaf.column("value"), (IndexLevel(None, leaf.column("label")),), (None, None))


def common_type(
    types: list[pa.DataType],
    what: str,
    advice: str = "choose columns of one kind, such as df.select_dtypes('number'), in which booleans are none",
) -> pa.DataType:
    """The type that holds values of all `types` as pandas would; TypeError where pandas would hold objects."""
    distinct = [type_ for type_ in dict.fromkeys(types) if not pa.types.is_null(type_)]
    if len(distinct) == 1:
        return distinct[0]
    if not distinct:
        return types[0] if types else pa.float64()
    if all(pa.types.is_integer(type_) or pa.types.is_floating(type_) for type_ in distinct):
        return pa.from_numpy_dtype(np.result_type(*(type_.to_pandas_dtype() for type_ in distinct)))
    if all(ops.is_numeric(type_) and not pa.types.is_boolean(type_) for type_ in distinct):  # decimals among them
        return pa.float64()
    names = ", ".join(str(type_) for type_ in distinct)
    raise TypeError(f"{what} gives values of different types ({names}): {advice}")


_ROW_FUNCTIONS: dict[str, tuple[str, Any]] = {
    "sum": ("add", 0),
    "prod": ("multiply", 1),
    "any": ("or", False),
    "all": ("and", True),
}


def reduce_rows(
    frame: DataFrame, function: str, numeric_only: bool, skipna: bool = True, min_count: int = 0, **_options: Any
) -> Series:
    """A reduction along axis=1; `_options` are those of reductions that are refused along it."""
    if numeric_only:
        pairs = zip(frame._labels, frame._columns, strict=True)
        frame = frame[[label for label, column in pairs if ops.is_numeric(column.type)]]
    if not frame._labels:
        raise ValueError(f"{function}(axis=1) needs at least one column")
    if not skipna and function in ("any", "all"):
        raise _no_skipna(function)
    value = _across(frame, function)
    needed = max(min_count, 0 if skipna else len(frame._labels))
    return value.where(_across(frame, "count") >= needed) if needed > 0 else value


def _across(frame: DataFrame, function: str) -> Series:
    """The values of each row reduced to one; missing ones are passed over."""
    from millstream.dataframe.series import Series

    source, columns = frame._source, frame._columns
    combine: Callable[[Column, Column], Column]
    if function in _ROW_FUNCTIONS:
        operator, neutral = _ROW_FUNCTIONS[function]
        if isinstance(neutral, bool):
            is_number = [ops.is_numeric(column.type) and not pa.types.is_boolean(column.type) for column in columns]
            columns = [_truth(source, c) if number else c for c, number in zip(columns, is_number, strict=True)]
        columns = [ops.fill_null(source, column, neutral) for column in columns]
        combine = lambda a, b: source.call(operator, [a, b])  # noqa: E731
    elif function == "count":
        columns = [ops.cast(source, source.call("not_null", [column]), "int64") for column in columns]
        combine = lambda a, b: source.call("add", [a, b])  # noqa: E731
    elif function in ("min", "max"):
        operator = "lt" if function == "min" else "gt"

        def combine(a: Column, b: Column) -> Column:
            better = source.call("or", [source.call(operator, [a, b]), ops.is_null(source, b)])
            return ops.choose(source, better, a, b)
    elif function == "mean":
        return _across(frame, "sum") / _across(frame, "count")
    else:
        raise NotImplementedError(f"{function}(axis=1) is not there yet; use apply(lambda row: ..., axis=1)")
    return Series(source, None, reduce(combine, columns), frame._levels, frame._divisions)
