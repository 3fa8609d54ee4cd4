"""Empty and tiny sample frames with the right types, and the `meta=` argument in all its forms."""

from __future__ import annotations

import datetime
import decimal
from collections.abc import Callable, Hashable, Iterable
from typing import TYPE_CHECKING, Any

from millstream.dataframe.convert import NULLABLE, arrow_type, pandas_dtype, says_object, series_to_array

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    import pyarrow as pa
else:
    from millstream._lazy import LazyModule

    np, pd, pa = LazyModule("numpy"), LazyModule("pandas"), LazyModule("pyarrow")

NO_META: Any = object()
"""The default of `meta=`: infer it by calling the function on a tiny frame."""


def empty_values(type_: pa.DataType, nullable: bool = False) -> Any:
    """An empty array with the dtype that computed values of this type have."""
    return pd.Series([], dtype=pandas_dtype(type_, nullable)).array


def sample_series(dtype: Any, name: Hashable = None) -> pd.Series:
    """Two made-up values of a dtype, as Dask's _meta_nonempty has them."""
    if isinstance(dtype, pd.CategoricalDtype):
        known = dtype.categories is not None and len(dtype.categories)
        values: list[Any] = [dtype.categories[0]] * 2 if known else ["a", "b"]
        return pd.Series(pd.Categorical(values, dtype=dtype if known else None), name=name)
    if isinstance(dtype, pd.DatetimeTZDtype):
        return pd.Series(pd.to_datetime(["1970-01-01", "1970-01-01"]).tz_localize(dtype.tz), dtype=dtype, name=name)
    if isinstance(dtype, np.dtype) and dtype.kind in "mM":
        first = pd.Timestamp("1970-01-01") if dtype.kind == "M" else pd.Timedelta(days=1)
        return pd.Series([first, first], dtype=dtype, name=name)
    if pd.api.types.is_bool_dtype(dtype):
        return pd.Series([True, True], dtype=dtype, name=name)
    if pd.api.types.is_numeric_dtype(dtype):
        return pd.Series([1, 1], dtype=dtype, name=name)
    return pd.Series(["foo", "foo"], dtype=dtype, name=name)


def sample_object(type_: pa.DataType) -> Any:
    """A made-up value of a type, as pandas users see it."""
    types = pa.types
    if types.is_date(type_):
        return datetime.date(1970, 1, 1)
    if types.is_time(type_):
        return datetime.time()
    if types.is_decimal(type_):
        return decimal.Decimal(1).quantize(decimal.Decimal(1).scaleb(-type_.scale))
    if types.is_binary(type_) or types.is_large_binary(type_):
        return b"foo"
    if types.is_fixed_size_binary(type_):
        return bytes(type_.byte_width)
    if types.is_map(type_):
        return [(sample_object(type_.key_type), sample_object(type_.item_type))]
    if types.is_list(type_) or types.is_large_list(type_):
        return [sample_object(type_.value_type)]
    if types.is_struct(type_):
        return {field.name: sample_object(field.type) for field in type_}
    return sample_series(pandas_dtype(type_)).astype(object).iloc[0]


def is_object(type_: pa.DataType) -> bool:
    """Whether pandas has Python objects for values of this type, so that their dtype does not tell the type."""
    return bool(isinstance(dtype := pandas_dtype(type_), np.dtype) and dtype.kind == "O")


def sample_values(series: pd.Series, type_: pa.DataType) -> pd.Series:
    """A sample of a column of this type: where pandas has Python objects, objects as the column has them."""
    if not is_object(type_):
        return series
    return pd.Series([sample_object(type_)] * len(series), index=series.index, name=series.name, dtype=object)


