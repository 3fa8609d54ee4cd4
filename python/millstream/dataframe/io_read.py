"""Readers: what users give, in Dask's words, as scans of the engine."""

from __future__ import annotations

import json
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from millstream.dataframe.categories import require_found
from millstream.dataframe.collection import POSITIONS, IndexLevel
from millstream.dataframe.convert import NULLABLE, arrow_type, dtype_name, is_json, says_object
from millstream.dataframe.frame import DataFrame
from millstream.dataframe.nullable import nullable_name
from millstream.dataframe.pandas_notes import PandasNotes, RangeNote, read_notes, relabelled
from millstream.dataframe.range_index import range_indexed
from millstream.dataframe.series import Series
from millstream.dataframe.source import Column, Leaf, digest
from millstream.utils import PathLike, options_json, parse_bytes, path_list

if TYPE_CHECKING:
    from millstream import _core
else:
    from millstream._lazy import LazyModule

    _core = LazyModule("millstream._core")


def _scan(
    format: str, paths: PathLike | Iterable[PathLike], options: Mapping[str, Any], storage_options: Mapping[str, Any] | None
) -> Leaf:
    files, options_text = path_list(paths), options_json(options, format)
    storage_text = options_json(storage_options or {}, "storage_options")
    plan = _core.Plan.scan(format, files, options_text, storage_text)
    return Leaf(plan, "read_" + format + "-" + digest(json.dumps(files), options_text, storage_text))


def _frame(leaf: Leaf) -> DataFrame:
    columns = {name: leaf.column(name) for name in leaf.schema.names}
    return DataFrame(leaf, columns, POSITIONS, (None,) * (leaf.npartitions + 1))


def _refuse(function: str, **options: Any) -> None:
    """NotImplementedError for an option of Dask that was given and would change the result."""
    for name, value in options.items():
        if value is not None and value is not False:
            raise NotImplementedError(f"{function}: {name} is not there yet")


def _dtype_names(dtype: Any) -> Any:
    """{column: dtype} or one dtype, as the names that the readers know. Categories are of what the values are, as in pandas."""
    if isinstance(dtype, Mapping):
        return {str(label): _dtype_names(each) for label, each in dtype.items() if not _is_category(each)}
    if _is_category(dtype):
        return None
    if (name := nullable_name(dtype)) is not None:
        return name
    if says_object(dtype):
        return "object"
    if dtype is None or isinstance(dtype, (str, bool)):
        return dtype
    return str(arrow_type(dtype)) if not isinstance(dtype, type) else dtype.__name__


def _is_category(dtype: Any) -> bool:
    if str(dtype) != "category":
        return False
    require_found(dtype)
    return True


def _with_nullable_types(frame: DataFrame, dtypes: Mapping[str, Any]) -> DataFrame:
    """With the columns in pandas' nullable types that `dtypes` (of their names) says are; the readers know only the values."""

    def typed(label: Hashable, column: Column) -> Column:
        name = nullable_name(dtypes.get(str(label)))
        return replace(column, nullable=name is not None and NULLABLE[name] == dtype_name(column.type))

    return frame._new({label: typed(label, column) for label, column in frame._by_label.items()})


def _dtype_of_each(names: Iterable[Hashable], dtype: Any) -> dict[str, Any]:
    """`dtype=` of a reader, which may be one for all columns, by column."""
    if isinstance(dtype, Mapping):
        return {str(label): each for label, each in dtype.items()}
    return dict.fromkeys(map(str, names), dtype)


def _categories(frame: DataFrame, dtype: Any) -> DataFrame:
    """Columns that were asked for as "category" are encoded after reading."""
    wanted = _dtype_of_each(frame._labels, dtype)
    chosen = [label for label in frame._labels if _is_category(wanted.get(str(label)))]
    return frame.astype(dict.fromkeys(chosen, "category")) if chosen else frame


