"""Arrow tables <-> pandas objects, with the types pandas users expect."""

from __future__ import annotations

import decimal
import json
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from millstream.dataframe.exact import TOO_LARGE, Unfit, dtype_for, exact_array, is_json, json_array, largest_float, type_name

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    import pyarrow as pa
else:
    from millstream._lazy import LazyModule

    np, pd, pa = LazyModule("numpy"), LazyModule("pandas"), LazyModule("pyarrow")


NULLABLE = {
    **{f"{sign}{width}": f"{sign.lower()}{width}" for sign in ("Int", "UInt") for width in (8, 16, 32, 64)},
    **{"Float32": "float32", "Float64": "float64", "boolean": "bool"},
}
"""pandas' types that hold missing values beside integers, floats and booleans, and NumPy's without them."""


def nullable_dtype(type_: pa.DataType) -> Any:
    """pandas' nullable type for values of this type; KeyError where it has none."""
    name = dtype_name(type_)
    return pd.api.types.pandas_dtype(next(nullable for nullable, plain in NULLABLE.items() if plain == name))


@dataclass(frozen=True)
class IndexNames:
    """How the index of a result is made: of these columns, or of the positions of rows in partitions if there are none."""

    columns: tuple[str, ...]
    names: tuple[Hashable, ...]
    nullable: tuple[bool, ...] = ()


def physical_names(labels: Sequence[Hashable]) -> list[str]:
    """Distinct column names for the engine: the labels themselves where they are text that occurs once."""
    names: list[str] = []
    for i, label in enumerate(labels):
        plain = isinstance(label, str) and not label.startswith("__") and label not in names
        names.append(str(label) if plain else f"__column_{i}__")
    return names


def index_name(level: int) -> str:
    """What the engine calls a level of the index."""
    return f"__index_{level}__"


def array_to_series(values: pa.ChunkedArray, nullable: bool = False) -> pd.Series:
    """Integers with nulls become float64, JSON text and structs dicts and lists, booleans with nulls objects with NaN; numbers
    and booleans that are `nullable` pandas' types for them."""
    type_ = values.type
    if nullable:
        return pd.Series(nullable_dtype(type_).__from_arrow__(values))
    if is_json(type_):
        texts = values.cast(type_.storage_type).to_pylist()
        return pd.Series([np.nan if text is None else json.loads(text) for text in texts], dtype=object)
    if pa.types.is_struct(type_) or pa.types.is_list(type_) or pa.types.is_large_list(type_) or pa.types.is_map(type_):
        return pd.Series(objects(values), dtype=object)
    if pa.types.is_dictionary(type_) and special(type_):
        return _categories_to_series(values)
    series = values.to_pandas()
    if pa.types.is_boolean(type_) and values.null_count:
        series = series.where(series.notna(), np.nan)
    if pa.types.is_null(type_):
        series = series.astype(object)
    return series


def _categories_to_series(values: pa.ChunkedArray) -> pd.Series:
    """Categories of what Arrow's own conversion would change, such as times with a zone."""
    whole = values.unify_dictionaries()
    dictionary = whole.chunk(0).dictionary if whole.num_chunks else pa.array([], whole.type.value_type)
    codes = [chunk.indices.fill_null(-1).to_numpy(zero_copy_only=False) for chunk in whole.chunks]
    categories = array_to_series(pa.chunked_array([dictionary]))
    return pd.Series(
        pd.Categorical.from_codes(
            np.concatenate([np.array([], np.int64), *codes]).astype(np.int64), categories, whole.type.ordered
        )
    )


def objects(values: pa.ChunkedArray | pa.Array) -> list[Any]:
    """The values as plain Python objects; JSON decoded, also where it is nested."""
    type_ = values.type
    plain = values.to_pylist() if not is_json(type_) else values.cast(type_.storage_type).to_pylist()
    return [decode(value, type_) for value in plain] if _holds_json(type_) else plain


def _holds_json(type_: pa.DataType) -> bool:
    if is_json(type_):
        return True
    return any(_holds_json(type_.field(i).type) for i in range(type_.num_fields)) if type_.num_fields else False


def decode(value: Any, type_: pa.DataType) -> Any:
    """`value`, as to_pylist gave it, with the JSON text in it decoded."""
    if value is None:
        return None
    if is_json(type_):
        return json.loads(value) if isinstance(value, str) else value
    if pa.types.is_struct(type_):
        return {field.name: decode(value[field.name], field.type) for field in type_}
    if pa.types.is_list(type_) or pa.types.is_large_list(type_):
        return [decode(item, type_.value_type) for item in value]
    if pa.types.is_map(type_):
        return [(key, decode(item, type_.item_type)) for key, item in value]
    return value


def special(type_: pa.DataType) -> bool:
    """Whether to_pandas alone would not give what pandas users expect."""
    if pa.types.is_dictionary(type_):
        value = type_.value_type
        return bool(pa.types.is_timestamp(value) and value.tz is not None)
    return bool(pa.types.is_nested(type_) or pa.types.is_boolean(type_) or pa.types.is_null(type_) or is_json(type_))