def nonempty(meta: pd.DataFrame | pd.Series | pd.Index) -> Any:
    """The same with two rows of made-up values."""
    if isinstance(meta, pd.MultiIndex):
        return pd.MultiIndex.from_arrays([sample_series(level.dtype) for level in meta.levels], names=meta.names)
    if isinstance(meta, pd.RangeIndex):
        return pd.RangeIndex(2, name=meta.name)
    if isinstance(meta, pd.Index):
        return pd.Index(sample_series(meta.dtype), name=meta.name)
    index = nonempty(meta.index)
    if isinstance(meta, pd.Series):
        sample = sample_series(meta.dtype, meta.name)
        sample.index = index
        return sample
    frame = pd.DataFrame({i: sample_series(dtype) for i, dtype in enumerate(meta.dtypes)}, index=range(2))
    frame.columns = meta.columns
    frame.index = index
    return frame


def make_meta(meta: Any, index: pd.Index | None = None) -> Any:
    """An empty pandas object from what users pass as `meta=`.

    A pandas object; {name: dtype} or [(name, dtype), ...] for a frame; (name, dtype) for a series; a dtype for a scalar.
    """
    if hasattr(meta, "_meta"):
        meta = meta._meta
    if isinstance(meta, (pd.DataFrame, pd.Series)):
        return meta.iloc[:0]
    if isinstance(meta, pd.Index):
        return meta[:0]
    if isinstance(meta, dict):
        return _empty_frame(meta.items(), index)
    if isinstance(meta, tuple) and len(meta) == 2 and not isinstance(meta[0], tuple):
        return _empty(meta[1], meta[0], index)
    if isinstance(meta, Iterable) and not isinstance(meta, (str, type)):
        return _empty_frame(list(meta), index)
    return _empty(meta, None, index)


def _empty(dtype: Any, name: Hashable, index: pd.Index | None) -> pd.Series:
    index = pd.RangeIndex(0) if index is None else index[:0]
    return pd.Series(_no_values(dtype), name=name, index=index)


def _no_values(dtype: Any) -> Any:
    """An empty array with the dtype that values of `dtype` have in pandas; where these are Python objects, one that still tells
    the type."""
    if says_object(dtype) or str(dtype) in NULLABLE:
        return pd.array([], dtype=object if says_object(dtype) else dtype)
    type_ = arrow_type(dtype)
    return pd.arrays.ArrowExtensionArray(pa.chunked_array([], type_)) if is_object(type_) else empty_values(type_)


def _empty_frame(items: Iterable[Any], index: pd.Index | None) -> pd.DataFrame:
    columns = {}
    for item in items:
        if not (isinstance(item, (tuple, list)) and len(item) == 2):
            raise ValueError(f"meta must list (name, dtype) pairs, not {item!r}")
        columns[item[0]] = _empty(item[1], item[0], index)
    return pd.DataFrame(columns, index=pd.RangeIndex(0) if index is None else index[:0])


def infer_meta(what: str, function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """What `function` gives for sample arguments; ValueError telling how to pass `meta` where it fails."""
    try:
        return function(*args, **kwargs)
    except Exception as error:
        raise ValueError(
            f"`{what}` could not find out what the function returns: called with a sample it raised\n"
            f"    {type(error).__name__}: {error}\n"
            "Pass meta= to say it, such as meta={'a': 'int64'} for a frame or meta=('a', 'int64') for a series."
        ) from error


def meta_type(values: pd.Series | pd.Index, passed: pa.DataType | None = None) -> pa.DataType:
    """The type to store values of a meta or sample in.

    Object columns: the type `passed` of the column that the function was given under this name, if the sample fits it;
    else JSON if the sample holds dicts or lists; else the type of the sample's objects, text where there are none.
    """
    if isinstance(values.dtype, pd.ArrowDtype):
        return values.dtype.pyarrow_dtype
    if values.dtype != object:
        return series_to_array(values).type
    if passed is not None and _fits(values, passed):
        return passed
    if any(isinstance(value, (dict, list, tuple)) for value in values):
        return pa.json_(pa.utf8())
    sample = series_to_array(values).type if len(values) else pa.string()
    if pa.types.is_decimal(sample):
        return pa.decimal128(38, sample.scale)  # the sample does not tell how many digits others have
    return pa.string() if pa.types.is_null(sample) else sample


def _fits(values: pd.Series | pd.Index, type_: pa.DataType) -> bool:
    try:
        series_to_array(values, type_)
    except TypeError:
        return False
    return True
