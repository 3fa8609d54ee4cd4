"""What chooses rows and columns: labels, a boolean Series of the same frame; and `df.loc[...]`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    from millstream.dataframe.frame import DataFrame
    from millstream.dataframe.series import Series
else:
    from millstream._lazy import LazyModule

    np, pd = LazyModule("numpy"), LazyModule("pandas")


def label_list(key: Any) -> list[Any] | None:
    """The labels in a list of them, which may be an object of pandas or NumPy; None for what is no list.

    NotImplementedError for booleans, which are no labels but choose rows of what is in memory.
    """
    if not isinstance(key, (list, pd.Index, pd.Series, np.ndarray, pd.api.extensions.ExtensionArray)):
        return None
    labels = list(key)
    if labels and all(isinstance(label, (bool, np.bool_)) or label is pd.NA for label in labels):
        raise NotImplementedError(
            "rows are chosen by a boolean Series of the same frame, df[df.a > 1], not by booleans in memory: with a pandas "
            "Series `mask`, df[df.index.isin(mask.index[mask])] takes its index, and df.compute()[mask] its rows"
        )
    return labels


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
        from millstream.dataframe.series import Series

        if isinstance(rows, Series):
            return rows
        if isinstance(rows, slice):
            return self._row_range(rows)
        index, labels = self._frame.index, label_list(rows)
        return index == rows if labels is None else index.isin(labels)

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
