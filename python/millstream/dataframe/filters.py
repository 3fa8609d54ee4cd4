"""The `filters=` of read_parquet as a filter of the frame."""

from __future__ import annotations

import datetime
import operator
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from functools import reduce
from typing import TYPE_CHECKING, Any

from millstream.dataframe.frame import DataFrame
from millstream.dataframe.literals import to_scalar
from millstream.dataframe.missing import is_null
from millstream.dataframe.series import Series

if TYPE_CHECKING:
    import pyarrow as pa
else:
    from millstream._lazy import LazyModule

    pa = LazyModule("pyarrow")


def _differs(series: Series, value: Any) -> Series:
    """A missing value is not known to differ, as in SQL; in `df[df.a != 1]` it does."""
    return (series != value) & series.notna()


def _one_of(series: Series, values: Any) -> Series:
    """None stands for missing values; NaN is a float."""
    members = list(values)
    known = [value for value in members if not is_null(value)]
    if not pa.types.is_floating(series._column.type):
        known = [value for value in known if value == value]
    present = series.isin(known)
    return present | series.isna() if any(map(is_null, members)) else present


_OPERATORS: dict[str, Callable[[Series, Any], Series]] = {
    "==": operator.eq, "=": operator.eq, "!=": _differs, "<": operator.lt, "<=": operator.le, ">": operator.gt,
    ">=": operator.ge, "in": _one_of, "not in": lambda series, values: ~_one_of(series, values),
    "is": lambda series, _: series.isna(), "is not": lambda series, _: series.notna(),
}  # fmt: skip


def filter_rows(frame: DataFrame, filters: Sequence[Any]) -> DataFrame:
    """[(column, op, value), ...] or a list of such lists, of which one must hold. ValueError for another shape.

    As in pandas, rows are counted after they are filtered: files are not read only to count what is left out.
    """
    alternatives = [filters] if isinstance(filters[0], tuple) else list(filters)
    conditions = [reduce(operator.and_, [_condition(frame, part) for part in parts]) for parts in alternatives]
    return frame._filter(reduce(operator.or_, conditions), fix_positions=False)


def _condition(frame: DataFrame, part: Any) -> Series:
    if not (isinstance(part, (tuple, list)) and len(part) == 3 and isinstance(part[1], str) and part[1] in _OPERATORS):
        known = ", ".join(_OPERATORS)
        raise ValueError(f"a filter is (column, operator, value) with one of the operators {known}, not {part!r}")
    label, name, value = part
    if is_null(value) and name not in ("is", "is not"):
        raise ValueError(f"a filter compares with values, and {value!r} is none: write ({label!r}, 'is', None) or 'is not'")
    several = name in ("in", "not in")
    if several and (isinstance(value, (str, bytes)) or not isinstance(value, Iterable)):
        raise TypeError(
            f"the filter of column {label!r} by {name!r} takes a list of values, not {value!r}: write "
            f"({label!r}, {name!r}, [{value!r}])"
        )
    series = frame._column(label)
    series = series._new(replace(series._column, nullable=False))  # NA chooses no row: the engine need not tell it from false
    if pa.types.is_timestamp(series._column.type):
        value = [_time(item, series) for item in value] if several else _time(value, series)
    return _OPERATORS[name](series, value)


def _time(value: Any, series: Series) -> Any:
    """Text and dates name times in filters, in the zone of the column, though in pandas' isin they are equal to none."""
    if isinstance(value, datetime.date) and not isinstance(value, datetime.datetime):
        value = value.isoformat()
    return to_scalar(value, series._column.type) if isinstance(value, (str, datetime.date)) else value
