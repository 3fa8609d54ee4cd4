"""Writers: what users give, in Dask's words, as writes of the engine."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from millstream.dataframe.execute import Lazy, Request, compute_all
from millstream.dataframe.source import Column, Source
from millstream.report import RunReport
from millstream.utils import PathLike, options_json

if TYPE_CHECKING:
    import pyarrow as pa

    from millstream import _core
    from millstream.dataframe.frame import DataFrame
else:
    from millstream._lazy import LazyModule

    pa, _core = LazyModule("pyarrow"), LazyModule("millstream._core")


_UNNAMED_LEVEL = "__index_level_"
"""How pandas begins the name of a column that holds a level of the index without a name."""


class Write(Lazy):
    """A write that has not run: compute() runs it, or dd.compute() beside other things.

    Either gives the report of the run and leaves it as the `last_report` of the frame.
    """

    def __init__(self, frame: DataFrame, plan: _core.Plan, advice: Callable[[ValueError], str] | None = None) -> None:
        """`advice` is asked for what to do about an error of this write; "" where it knows nothing."""
        self._frame, self._plan, self._advice = frame, plan, advice

    def compute(self, **kwargs: Any) -> RunReport:
        (report,) = compute_all([self])
        assert isinstance(report, RunReport)
        return report

    def _request(self) -> Request:
        return Request((), lambda tables: self.last_report, (self._plan,))

    def _explained(self, error: ValueError) -> ValueError:
        advice = self._advice(error) if self._advice is not None else ""
        return ValueError(f"{error}. {advice}") if advice else error

    def _ran(self, report: RunReport) -> None:
        super()._ran(report)
        self._frame.last_report = report

    def explain(self, optimized: bool = True) -> str:
        return self._plan.explain(optimized)


def _write(
    frame: DataFrame, source: Source, columns: Mapping[str, Column], format: str, path: str, options: Mapping[str, Any],
    storage_options: Mapping[str, Any] | None, compute: bool, advice: Callable[[ValueError], str] | None = None,
) -> Any:  # fmt: skip
    """Writes `columns`, which are of `source` and stand for `frame`."""
    if not columns:
        raise ValueError(f"to_{format}: the frame has no columns, so that there is nothing to write")
    plan = source.project(list(columns), list(columns.values()))
    given = {name: value for name, value in options.items() if value is not None}
    write = Write(
        frame,
        plan.write(format, path, options_json(given, f"to_{format}"), options_json(storage_options or {}, "storage_options")),
        advice,
    )
    return write.compute() if compute else write


def _with_index(
    frame: DataFrame, columns: Mapping[str, Column], unnamed: Callable[[int], str]
) -> tuple[Source, dict[str, Column]]:
    """The index levels as columns, under their names or those that `unnamed` gives, and the source of them and `columns`."""
    source, levels = frame._fixed_positions()
    named: dict[str, Column] = {}
    for i, level in enumerate(levels):
        assert level.column is not None
        name = unnamed(i) if level.name is None else str(level.name)
        if name in named or name in columns:
            raise ValueError(f"the index and another column would both be written as {name!r}: rename one")
        named[name] = level.column
    return source, named


def _text_labels(frame: DataFrame) -> dict[str, Column]:
    """The columns under text names: ('a', 'sum') becomes "a_sum"."""
    named: dict[str, Column] = {}
    for label, column in frame._by_label.items():
        text = "_".join(str(part) for part in label) if isinstance(label, tuple) else str(label)
        if text in named:
            raise ValueError(f"two columns would be written as {text!r}: rename one")
        named[text] = column
    return named


def _split_pattern(path: PathLike, default: str, name_function: Any) -> tuple[str, str]:
    """ "out/trip.*.avro" -> ("out", "trip.*.avro"); a path without '*' is a directory with files named as `default`."""
    if name_function is not None:
        raise NotImplementedError("name_function is not there yet: use a pattern such as 'out/part.*.parquet'")
    text = os.fspath(path)
    directory, _, last = text.rpartition("/")
    if "*" in directory:
        raise ValueError(f"the '*' of {text!r} must be in the file name: it stands for the partition's number")
    if "*" not in last:
        return text.rstrip("/") or text, default
    return directory or ("/" if text.startswith("/") else "."), last


def to_parquet(
    frame: DataFrame, path: PathLike, options: dict[str, Any], write_index: bool | None, append: bool, overwrite: bool,
    partition_on: str | Sequence[str] | None, storage_options: Mapping[str, Any] | None,
    custom_metadata: Mapping[str, str] | None, name_function: Any, compute: bool,
) -> Any:  # fmt: skip
    """An index without a name that holds numbers is written if its divisions are known, or with write_index=True: the one of a
    file that was read counts rows within partitions."""
    if append and overwrite:
        raise ValueError("append and overwrite exclude each other")
    hive = [partition_on] if isinstance(partition_on, str) else list(partition_on or [])
    frame._require(hive)
    if hive and len(hive) == len(frame._labels):
        raise ValueError("partition_on names all columns: there would be nothing left to write")
    source, columns = frame._source, _text_labels(frame)
    index: dict[str, Column] = {}
    worth_keeping = frame.known_divisions or any(_worth_keeping(level) for level in frame._levels)
    if write_index or (write_index is None and worth_keeping):
        source, index = _with_index(frame, columns, lambda i: f"{_UNNAMED_LEVEL}{i}__")
    metadata = dict(custom_metadata or {})
    metadata["pandas"] = _pandas_metadata(frame, list(columns), bool(index))  # also if it says little: not that of a file read
    directory, pattern = _split_pattern(path, "part.*.parquet", name_function)
    options |= {
        "custom_metadata": metadata or None, "partition_on": hive or None, "name_pattern": pattern,
        "mode": "append" if append else "overwrite", "replace_directory": overwrite,
    }  # fmt: skip
    if overwrite and "://" not in directory and os.path.realpath(directory) == os.path.realpath("."):
        raise ValueError("overwrite=True would clear the working directory: write into a directory of its own")
    written = {**columns, **index}

    def advice(error: ValueError) -> str:
        return (
            _index_advice(directory, set(written), storage_options)
            if append and directory.rstrip("/") + "/" in str(error)
            else ""
        )

    return _write(frame, source, written, "parquet", directory, options, storage_options, compute, advice)


def _index_advice(directory: str, written: set[str], storage_options: Mapping[str, Any] | None) -> str:
    """What to do where the columns `written` differ from those in `directory` by an index without a name; else ""."""
    try:
        plan = _core.Plan.scan("parquet", [directory], None, options_json(storage_options or {}, "storage_options"))
    except Exception:  # the error of the write is the one to be told
        return ""
    there = set(plan.schema.names)
    if not all(name.startswith(_UNNAMED_LEVEL) for name in written ^ there) or written == there:
        return ""
    return f"They differ by the index: pass write_index={there > written}, as for what is there"


def _pandas_metadata(frame: DataFrame, names: list[str], with_index: bool) -> str:
    """What pandas notes in a Parquet file, so that readers know which columns are the index, and their types."""
    meta = frame._meta
    if any(isinstance(label, tuple) for label in frame._labels):  # which are not written as pandas does
        meta.columns = names
    if not with_index:
        meta = meta.reset_index(drop=True)  # positions, which pyarrow notes without a column
    notes = json.loads(pa.Schema.from_pandas(meta, preserve_index=with_index or None).metadata[b"pandas"])
    if not with_index:
        notes["index_columns"] = []
    return json.dumps(notes)


def _worth_keeping(level: Any) -> bool:
    return level.name is not None or (level.column is not None and str(level.column.type) != "int64")


def to_text(
    frame: DataFrame, format: str, path: PathLike, options: dict[str, Any], single_file: bool, mode: str, name_function: Any,
    compression: str | None, storage_options: Mapping[str, Any] | None, index: bool, compute: bool,
) -> Any:  # fmt: skip
    """CSV and JSON."""
    if mode not in ("w", "wt", "x", "xt"):
        raise ValueError(f"mode must be 'w' (replace) or 'x' (fail if it exists), not {mode!r}")
    source, columns = frame._source, _text_labels(frame)
    if index:
        source, levels = _with_index(frame, columns, lambda i: "" if len(frame._levels) == 1 else f"level_{i}")
        columns = {**levels, **columns}
    options |= {"compression": compression or "none", "mode": "error" if "x" in mode else "overwrite"}
    if single_file:
        directory, options["single_file"] = os.fspath(path), True
    else:
        directory, options["name_pattern"] = _split_pattern(path, "*.part", name_function)
    return _write(frame, source, columns, format, directory, options, storage_options, compute)


def to_avro(
    frame: DataFrame, path: PathLike, options: dict[str, Any], name_function: Any,
    storage_options: Mapping[str, Any] | None, compute: bool,
) -> Any:  # fmt: skip
    """Columns that the schema does not name are left out."""
    columns = _text_labels(frame)
    schema = options.get("schema")
    if schema is not None:
        names = [field["name"] for field in schema.get("fields", [])]
        frame._require([name for name in names if name not in columns])
        columns = {name: columns[name] for name in names}
    directory, pattern = _split_pattern(path, "part.*.avro", name_function)
    options |= {"name_pattern": pattern}
    return _write(frame, frame._source, columns, "avro", directory, options, storage_options, compute)
