"""Python's operators and pandas' methods of the same meaning, for everything that is made of columns."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any, Self


class Operators:
    """`_binary` and `_unary` say what an operator does; names of functions are the engine's."""

    @abstractmethod
    def _binary(self, function: str, other: Any, reverse: bool = False) -> Self: ...

    @abstractmethod
    def _unary(self, function: str) -> Self: ...

    __hash__ = object.__hash__

    __array_priority__ = 1000  # so that NumPy's numbers on the left leave the operation to these

    def __add__(self, other: Any) -> Self:
        return self._binary("add", other)

    def __radd__(self, other: Any) -> Self:
        return self._binary("add", other, reverse=True)

    def __sub__(self, other: Any) -> Self:
        return self._binary("subtract", other)

    def __rsub__(self, other: Any) -> Self:
        return self._binary("subtract", other, reverse=True)

    def __mul__(self, other: Any) -> Self:
        return self._binary("multiply", other)

    def __rmul__(self, other: Any) -> Self:
        return self._binary("multiply", other, reverse=True)

    def __truediv__(self, other: Any) -> Self:
        return self._binary("divide", other)

    def __rtruediv__(self, other: Any) -> Self:
        return self._binary("divide", other, reverse=True)

    def __floordiv__(self, other: Any) -> Self:
        return self._binary("floor_divide", other)

    def __rfloordiv__(self, other: Any) -> Self:
        return self._binary("floor_divide", other, reverse=True)

    def __mod__(self, other: Any) -> Self:
        return self._binary("mod", other)

    def __rmod__(self, other: Any) -> Self:
        return self._binary("mod", other, reverse=True)

    def __pow__(self, other: Any) -> Self:
        return self._binary("power", other)

    def __rpow__(self, other: Any) -> Self:
        return self._binary("power", other, reverse=True)

    def __and__(self, other: Any) -> Self:
        return self._binary("and", other)

    def __rand__(self, other: Any) -> Self:
        return self._binary("and", other, reverse=True)

    def __or__(self, other: Any) -> Self:
        return self._binary("or", other)

    def __ror__(self, other: Any) -> Self:
        return self._binary("or", other, reverse=True)

    def __xor__(self, other: Any) -> Self:
        return self._binary("xor", other)

    def __rxor__(self, other: Any) -> Self:
        return self._binary("xor", other, reverse=True)

    def __eq__(self, other: Any) -> Self:  # type: ignore[override]
        return self._binary("eq", other)

    def __ne__(self, other: Any) -> Self:  # type: ignore[override]
        return self._binary("ne", other)

    def __lt__(self, other: Any) -> Self:
        return self._binary("lt", other)

    def __le__(self, other: Any) -> Self:
        return self._binary("le", other)

    def __gt__(self, other: Any) -> Self:
        return self._binary("gt", other)

    def __ge__(self, other: Any) -> Self:
        return self._binary("ge", other)

    def __neg__(self) -> Self:
        return self._unary("negate")

    def __invert__(self) -> Self:
        return self._unary("not")

    def __abs__(self) -> Self:
        return self._unary("abs")

    def __pos__(self) -> Self:
        return self

    def __bool__(self) -> bool:
        raise ValueError(
            f"the truth value of a lazy {type(self).__name__} is not known: combine conditions with & | ~, or compute() first"
        )


class FlexibleOperators(Operators):
    """The same as methods: `a.add(b, fill_value=0)`."""

    @abstractmethod
    def isna(self) -> Self: ...

    @abstractmethod
    def notna(self) -> Self: ...

    @abstractmethod
    def fillna(self, value: Any) -> Self: ...

    @abstractmethod
    def where(self, cond: Any, other: Any = None) -> Self: ...

    def _flexible(self, function: str, other: Any, fill_value: Any, reverse: bool = False) -> Self:
        """What is missing on one side counts as `fill_value`; what is missing on both sides stays missing."""
        if fill_value is None:
            return self._binary(function, other, reverse)
        if not isinstance(other, FlexibleOperators):
            return self.fillna(fill_value)._binary(function, other, reverse)
        if type(other) is not type(self):
            raise NotImplementedError("fill_value takes two Series or two DataFrames, as in pandas")
        left = self.where(self.notna() | other.isna(), fill_value)
        right = other.where(other.notna() | self.isna(), fill_value)
        return left._binary(function, right, reverse)

    def add(self, other: Any, fill_value: Any = None) -> Self:
        return self._flexible("add", other, fill_value)

    def radd(self, other: Any, fill_value: Any = None) -> Self:
        return self._flexible("add", other, fill_value, reverse=True)

    def sub(self, other: Any, fill_value: Any = None) -> Self:
        return self._flexible("subtract", other, fill_value)

    def rsub(self, other: Any, fill_value: Any = None) -> Self:
        return self._flexible("subtract", other, fill_value, reverse=True)

    subtract = sub

    def mul(self, other: Any, fill_value: Any = None) -> Self:
        return self._flexible("multiply", other, fill_value)

    def rmul(self, other: Any, fill_value: Any = None) -> Self:
        return self._flexible("multiply", other, fill_value, reverse=True)

    multiply = mul

    def truediv(self, other: Any, fill_value: Any = None) -> Self:
        return self._flexible("divide", other, fill_value)

    def rtruediv(self, other: Any, fill_value: Any = None) -> Self:
        return self._flexible("divide", other, fill_value, reverse=True)

    div = truediv

    divide = truediv

    rdiv = rtruediv

    def floordiv(self, other: Any, fill_value: Any = None) -> Self:
        return self._flexible("floor_divide", other, fill_value)

    def rfloordiv(self, other: Any, fill_value: Any = None) -> Self:
        return self._flexible("floor_divide", other, fill_value, reverse=True)

    def mod(self, other: Any, fill_value: Any = None) -> Self:
        return self._flexible("mod", other, fill_value)

    def rmod(self, other: Any, fill_value: Any = None) -> Self:
        return self._flexible("mod", other, fill_value, reverse=True)

    def pow(self, other: Any, fill_value: Any = None) -> Self:
        return self._flexible("power", other, fill_value)

    def rpow(self, other: Any, fill_value: Any = None) -> Self:
        return self._flexible("power", other, fill_value, reverse=True)

    def eq(self, other: Any, fill_value: Any = None) -> Self:
        return self._flexible("eq", other, fill_value)

    def ne(self, other: Any, fill_value: Any = None) -> Self:
        return self._flexible("ne", other, fill_value)

    def lt(self, other: Any, fill_value: Any = None) -> Self:
        return self._flexible("lt", other, fill_value)

    def le(self, other: Any, fill_value: Any = None) -> Self:
        return self._flexible("le", other, fill_value)

    def gt(self, other: Any, fill_value: Any = None) -> Self:
        return self._flexible("gt", other, fill_value)

    def ge(self, other: Any, fill_value: Any = None) -> Self:
        return self._flexible("ge", other, fill_value)

    def abs(self) -> Self:
        return self._unary("abs")
