"""The reductions of a frame, as methods."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from millstream.dataframe import reductions

if TYPE_CHECKING:
    from millstream.dataframe.frame import DataFrame
    from millstream.dataframe.series import Series


class FrameReductions:
    """One value per column (axis=0), or per row (axis=1)."""

    def _reduce(self, function: str, axis: Any, numeric_only: bool, **keywords: Any) -> Series:
        frame = cast("DataFrame", self)
        if axis in (1, "columns"):
            return reductions.reduce_rows(frame, function, numeric_only, **keywords)
        return reductions.reduce_frame(frame, function, numeric_only, **keywords)

    def sum(
        self, axis: Any = 0, skipna: bool = True, numeric_only: bool = False, min_count: int = 0, split_every: Any = None
    ) -> Series:
        return self._reduce("sum", axis, numeric_only, skipna=skipna, min_count=min_count)

    def prod(
        self, axis: Any = 0, skipna: bool = True, numeric_only: bool = False, min_count: int = 0, split_every: Any = None
    ) -> Series:
        return self._reduce("prod", axis, numeric_only, skipna=skipna, min_count=min_count)

    product = prod

    def mean(self, axis: Any = 0, skipna: bool = True, numeric_only: bool = False, split_every: Any = None) -> Series:
        return self._reduce("mean", axis, numeric_only, skipna=skipna)

    def min(self, axis: Any = 0, skipna: bool = True, numeric_only: bool = False, split_every: Any = None) -> Series:
        return self._reduce("min", axis, numeric_only, skipna=skipna)

    def max(self, axis: Any = 0, skipna: bool = True, numeric_only: bool = False, split_every: Any = None) -> Series:
        return self._reduce("max", axis, numeric_only, skipna=skipna)

    def var(
        self, axis: Any = 0, skipna: bool = True, numeric_only: bool = False, ddof: int = 1, split_every: Any = None
    ) -> Series:
        return self._reduce("var", axis, numeric_only, skipna=skipna, ddof=ddof)

    def std(
        self, axis: Any = 0, skipna: bool = True, numeric_only: bool = False, ddof: int = 1, split_every: Any = None
    ) -> Series:
        return self._reduce("std", axis, numeric_only, skipna=skipna, ddof=ddof)

    def any(self, axis: Any = 0, skipna: bool = True, split_every: Any = None) -> Series:
        return self._reduce("any", axis, False, skipna=skipna)

    def all(self, axis: Any = 0, skipna: bool = True, split_every: Any = None) -> Series:
        return self._reduce("all", axis, False, skipna=skipna)

    def count(self, axis: Any = 0, numeric_only: bool = False, split_every: Any = None) -> Series:
        return self._reduce("count", axis, numeric_only)

    def nunique(self, axis: Any = 0, dropna: bool = True, split_every: Any = None) -> Series:
        return self._reduce("nunique", axis, False, dropna=dropna)