def read_csv(
    urlpath: PathLike | Iterable[PathLike], blocksize: int | str | None = "default", lineterminator: str | None = None,
    compression: str | None = "infer", sample: int | str = 256000, sample_rows: int = 10, enforce: bool = False,
    assume_missing: bool = False, storage_options: Mapping[str, Any] | None = None, include_path_column: bool = False,
    **kwargs: Any,
) -> DataFrame:  # fmt: skip
    """Reads CSV files: paths, patterns or a list of them, of any store; each block of `blocksize` bytes is a partition.

    Further options are pandas': sep, header, names, usecols, dtype, parse_dates, na_values, skiprows, comment, quotechar,
    encoding, ... Types come from the first `sample` bytes; a later value that does not fit is an error that names the place.
    """
    _refuse("read_csv", include_path_column=include_path_column, dtype_backend=kwargs.pop("dtype_backend", None))
    for ignored in ("engine", "low_memory", "memory_map"):
        kwargs.pop(ignored, None)
    for name, usual in (("skip_blank_lines", True), ("skipinitialspace", False)):
        if kwargs.get(name) is usual:
            del kwargs[name]
    for unsupported, advice in (
        ("index_col", "set the index after reading"),
        ("nrows", "use head(n)"),
        ("chunksize", "use blocksize"),
    ):
        value = kwargs.pop(unsupported, None)
        if value is not None and value is not False:  # index_col=0 is asked for, though 0 == False
            raise ValueError(f"read_csv does not take {unsupported}: {advice}")
    dtype = kwargs.pop("dtype", None)
    if kwargs.get("header") == "infer":
        kwargs["header"] = None if kwargs.get("names") is not None else 0
    elif "header" not in kwargs and kwargs.get("names") is not None:
        kwargs["header"] = None
    options = {
        **kwargs, "compression": compression or "none", "sample": parse_bytes(sample, "sample"),
        "assume_missing": assume_missing, "lineterminator": lineterminator, "dtype": _dtype_names(dtype),
    }  # fmt: skip
    options = {name: value for name, value in options.items() if value is not None or name == "header"}
    if blocksize != "default":
        options["blocksize"] = None if blocksize is None else parse_bytes(blocksize, "blocksize")
    frame = _frame(_scan("csv", urlpath, options, storage_options))
    if options.get("header", 0) is None and "names" not in options:  # the engine counts columns too, but as text
        frame = frame._new({int(str(label)): column for label, column in frame._by_label.items()})
    return _categories(_with_nullable_types(frame, _dtype_of_each(frame._labels, dtype)), dtype)


def read_table(urlpath: PathLike | Iterable[PathLike], **kwargs: Any) -> DataFrame:
    """read_csv with tabs between fields."""
    return read_csv(urlpath, **{"sep": "\t", **kwargs})


def read_json(
    url_path: PathLike | Iterable[PathLike], orient: str = "records", lines: bool | None = None,
    storage_options: Mapping[str, Any] | None = None, blocksize: int | str | None = None, sample: int | str = 2**20,
    encoding: str = "utf-8", errors: str = "strict", compression: str | None = "infer", meta: Any = None,
    engine: Any = None, include_path_column: bool = False, path_converter: Callable[[str], str] | None = None,
    **kwargs: Any,
) -> DataFrame:  # fmt: skip
    """Reads JSON: a record per line (the default for orient="records"), or one array of records per file (lines=False).

    Objects whose keys agree across the sample become structs, other objects and arrays of mixed values stay JSON text until
    Python asks for them. A key that first appears after `sample` bytes is an error where whole records are wanted (the frame,
    its count()): make it larger, name the key in `dtype`, or pass unexpected_field_behavior="ignore" to leave such keys out. A
    query that reads only some of the columns (because it selects them, or drops others) does not look for such keys in the
    record, but still in the structs that it reads whole.
    """
    _refuse("read_json", include_path_column=include_path_column, path_converter=path_converter, meta=meta)
    if orient != "records":
        raise NotImplementedError(f"read_json reads orient='records', not {orient!r}")
    if errors != "strict":
        raise ValueError("errors must be 'strict': bytes that are not UTF-8 are an error")
    if lines is False and blocksize is not None:
        raise ValueError("blocksize needs lines=True: a file that is one array cannot be cut")
    kwargs.pop("precise_float", None)
    dtype = kwargs.pop("dtype", None)
    options = {
        **kwargs, "orient": orient, "lines": True if lines is None else lines, "encoding": encoding,
        "compression": compression or "none", "sample": parse_bytes(sample, "sample"), "dtype": _dtype_names(dtype),
        "blocksize": None if blocksize is None else parse_bytes(blocksize, "blocksize"),
    }  # fmt: skip
    options = {name: value for name, value in options.items() if value is not None}
    if dtype is not None and not isinstance(dtype, (bool, Mapping)):  # the engine takes types by column
        untyped = _scan("json", url_path, {**options, "dtype": False}, storage_options)
        dtype = _dtype_of_each(untyped.schema.names, dtype)
        options["dtype"] = _dtype_names(dtype)
    frame = _frame(_scan("json", url_path, options, storage_options))
    return _with_nullable_types(frame, _dtype_of_each(frame._labels, dtype))


