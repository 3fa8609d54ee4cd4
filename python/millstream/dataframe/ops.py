"""Operators and missing-value rules on columns of one source; what the engine's functions are called is known here."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from millstream.dataframe.convert import arrow_type, dtype_name
from millstream.dataframe.literals import is_missing, literal, to_scalar
from millstream.dataframe.source import Column, Extension, Source, extend

if TYPE_CHECKING:
    import pyarrow as pa

    from millstream import _core
else:
    from millstream._lazy import LazyModule

    pa, _core = LazyModule("pyarrow"), LazyModule("millstream._core")

_LARGE = 64
"""An expression of more nodes is computed once, as a column of the source, not again in each use."""


def settle(source: Source, column: Column) -> tuple[Source, Column]:
    """The same column; where its expression has grown large, as a column that the source computes."""
    if column.nodes <= _LARGE:
        return source, column
    return extend(source, Extension(f"expr-{column.token}", column.type, (column,)))


def binary(source: Source, function: str, left: Any, right: Any) -> Column:
    """`left function right`; one of them may be a Python scalar."""
    if not isinstance(left, Column):
        left = literal(left, right.type)
    if not isinstance(right, Column):
        right = literal(right, left.type)
    return source.call(function, [left, right])


def fill_null(source: Source, column: Column, value: Any) -> Column:
    return source.call("fill_null", [column, value if isinstance(value, Column) else literal(value, column.type)])


def is_null(source: Source, column: Column) -> Column:
    return source.call("is_null", [column])


def cast(source: Source, column: Column, dtype: Any) -> Column:
    """As pandas' astype; a value that does not fit is an error when it runs."""
    type_ = arrow_type(dtype)
    if type_ == column.type:
        return column
    nullable = isinstance(dtype, str) and dtype[:1].isupper()  # pandas' Int64 and its like, which hold missing values
    return source.call("cast", [column], {"to": dtype if nullable else dtype_name(type_)})


def encode(source: Source, column: Column) -> tuple[Source, Column]:
    """The column as categories, those that each partition has; whoever reads several partitions gets them all."""
    type_ = pa.dictionary(pa.int32(), column.type)

    def run(arrays: list[pa.ChunkedArray]) -> pa.ChunkedArray:
        return arrays[0].dictionary_encode().unify_dictionaries()

    return extend(source, Extension(f"category-{column.token}", type_, (column,), run))


def null_of(type_: pa.DataType) -> Column:
    return Column(_core.Expr.literal(pa.scalar(None, type_)), type_)


def choose(source: Source, condition: Column, yes: Any, no: Any) -> Column:
    """`yes` where `condition` is true, else `no`; both may be scalars, None is missing."""
    if not isinstance(yes, Column):
        yes = literal(yes, no.type if isinstance(no, Column) else None)
    if not isinstance(no, Column):
        no = literal(no, yes.type)
    return source.call("if_else", [condition, yes, no])


def is_in(source: Source, column: Column, values: Iterable[Any]) -> Column:
    """Whether each value is one of `values`; missing is if they have a missing one."""
    if isinstance(values, (str, bytes)) or not isinstance(values, Iterable):
        raise TypeError(f"isin takes a list, not {type(values).__name__}")
    numbers = pa.types.is_floating(column.type)
    scalars = []
    for value in values:
        missing = is_missing(value) or value != value
        if missing and numbers and not isinstance(value, float):
            continue  # among numbers pandas takes only NaN for missing
        scalars.append(pa.scalar(None, column.type) if missing else to_scalar(value, column.type))
    literals = [Column(_core.Expr.literal(scalar), scalar.type) for scalar in scalars]
    return source.call("is_in", [column, *literals])


def between(source: Source, column: Column, left: Any, right: Any, inclusive: str) -> Column:
    if inclusive not in ("both", "neither", "left", "right"):
        raise ValueError(f"inclusive must be 'both', 'neither', 'left' or 'right', not {inclusive!r}")
    low = binary(source, "ge" if inclusive in ("both", "left") else "gt", column, left)
    high = binary(source, "le" if inclusive in ("both", "right") else "lt", column, right)
    return source.call("and", [low, high])


def round_(source: Source, column: Column, digits: int) -> Column:
    if not (pa.types.is_floating(column.type) or pa.types.is_decimal(column.type)):
        return column
    return source.call("round", [column], {"decimals": digits})


def is_numeric(type_: pa.DataType) -> bool:
    return bool(
        pa.types.is_integer(type_) or pa.types.is_floating(type_) or pa.types.is_boolean(type_) or pa.types.is_decimal(type_)
    )
