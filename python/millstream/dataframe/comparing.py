"""What pandas compares the values of a column with: operands that no value can equal, and those that it refuses."""

from __future__ import annotations

import datetime
import decimal
import math
import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from millstream.dataframe.literals import literal, plain_type, to_scalar
from millstream.dataframe.missing import is_missing, is_nan, is_null
from millstream.dataframe.nullable import known_or_missing, nullable_name
from millstream.dataframe.source import Column, Source

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    import pyarrow as pa

    from millstream import _core
else:
    from millstream._lazy import LazyModule

    np, pa, pd, _core = (LazyModule(name) for name in ("numpy", "pyarrow", "pandas", "millstream._core"))

_MOST_DIGITS = 76  # of a decimal
ORDERINGS = ("lt", "le", "gt", "ge")
COMPARISONS = ("eq", "ne", *ORDERINGS)
_REVERSED = {"eq": "eq", "ne": "ne", "lt": "gt", "le": "ge", "gt": "lt", "ge": "le"}


def compare(source: Source, function: str, left: Any, right: Any) -> Column:
    """`left function right`, of which one may be a Python scalar. TypeError where pandas raises it."""
    if not isinstance(left, Column):
        return compare(source, _REVERSED[function], right, left)
    if function in ORDERINGS:
        require_order("comparing by <, <=, > and >=", left.type)
    if isinstance(right, Column):
        if function in ORDERINGS:
            require_order("comparing by <, <=, > and >=", right.type)
        return _call(source, function, left, right)
    type_ = plain_type(left.type)
    if _is_time(type_) and not _is_comparable_time(right, type_):
        if function in ORDERINGS:
            advice = "; compare with a pandas.Timestamp" if isinstance(right, datetime.date) else ""
            raise TypeError(f"Invalid comparison between {type_} and {type(right).__name__}{advice}")
        right = None
    if right is pd.NaT and function in ORDERINGS and is_number(type_):
        raise TypeError(f"Invalid comparison between {type_} and NaT")
    if left.nullable and is_missing(right) and right is not pd.NA:  # NA is not known, and these are: equal to no number
        return _unequal(source, function, left, right)
    if is_null(right) or (is_nan(right) and not pa.types.is_floating(type_)):
        return _call(source, function, left, Column(_core.Expr.literal(pa.scalar(None, type_)), type_))
    if is_nan(right):
        right = float("nan")
    if isinstance(right, int) and not -(2**63) <= right < 2**64:
        right = _beyond_int64(right, type_)
    return _call(source, function, left, literal(right, left.type))


def _nearest(value: int, type_: pa.DataType) -> float | None:
    """The value of a floating type that is equal to the integer, if there is one."""
    try:
        near = float(type_.to_pandas_dtype()(value))
    except OverflowError:
        return None
    return near if math.isfinite(near) and int(near) == value else None


def _beyond_int64(value: int, type_: pa.DataType) -> float | decimal.Decimal:
    """What compares with values of `type_` as the integer does, which has more than 64 bits."""
    if pa.types.is_decimal(type_) and abs(value) < 10**_MOST_DIGITS:
        return decimal.Decimal(value)
    if pa.types.is_floating(type_) and abs(value) <= sys.float_info.max:
        return float(value)
    return float("inf") if value > 0 else float("-inf")  # every integer of 64 bits is on the same side of it


def _call(source: Source, function: str, left: Column, right: Column) -> Column:
    result = source.call(function, [left, right])
    return known_or_missing(source, result, [left, right]) if left.nullable or right.nullable else result


def _unequal(source: Source, function: str, column: Column, other: Any) -> Column:
    """A nullable `column` compared with None, NaT or NaN."""
    if other is None and function in ORDERINGS:
        raise TypeError(f"{column.type} has no order with None; fill missing values with fillna() and compare with a number")
    return known_or_missing(source, Column(_core.Expr.literal(pa.scalar(function == "ne")), pa.bool_()), [column])


def require_order(what: str, type_: pa.DataType) -> None:
    """The engine orders categories by their values, pandas only by their declared order: TypeError or NotImplementedError."""
    if not pa.types.is_dictionary(type_):
        return
    if type_.ordered:
        raise NotImplementedError(f"{what}: the order of categories is not there yet; map them to numbers, or use astype(str)")
    raise TypeError(f"{what}: unordered categories have no order; use astype(str) for that of their text")


