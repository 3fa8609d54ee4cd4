"""Frames from pandas objects, dictionaries and Python functions."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from millstream.dataframe.collection import IndexLevel
from millstream.dataframe.convert import index_name, physical_names, series_to_array
from millstream.dataframe.elementwise import PandasShape
from millstream.dataframe.frame import DataFrame
from millstream.dataframe.meta import NO_META, infer_meta, make_meta
from millstream.dataframe.nullable import nullable_name
from millstream.dataframe.series import Series
from millstream.dataframe.source import Column, Leaf, unique_token

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

    from millstream import _core
else:
    from millstream._lazy import LazyModule

    pa, pd, _core = (LazyModule(name) for name in ("pyarrow", "pandas", "millstream._core"))


def from_pandas(data: Any, npartitions: int | None = None, sort: bool = True, chunksize: int | None = None) -> Any:
    """A frame or series cut into `npartitions` parts, or parts of `chunksize` rows; sorted by its index unless sort=False.

    Divisions are known where the index is sorted. Numbers and booleans in pandas' types of Arrow (`int64[pyarrow]`) become its
    own nullable types (`Int64`), with the same values.
    """
    if not isinstance(data, (pd.DataFrame, pd.Series)):
        raise TypeError(f"from_pandas takes a pandas DataFrame or Series, not {type(data).__name__}")
    if npartitions is not None and chunksize is not None:
        raise ValueError("pass either npartitions or chunksize, not both")
    if (npartitions is not None and npartitions < 1) or (chunksize is not None and chunksize < 1):
        raise ValueError("npartitions and chunksize must be at least 1")
    if isinstance(data, pd.DataFrame) and not data.columns.is_unique:
        raise ValueError("column names must be unique")
    if sort and not data.index.is_monotonic_increasing:
        data = data.sort_index(kind="stable")
    cuts = _cuts(data.index, npartitions, chunksize, sort)
    table = _to_table(data)
    parts = [table.slice(begin, end - begin) for begin, end in pairwise(cuts)]
    leaf = Leaf(_core.Plan.from_tables(parts), unique_token("from_pandas"))
    levels = tuple(
        IndexLevel(level.name, _column(leaf, index_name(i), level.dtype)) for i, level in enumerate(_index_levels(data))
    )
    divisions: tuple[Any, ...] = (None,) * len(cuts)
    if len(data) and data.index.nlevels == 1 and data.index.is_monotonic_increasing and not data.index.hasnans:
        divisions = (*(data.index[begin] for begin in cuts[:-1]), data.index[-1])
    names = leaf.schema.names
    if isinstance(data, pd.Series):
        return Series(leaf, data.name, _column(leaf, names[0], data.dtype), levels, divisions)
    dtypes = list(data.dtypes)
    columns = {label: _column(leaf, names[i], dtypes[i]) for i, label in enumerate(data.columns)}
    return DataFrame(leaf, columns, levels, divisions)


def _cuts(index: pd.Index, npartitions: int | None, chunksize: int | None, sort: bool) -> list[int]:
    """Where partitions begin, and the length. Rows of one index value stay together where the index is sorted."""
    rows = len(index)
    if rows == 0:
        return [0, 0]
    size = chunksize or -(-rows // (npartitions or 1))
    cuts = list(range(0, rows, size))
    if sort and index.nlevels == 1 and not index.is_unique and not index.hasnans:
        moved = [int(index.searchsorted(index[cut], side="left")) for cut in cuts]
        cuts = sorted({0, *moved})
    return [*cuts, rows]


def _to_table(data: pd.DataFrame | pd.Series) -> pa.Table:
    columns = [data] if isinstance(data, pd.Series) else [data.iloc[:, i] for i in range(data.shape[1])]
    index = _index_levels(data)
    arrays = [series_to_array(column) for column in (*columns, *index)]
    labels = [data.name] if isinstance(data, pd.Series) else list(data.columns)
    names = physical_names(labels) + [index_name(i) for i in range(len(index))]
    return pa.table(arrays, names=names)


def _index_levels(data: pd.DataFrame | pd.Series) -> list[pd.Index]:
    return [data.index.get_level_values(i) for i in range(data.index.nlevels)]


def _column(leaf: Leaf, name: str, dtype: Any) -> Column:
    return replace(leaf.column(name), nullable=nullable_name(dtype) is not None)


def from_dict(
    data: Mapping[Any, Any], npartitions: int = 1, orient: str = "columns", dtype: Any = None, columns: Any = None
) -> DataFrame:
    """A frame from {column: values}, as pandas.DataFrame.from_dict makes it."""
    frame = pd.DataFrame.from_dict(dict(data), orient=orient, dtype=dtype, columns=columns)
    result: DataFrame = from_pandas(frame, npartitions=npartitions)
    return result


def from_map(
    func: Callable[..., Any], *iterables: Iterable[Any], args: Iterable[Any] = (), meta: Any = NO_META, **kwargs: Any
) -> Any:
    """A partition for each element of the iterables: func(element..., *args, **kwargs), which gives a pandas object."""
    calls, more = list(zip(*iterables, strict=True)), tuple(args)
    if not calls:
        raise ValueError("from_map needs at least one element")
    sample = infer_meta("from_map", func, *calls[0], *more, **kwargs) if meta is NO_META else make_meta(meta)
    shape = PandasShape(sample)
    numbers = [pa.table({"call": pa.array([i], pa.int64())}) for i in range(len(calls))]

    def run(table: pa.Table, _partition: int) -> pa.Table:
        return shape.to_table(func(*calls[table.column(0)[0].as_py()], *more, **kwargs))

    name = getattr(func, "__name__", "function")
    plan = _core.Plan.from_tables(numbers).map_partitions(run, shape.schema, name)
    return shape.collection(Leaf(plan, unique_token("from_map")), (None,) * (len(calls) + 1))
