"""Frames below each other."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from millstream.dataframe.collection import IndexLevel
from millstream.dataframe.convert import dtype_name, index_name, nullable_dtype, physical_names
from millstream.dataframe.frame import DataFrame
from millstream.dataframe.io_memory import from_pandas
from millstream.dataframe.ops import null_of
from millstream.dataframe.reductions import common_type
from millstream.dataframe.series import Series
from millstream.dataframe.source import Column, Leaf, Source, unique_token

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa
else:
    from millstream._lazy import LazyModule

    pa, pd = LazyModule("pyarrow"), LazyModule("pandas")


def concat(
    dfs: Iterable[Any], axis: Any = 0, join: str = "outer", ignore_unknown_divisions: bool = False,
    interleave_partitions: bool = False, ignore_order: bool = False, ignore_index: bool = False,
) -> Any:  # fmt: skip
    """The rows of all frames, or of all series, one after the other. Columns are matched by label: a column that some lack is
    missing there (join="outer") or left out (join="inner")."""
    parts = [from_pandas(part) if isinstance(part, (pd.DataFrame, pd.Series)) else part for part in dfs]
    if not parts:
        raise ValueError("No objects to concatenate")
    if ignore_index:
        raise NotImplementedError("concat keeps the index: use reset_index(drop=True), which counts rows within each partition")
    if axis not in (0, "index"):
        raise NotImplementedError("concat joins rows (axis=0); add columns of the same rows with assign()")
    if join not in ("outer", "inner"):
        raise ValueError(f"join must be 'outer' or 'inner', not {join!r}")
    if all(isinstance(part, Series) for part in parts):
        names = {part.name for part in parts}
        frames = [part.to_frame("values") for part in parts]
        joined = _stack(frames, ["values"])["values"]
        return joined.rename(names.pop() if len(names) == 1 else None)
    if not all(isinstance(part, DataFrame) for part in parts):
        raise TypeError("concat takes DataFrames, or Series, not both")
    labels = list(dict.fromkeys(label for part in parts for label in part._labels))
    if join == "inner":
        labels = [label for label in labels if all(label in part for part in parts)]
    return _stack(parts, labels)


def _common_type(types: list[pa.DataType], what: str) -> pa.DataType:
    """As `common_type`; times and durations of several units take the finest."""
    present = [type_ for type_ in types if not pa.types.is_null(type_)]
    times = all(map(pa.types.is_timestamp, present)) and len({type_.tz for type_ in present}) == 1
    if present and (times or all(map(pa.types.is_duration, present))):
        return max(present, key=lambda type_: ("s", "ms", "us", "ns").index(type_.unit))
    return common_type(types, what, "bring them to one type with astype first")


def _stack(frames: list[DataFrame], labels: list[Any]) -> DataFrame:
    if len({len(frame._levels) for frame in frames}) > 1:
        raise ValueError("frames with indexes of different depth cannot be concatenated: reset_index() first")
    types = {
        label: _common_type([frame._by_label[label].type for frame in frames if label in frame], f"concat of column {label!r}")
        for label in labels
    }
    index_types = [_index_type(frames, i) for i in range(len(frames[0]._levels))]
    plans = []
    for frame in frames:
        columns = {
            label: _as_type(frame._source, frame._by_label[label], type_) if label in frame else null_of(type_)
            for label, type_ in types.items()
        }
        levels = tuple(
            level
            if type_ is None or level.column is None
            else replace(level, column=_as_type(frame._source, level.column, type_))
            for level, type_ in zip(frame._levels, index_types, strict=True)
        )
        plans.append(DataFrame(frame._source, columns, levels, frame._divisions)._materialize(fix_positions=True))
    leaf = Leaf(plans[0].union(plans[1:]) if len(plans) > 1 else plans[0], unique_token("concat"))
    names = [level.name for level in frames[0]._levels]
    same = [all(frame._levels[i].name == name for frame in frames) for i, name in enumerate(names)]
    stacked = tuple(IndexLevel(name if same[i] else None, leaf.column(index_name(i))) for i, name in enumerate(names))
    nullable = {label: any(label in frame and frame._by_label[label].nullable for frame in frames) for label in labels}
    columns = {
        label: replace(leaf.column(name), nullable=nullable[label])
        for label, name in zip(labels, physical_names(labels), strict=True)
    }
    return DataFrame(leaf, columns, stacked, _divisions(frames, leaf))


def _index_type(frames: list[DataFrame], level: int) -> pa.DataType | None:
    """What times of several units become; None for levels that stay as they are."""
    columns = [frame._levels[level].column for frame in frames]
    types = [column.type for column in columns if column is not None]
    if len(types) < len(columns) or not all(pa.types.is_timestamp(type_) or pa.types.is_duration(type_) for type_ in types):
        return None
    return _common_type(types, "concat of the index")


def _as_type(source: Source, column: Column, type_: pa.DataType) -> Column:
    """The same values in a type that holds them all; what is missing stays so."""
    if column.type == type_:
        return column
    if pa.types.is_null(column.type):
        return null_of(type_)
    target = str(nullable_dtype(type_)) if pa.types.is_integer(type_) else dtype_name(type_)
    return source.call("cast", [column], {"to": target})


def _divisions(frames: list[DataFrame], leaf: Leaf) -> tuple[Any, ...]:
    """Known where the frames follow each other in the index."""
    if all(frame.known_divisions for frame in frames):
        ends = [(frame.divisions[0], frame.divisions[-1]) for frame in frames]
        if all(before[1] < after[0] for before, after in pairwise(ends)):
            return (*(division for frame in frames for division in frame.divisions[:-1]), ends[-1][1])
    return (None,) * (leaf.npartitions + 1)
