"""Several named columns over one source of rows."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from millstream.dataframe import ops
from millstream.dataframe.absent import no_attribute
from millstream.dataframe.collection import POSITIONS, Collection, IndexLevel, different_rows
from millstream.dataframe.convert import IndexNames, label_index, pandas_dtype, tables_to_frame
from millstream.dataframe.frame_reductions import FrameReductions
from millstream.dataframe.frame_writes import FrameWrites
from millstream.dataframe.indexing import label_list
from millstream.dataframe.literals import is_literal, literal
from millstream.dataframe.meta import NO_META, empty_values
from millstream.dataframe.operators import FlexibleOperators
from millstream.dataframe.scalar import Scalar
from millstream.dataframe.series import Series
from millstream.dataframe.source import Column, Source, unify

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

    from millstream.bag import Bag
    from millstream.dataframe.groupby import DataFrameGroupBy
else:
    from millstream._lazy import LazyModule

    pa, pd = LazyModule("pyarrow"), LazyModule("pandas")


class DataFrame(FlexibleOperators, FrameReductions, FrameWrites, Collection):
    """A lazy pandas.DataFrame. Assigning to it (`df[c] = ...`) changes what this object stands for, not other frames."""

    def __init__(
        self,
        source: Source,
        columns: Mapping[Hashable, Column],
        levels: tuple[IndexLevel, ...],
        divisions: tuple[Any, ...],
    ) -> None:
        self._source, self._by_label = source, dict(columns)
        for label, column in self._by_label.items():
            self._source, self._by_label[label] = ops.settle(self._source, column)
        self._levels, self._divisions = levels, divisions

    # -- what Collection asks for

    @property
    def _labels(self) -> list[Hashable]:
        return list(self._by_label)

    @property
    def _columns(self) -> list[Column]:
        return list(self._by_label.values())

    def _with(
        self, source: Source, columns: Sequence[Column], levels: tuple[IndexLevel, ...], divisions: tuple[Any, ...]
    ) -> DataFrame:
        return DataFrame(source, dict(zip(self._labels, columns, strict=True)), levels, divisions)

    def _to_pandas(self, tables: list[pa.Table], index: IndexNames) -> Any:
        return tables_to_frame(tables, self._labels, index, [column.nullable for column in self._columns])

    @property
    def _meta(self) -> pd.DataFrame:
        frame = pd.DataFrame({i: empty_values(column.type, column.nullable) for i, column in enumerate(self._columns)})
        frame.index = self._meta_index()
        frame.columns = self.columns
        return frame

    def _new(self, columns: Mapping[Hashable, Column], source: Source | None = None) -> DataFrame:
        return DataFrame(source or self._source, columns, self._levels, self._divisions)

    def _map_columns(self, change: Callable[[Column], Column], source: Source | None = None) -> DataFrame:
        return self._new({label: change(column) for label, column in self._by_label.items()}, source)

    # -- properties

    @property
    def columns(self) -> pd.Index:
        return label_index(self._labels)

    @columns.setter
    def columns(self, labels: Sequence[Hashable]) -> None:
        new = list(labels)
        if len(new) != len(self._by_label):
            raise ValueError(f"{len(new)} names were given for {len(self._by_label)} columns")
        _require_unique(new)
        self._by_label = dict(zip(new, self._columns, strict=True))

    @property
    def dtypes(self) -> pd.Series:
        return pd.Series(
            [pandas_dtype(column.type, column.nullable) for column in self._columns], index=self.columns, dtype=object
        )

    @property
    def index(self) -> Series:
        from millstream.dataframe.index import index_of

        return index_of(self)

    @property
    def ndim(self) -> int:
        return 2

    @property
    def shape(self) -> tuple[Scalar, int]:
        from millstream.dataframe.reductions import row_count

        return row_count(self._source, "rows"), len(self._by_label)

    @property
    def size(self) -> Scalar:
        from millstream.dataframe.reductions import row_count

        return row_count(self._source, "size", len(self._by_label))

    @property
    def loc(self) -> Any:
        from millstream.dataframe.indexing import LocIndexer

        return LocIndexer(self)

    def __repr__(self) -> str:
        from millstream.dataframe.display import frame_text

        return frame_text(self)

    def _repr_html_(self) -> str:
        from millstream.dataframe.display import frame_html

        return frame_html(self)

    def __dir__(self) -> list[str]:
        named = {label for label in self._labels if isinstance(label, str) and label.isidentifier()}
        return sorted({*super().__dir__(), *named})

    def __getattr__(self, name: str) -> Any:
        if not name.startswith("_") and name in self._by_label:
            return self._column(name)
        raise no_attribute("DataFrame", name)

    def __iter__(self) -> Iterator[Hashable]:
        return iter(self._labels)

    def __contains__(self, label: object) -> bool:
        try:
            return label in self._by_label
        except TypeError:  # a list, for example
            return False

    def items(self) -> Iterator[tuple[Hashable, Series]]:
        for label in self._labels:
            yield label, self._column(label)

    def iterrows(self) -> Iterator[Any]:
        for i in range(self.npartitions):
            yield from self.get_partition(i).compute().iterrows()

    def itertuples(self, index: bool = True, name: str = "Pandas") -> Iterator[Any]:
        for i in range(self.npartitions):
            yield from self.get_partition(i).compute().itertuples(index=index, name=name)

    # -- selecting

    def _column(self, label: Hashable) -> Series:
        self._require([label])
        return Series(self._source, label, self._by_label[label], self._levels, self._divisions)

    def _require(self, labels: Sequence[Hashable]) -> None:
        missing = [label for label in labels if label not in self._by_label]
        if missing:
            names = repr(missing[0]) if len(missing) == 1 else f"{missing!r}"
            raise KeyError(f"there is no column {names}; there are {self._labels!r}")

    def __getitem__(self, key: Any) -> Any:
        if isinstance(key, Series):
            return self._filter(key)
        if isinstance(key, DataFrame):
            return self.where(key)
        if (labels := label_list(key)) is not None:
            return self._select(labels)
        if isinstance(key, slice):
            return self.loc[key]
        if key not in self and any(isinstance(label, tuple) for label in self._labels):
            return self._outer_label(key)
        return self._column(key)

    def _select(self, labels: list[Hashable]) -> DataFrame:
        self._require(labels)
        _require_unique(labels)
        return self._new({label: self._by_label[label] for label in labels})

    def _outer_label(self, key: Hashable) -> Any:
        """The columns below an outer label of a two-level header."""
        chosen = {label[1:]: c for label, c in self._by_label.items() if isinstance(label, tuple) and label[0] == key}
        if not chosen:
            self._require([key])
        return self._new({label[0] if len(label) == 1 else label: column for label, column in chosen.items()})

    def select_dtypes(self, include: Any = None, exclude: Any = None) -> DataFrame:
        return self._select(list(self._meta.select_dtypes(include=include, exclude=exclude).columns))

    def drop(self, labels: Any = None, axis: Any = 0, columns: Any = None, errors: str = "raise") -> DataFrame:
        if columns is None:
            if axis not in (1, "columns"):
                raise NotImplementedError("drop takes columns: drop(columns=[...]) or drop([...], axis=1)")
            columns = labels
        dropped = columns if isinstance(columns, (list, tuple, pd.Index)) and columns not in self else [columns]
        if errors != "ignore":
            self._require(list(dropped))
        return self._new({label: column for label, column in self._by_label.items() if label not in list(dropped)})

    def pop(self, item: Hashable) -> Series:
        column = self._column(item)
        del self._by_label[item]
        return column

    def rename(self, index: Any = None, columns: Any = None) -> DataFrame:
        """Renames columns by a mapping or a function."""
        if columns is None:
            raise NotImplementedError("rename takes columns: rename(columns={'old': 'new'})")
        new = [columns(label) if callable(columns) else columns.get(label, label) for label in self._labels]
        _require_unique(new)
        return self._new(dict(zip(new, self._columns, strict=True)))

    def add_prefix(self, prefix: str) -> DataFrame:
        return self.rename(columns=lambda label: f"{prefix}{label}")

    def add_suffix(self, suffix: str) -> DataFrame:
        return self.rename(columns=lambda label: f"{label}{suffix}")

    # -- adding and changing columns

    def assign(self, **kwargs: Any) -> DataFrame:
        """With columns added or replaced, from left to right; a callable is called on the frame made so far."""
        frame = self
        for label, value in kwargs.items():
            frame = frame._assigned(label, value(frame) if callable(value) else value)
        return frame

    def __setitem__(self, key: Any, value: Any) -> None:
        frame = self
        if isinstance(key, (list, tuple)) and isinstance(value, DataFrame) and key not in self:
            for label, column in zip(key, value._labels, strict=True):
                frame = frame._assigned(label, value._column(column))
        else:
            for label in key if isinstance(key, list) else [key]:
                frame = frame._assigned(label, value)
        self._source, self._by_label = frame._source, frame._by_label

    def __delitem__(self, key: Hashable) -> None:
        self.pop(key)

    def _assigned(self, label: Hashable, value: Any) -> DataFrame:
        source = self._source
        if isinstance(value, Scalar):
            value = value.known()._combine()
        if isinstance(value, Series):
            merged = unify(source, value._source)
            if merged is None:
                raise different_rows(f"assigning column {label!r}")
            source, column = merged, value._column
        elif is_literal(value):
            column = literal(value)
        else:
            raise TypeError(
                f"column {label!r} must be set to a Series of the same frame or a scalar, not {type(value).__name__}"
            )
        return self._new({**self._by_label, label: column}, source)

    def insert(self, loc: int, column: Hashable, value: Any) -> None:
        frame = self._assigned(column, value)
        labels = [label for label in frame._labels if label != column]
        labels.insert(loc, column)
        self._source, self._by_label = frame._source, {label: frame._by_label[label] for label in labels}

    # -- operators, element by element

    def _binary(self, function: str, other: Any, reverse: bool = False) -> DataFrame:
        if isinstance(other, Series):
            raise NotImplementedError(
                "a DataFrame with a Series: pandas matches the index of the Series with the column names; "
                "for the same value in each column of a row, take the columns one by one: df.assign(a=df.a + s, b=df.b + s)"
            )
        if not isinstance(other, DataFrame):
            source, columns = self._source, {}
            for label in self._labels:
                series = self._column(label)._binary(function, other, reverse)
                merged = unify(source, series._source)
                assert merged is not None
                source, columns[label] = merged, series._column
            return self._new(columns, source)
        merged = unify(self._source, other._source)
        if merged is None:
            raise different_rows("combining two DataFrames")
        if set(self._labels) != set(other._labels):
            raise ValueError(f"frames combine with the same columns: {self._labels!r} and {other._labels!r}")
        pairs = {label: (column, other._by_label[label]) for label, column in self._by_label.items()}
        ordered = {label: (b, a) if reverse else (a, b) for label, (a, b) in pairs.items()}
        return self._new({label: ops.binary(merged, function, a, b) for label, (a, b) in ordered.items()}, merged)

    def _unary(self, function: str) -> DataFrame:
        return self._map_columns(lambda column: ops.unary(self._source, function, column))

    def _map_series(self, change: Callable[[Series], Series]) -> DataFrame:
        """`change` on each column."""
        frame = self._new({})
        for _, series in self.items():
            frame = frame._assigned(series.name, change(series))
        return frame

    def isna(self) -> DataFrame:
        return self._unary("is_null")

    def notna(self) -> DataFrame:
        return self._unary("not_null")

    isnull, notnull = isna, notna

    def fillna(self, value: Any) -> DataFrame:
        """Missing values replaced: by one value, or by {column: value}."""
        if isinstance(value, Mapping):
            return self._map_series(lambda s: s.fillna(value[s.name]) if s.name in value else s)
        return self._map_series(lambda s: s.fillna(value))

    def astype(self, dtype: Any) -> DataFrame:
        if isinstance(dtype, Mapping):
            self._require(list(dtype))
            return self._map_series(lambda s: s.astype(dtype[s.name]) if s.name in dtype else s)
        return self._map_series(lambda s: s.astype(dtype))

    def isin(self, values: Any) -> DataFrame:
        if isinstance(values, Mapping):
            return self._map_series(lambda s: s.isin(values.get(s.name, [])))
        return self._map_series(lambda s: s.isin(values))

    def round(self, decimals: int | Mapping[Hashable, int] = 0) -> DataFrame:
        if isinstance(decimals, Mapping):
            return self._map_series(lambda s: s.round(decimals[s.name]) if s.name in decimals else s)
        return self._map_series(lambda s: s.round(decimals))

    def clip(self, lower: Any = None, upper: Any = None) -> DataFrame:
        return self._map_series(lambda s: s.clip(lower, upper))

    def where(self, cond: Any, other: Any = None) -> DataFrame:
        return self._map_series(lambda s: s.where(_of(cond, s.name), _of(other, s.name)))

    def mask(self, cond: Any, other: Any = None) -> DataFrame:
        return self._map_series(lambda s: s.mask(_of(cond, s.name), _of(other, s.name)))

    def apply(
        self, function: Callable[..., Any], axis: Any = 0, args: tuple[Any, ...] = (), meta: Any = NO_META, **kwargs: Any
    ) -> Any:
        """A Python function of each row (axis=1)."""
        from millstream.dataframe.elementwise import apply_rows

        if axis not in (1, "columns"):
            raise NotImplementedError("apply takes axis=1 (a function of each row); a column at a time, use map_partitions")
        return apply_rows(self, function, args, kwargs, meta)

    # -- rows

    def dropna(self, how: str = "any", subset: Any = None, thresh: int | None = None) -> DataFrame:
        """Without the rows where any (or all) of the columns in `subset` are missing, or fewer than `thresh` are not."""
        labels = self._labels if subset is None else [subset] if isinstance(subset, (str, int)) else list(subset)
        self._require(labels)
        if not labels:
            return self
        present = self[labels].notna()
        if thresh is not None:
            return self._filter(present.astype("int64").sum(axis=1) >= thresh)
        if how not in ("any", "all"):
            raise ValueError(f"how must be 'any' or 'all', not {how!r}")
        return self._filter(present.all(axis=1) if how == "any" else present.any(axis=1))

    def reset_index(self, drop: bool = False) -> DataFrame:
        """The index as columns (or gone); the new index counts rows within each partition, as in Dask."""
        nothing = (None,) * (self.npartitions + 1)
        if drop:
            return DataFrame(self._source, self._by_label, POSITIONS, nothing)
        source, levels = self._fixed_positions()
        many = len(levels) > 1
        columns: dict[Hashable, Column] = {}
        for i, level in enumerate(levels):
            label = level.name if level.name is not None else f"level_{i}" if many else "index"
            if label in self._by_label:
                raise ValueError(f"cannot insert {label}, already exists")
            assert level.column is not None
            columns[label] = level.column
        return DataFrame(source, {**columns, **self._by_label}, POSITIONS, nothing)

    def groupby(
        self, by: Any, group_keys: Any = True, sort: bool | None = None, observed: bool | None = None,
        dropna: bool | None = None, as_index: bool = True,
    ) -> DataFrameGroupBy:  # fmt: skip
        from millstream.dataframe.groupby import group_frame

        if not as_index:
            raise NotImplementedError(
                "groupby: as_index=False is not there yet; reset_index() makes columns of the keys: "
                'groupby(...).sum().reset_index(), or groupby(...).size().reset_index(name="size")'
            )
        return group_frame(self, by, sort, dropna, observed)

    def to_bag(self, index: bool = False, format: str = "tuple") -> Bag:
        """The rows as Python objects: tuples, or dicts with format="dict"; with `index`, tuples start with it."""
        from millstream.bag.frames import frame_to_bag

        return frame_to_bag(self, index, format)


def _of(value: Any, label: Hashable) -> Any:
    return value._column(label) if isinstance(value, DataFrame) else value


def _require_unique(labels: Sequence[Hashable]) -> None:
    if len(set(labels)) != len(labels):
        repeated = next(label for i, label in enumerate(labels) if label in labels[:i])
        raise ValueError(f"two columns would be named {repeated!r}: column names must be unique")
