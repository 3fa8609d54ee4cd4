"""`df.loc[...]` for rows by a boolean Series and columns by label."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from millstream.dataframe.series import Series

if TYPE_CHECKING:
    from millstream.dataframe.frame import DataFrame


class LocIndexer:
    """`df.loc[mask]`, `df.loc[mask, columns]`, `df.loc[:, columns]`, `df.loc[low:high]` on the index."""

    def __init__(self, frame: DataFrame) -> None:
        self._frame = frame

    def __getitem__(self, key: Any) -> Any:
        rows, columns = key if isinstance(key, tuple) else (key, slice(None))
        frame: Any = self._frame
        if isinstance(columns, slice):
            frame = frame[self._label_range(columns)] if columns != slice(None) else frame
        chosen = self._rows(rows)
        selected = frame if chosen is None else frame._filter(chosen)
        return selected if isinstance(columns, slice) else selected[columns]

    def _label_range(self, labels: slice) -> list[Any]:
        known = self._frame._labels
        self._frame._require([label for label in (labels.start, labels.stop) if label is not None])
        first = 0 if labels.start is None else known.index(labels.start)
        last = len(known) - 1 if labels.stop is None else known.index(labels.stop)
        return known[first : last + 1 : labels.step]

    def _rows(self, rows: Any) -> Series | None:
        if isinstance(rows, Series):
            return rows
        if isinstance(rows, slice):
            return self._row_range(rows)
        index = self._frame.index
        return index.isin(rows) if isinstance(rows, list) else index == rows

    def _row_range(self, rows: slice) -> Series | None:
        if rows.step is not None:
            raise NotImplementedError("loc takes no step")
        index, chosen = self._frame.index, None
        if rows.start is not None:
            chosen = index >= rows.start
        if rows.stop is not None:
            below = index <= rows.stop
            chosen = below if chosen is None else chosen & below
        return chosen
