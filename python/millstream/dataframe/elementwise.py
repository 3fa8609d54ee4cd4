"""Python functions of values, rows and partitions."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from millstream.dataframe.collection import Collection, IndexLevel
from millstream.dataframe.convert import NULLABLE, array_to_series, index_name, physical_names, series_to_array
from millstream.dataframe.execute import Fetch
from millstream.dataframe.meta import NO_META, infer_meta, is_object, make_meta, meta_type, sample_values
from millstream.dataframe.source import Column, Extended, Extension, Leaf, Mapped, RowsDiffer, extend, unique_token

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
    sample = infer_meta(what, function, _sample(series)) if meta is NO_META else make_meta(meta)
    if isinstance(sample, pd.DataFrame):
        return map_partitions(series, function, (), {}, sample)
    name, nullable = series.name, series._column.nullable
    type_ = meta_type(sample, _passed(series).get(getattr(sample, "name", name)))

    def run(arrays: list[pa.ChunkedArray]) -> pa.Array:
        values = array_to_series(arrays[0], nullable)
        values.name = name
        return series_to_array(function(values), type_)

    extension = Extension(unique_token(what), type_, (series._column,), run)
    source, column = extend(series._source, extension)
    column = replace(column, nullable=str(sample.dtype) in NULLABLE)
    return series._new(column, source, getattr(sample, "name", name))


def _sample(collection: Collection) -> Any:
    """Two made-up rows, to call a function with; where pandas has Python objects, objects as the columns have them."""
    sample, types = collection._meta_nonempty, [column.type for column in collection._columns]
    if isinstance(sample, pd.Index):
        return sample
    if isinstance(sample, pd.Series):
        sample = sample_values(sample, types[0])
    else:
        for i, type_ in enumerate(types):
            sample.isetitem(i, sample_values(sample.iloc[:, i], type_))
    if any(level.column is not None and is_object(level.column.type) for level in collection._levels):
        sample.index = _sample_index(sample.index, collection)
    return sample


def _sample_index(index: pd.Index, collection: Collection) -> pd.Index:
    types = [pa.int64() if level.column is None else level.column.type for level in collection._levels]
    levels = [sample_values(level.to_series(), type_) for level, type_ in zip(_levels(index), types, strict=True)]
    return pd.MultiIndex.from_arrays(levels, names=index.names) if len(levels) > 1 else pd.Index(levels[0], name=index.name)


def _levels(index: pd.Index) -> list[pd.Index]:
    return [index.get_level_values(i) for i in range(index.nlevels)]


def _passed(collection: Collection) -> dict[Hashable, pa.DataType]:
    """The types of columns, and of levels of the index, whose dtype in pandas does not tell them."""
    named = [(level.name, level.column) for level in collection._levels]
    named += zip(collection._labels, collection._columns, strict=True)
    types = {label: column.type for label, column in named if column is not None}
    return {label: t for label, t in types.items() if is_object(t) and not pa.types.is_null(t)}


def sample_of_mapping(mapping: Mapping[Any, Any], name: Hashable) -> pd.Series:
    """What looking values up in a mapping gives."""
    return pd.Series(list(mapping.values()), name=name)


def apply_rows(frame: DataFrame, function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any], meta: Any) -> Any:
    """frame.apply(function, axis=1)."""

    def apply(part: pd.DataFrame) -> Any:
        return part.apply(function, axis=1, args=args, **kwargs)

    sample = infer_meta("apply", apply, _sample(frame)) if meta is NO_META else make_meta(meta)
    if isinstance(sample, pd.DataFrame):
        return map_partitions(frame, lambda part: apply(part) if len(part) else sample.iloc[:0], (), {}, sample)
    return _rows_to_series(frame, apply, sample)


def _rows_to_series(frame: DataFrame, apply: Callable[[pd.DataFrame], Any], sample: pd.Series) -> Series:
    from millstream.dataframe.series import Series

    source, levels = frame._fixed_positions()
    index_columns = [level.column for level in levels if level.column is not None]
    columns, width, type_ = frame._columns, len(frame._columns), meta_type(sample)
    labels, names = frame.columns, [level.name for level in levels]
    nullable = [column.nullable for column in (*columns, *index_columns)]

    def run(arrays: list[pa.ChunkedArray]) -> pa.Array:
        if not len(arrays[0]):
            return pa.array([], type_)
        index = [array_to_series(array, nullable[width + i]) for i, array in enumerate(arrays[width:])]
        part = pd.DataFrame({i: array_to_series(array, nullable[i]) for i, array in enumerate(arrays[:width])})
        part.columns = labels
        single = len(index) == 1
        part.index = pd.Index(index[0]).rename(names[0]) if single else pd.MultiIndex.from_arrays(index, names=names)
        return series_to_array(apply(part).rename(sample.name), type_, "the result of apply")

    extension = Extension(unique_token("apply"), type_, (*columns, *index_columns), run)
    extended, column = extend(source, extension)
    column = replace(column, nullable=str(sample.dtype) in NULLABLE)
    return Series(extended, sample.name, column, frame._levels, frame._divisions)


def map_partitions(
    collection: Collection, function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any], meta: Any
) -> Any:
    """`function` of each partition as a pandas object, giving a frame, a series or a scalar."""
    from millstream.dataframe.series import Series

    samples = [arg._meta_nonempty if isinstance(arg, Collection) else arg for arg in args]
    if any(isinstance(arg, Collection) for arg in args):
        raise NotImplementedError("map_partitions takes one collection; add the columns of others with assign() first")
    own_index = collection._meta.index if hasattr(collection._meta, "index") else None
    sample = (
        infer_meta("map_partitions", function, _sample(collection), *samples, **kwargs)
        if meta is NO_META
        else make_meta(meta, own_index)
    )
    if not isinstance(sample, (pd.DataFrame, pd.Series, pd.Index)):
        sample = pd.Series([sample])
    name = getattr(function, "__name__", "function")
    token = unique_token(name)
    if not isinstance(collection, Series):
        collection = collection.copy()  # as it is now: df["x"] = ... changes what df stands for
    shape = PandasShape(sample, token, _passed(collection))
    fetch, index = collection._fetch()

    def call(table: pa.Table) -> tuple[Any, Any]:
        part = collection._to_pandas([table], index)
        return part, function(part, *args, **kwargs)

    def run(table: pa.Table, _partition: int) -> pa.Table:
        return shape.to_table(call(table)[1])

    plan = fetch.source.project(fetch.names, fetch.columns).map_partitions(run, shape.schema, name)
    aligned = _aligned(collection, fetch, call, shape, token)
    leaf = Leaf(plan, token) if aligned is None else Mapped(plan, token, aligned)
    return shape.collection(leaf, (None,) * (leaf.npartitions + 1))


def _aligned(
    collection: Collection, fetch: Fetch, call: Callable[[pa.Table], tuple[Any, Any]], shape: PandasShape, token: str
) -> Extended | None:
    """The source of `collection` with the columns that the function gives beside its rows, and its index as theirs.

    None where the result cannot have these rows: it has no columns, or an index of another type.
    """
    index_types = [pa.int64() if level.column is None else level.column.type for level in collection._levels]
    width = len(shape.value_fields)
    if not width or not fetch.columns or index_types != [field.type for field in shape.index_fields]:
        return None

    def run(arrays: list[pa.ChunkedArray]) -> pa.Array:
        part, result = call(pa.table(arrays, names=list(fetch.names)))
        columns = shape.to_table(_in_order_of(part, result)).columns[:width]
        return pa.StructArray.from_arrays([column.combine_chunks() for column in columns], fields=shape.value_fields)

    together = Extension(token, pa.struct(shape.value_fields), fetch.columns, run)
    extended, record = extend(fetch.source, together)
    for field in shape.value_fields:
        value = extended.call("struct_field", [record], {"name": field.name})
        extended, _ = extend(extended, Extension(field.name, field.type, (value,)))
    for field, level in zip(shape.index_fields, collection._levels, strict=True):
        inputs = () if level.column is None else (level.column,)
        extended, _ = extend(extended, Extension(field.name, field.type, inputs))
    return extended


def _in_order_of(part: Any, result: Any) -> Any:
    """`result` with its rows in the order of `part`, by their index."""
    if not isinstance(result, (pd.DataFrame, pd.Series)):
        if len(part) != 1:
            raise RowsDiffer(f"the function gave one value, and {len(part)} rows were to stand beside it")
        return result
    if result.index.equals(part.index):
        return result
    if len(result) != len(part):
        raise RowsDiffer(f"the function gave {len(result)} rows, and the {len(part)} of its input were to stand beside them")
    if not (part.index.is_unique and result.index.is_unique and part.index.isin(result.index).all()):
        raise RowsDiffer("the function gave rows with another index than its input: give the result index=part.index")
    return result.reindex(part.index)


def _fields(names: list[str], values: list[Any], passed: Mapping[Hashable, pa.DataType]) -> list[pa.Field]:
    return [pa.field(name, meta_type(each, passed.get(each.name))) for name, each in zip(names, values, strict=True)]


class PandasShape:
    """What a pandas sample tells of the partitions like it: types, labels and index; and how they become tables."""

    def __init__(self, sample: Any, prefix: str | None = None, passed: Mapping[Hashable, pa.DataType] | None = None) -> None:
        """`prefix` is for columns whose names must differ from those of all other frames. `passed` are the types of the
        objects that the function is given, by the names of their columns."""
        self._labels = list(sample.columns) if isinstance(sample, pd.DataFrame) else None
        self._name = None if self._labels is not None else sample.name
        values = [sample.iloc[:, i] for i in range(sample.shape[1])] if self._labels is not None else [sample]
        index = sample.index if not isinstance(sample, pd.Index) else pd.RangeIndex(0)
        self._index_names = list(index.names)
        levels = _levels(index)
        self._physical = physical_names([self._name] if self._labels is None else self._labels)
        self._index_physical = [index_name(i) for i in range(len(levels))]
        if prefix is not None:
            self._physical = [f"{prefix}.{i}" for i in range(len(values))]
            self._index_physical = [f"{prefix}.index.{i}" for i in range(len(levels))]
        self.value_fields = _fields(self._physical, values, passed or {})
        self.index_fields = _fields(self._index_physical, levels, passed or {})
        self.schema = pa.schema([*self.value_fields, *self.index_fields])
        self._nullable = {n for n, column in zip(self._physical, values, strict=True) if str(column.dtype) in NULLABLE}
        self._nullable |= {n for n, level in zip(self._index_physical, levels, strict=True) if str(level.dtype) in NULLABLE}

    def to_table(self, result: Any) -> pa.Table:
        """TypeError or ValueError where the result is not as the sample promised."""
        columns = self._values(result)
        index = result.index if isinstance(result, (pd.DataFrame, pd.Series)) else pd.RangeIndex(len(columns[0]))
        if index.nlevels != len(self._index_names):
            raise ValueError(f"the function gave an index of {index.nlevels} levels where meta has {len(self._index_names)}")
        columns += _levels(index)
        arrays = [series_to_array(column, field.type) for column, field in zip(columns, self.schema, strict=True)]
        return pa.table(arrays, schema=self.schema)

    def _values(self, result: Any) -> list[Any]:
        if self._labels is None:
            if isinstance(result, pd.DataFrame):
                raise ValueError("the function gave a DataFrame where meta says a Series: pass the meta of a frame")
            return [(result if isinstance(result, (pd.Series, pd.Index)) else pd.Series([result])).rename(self._name)]
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

        held = zip(self._index_names, self._index_physical, strict=True)
        levels = tuple(IndexLevel(name, self._column(leaf, physical)) for name, physical in held)
        if self._labels is None:
            return Series(leaf, self._name, self._column(leaf, self._physical[0]), levels, divisions)
        columns = {label: self._column(leaf, name) for label, name in zip(self._labels, self._physical, strict=True)}
        return DataFrame(leaf, columns, levels, divisions)

    def _column(self, leaf: Leaf, name: str) -> Column:
        return replace(leaf.column(name), nullable=name in self._nullable)