def table_to_frame(table: pa.Table, nullable: Sequence[bool] = ()) -> pd.DataFrame:
    """All columns as a frame with a RangeIndex; the column names must be unique. `nullable` says for each column whether pandas
    is to hold it in a nullable type."""
    table = table.replace_schema_metadata(None)
    masked = {field.name for field, is_nullable in zip(table.schema, nullable, strict=False) if is_nullable}
    plain = [field.name for field in table.schema if not special(field.type) and field.name not in masked]
    if len(plain) == table.num_columns:
        return table.to_pandas()
    bulk = table.select(plain).to_pandas()
    known = set(plain)
    columns = {
        field.name: bulk[field.name] if field.name in known else array_to_series(table.column(i), field.name in masked)
        for i, field in enumerate(table.schema)
    }
    return pd.DataFrame(columns, index=pd.RangeIndex(table.num_rows))


def make_index(tables: Sequence[pa.Table], table: pa.Table, index: IndexNames) -> pd.Index:
    """The index of the concatenated `table`."""
    if not index.columns:
        lengths = [part.num_rows for part in tables]
        used = [length for length in lengths if length]
        if len(used) <= 1:
            return pd.RangeIndex(sum(lengths), name=index.names[0])
        return pd.Index(np.concatenate([np.arange(length) for length in used]), name=index.names[0])
    nullable = index.nullable or (False,) * len(index.columns)
    levels = [array_to_series(table.column(n), is_nullable) for n, is_nullable in zip(index.columns, nullable, strict=True)]
    if len(levels) == 1:
        return pd.Index(levels[0]).rename(index.names[0])
    return pd.MultiIndex.from_arrays(levels, names=index.names)


def tables_to_frame(
    tables: Sequence[pa.Table], labels: Sequence[Hashable], index: IndexNames, nullable: Sequence[bool] = ()
) -> pd.DataFrame:
    """Partitions -> one frame: the first len(labels) columns are its columns, `index` says where its index is."""
    table = pa.concat_tables([part.replace_schema_metadata(None) for part in tables])
    frame = table_to_frame(table.select(range(len(labels))), nullable)
    frame.index = make_index(tables, table, index)
    frame.columns = label_index(labels)
    return frame


def label_index(labels: Sequence[Hashable]) -> pd.Index:
    if labels and all(isinstance(label, tuple) for label in labels):
        return pd.MultiIndex.from_tuples(labels)
    return pd.Index(list(labels), dtype=None if labels else "object")


def tables_to_series(tables: Sequence[pa.Table], name: Hashable, index: IndexNames, nullable: bool = False) -> pd.Series:
    """Partitions -> one series: its values are the first column."""
    table = pa.concat_tables([part.replace_schema_metadata(None) for part in tables])
    series = array_to_series(table.column(0), nullable)
    series.index = make_index(tables, table, index)
    series.name = name
    return series


def series_to_array(
    series: pd.Series | pd.Index, type_: pa.DataType | None = None, what: str | None = None
) -> pa.Array | pa.ChunkedArray:
    """Values of a series as an array; of `type_` if given, else of the type that holds them (dicts and lists: JSON).

    TypeError naming the column, or `what` has made the values, for values of mixed types, or that do not fit `type_`.
    """
    place = what or f"column {series.name!r}"
    try:
        if type_ is None:
            return _array_of_own_type(series)
        if _arrow_checks(series.dtype, type_):
            _check_range(series, type_)
            return pa.array(series, type=type_, from_pandas=True)
        return exact_array(list(series), type_)
    except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError, TypeError, OverflowError) as error:
        wanted, fix = ("one type", "") if type_ is None else (type_name(type_), f". {_fix(series, error)}")
        raise TypeError(f"{place} ({series.dtype}) cannot be stored as {wanted}: {error}{fix}") from error


def _fix(series: pd.Series | pd.Index, error: Exception) -> str:
    """How to say in `meta` which type the values have."""
    value = error.value if isinstance(error, Unfit) else None
    if isinstance(series.dtype, pd.CategoricalDtype):
        return "Pass a pandas.CategoricalDtype with these categories in meta="
    if isinstance(value, (dict, list, tuple)):
        return f"Pass {_meta_text(series.name, 'dict')}: dicts and lists are held as JSON"
    dtype = dtype_for(value) if series.dtype == object else str(series.dtype)
    if dtype is None:
        return "Pass the type that holds all values in meta=, or give values of one type"
    return f"Pass {_meta_text(series.name, repr(dtype))}"


def _meta_text(name: Hashable, dtype: str) -> str:
    series = f"meta=({name!r}, {dtype})"
    return series if name is None else f"{series} for a series or meta={{{name!r}: {dtype}, ...}} for a frame"


