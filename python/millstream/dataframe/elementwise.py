"""Python functions of values, rows and partitions."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from typing import TYPE_CHECKING, Any

from millstream.dataframe.collection import Collection, IndexLevel
from millstream.dataframe.convert import array_to_series, index_name, physical_names, series_to_array
from millstream.dataframe.meta import NO_META, infer_meta, make_meta, meta_type
from millstream.dataframe.source import Extension, Leaf, extend, unique_token

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

    from millstream.dataframe.frame import DataFrame
    from millstream.dataframe.series import Series
else:
    from millstream._lazy import LazyModule

    pa, pd = LazyModule("pyarrow"), LazyModule("pandas")


def map_values(series: Series, function: Callable[[pd.Series], Any], meta: Any, what: str) -> Any:
    """`function` on the values of a partition gives as many values; the result still belongs to the same rows.

    Where it gives several columns, as str.extract does, they are a frame of its own.
    """
    sample = infer_meta(what, function, series._meta_nonempty) if meta is NO_META else make_meta(meta)
    if isinstance(sample, pd.DataFrame):
        return map_partitions(series, function, (), {}, sample)
    name, type_ = series.name, meta_type(sample)

    def run(arrays: list[pa.ChunkedArray]) -> pa.Array:
        values = array_to_series(arrays[0])
        values.name = name
        return series_to_array(function(values), type_)

    extension = Extension(unique_token(what), type_, (series._column,), run)
    source, column = extend(series._source, extension)
    return series._new(column, source, getattr(sample, "name", name))


def sample_of_mapping(mapping: Mapping[Any, Any], name: Hashable) -> pd.Series:
    """What looking values up in a mapping gives."""
    return pd.Series(list(mapping.values()), name=name)


def apply_rows(frame: DataFrame, function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any], meta: Any) -> Any:
    """frame.apply(function, axis=1)."""

    def apply(part: pd.DataFrame) -> Any:
        return part.apply(function, axis=1, args=args, **kwargs)

    sample = infer_meta("apply", apply, frame._meta_nonempty) if meta is NO_META else make_meta(meta)
    if isinstance(sample, pd.DataFrame):
        return map_partitions(frame, lambda part: apply(part) if len(part) else sample.iloc[:0], (), {}, sample)
    return _rows_to_series(frame, apply, sample)


def _rows_to_series(frame: DataFrame, apply: Callable[[pd.DataFrame], Any], sample: pd.Series) -> Series:
    from millstream.dataframe.series import Series

    source, levels = frame._fixed_positions()
    index_columns = [level.column for level in levels if level.column is not None]
    columns, width, type_ = frame._columns, len(frame._columns), meta_type(sample)
    labels, names = frame.columns, [level.name for level in levels]

    def run(arrays: list[pa.ChunkedArray]) -> pa.Array:
        if not len(arrays[0]):
            return pa.array([], type_)
        index = [array_to_series(array) for array in arrays[width:]]
        part = pd.DataFrame({i: array_to_series(array) for i, array in enumerate(arrays[:width])})
        part.columns = labels
        single = len(index) == 1
        part.index = pd.Index(index[0]).rename(names[0]) if single else pd.MultiIndex.from_arrays(index, names=names)
        return series_to_array(apply(part), type_)

    extension = Extension(unique_token("apply"), type_, (*columns, *index_columns), run)
    extended, column = extend(source, extension)
    return Series(extended, sample.name, column, frame._levels, frame._divisions)


def map_partitions(
    collection: Collection, function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any], meta: Any
) -> Any:
    """`function` of each partition as a pandas object, giving a frame, a series or a scalar."""
    samples = [arg._meta_nonempty if isinstance(arg, Collection) else arg for arg in args]
    if any(isinstance(arg, Collection) for arg in args):
        raise NotImplementedError("map_partitions takes one collection; add the columns of others with assign() first")
    own_index = collection._meta.index if hasattr(collection._meta, "index") else None
    sample = (
        infer_meta("map_partitions", function, collection._meta_nonempty, *samples, **kwargs)
        if meta is NO_META
        else make_meta(meta, own_index)
    )
    if not isinstance(sample, (pd.DataFrame, pd.Series, pd.Index)):
        sample = pd.Series([sample])
    shape = PandasShape(sample)
    fetch, index = collection._fetch()
    plan = fetch.source.project(fetch.names, fetch.columns)

    def run(table: pa.Table, _partition: int) -> pa.Table:
        return shape.to_table(function(collection._to_pandas([table], index), *args, **kwargs))

    name = getattr(function, "__name__", "function")
    leaf = Leaf(plan.map_partitions(run, shape.schema, name), unique_token(name))
    return shape.collection(leaf, (None,) * (leaf.npartitions + 1))


class PandasShape:
    """What a pandas sample tells of the partitions like it: types, labels and index; and how they become tables."""

    def __init__(self, sample: Any) -> None:
        self._labels = list(sample.columns) if isinstance(sample, pd.DataFrame) else None
        self._name = None if self._labels is not None else sample.name
        values = [sample.iloc[:, i] for i in range(sample.shape[1])] if self._labels is not None else [sample]
        index = sample.index if not isinstance(sample, pd.Index) else pd.RangeIndex(0)
        self._index_names = list(index.names)
        levels = [index.get_level_values(i) for i in range(index.nlevels)]
        self._physical = physical_names([self._name] if self._labels is None else self._labels)
        fields = [pa.field(name, meta_type(column)) for name, column in zip(self._physical, values, strict=True)]
        fields += [pa.field(index_name(i), meta_type(level)) for i, level in enumerate(levels)]
        self.schema = pa.schema(fields)

    def to_table(self, result: Any) -> pa.Table:
        """TypeError or ValueError where the result is not as the sample promised."""
        columns = self._values(result)
        index = result.index if isinstance(result, (pd.DataFrame, pd.Series)) else pd.RangeIndex(len(columns[0]))
        if index.nlevels != len(self._index_names):
            raise ValueError(f"the function gave an index of {index.nlevels} levels where meta has {len(self._index_names)}")
        columns += [index.get_level_values(i) for i in range(index.nlevels)]
        arrays = [series_to_array(column, field.type) for column, field in zip(columns, self.schema, strict=True)]
        return pa.table(arrays, schema=self.schema)

    def _values(self, result: Any) -> list[Any]:
        if self._labels is None:
            if isinstance(result, pd.DataFrame):
                raise ValueError("the function gave a DataFrame where meta says a Series: pass the meta of a frame")
            return [result if isinstance(result, (pd.Series, pd.Index)) else pd.Series([result])]
        if not isinstance(result, pd.DataFrame):
            raise ValueError(f"the function gave {type(result).__name__} where meta says a DataFrame")
        missing = [label for label in self._labels if label not in result.columns]
        if missing or len(result.columns) != len(self._labels):
            raise ValueError(
                f"the function gave columns {list(result.columns)!r} where meta says {self._labels!r}: "
                "they must be the same for every partition"
            )
        return [result[label] for label in self._labels]

    def collection(self, leaf: Leaf, divisions: tuple[Any, ...]) -> Any:
        from millstream.dataframe.frame import DataFrame
        from millstream.dataframe.series import Series

        levels = tuple(IndexLevel(name, leaf.column(index_name(i))) for i, name in enumerate(self._index_names))
        if self._labels is None:
            return Series(leaf, self._name, leaf.column(self._physical[0]), levels, divisions)
        columns = {label: leaf.column(name) for label, name in zip(self._labels, self._physical, strict=True)}
        return DataFrame(leaf, columns, levels, divisions)
