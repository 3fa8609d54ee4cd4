"""What chooses rows and columns: labels, a boolean Series of the same frame; and `df.loc[...]`."""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING, Any

from millstream.dataframe.literals import to_scalar

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    import pyarrow as pa

    from millstream.dataframe.frame import DataFrame
    from millstream.dataframe.series import Series
else:
    from millstream._lazy import LazyModule

    np, pa, pd = (LazyModule(name) for name in ("numpy", "pyarrow", "pandas"))


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
        type_ = index._column.type
        if labels is None:
            span = _span(rows, type_)
            if span is None:
                return index == _time(rows, type_)
            return (index >= _begin(span)) & (index < _end(span))
        return index.isin([_time(label, type_) for label in labels])

    def _row_range(self, rows: slice) -> Series | None:
        if rows.step is not None:
            raise NotImplementedError("loc takes no step")
        index, chosen = self._frame.index, None
        type_ = index._column.type
        if rows.start is not None:
            span = _span(rows.start, type_)
            chosen = index >= (_time(rows.start, type_) if span is None else _begin(span))
        if rows.stop is not None:
            span = _span(rows.stop, type_)
            below = index <= _time(rows.stop, type_) if span is None else index < _end(span)
            chosen = below if chosen is None else chosen & below
        return chosen


def _span(label: Any, type_: pa.DataType) -> tuple[pd.Period, datetime.tzinfo | str | None] | None:
    """What a text such as "1980" or "1980-06-01 10:00Z" names in an index of times, with its zone; None for other labels."""
    if not isinstance(label, str) or not pa.types.is_timestamp(type_):
        return None
    zone = pd.Timestamp(label).tzinfo  # ValueError where it is no time
    if zone is not None and type_.tz is None:
        raise ValueError(f"loc[{label!r}]: the index has no time zone, so the text must have none")
    return pd.Period(label), zone or type_.tz  # a period has no zone: it is of the clock that the text shows


def _begin(span: tuple[pd.Period, Any]) -> pd.Timestamp:
    return span[0].start_time.tz_localize(span[1])


def _end(span: tuple[pd.Period, Any]) -> pd.Timestamp:
    """The time right behind. The clock may not show it, where it is changed."""
    last = span[0].end_time
    return last.tz_localize(span[1]) + pd.Timedelta(1, unit=last.unit)


def _time(label: Any, type_: pa.DataType) -> Any:
    """In an index of times, texts and days are times."""
    if pa.types.is_timestamp(type_) and isinstance(label, (str, datetime.date)) and not isinstance(label, datetime.datetime):
        return to_scalar(str(label), type_)
    return label
