"""Groupby: keys, what is aggregated, and the labels of the result."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeVar

from millstream.dataframe import ops
from millstream.dataframe.absent import no_attribute
from millstream.dataframe.collection import Collection, IndexLevel, different_rows
from millstream.dataframe.frame import DataFrame
from millstream.dataframe.groupby_spec import Output, from_named, from_spec
from millstream.dataframe.reductions import aggregate_of
from millstream.dataframe.series import Series
from millstream.dataframe.source import Aggregate, Aggregated, Column, Source, aggregate_column, distinct, unify

if TYPE_CHECKING:
    import pyarrow as pa
else:
    from millstream._lazy import LazyModule

    pa = LazyModule("pyarrow")

C = TypeVar("C", bound=Collection)


@dataclass(frozen=True)
class Keys:
    """What rows are grouped by: columns with the names that the index of the result gets."""

    names: tuple[Hashable, ...]
    columns: tuple[Column, ...]
    labels: tuple[Hashable, ...]  # those that are columns of the frame
    sort: bool
    dropna: bool


def group_frame(frame: DataFrame, by: Any, sort: bool | None, dropna: bool | None, observed: bool | None) -> DataFrameGroupBy:
    source, keys = _resolve(frame, frame, by, sort, dropna, observed)
    held = DataFrame(source, frame._by_label, frame._levels, frame._divisions)
    return DataFrameGroupBy(held, keys, [label for label in held._labels if label not in keys.labels])


def group_series(series: Series, by: Any, sort: bool | None, dropna: bool | None, observed: bool | None) -> SeriesGroupBy:
    source, keys = _resolve(series, None, by, sort, dropna, observed)
    return SeriesGroupBy(source, keys, series.name, series._column)


def _resolve(
    collection: Collection, frame: DataFrame | None, by: Any, sort: bool | None, dropna: bool | None, observed: bool | None
) -> tuple[Source, Keys]:
    source, names, columns, labels = collection._source, [], [], []
    many = isinstance(by, (list, tuple)) and not (frame is not None and isinstance(by, tuple) and by in frame)
    parts = list(by) if many else [by]
    if not parts:
        raise ValueError("groupby needs at least one key")
    for part in parts:
        if isinstance(part, Series):
            merged = unify(source, part._source)
            if merged is None:
                raise different_rows("groupby")
            source = merged
            names.append(part.name)
            columns.append(part._column)
            if frame is not None and part.name in frame and frame._by_label[part.name].token == part._column.token:
                labels.append(part.name)
        elif frame is None or callable(part):
            raise TypeError("groupby takes columns: labels of the frame or Series of the same frame")
        else:
            names.append(part)
            columns.append(frame._column(part)._column)
            labels.append(part)
    if observed is False and any(pa.types.is_dictionary(column.type) for column in columns):
        raise NotImplementedError("groupby gives the categories that occur: observed=False is not there yet")
    if sort is not False and any(pa.types.is_dictionary(column.type) and column.type.ordered for column in columns):
        raise NotImplementedError(
            "groups of ordered categories come in their order, which is not there yet: use sort=False, or astype(str)"
        )
    keys = Keys(tuple(names), tuple(columns), tuple(labels), sort is not False, dropna is not False)
    return source, keys


class _Grouped(ABC):
    """What both kinds share: turning outputs into a frame over one aggregated source."""

    _source: Source
    _keys: Keys

    def _aggregated(self, outputs: Sequence[tuple[Hashable, Aggregate]], of_records: bool = False) -> DataFrame:
        keys = self._keys
        aggregates = tuple(distinct(aggregate for _, aggregate in outputs))
        source = Aggregated(self._source, keys.columns, aggregates, keys.sort, keys.dropna, of_records)
        levels = tuple(
            IndexLevel(name, replace(source.column(physical), nullable=key.nullable))
            for name, physical, key in zip(keys.names, source.key_names, keys.columns, strict=True)
        )
        columns = {label: aggregate_column(source, aggregate) for label, aggregate in outputs}
        if len(columns) != len(outputs):
            raise ValueError("two results of the aggregation would have the same name")
        return DataFrame(source, columns, levels, (None, None))

    @property
    @abstractmethod
    def _size_name(self) -> Hashable: ...

    def size(self, split_every: Any = None, split_out: Any = True) -> Series:
        """Rows in each group."""
        sizes = self._aggregated([("size", Aggregate("size", None))])["size"]
        renamed: Series = sizes.rename(self._size_name)
        return _split(renamed, split_out)

    def _aggregate(self, function: str, column: Column, label: Hashable, options: dict[str, Any]) -> Aggregate:
        if function == "size":
            return Aggregate("size", None)
        if function in ("first", "last", "count", "nunique"):
            return Aggregate(function, column, json.dumps(options) if options else None)
        return aggregate_of(self._source, function, column, label, options)


def _split(result: C, split_out: Any) -> C:
    parts = 1 if split_out in (True, False, None) else int(split_out)
    return result if parts == 1 else result.repartition(npartitions=parts)


class DataFrameGroupBy(_Grouped):
    """`df.groupby(keys)`: choose columns with [], then aggregate."""

    def __init__(self, frame: DataFrame, keys: Keys, labels: Sequence[Hashable], chosen: bool = False) -> None:
        """`chosen`: the columns `labels` were named, rather than being what the frame has."""
        self._frame, self._source, self._keys = frame, frame._source, keys
        self._labels, self._chosen = list(labels), chosen

    @property
    def _size_name(self) -> Hashable:
        return None

    def __getitem__(self, key: Any) -> Any:
        if isinstance(key, (list, tuple)) and key not in self._frame:
            self._frame._require(list(key))
            return DataFrameGroupBy(self._frame, self._keys, list(key), chosen=True)
        series = self._frame._column(key)
        return SeriesGroupBy(self._source, self._keys, key, series._column)

    def __getattr__(self, name: str) -> Any:
        if not name.startswith("_") and name in self._frame:
            return self[name]
        raise no_attribute("DataFrameGroupBy", name, rows_of_groups=True)

    def _reduce(self, function: str, split_out: Any, numeric_only: bool = False, **options: Any) -> DataFrame:
        labels = [label for label in self._labels if not numeric_only or ops.is_numeric(self._frame._by_label[label].type)]
        outputs = [(label, self._aggregate(function, self._frame._by_label[label], label, options)) for label in labels]
        return _split(self._aggregated(outputs, of_records=not self._chosen), split_out)

    def aggregate(self, arg: Any = None, split_every: Any = None, split_out: Any = True, **kwargs: Any) -> DataFrame:
        """As pandas' agg: "sum", ["sum", "mean"], {"a": "sum", "b": ["min", "max"]}, or named: total=("a", "sum")."""
        outputs = from_named(kwargs) if arg is None else from_spec(arg, self._labels)
        self._frame._require([output.column for output in outputs])
        pairs = [
            (output.label, self._aggregate(output.function, self._frame._by_label[output.column], output.column, {}))
            for output in outputs
        ]
        names_columns = self._chosen or arg is None or isinstance(arg, Mapping)
        return _split(self._aggregated(pairs, of_records=not names_columns), split_out)

    agg = aggregate

    def sum(self, split_every: Any = None, split_out: Any = True, numeric_only: bool = False, **kwargs: Any) -> DataFrame:
        return self._reduce("sum", split_out, numeric_only, **_min_count(kwargs))

    def prod(self, split_every: Any = None, split_out: Any = True, numeric_only: bool = False, **kwargs: Any) -> DataFrame:
        return self._reduce("prod", split_out, numeric_only, **_min_count(kwargs))

    def mean(self, split_every: Any = None, split_out: Any = True, numeric_only: bool = False) -> DataFrame:
        return self._reduce("mean", split_out, numeric_only)

    def min(self, split_every: Any = None, split_out: Any = True, numeric_only: bool = False) -> DataFrame:
        return self._reduce("min", split_out, numeric_only)

    def max(self, split_every: Any = None, split_out: Any = True, numeric_only: bool = False) -> DataFrame:
        return self._reduce("max", split_out, numeric_only)

    def count(self, split_every: Any = None, split_out: Any = True) -> DataFrame:
        return self._reduce("count", split_out)

    def first(self, split_every: Any = None, split_out: Any = True, numeric_only: bool = False) -> DataFrame:
        return self._reduce("first", split_out, numeric_only)

    def last(self, split_every: Any = None, split_out: Any = True, numeric_only: bool = False) -> DataFrame:
        return self._reduce("last", split_out, numeric_only)

    def nunique(self, split_every: Any = None, split_out: Any = True) -> DataFrame:
        return self._reduce("nunique", split_out)

    def any(self, split_every: Any = None, split_out: Any = True) -> DataFrame:
        return self._reduce("any", split_out)

    def all(self, split_every: Any = None, split_out: Any = True) -> DataFrame:
        return self._reduce("all", split_out)

    def var(self, ddof: int = 1, split_every: Any = None, split_out: Any = True, numeric_only: bool = False) -> DataFrame:
        return self._reduce("var", split_out, numeric_only, **_ddof(ddof))

    def std(self, ddof: int = 1, split_every: Any = None, split_out: Any = True, numeric_only: bool = False) -> DataFrame:
        return self._reduce("std", split_out, numeric_only, **_ddof(ddof))


