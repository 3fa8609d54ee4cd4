"""Python, NumPy and pandas values as typed literals, read the way pandas reads them beside a column."""

from __future__ import annotations

import datetime
import decimal
from typing import TYPE_CHECKING, Any

from millstream.dataframe.missing import is_null
from millstream.dataframe.source import Column

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    import pyarrow as pa

    from millstream import _core
else:
    from millstream._lazy import LazyModule

    np, pa, pd, _core = (LazyModule(name) for name in ("numpy", "pyarrow", "pandas", "millstream._core"))

_PLAIN = (bool, int, float, str, bytes, decimal.Decimal)
_TIMES = (datetime.date, datetime.timedelta)  # datetime, Timestamp and Timedelta are subclasses


def is_literal(value: Any) -> bool:
    if isinstance(value, (*_PLAIN, *_TIMES)):
        return True
    return isinstance(value, (np.generic, pa.Scalar)) or is_null(value)


def plain_type(type_: pa.DataType) -> pa.DataType:
    """The type of the values: a category is its values."""
    return type_.value_type if pa.types.is_dictionary(type_) else type_


def literal(value: Any, beside: pa.DataType | None = None) -> Column:
    """`value` as a literal; `beside` is the type of the column it is used with, whose width and unit it takes if it fits.

    TypeError for what is no scalar, ValueError for text that is no time beside a timestamp.
    """
    scalar = to_scalar(value, beside)
    return Column(_core.Expr.literal(scalar), scalar.type)


def to_scalar(value: Any, beside: pa.DataType | None = None) -> pa.Scalar:
    if isinstance(value, pa.Scalar):
        return value
    if isinstance(value, np.generic):
        value = (
            pd.Timestamp(value)
            if isinstance(value, np.datetime64)
            else (pd.Timedelta(value) if isinstance(value, np.timedelta64) else value.item())
        )
    if is_null(value):
        return pa.scalar(None, beside)
    if not isinstance(value, (*_PLAIN, *_TIMES)):
        raise TypeError(f"expected a scalar or a Series of the same frame, not {type(value).__name__}")
    if beside is not None and pa.types.is_timestamp(beside) and isinstance(value, (str, datetime.date)):
        return _timestamp(value, beside)
    if isinstance(value, str) and beside is not None and pa.types.is_duration(beside):
        value = pd.Timedelta(value)
    if isinstance(value, datetime.timedelta):
        return _duration(pd.Timedelta(value), beside)
    if isinstance(value, datetime.datetime):
        return _timestamp(value, pa.timestamp("us"))
    if isinstance(value, datetime.date) and beside is not None and not pa.types.is_date(beside):
        return _timestamp(value, pa.timestamp("us"))
    return _number(value, beside)


def _timestamp(value: str | datetime.date, beside: pa.DataType) -> pa.Scalar:
    stamp = pd.Timestamp(value)
    if stamp.tzinfo is None and beside.tz is not None and not isinstance(value, str):
        raise TypeError(f"{value!r} has no zone, and {beside} has one: localize it, pandas.Timestamp(..., tz={beside.tz!r})")
    if stamp is pd.NaT:
        raise ValueError(f"cannot read {value!r} as a time; write it like 2024-01-31 or 2024-01-31 12:30:00")
    zone = beside.tz if stamp.tzinfo is None else str(stamp.tz)
    if stamp.tzinfo is None and zone is not None:
        stamp = stamp.tz_localize(zone)
    unit = beside.unit if stamp.as_unit(beside.unit) == stamp else stamp.unit
    return pa.scalar(stamp.as_unit(unit).to_pydatetime() if unit != "ns" else stamp, pa.timestamp(unit, zone))


def _duration(value: pd.Timedelta, beside: pa.DataType | None) -> pa.Scalar:
    if beside is not None and pa.types.is_duration(beside) and value.as_unit(beside.unit) == value:
        value = value.as_unit(beside.unit)
    return pa.scalar(value.to_timedelta64())


def _number(value: Any, beside: pa.DataType | None) -> pa.Scalar:
    plain_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if beside is not None and plain_number:
        if pa.types.is_floating(beside):
            return pa.scalar(float(value), beside)
        if pa.types.is_integer(beside) and isinstance(value, int):
            try:
                return pa.scalar(value, beside)
            except (OverflowError, pa.ArrowInvalid):
                pass  # wider than the column: int64 holds it, and the operation widens
    if plain_number and isinstance(value, int) and 2**63 <= value < 2**64:
        return pa.scalar(value, pa.uint64())
    try:
        return pa.scalar(value)
    except OverflowError:
        raise OverflowError(f"{value} does not fit integers of 64 bits: write float({value}) to calculate in floats") from None