def is_number(type_: pa.DataType) -> bool:
    return bool(pa.types.is_integer(type_) or pa.types.is_floating(type_) or pa.types.is_boolean(type_))


def _is_time(type_: pa.DataType) -> bool:
    return bool(pa.types.is_timestamp(type_) or pa.types.is_duration(type_))


def _is_comparable_time(value: Any, type_: pa.DataType) -> bool:
    """Whether pandas orders times of `type_` and `value`; text is read as a time."""
    if value is pd.NaT or isinstance(value, (str, pa.Scalar)):
        return True
    if pa.types.is_duration(type_):
        return isinstance(value, (datetime.timedelta, np.timedelta64))
    if isinstance(value, np.datetime64):
        return type_.tz is None
    return isinstance(value, datetime.datetime) and (value.tzinfo is None) == (type_.tz is None)


def is_in(source: Source, column: Column, values: Iterable[Any]) -> Column:
    """Whether each value is one of `values`; missing is if they have a missing value of the column's kind."""
    if isinstance(values, (str, bytes)) or not isinstance(values, Iterable):
        raise TypeError(f"isin takes a list, not {type(values).__name__}")
    members = _members(values)
    type_ = plain_type(column.type)
    if pa.types.is_dictionary(column.type):  # in which any missing value stands for all, and True is not 1
        missing = [pa.scalar(None, type_)] if any(map(is_missing, members)) else []
        members = [value for value in members if not is_missing(value)]
        if not pa.types.is_boolean(type_) and all(isinstance(value, (bool, np.bool_)) for value in members):
            members = []
        members += missing
    if column.nullable:  # in which only NA is missing: None, NaT and NaN are equal to no value
        missing = [pa.scalar(None, type_)] if any(value is pd.NA for value in members) else []
        members = [value for value in members if not is_missing(value)] + missing
    listed = _as_list(members, type_)
    if listed is not None:
        return source.call("is_in", [column, Column(_core.Expr.literal(listed), listed.type)])
    if _is_time(type_):
        times = [value for value in members if not is_missing(value)]
        if times and all(not isinstance(value, str) and _is_comparable_time(value, type_) for value in times):
            members = [pd.NaT if is_missing(value) else value for value in members]  # in a list of times, None is NaT
    scalars = [scalar for value in members if (scalar := _member(value, type_)) is not None]
    literals = [Column(_core.Expr.literal(scalar), scalar.type) for scalar in scalars]
    return source.call("is_in", [column, *literals])


def _members(values: Iterable[Any]) -> list[Any]:
    """The values one by one, as pandas takes them: NA among pandas' nullable numbers is NaN, in a list it stays NA."""
    name = nullable_name(getattr(values, "dtype", None))
    if name is None or name == "boolean":
        return list(values)
    return [float("nan") if value is pd.NA else value for value in values]


def _as_list(members: list[Any], type_: pa.DataType) -> pa.Scalar | None:
    """Values that all are of the column's own kind as one literal, which makes long lists fast; else None."""
    kinds = set(map(type, members))
    own_kind = (
        (kinds == {int} and pa.types.is_integer(type_))
        or (kinds == {float} and pa.types.is_float64(type_))
        or (kinds == {str} and pa.types.is_string(type_))
    )
    if not own_kind:
        return None
    try:
        return pa.scalar(members, pa.list_(type_))
    except (OverflowError, pa.ArrowInvalid):
        return None


def _member(value: Any, type_: pa.DataType) -> pa.Scalar | None:
    """`value` beside a column of `type_`; None if no value of the column is equal to it."""
    if isinstance(value, pa.Scalar):
        return value
    if is_missing(value):
        if _is_time(type_):
            matches = _is_comparable_time(value, type_)
        elif is_number(type_):
            matches = isinstance(value, float)  # other NaN are equal to none of a column
        else:
            matches = True
        return pa.scalar(None, type_) if matches else None
    if _is_time(type_) and (isinstance(value, str) or not _is_comparable_time(value, type_)):
        return None
    if pa.types.is_date(type_) and (isinstance(value, (str, datetime.datetime)) or not isinstance(value, datetime.date)):
        return None
    if isinstance(value, int) and not isinstance(value, bool):
        if pa.types.is_floating(type_):
            near = _nearest(value, type_)
            return None if near is None else to_scalar(near, type_)
        if pa.types.is_decimal(type_) and abs(value) < 10**_MOST_DIGITS:
            return pa.scalar(decimal.Decimal(value))
    try:
        return to_scalar(value, type_)
    except OverflowError:
        return None