class SeriesGroupBy(_Grouped):
    """`df.groupby(keys)[column]` or `series.groupby(keys)`."""

    def __init__(self, source: Source, keys: Keys, name: Hashable, column: Column) -> None:
        self._source, self._keys, self._name, self._column = source, keys, name, column

    def __getattr__(self, name: str) -> Any:
        raise no_attribute("SeriesGroupBy", name, rows_of_groups=True)

    @property
    def _size_name(self) -> Hashable:
        return self._name

    def _reduce(self, function: str, split_out: Any, **options: Any) -> Series:
        aggregate = self._aggregate(function, self._column, self._name, options)
        return _split(self._aggregated([(self._name, aggregate)])._column(self._name), split_out)

    def aggregate(self, arg: Any = None, split_every: Any = None, split_out: Any = True, **kwargs: Any) -> Any:
        """A function's name gives a Series; a list of names, or name="sum", a frame with a column for each."""
        if isinstance(arg, str) or callable(arg):
            (output,) = from_spec(arg, [self._name])
            return self._reduce(output.function, split_out)
        if arg is None:
            outputs = [replace(out, column=self._name) for out in from_named(kwargs, self._name)]
        else:
            outputs = [Output(out.label[-1], out.column, out.function) for out in from_spec(arg, [self._name])]  # type: ignore[index]
        pairs = [(out.label, self._aggregate(out.function, self._column, self._name, {})) for out in outputs]
        return _split(self._aggregated(pairs), split_out)

    agg = aggregate

    def sum(self, split_every: Any = None, split_out: Any = True, **kwargs: Any) -> Series:
        return self._reduce("sum", split_out, **_min_count(kwargs))

    def prod(self, split_every: Any = None, split_out: Any = True, **kwargs: Any) -> Series:
        return self._reduce("prod", split_out, **_min_count(kwargs))

    def mean(self, split_every: Any = None, split_out: Any = True) -> Series:
        return self._reduce("mean", split_out)

    def min(self, split_every: Any = None, split_out: Any = True) -> Series:
        return self._reduce("min", split_out)

    def max(self, split_every: Any = None, split_out: Any = True) -> Series:
        return self._reduce("max", split_out)

    def count(self, split_every: Any = None, split_out: Any = True) -> Series:
        return self._reduce("count", split_out)

    def first(self, split_every: Any = None, split_out: Any = True) -> Series:
        return self._reduce("first", split_out)

    def last(self, split_every: Any = None, split_out: Any = True) -> Series:
        return self._reduce("last", split_out)

    def nunique(self, split_every: Any = None, split_out: Any = True) -> Series:
        return self._reduce("nunique", split_out)

    def any(self, split_every: Any = None, split_out: Any = True) -> Series:
        return self._reduce("any", split_out)

    def all(self, split_every: Any = None, split_out: Any = True) -> Series:
        return self._reduce("all", split_out)

    def var(self, ddof: int = 1, split_every: Any = None, split_out: Any = True) -> Series:
        return self._reduce("var", split_out, **_ddof(ddof))

    def std(self, ddof: int = 1, split_every: Any = None, split_out: Any = True) -> Series:
        return self._reduce("std", split_out, **_ddof(ddof))


def _ddof(ddof: int) -> dict[str, Any]:
    return {} if ddof == 1 else {"ddof": ddof}


def _min_count(keywords: dict[str, Any]) -> dict[str, Any]:
    unknown = set(keywords) - {"min_count"}
    if unknown:
        raise TypeError(f"unexpected keyword argument {sorted(unknown)[0]!r}")
    return {"min_count": keywords["min_count"]} if keywords.get("min_count") else {}
