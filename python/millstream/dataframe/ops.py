"""Operators and missing-value rules on columns of one source; what the engine's functions are called is known here."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from millstream.dataframe import nullable
from millstream.dataframe.comparing import COMPARISONS, compare
from millstream.dataframe.convert import arrow_type, dtype_name
from millstream.dataframe.literals import literal
from millstream.dataframe.source import Column, Extension, Source, extend

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    from millstream import _core
else:
    from millstream._lazy import LazyModule

    np, pa, pc, _core = (LazyModule(name) for name in ("numpy", "pyarrow", "pyarrow.compute", "millstream._core"))

_LARGE = 64
"""An expression of more nodes is computed once, as a column of the source, not again in each use."""


def settle(source: Source, column: Column) -> tuple[Source, Column]:
    """The same column; where its expression has grown large, as a column that the source computes."""
    if column.nodes <= _LARGE:
        return source, column
    extended, settled = extend(source, Extension(f"expr-{column.token}", column.type, (column,)))
    return extended, replace(settled, nullable=column.nullable)


def binary(source: Source, function: str, left: Any, right: Any) -> Column:
    """`left function right`; one of them may be a Python scalar."""
    if function in COMPARISONS:
        return compare(source, function, left, right)
    if function == "divide":  # which is done in floats, so that integers of any size will do
        left, right = (float(operand) if _is_long(operand) else operand for operand in (left, right))
    text, times = (left, right) if isinstance(left, Column) else (right, left)
    if function == "multiply" and is_text(text.type) and isinstance(times, int):
        return source.call("str_repeat", [text], {"repeats": max(int(times), 0)})
    if not isinstance(left, Column):
        left = literal(left, right.type)
    if not isinstance(right, Column):
        right = literal(right, left.type)
    if function in ("and", "or", "xor") and (left.nullable or right.nullable):
        return nullable.logical(source, function, left, right)
    return source.call(function, [left, right])


def unary(source: Source, function: str, column: Column) -> Column:
    if function == "not" and column.nullable and pa.types.is_boolean(column.type):
        return nullable.negation(source, column)
    return source.call(function, [column])


def _is_long(value: Any) -> bool:
    return isinstance(value, int) and not -(2**63) <= value < 2**63


def is_text(type_: pa.DataType) -> bool:
    return bool(pa.types.is_string(type_) or pa.types.is_large_string(type_))


def fill_null(source: Source, column: Column, value: Any) -> Column:
    return source.call("fill_null", [column, value if isinstance(value, Column) else in_place_of(column, value)])


def is_null(source: Source, column: Column) -> Column:
    return source.call("is_null", [column])


def cast(source: Source, column: Column, dtype: Any) -> Column:
    """As pandas' astype; a value that does not fit is an error when it runs."""
    type_ = arrow_type(dtype)
    name = nullable.nullable_name(dtype)
    wanted = name is not None
    if type_ == column.type and column.nullable <= wanted:
        return replace(column, nullable=wanted)
    if column.nullable and pa.types.is_boolean(type_):
        return nullable.truth(source, column, wanted)
    return replace(source.call("cast", [column], {"to": name or dtype_name(type_)}), nullable=wanted)


def encode(source: Source, column: Column) -> tuple[Source, Column]:
    """The column as categories, those that each partition has; whoever reads several partitions gets them all."""
    type_ = pa.dictionary(pa.int32(), column.type)

    def run(arrays: list[pa.ChunkedArray]) -> pa.ChunkedArray:
        values = arrays[0]
        if pa.types.is_floating(values.type):  # one category for both zeros, none for NaN
            values = pc.if_else(pc.is_nan(values), None, pc.add(values, 0.0)).cast(values.type)
        encoded = values.dictionary_encode().unify_dictionaries()
        if not encoded.num_chunks:
            return encoded
        order = pc.sort_indices(encoded.chunk(0).dictionary)  # as pandas sorts categories
        categories = encoded.chunk(0).dictionary.take(order)
        places = np.empty(len(order), np.int32)
        places[order.to_numpy()] = np.arange(len(order), dtype=np.int32)
        codes = [pa.array(places, pa.int32()).take(chunk.indices) for chunk in encoded.chunks]
        return pa.chunked_array([pa.DictionaryArray.from_arrays(code, categories) for code in codes])

    return extend(source, Extension(f"category-{column.token}", type_, (column,), run))


def null_of(type_: pa.DataType) -> Column:
    return Column(_core.Expr.literal(pa.scalar(None, type_)), type_)


def in_place_of(column: Column, value: Any) -> Column:
    """`value` as a literal that may stand beside the column's values.

    TypeError where only floats hold both: large integers would lose digits.
    """
    found = literal(value, column.type)
    if {str(column.type), str(found.type)} == {"int64", "uint64"}:
        raise TypeError(
            f"{value!r} does not fit among {column.type}, and floats, which hold both, would change large numbers: "
            'astype("float64") first if that does not matter'
        )
    return found


def choose(source: Source, condition: Column, yes: Any, no: Any) -> Column:
    """`yes` where `condition` is true, else `no`; both may be scalars, None is missing."""
    if not isinstance(yes, Column):
        yes = in_place_of(no, yes) if isinstance(no, Column) else literal(yes)
    if not isinstance(no, Column):
        no = in_place_of(yes, no)
    return source.call("if_else", [condition, yes, no])


def between(source: Source, column: Column, left: Any, right: Any, inclusive: str) -> Column:
    if inclusive not in ("both", "neither", "left", "right"):
        raise ValueError(f"inclusive must be 'both', 'neither', 'left' or 'right', not {inclusive!r}")
    low = binary(source, "ge" if inclusive in ("both", "left") else "gt", column, left)
    high = binary(source, "le" if inclusive in ("both", "right") else "lt", column, right)
    return binary(source, "and", low, high)


def round_(source: Source, column: Column, digits: int) -> Column:
    rounds = pa.types.is_floating(column.type) or pa.types.is_decimal(column.type)
    if not rounds and not (pa.types.is_integer(column.type) and digits < 0):
        return column
    return source.call("round", [column], {"decimals": digits})


def is_numeric(type_: pa.DataType) -> bool:
    return bool(
        pa.types.is_integer(type_) or pa.types.is_floating(type_) or pa.types.is_boolean(type_) or pa.types.is_decimal(type_)
    )
