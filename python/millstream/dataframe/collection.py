"""What frames, series and indexes share: rows of a source, an index, partitions, and ways to run."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Generic, Self, TypeVar

from millstream.dataframe.convert import IndexNames, index_name, physical_names
from millstream.dataframe.execute import Fetch, Lazy, Request, compute_all, run_plans
from millstream.dataframe.meta import NO_META, empty_values, nonempty
from millstream.dataframe.source import Aggregate, Aggregated, Column, Leaf, Source, unify, unique_token, with_positions
from millstream.report import RunReport

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

    from millstream import _core
    from millstream.dataframe.series import Series
else:
    from millstream._lazy import LazyModule

    pd, pa, _core = (LazyModule(name) for name in ("pandas", "pyarrow", "millstream._core"))


@dataclass(frozen=True)
class IndexLevel:
    """One level of the index. Without a column it is the position of each row in its partition, as in pandas.RangeIndex."""

    name: Hashable = None
    column: Column | None = None


POSITIONS = (IndexLevel(),)


def different_rows(what: str) -> ValueError:
    return ValueError(
        f"{what} needs columns of one frame, and these come from different ones (or from the same one filtered "
        "differently). Aligning by index is not supported: take all columns from one frame, for example by adding them "
        "with assign() before filtering."
    )


def _check_rows(n: int) -> None:
    if n < 0:
        raise ValueError(f"n must be at least 0, not {n}: all rows but some are not known before they are counted")


class Collection(Lazy):
    """Rows in partitions, with an index.

    Nothing runs before compute(), persist(), len(), head(), tail() or a write, except that a Scalar which is combined with
    a series is computed at once, and that functions without `meta` are called with a sample.
    """

    _source: Source
    _levels: tuple[IndexLevel, ...]
    _divisions: tuple[Any, ...]

    # -- what kinds of collections differ in

    @property
    @abstractmethod
    def _labels(self) -> list[Hashable]: ...

    @property
    @abstractmethod
    def _columns(self) -> list[Column]: ...

    @abstractmethod
    def _with(
        self, source: Source, columns: Sequence[Column], levels: tuple[IndexLevel, ...], divisions: tuple[Any, ...]
    ) -> Self:
        """The same kind with the same labels over other rows."""

    @abstractmethod
    def _to_pandas(self, tables: list[pa.Table], index: IndexNames) -> Any: ...

    @property
    @abstractmethod
    def _meta(self) -> Any: ...

    # -- partitions

    @property
    def npartitions(self) -> int:
        return self._source.npartitions

    @property
    def divisions(self) -> tuple[Any, ...]:
        """The smallest index value of each partition and the largest of the last; Nones where they are not known."""
        return self._divisions

    @property
    def known_divisions(self) -> bool:
        return bool(self._divisions) and self._divisions[0] is not None

    def clear_divisions(self) -> Self:
        return self._with(self._source, self._columns, self._levels, (None,) * (self.npartitions + 1))

    @property
    def partitions(self) -> PartitionsAccessor[Self]:
        """`df.partitions[i]`, `df.partitions[2:5]`, `df.partitions[[0, 3]]`: a collection of those partitions."""
        return PartitionsAccessor(self)

    def get_partition(self, n: int) -> Self:
        if not 0 <= n < self.npartitions:
            raise ValueError(f"there is no partition {n}: there are {self.npartitions}, counted from 0")
        return self.partitions[n]

    def repartition(
        self,
        divisions: Any = None,
        npartitions: int | None = None,
        partition_size: Any = None,
        freq: Any = None,
        force: bool = False,
    ) -> Self:
        """The same rows in the same order in `npartitions` partitions; the other ways are not there yet."""
        if divisions is not None or partition_size is not None or freq is not None or force:
            raise NotImplementedError("repartition by divisions, partition_size or freq is not there yet: use npartitions=")
        if npartitions is None:
            raise ValueError("repartition needs npartitions=")
        count = int(npartitions)
        if count < 1:
            raise ValueError(f"npartitions must be at least 1, not {npartitions!r}")
        if count == self.npartitions:
            return self
        return self._map_plan(lambda plan: plan.repartition(count), "repartition", fix_positions=True)

    # -- running

    def compute(self, **kwargs: Any) -> Any:
        """Runs and gives the pandas object. Keyword arguments that choose a Dask scheduler are accepted and ignored."""
        return compute_all([self])[0]

    def persist(self, **kwargs: Any) -> Self:
        """Runs and keeps the partitions in memory: the same collection, at once."""
        (result,) = run_plans([self._materialize(fix_positions=True)])
        kept = self._over(Leaf(_core.Plan.from_tables(result.tables), unique_token("persist")), True, self._divisions)
        kept.last_report = self.last_report = RunReport.from_json(result.report)
        return kept

    def head(self, n: int = 5, npartitions: int = 1, compute: bool = True) -> Any:
        """The first n rows of the first `npartitions` partitions (-1: all); reads no more than that takes."""
        _check_rows(n)
        count = self.npartitions if npartitions == -1 else npartitions
        if not 1 <= count <= self.npartitions:
            raise ValueError(f"npartitions={npartitions}: there are {self.npartitions} partitions (-1 means all)")
        part = self.partitions[:count]._map_plan(lambda plan: plan.limit(n), "head", fix_positions=count > 1)
        return part.compute() if compute else part

    def tail(self, n: int = 5, compute: bool = True) -> Any:
        """The last n rows of the last partition."""
        _check_rows(n)

        def last_rows(plan: _core.Plan) -> _core.Plan:
            return plan.map_partitions(lambda t, _: t.slice(max(t.num_rows - n, 0)), plan.schema, "tail")

        part = self.partitions[-1]._map_plan(last_rows, "tail", fix_positions=True)
        return part.compute() if compute else part

    def __len__(self) -> int:
        size = Aggregate("size", None)
        counted = Aggregated(self._source, (), (size,), False, False)
        fetch = Fetch(counted, ("size",), (counted.column(size.name),))
        (result,) = run_plans([fetch.source.project(fetch.names, fetch.columns)])
        return int(sum(table.column(0)[0].as_py() for table in result.tables if table.num_rows))

    def explain(self, optimized: bool = True, analyze: bool = False) -> str:
        """The plan as text, after the optimizer's rules or before; with `analyze`, run, with what each operator did."""
        fetch, _ = self._fetch()
        plan = fetch.source.project(fetch.names, fetch.columns)
        if not analyze:
            return plan.explain(optimized)
        (result,) = run_plans([plan])
        self.last_report = RunReport.from_json(result.report)
        return result.analyzed

    def analyze(self) -> str:
        """explain(analyze=True)"""
        return self.explain(analyze=True)

    def optimize(self, fuse: bool = True) -> Self:
        """The collection itself: plans are optimized when they run."""
        return self

    def copy(self, deep: bool = False) -> Self:
        return self._with(self._source, self._columns, self._levels, self._divisions)

    def pipe(self, function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        return function(self, *args, **kwargs)

    def map_partitions(
        self,
        func: Callable[..., Any],
        *args: Any,
        meta: Any = NO_META,
        align_dataframes: bool = True,
        transform_divisions: bool = True,
        enforce_metadata: bool = True,
        **kwargs: Any,
    ) -> Any:
        """Calls `func(partition as pandas object, *args, **kwargs)` on each partition; see the `meta` page of Dask."""
        from millstream.dataframe.elementwise import map_partitions

        return map_partitions(self, func, args, kwargs, meta)

    @property
    def _meta_nonempty(self) -> Any:
        return nonempty(self._meta)

    # -- machinery

    def _fetch(self) -> tuple[Fetch, IndexNames]:
        names = physical_names(self._labels)
        columns = list(self._columns)
        levels = [level for level in self._levels if level.column is not None]
        index_names = [index_name(i) for i in range(len(levels))]
        columns += [level.column for level in levels if level.column is not None]
        fetch = Fetch(self._source, (*names, *index_names), tuple(columns))
        nullable = tuple(column.nullable for column in columns[len(names) :])
        return fetch, IndexNames(tuple(index_names), tuple(level.name for level in self._levels), nullable)

    def _request(self) -> Request:
        fetch, index = self._fetch()
        return Request((fetch,), lambda tables: self._to_pandas(tables[0], index))

    def _fixed_positions(self) -> tuple[Source, tuple[IndexLevel, ...]]:
        """The source and levels with positions held in a column, so that rows may be dropped or moved."""
        if all(level.column is not None for level in self._levels):
            return self._source, self._levels
        source, column = with_positions(self._source)
        return source, tuple(replace(level, column=level.column or column) for level in self._levels)

    def _materialize(self, fix_positions: bool) -> _core.Plan:
        """A plan of the columns, then of the index levels that are columns; _over makes a collection of it again."""
        source, levels = self._fixed_positions() if fix_positions else (self._source, self._levels)
        held = [level.column for level in levels if level.column is not None]
        names = physical_names(self._labels) + [index_name(i) for i in range(len(held))]
        return source.project(names, [*self._columns, *held])

    def _over(self, leaf: Leaf, fixed_positions: bool, divisions: tuple[Any, ...]) -> Self:
        """This collection over a leaf with the columns that _materialize gave."""
        names = physical_names(self._labels)
        columns = [replace(leaf.column(n), nullable=old.nullable) for n, old in zip(names, self._columns, strict=True)]
        levels, held = [], 0
        for level in self._levels:
            if level.column is None and not fixed_positions:
                levels.append(level)
            else:
                nullable = level.column is not None and level.column.nullable
                levels.append(IndexLevel(level.name, replace(leaf.column(index_name(held)), nullable=nullable)))
                held += 1
        return self._with(leaf, columns, tuple(levels), divisions)

    def _map_plan(
        self,
        change: Callable[[_core.Plan], _core.Plan],
        name: str,
        *,
        fix_positions: bool = False,
        divisions: tuple[Any, ...] | None = None,
    ) -> Self:
        plan = change(self._materialize(fix_positions))
        leaf = Leaf(plan, unique_token(name))
        return self._over(leaf, fix_positions, divisions or (None,) * (leaf.npartitions + 1))

    def _filter(self, mask: Series, fix_positions: bool = True) -> Self:
        """The rows for which `mask` is true, with the positions they had or (fix_positions=False) new ones."""
        source = unify(self._source, mask._source)
        if source is None:
            raise different_rows("filtering")
        if not pa.types.is_boolean(mask._column.type):
            raise TypeError(f"a filter must be a boolean Series, and {mask.name!r} is {mask.dtype}")
        from millstream.dataframe.source import Filtered

        base = self._with(source, self._columns, self._levels, self._divisions)
        kept, levels = base._fixed_positions() if fix_positions else (source, self._levels)
        return base._with(Filtered(kept, mask._column), self._columns, levels, self._divisions)

    def _meta_index(self) -> pd.Index:
        if len(self._levels) == 1:
            (level,) = self._levels
            if level.column is None:
                return pd.RangeIndex(0, name=level.name)
            return pd.Index(empty_values(level.column.type, level.column.nullable), name=level.name)
        columns = [level.column for level in self._levels]
        arrays = [empty_values(pa.int64()) if c is None else empty_values(c.type, c.nullable) for c in columns]
        return pd.MultiIndex.from_arrays(arrays, names=[level.name for level in self._levels])


C = TypeVar("C", bound=Collection)


class PartitionsAccessor(Generic[C]):
    """What `collection.partitions` gives: index it with a number, a slice or a list of numbers."""

    def __init__(self, collection: C) -> None:
        self._collection = collection

    def __len__(self) -> int:
        return self._collection.npartitions

    def __getitem__(self, key: int | slice | Sequence[int]) -> C:
        collection = self._collection
        total = range(collection.npartitions)
        try:
            if isinstance(key, slice):
                chosen = list(total[key])
            elif isinstance(key, int):
                chosen = [total[key]]
            else:
                chosen = [total[i] for i in key]
        except IndexError:
            raise IndexError(f"partition {key} is out of range: there are {len(total)}, counted from 0") from None
        if chosen == list(total):
            return collection
        divisions = None
        consecutive = chosen == list(range(chosen[0], chosen[0] + len(chosen))) if chosen else False
        if collection.known_divisions and consecutive:
            divisions = collection.divisions[chosen[0] : chosen[-1] + 2]
        return collection._map_plan(lambda plan: plan.partitions(chosen), "partitions", divisions=divisions)