def _array_of_own_type(series: pd.Series | pd.Index) -> pa.Array | pa.ChunkedArray:
    if series.dtype == object and any(isinstance(value, (dict, list)) for value in series):
        return json_array(series)
    type_ = None
    if isinstance(series.dtype, pd.StringDtype):
        type_ = pa.string()  # pandas' own choice is large_string
    if isinstance(series.dtype, pd.CategoricalDtype):
        type_ = _category_type(series.dtype)
    try:
        values = pa.array(series, type=type_, from_pandas=True)
    except TypeError:
        for value in series:  # of which Arrow says that a 'str' is no integer
            if isinstance(value, decimal.Decimal) and value.is_infinite():
                raise TypeError(f"{value!r}: decimals are finite; put None in its place") from None
        raise
    if isinstance(values.type, pa.BaseExtensionType):  # periods, intervals
        raise TypeError("convert it to text or times first")
    return values


def _arrow_checks(dtype: Any, type_: pa.DataType) -> bool:
    """Whether Arrow's own conversion keeps the values of this dtype, or tells which it cannot keep (floats: _check_range)."""
    types, kind = pa.types, getattr(dtype, "kind", "O")
    if isinstance(dtype, pd.CategoricalDtype):
        return _arrow_checks(dtype.categories.dtype, type_.value_type if types.is_dictionary(type_) else type_)
    if isinstance(dtype, pd.StringDtype):
        value = type_.value_type if types.is_dictionary(type_) else type_
        return bool(types.is_string(value) or types.is_large_string(value))
    if isinstance(dtype, pd.DatetimeTZDtype) or kind == "M":
        return bool(types.is_timestamp(type_)) and (type_.tz is not None) == isinstance(dtype, pd.DatetimeTZDtype)
    if kind == "m":
        return bool(types.is_duration(type_))
    number = types.is_integer(type_) or types.is_floating(type_)
    return bool((kind in "iufb" and number) or (kind == "b" and types.is_boolean(type_)))


def _check_range(values: pd.Series | pd.Index, type_: pa.DataType) -> None:
    """Unfit for a number that is too large for floats of `type_`, of which Arrow makes an infinity."""
    if isinstance(values.dtype, pd.CategoricalDtype):
        values = pd.CategoricalIndex(values).remove_unused_categories().categories
    type_ = type_.value_type if pa.types.is_dictionary(type_) else type_
    if not pa.types.is_floating(type_) or pa.types.is_float64(type_):
        return
    numbers = values.to_numpy("float64", na_value=np.nan)
    too_large = numbers[np.isfinite(numbers) & (np.abs(numbers) > largest_float(type_))]
    if len(too_large):
        raise Unfit(float(too_large[0]), type_, TOO_LARGE)


def _category_type(dtype: pd.CategoricalDtype) -> pa.DataType:
    values = series_to_array(dtype.categories).type
    return pa.dictionary(pa.int32(), pa.string() if pa.types.is_null(values) else values, dtype.ordered)


def says_object(dtype: Any) -> bool:
    """Whether `dtype` is one of the ways to write NumPy's dtype object."""
    return dtype is object or (isinstance(dtype, (str, np.dtype)) and dtype in ("object", "O"))


def arrow_type(dtype: Any) -> pa.DataType:
    """The Arrow type for a dtype as pandas users write it: "int64", str, np.float32, "category", "datetime64[ns]", ..."""
    if isinstance(dtype, pa.DataType):
        return dtype
    if says_object(dtype):
        return pa.string()
    if dtype is dict or dtype is list:
        return pa.json_(pa.utf8())
    if dtype is bytes:
        return pa.binary()
    resolved = pd.api.types.pandas_dtype(dtype)
    if isinstance(resolved, pd.CategoricalDtype):
        values = pa.string() if resolved.categories is None else series_to_array(resolved.categories).type
        return pa.dictionary(pa.int32(), values)
    if isinstance(resolved, pd.ArrowDtype):
        return resolved.pyarrow_dtype
    if isinstance(resolved, pd.StringDtype) or resolved.kind in "OUS":
        return pa.string()
    if isinstance(resolved, pd.DatetimeTZDtype):
        return pa.timestamp(resolved.unit, str(resolved.tz))
    if pd.api.types.is_extension_array_dtype(resolved):
        return pa.array(pd.array([], dtype=resolved)).type
    if resolved.kind in "mM" and np.datetime_data(resolved)[0] == "generic":
        return pa.timestamp("ns") if resolved.kind == "M" else pa.duration("ns")
    return pa.from_numpy_dtype(resolved)


def dtype_name(type_: pa.DataType) -> str:
    """What the engine's cast calls a type."""
    if pa.types.is_floating(type_):
        return f"float{type_.bit_width}"
    if pa.types.is_timestamp(type_) and type_.tz is None:
        return f"datetime64[{type_.unit}]"
    if pa.types.is_duration(type_):
        return f"timedelta64[{type_.unit}]"
    return str(type_)


def pandas_dtype(type_: pa.DataType, nullable: bool = False) -> Any:
    """The dtype of a computed column of this type without nulls."""
    return array_to_series(pa.chunked_array([], type_), nullable).dtype
