"""How lazy collections show themselves: columns, types and partitions, as Dask's do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from millstream.dataframe.collection import Collection

if TYPE_CHECKING:
    import pandas as pd

    from millstream.dataframe.frame import DataFrame
    from millstream.dataframe.series import Series
else:
    from millstream._lazy import LazyModule

    pd = LazyModule("pandas")


def _outline(collection: Collection, cells: list[Any], columns: Any) -> pd.DataFrame:
    """A frame of text: the types in its first row, "..." in one row for each further division."""
    rows = len(collection.divisions)
    shown = [str(d) if collection.known_divisions else "" for d in collection.divisions]
    index = pd.Index(shown, name=f"npartitions={collection.npartitions}")
    outline = pd.DataFrame([cells] + [["..."] * len(cells)] * (rows - 1), index=index, columns=columns)
    return outline if rows <= 12 else pd.concat([outline.iloc[:6], outline.iloc[-6:]])


def frame_text(frame: DataFrame) -> str:
    if not frame._labels:
        return f"Empty Millstream DataFrame Structure:\nColumns: []\nnpartitions={frame.npartitions}"
    outline = _outline(frame, [str(dtype) for dtype in frame.dtypes], frame.columns)
    return f"Millstream DataFrame Structure:\n{outline.to_string(max_rows=100)}\n{_footer(frame)}"


def series_text(series: Series) -> str:
    lines = _outline(series, [str(series.dtype)], [0])[0].to_string()
    name = "" if series.name is None else f"Name: {series.name}, "
    return f"Millstream {type(series).__name__} Structure:\n{lines}\n{name}dtype: {series.dtype}\n{_footer(series)}"


def frame_html(frame: DataFrame) -> str:
    outline = _outline(frame, [str(dtype) for dtype in frame.dtypes], frame.columns)
    table = outline.to_html(max_rows=100, notebook=True)
    return f"<div><strong>Millstream DataFrame Structure:</strong></div>\n{table}\n<div>{_footer(frame)}</div>"


def _footer(collection: Collection) -> str:
    steps = len(collection._fetch()[0].source.build([]).explain(False).strip().splitlines())
    return f"Millstream Name: {collection._source.key.split('-')[0]}, {steps} step{'s' if steps != 1 else ''}"
