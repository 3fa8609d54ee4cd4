"""One lazy value, such as a sum, and arithmetic with it."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from millstream.dataframe.convert import array_to_series, pandas_dtype
from millstream.dataframe.execute import Fetch, Lazy, Request, compute_all
from millstream.dataframe.operators import Operators
from millstream.dataframe.source import Column, Source

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa
else:
    from millstream._lazy import LazyModule

    np, pa = LazyModule("numpy"), LazyModule("pyarrow")

_PYTHON: dict[str, Callable[..., Any]] = {
    "add": operator.add, "subtract": operator.sub, "multiply": operator.mul, "divide": operator.truediv,
    "floor_divide": operator.floordiv, "mod": operator.mod, "power": operator.pow, "and": operator.and_,
    "or": operator.or_, "xor": operator.xor, "eq": operator.eq, "ne": operator.ne, "lt": operator.lt,
    "le": operator.le, "gt": operator.gt, "ge": operator.ge, "negate": operator.neg, "not": operator.invert,
    "abs": abs,
}  # fmt: skip


class Scalar(Operators, Lazy):
    """A value made of single values of one-row sources; `combine` makes it of them as NumPy or pandas scalars."""

    def __init__(self, name: str, fetches: tuple[Fetch, ...], combine: Callable[..., Any], dtype: Any) -> None:
        self._name, self._fetches, self._combine, self._dtype = name, fetches, combine, dtype

    @classmethod
    def of_column(cls, name: str, source: Source, column: Column) -> Scalar:
        fetch = Fetch(source, ("value",), (column,))
        return cls(name, (fetch,), lambda value: value, pandas_dtype(column.type))

    @property
    def dtype(self) -> Any:
        return self._dtype

    @property
    def npartitions(self) -> int:
        return 1

    @property
    def divisions(self) -> tuple[Any, ...]:
        return (None, None)

    def compute(self, **kwargs: Any) -> Any:
        return compute_all([self])[0]

    def persist(self, **kwargs: Any) -> Scalar:
        """Computed at once, and known from then on."""
        return self.known()

    def known(self) -> Scalar:
        value = self.compute()
        return Scalar(self._name, (), lambda: value, self._dtype)

    def explain(self, optimized: bool = True) -> str:
        plans = [fetch.source.project(fetch.names, fetch.columns) for fetch in self._fetches]
        return "\n".join(plan.explain(optimized) for plan in plans)

    def __repr__(self) -> str:
        return f"<millstream.dataframe.Scalar: {self._name}, dtype={self._dtype}>"

    def _request(self) -> Request:
        def finish(tables: list[list[pa.Table]]) -> Any:
            return self._combine(*(_value(part) for part in tables))

        return Request(self._fetches, finish)

    def _binary(self, function: str, other: Any, reverse: bool = False) -> Any:
        if not isinstance(other, Scalar):
            if isinstance(other, Lazy):
                return NotImplemented  # the series computes it
            value = other
            other = Scalar(repr(other), (), lambda: value, getattr(other, "dtype", np.dtype(type(other))))
        left, right = (other, self) if reverse else (self, other)
        split, apply = len(left._fetches), _PYTHON[function]

        def combine(*values: Any) -> Any:
            return apply(left._combine(*values[:split]), right._combine(*values[split:]))

        dtype = np.dtype(bool) if function in ("eq", "ne", "lt", "le", "gt", "ge") else self._dtype
        if function == "divide":
            dtype = np.dtype(float)
        return Scalar(f"{function}({left._name}, {right._name})", left._fetches + right._fetches, combine, dtype)

    def _unary(self, function: str) -> Scalar:
        inner, apply = self._combine, _PYTHON[function]
        return Scalar(f"{function}({self._name})", self._fetches, lambda *values: apply(inner(*values)), self._dtype)


def _value(parts: list[pa.Table]) -> Any:
    columns = [part.column(0) for part in parts if part.num_rows]
    if not columns:
        return np.nan
    values = array_to_series(columns[0])
    value = values.iloc[0]
    return np.nan if value is None else value
