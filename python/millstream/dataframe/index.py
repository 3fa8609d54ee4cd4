"""The index of a collection, as a lazy column of its own."""

from __future__ import annotations

from collections.abc import Hashable
from typing import TYPE_CHECKING, Any

from millstream.dataframe.collection import Collection
from millstream.dataframe.convert import IndexNames, array_to_series, make_index
from millstream.dataframe.series import Series
from millstream.dataframe.source import Column

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa
else:
    from millstream._lazy import LazyModule

    pa, pd = LazyModule("pyarrow"), LazyModule("pandas")

__all__ = ["Index", "index_of"]


class Index(Series):
    """A lazy pandas.Index; its operators give Series-like columns of the same rows."""

    @property
    def _meta(self) -> pd.Index:
        return self._meta_index()

    @property
    def names(self) -> list[Hashable]:
        return [level.name for level in self._levels]

    def _to_pandas(self, tables: list[pa.Table], index: IndexNames) -> Any:
        table = pa.concat_tables(tables)
        if len(self._levels) > 1 or not index.columns:
            return make_index(tables, table, index)
        return pd.Index(array_to_series(table.column(0), self._column.nullable)).rename(self.name)

    def to_series(self) -> Series:
        return Series(self._source, self.name, self._column, self._levels, self._divisions)

    def _new(self, column: Column, source: Any = None, name: Any = None) -> Series:
        return self.to_series()._new(column, source)


def index_of(collection: Collection) -> Index:
    source, levels = collection._fixed_positions()
    column = levels[0].column
    assert column is not None
    shown = collection._levels if len(collection._levels) > 1 else levels
    return Index(source, levels[0].name, column, shown, collection._divisions)