def read_avro(
    urlpath: PathLike | Iterable[PathLike], blocksize: int | str | None = None,
    storage_options: Mapping[str, Any] | None = None, **kwargs: Any,
) -> DataFrame:  # fmt: skip
    """Reads Avro object container files; each file, or block of `blocksize` bytes, is a partition."""
    options = dict(kwargs)
    if blocksize is not None:
        options["blocksize"] = parse_bytes(blocksize, "blocksize")
    return _frame(_scan("avro", urlpath, options, storage_options))


def read_parquet(
    path: PathLike | Iterable[PathLike], columns: str | Sequence[str] | None = None, filters: Any = None,
    categories: Any = None, index: Any = None, storage_options: Mapping[str, Any] | None = None, engine: str = "auto",
    calculate_divisions: bool = False, ignore_metadata_file: bool = False, split_row_groups: Any = "infer",
    blocksize: int | str | None = "default", aggregate_files: Any = None, dtype_backend: Any = None, **kwargs: Any,
) -> Any:  # fmt: skip
    """Reads Parquet files or directories; only what is used is read. `filters` is [(column, op, value), ...] (all must hold)
    or a list of such lists (one of them must); row groups and hive partitions that cannot match are skipped. Divisions stay
    unknown, also with calculate_divisions=True. `columns` and `filters` take the names in the file, as in pandas, also where
    the labels are numbers again."""
    _refuse("read_parquet", dtype_backend=dtype_backend)
    options: dict[str, Any] = {**kwargs, "split_row_groups": split_row_groups}
    if blocksize is not None and blocksize != "default":
        options["blocksize"] = parse_bytes(blocksize, "blocksize")
    leaf = _scan("parquet", path, options, storage_options)
    notes = read_notes(leaf.schema, ", ".join(path_list(path)))
    frame = _with_nullable_types(_frame(leaf), notes.dtypes)
    if index is not False:
        frame = _indexed(frame, index, notes, whole=not filters)
    if filters:
        from millstream.dataframe.filters import filter_rows

        frame = filter_rows(frame, filters)
    if categories:
        frame = frame.astype(dict.fromkeys(categories, "category"))
    if columns is not None:
        frame = frame[[columns] if isinstance(columns, str) else list(columns)]
    frame.columns = relabelled(frame._labels, notes)
    return frame._column(frame._labels[0]) if isinstance(columns, str) else frame


def _indexed(frame: DataFrame, index: Any, notes: PandasNotes, whole: bool) -> DataFrame:
    """With the index asked for, or the one that pandas noted in the file, whose `whole` rows these are or not."""
    if index is None:
        if len(notes.index) == 1 and isinstance(notes.index[0], RangeNote):
            return range_indexed(frame, notes.index[0]) if whole else frame
        ranges = [level.name for level in notes.index if isinstance(level, RangeNote)]
        if ranges:
            raise NotImplementedError(
                f"the index of several levels that pandas noted has a range ({ranges[0]!r}), which has no column in the file: "
                "read with index=False, or write the file again after reset_index()"
            )
        names = [name for name in notes.index if isinstance(name, str)]
        if not names or any(name not in frame for name in names):
            return frame
    else:
        names = [index] if isinstance(index, str) else list(index)
        frame._require(names)
    levels = tuple(IndexLevel(_index_label(name), frame._by_label[name]) for name in names)
    columns = {label: column for label, column in frame._by_label.items() if label not in names}
    return DataFrame(frame._source, columns, levels, frame._divisions)


def _index_label(name: str) -> Hashable:
    return None if name.startswith("__index_level_") or name == "__null_dask_index__" else name


def to_datetime(
    arg: Any, errors: str = "raise", dayfirst: bool = False, yearfirst: bool = False, utc: bool = False,
    format: str | None = None, unit: str | None = None, meta: Any = None, **kwargs: Any,
) -> Any:  # fmt: skip
    """A series of text, or of numbers counting `unit` since 1970, as timestamps; errors="coerce" makes bad ones missing."""
    if not isinstance(arg, Series):
        import pandas as pd

        return pd.to_datetime(arg, errors=errors, dayfirst=dayfirst, yearfirst=yearfirst, utc=utc, format=format, unit=unit)
    if is_json(arg._column.type):
        raise TypeError(f"to_datetime of {arg.name!r}: it holds nested JSON")
    options: dict[str, Any] = {"format": format, "unit": unit, "errors": None if errors == "raise" else errors}
    options |= {"utc": utc or None, "dayfirst": dayfirst or None, "yearfirst": yearfirst or None, **kwargs}
    given = {name: value for name, value in options.items() if value is not None}
    return arg._new(arg._source.call("to_datetime", [arg._column], given or None))
