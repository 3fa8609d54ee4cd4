"""pandas' nullable types (Int64, boolean, ...) and operators on them: what is not known stays NA, and is not false."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from millstream.dataframe.convert import NULLABLE
from millstream.dataframe.source import Column, Source

if TYPE_CHECKING:
    import pyarrow as pa

    from millstream import _core
else:
    from millstream._lazy import LazyModule

    pa, _core = LazyModule("pyarrow"), LazyModule("millstream._core")

_NAMES = {
    **{name: name for name in NULLABLE},
    **{f"{plain}[pyarrow]": name for name, plain in NULLABLE.items()},
    **{"float[pyarrow]": "Float32", "double[pyarrow]": "Float64"},
}


def nullable_name(dtype: Any) -> str | None:
    """The nullable type that holds values of `dtype`, which may be its name: itself, or the one like pandas' type of Arrow
    (`int64[pyarrow]`), which is not kept but has the same values. None for all others, such as NumPy's."""
    return _NAMES.get(str(dtype))


def known_or_missing(source: Source, result: Column, operands: list[Column]) -> Column:
    """A comparison of `operands`, NA where one of them is."""
    return _missing_where(source, _any_missing(source, operands), result)


def negation(source: Source, column: Column) -> Column:
    return known_or_missing(source, source.call("not", [column]), [column])


def truth(source: Source, column: Column, keeps_missing: bool) -> Column:
    """Whether numbers are not zero, or booleans true; a missing one is NA, or an error when it runs."""
    known = column
    if not pa.types.is_boolean(column.type):
        zero = Column(_core.Expr.literal(pa.scalar(0, column.type)), column.type)
        known = known_or_missing(source, source.call("ne", [column, zero]), [column])
    if keeps_missing:
        return known
    number = source.call("cast", [known], {"to": "int64"})  # to bool itself, missing ones are true, as NaN is
    return replace(source.call("cast", [number], {"to": "bool"}), nullable=False)


def logical(source: Source, function: str, left: Column, right: Column) -> Column:
    """`and`, `or` and `xor`: bit by bit of integers, else of three values (Kleene's): false & NA is false, true | NA is true.

    TypeError for booleans with integers, which pandas takes for booleans or refuses, by their order.
    """
    result = source.call(function, [left, right])  # in which a boolean that is NA counts as false
    if pa.types.is_integer(left.type) and pa.types.is_integer(right.type):
        return replace(result, nullable=True)
    if not (pa.types.is_boolean(left.type) and pa.types.is_boolean(right.type)):
        raise TypeError(
            f"{function} of {left.type} and {right.type}: it takes two booleans or two integers; compare numbers first, "
            "as in (a != 0) & b, or make booleans numbers, as in a & b.astype('Int64')"
        )
    unknown = _any_missing(source, [left, right])
    if function != "xor":
        deciding = Column(_core.Expr.literal(pa.scalar(function == "or")), pa.bool_())
        decided = source.call("or", [source.call("eq", [side, deciding]) for side in (left, right)])
        unknown = source.call("and", [unknown, source.call("not", [decided])])
    return _missing_where(source, unknown, result)


def _any_missing(source: Source, operands: list[Column]) -> Column:
    missing = [source.call("is_null", [operand]) for operand in operands]
    return missing[0] if len(missing) == 1 else source.call("or", missing)


def _missing_where(source: Source, condition: Column, result: Column) -> Column:
    nothing = Column(_core.Expr.literal(pa.scalar(None, pa.bool_())), pa.bool_())
    return replace(source.call("if_else", [condition, nothing, result]), nullable=True)
