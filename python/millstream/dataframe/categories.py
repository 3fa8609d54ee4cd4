"""Columns of categories: what keeps them categories, done by pandas on each partition.

The engine's own functions give the values of categories. Only a partition knows which categories there are, and partitions of
files each have their own.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from millstream.dataframe.convert import array_to_series, series_to_array
from millstream.dataframe.source import Column, Extended, Extension, Source, extend, unique_token

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa
else:
    from millstream._lazy import LazyModule

    pa, pd = LazyModule("pyarrow"), LazyModule("pandas")


def require_found(dtype: Any) -> None:
    """NotImplementedError for a category type that says which categories there are, or their order."""
    if isinstance(dtype, pd.CategoricalDtype) and (dtype.categories is not None or dtype.ordered):
        raise NotImplementedError(
            'astype takes "category", which finds the categories; for those of your own: '
            "map_partitions(lambda part: part.astype(dtype)), or in pandas after compute()"
        )


def fill_missing(source: Source, column: Column, value: Any) -> tuple[Extended, Column]:
    """Missing ones replaced by `value`, a column or a scalar. TypeError when it runs where a value is no category."""
    return _by_pandas(source, column, [value], lambda values, other: values.fillna(other), "fillna")


def choose(source: Source, column: Column, condition: Column, other: Any) -> tuple[Extended, Column]:
    """The values where `condition` is true, `other` elsewhere."""
    return _by_pandas(source, column, [condition, other], _where, "where")


def _where(values: pd.Series, condition: pd.Series, other: Any) -> pd.Series:
    return values.where(condition.fillna(False).astype(bool), other)


def _by_pandas(
    source: Source, column: Column, arguments: list[Any], function: Callable[..., pd.Series], what: str
) -> tuple[Extended, Column]:
    """`function` of the column and `arguments`, columns or scalars, as pandas' objects."""
    columns = [argument for argument in arguments if isinstance(argument, Column)]

    def run(arrays: list[pa.ChunkedArray]) -> pa.Array:
        values, *rest = (array_to_series(array, c.nullable) for array, c in zip(arrays, [column, *columns], strict=True))
        given = iter(rest)
        try:
            result = function(values, *(next(given) if isinstance(each, Column) else each for each in arguments))
        except TypeError as error:
            raise TypeError(
                f"{error}; a partition knows the categories that it holds: {values.cat.categories.tolist()[:10]}. To use any "
                'value: astype(str), then this, then astype("category")'
            ) from None
        return series_to_array(result, column.type)

    return extend(source, Extension(unique_token(what), column.type, (column, *columns), run))
