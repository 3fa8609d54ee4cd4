"""One column of a frame."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from numbers import Integral
from typing import TYPE_CHECKING, Any, cast

from millstream.dataframe import categories, ops, reductions
from millstream.dataframe.absent import no_attribute
from millstream.dataframe.collection import POSITIONS, Collection, IndexLevel, different_rows
from millstream.dataframe.comparing import is_in
from millstream.dataframe.convert import IndexNames, arrow_type, pandas_dtype, says_object, tables_to_series
from millstream.dataframe.indexing import label_list
from millstream.dataframe.literals import is_literal
from millstream.dataframe.meta import NO_META, empty_values
from millstream.dataframe.operators import FlexibleOperators
from millstream.dataframe.scalar import Scalar
from millstream.dataframe.source import Column, Source, unify

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

    from millstream.bag import Bag
    from millstream.dataframe.accessors import DatetimeMethods, StringMethods, StructMethods
    from millstream.dataframe.frame import DataFrame
    from millstream.dataframe.groupby import SeriesGroupBy
    from millstream.report import RunReport
else:
    from millstream._lazy import LazyModule

    pa, pd = LazyModule("pyarrow"), LazyModule("pandas")


class Series(FlexibleOperators, Collection):
    """A lazy pandas.Series: an expression over a source of rows."""

    def __init__(
        self, source: Source, name: Hashable, column: Column, levels: tuple[IndexLevel, ...], divisions: tuple[Any, ...]
    ) -> None:
        self._source, self._column = ops.settle(source, column)
        self.name, self._levels, self._divisions = name, levels, divisions

    # -- what Collection asks for

    @property
    def _labels(self) -> list[Hashable]:
        return [self.name]

    @property
    def _columns(self) -> list[Column]:
        return [self._column]

    def _with(
        self, source: Source, columns: Sequence[Column], levels: tuple[IndexLevel, ...], divisions: tuple[Any, ...]
    ) -> Series:
        return Series(source, self.name, columns[0], levels, divisions)

    def _to_pandas(self, tables: list[pa.Table], index: IndexNames) -> Any:
        return tables_to_series(tables, self.name, index, self._column.nullable)

    @property
    def _meta(self) -> pd.Series:
        return pd.Series(empty_values(self._column.type, self._column.nullable), name=self.name, index=self._meta_index())

    def _new(self, column: Column, source: Source | None = None, name: Hashable = NO_META) -> Series:
        return Series(source or self._source, self.name if name is NO_META else name, column, self._levels, self._divisions)

    # -- properties

    @property
    def dtype(self) -> Any:
        return pandas_dtype(self._column.type, self._column.nullable)

    @property
    def index(self) -> Series:
        from millstream.dataframe.index import index_of

        return index_of(self)

    @property
    def ndim(self) -> int:
        return 1

    @property
    def size(self) -> Scalar:
        return reductions.row_count(self._source, f"{self.name}.size")

    @property
    def shape(self) -> tuple[Scalar]:
        return (self.size,)

    @property
    def str(self) -> StringMethods:
        from millstream.dataframe.accessors import StringMethods

        return StringMethods(self)

    @property
    def dt(self) -> DatetimeMethods:
        from millstream.dataframe.accessors import DatetimeMethods

        return DatetimeMethods(self)

    @property
    def struct(self) -> StructMethods:
        """Fields of nested records: `df.repo.struct.field("name")`."""
        from millstream.dataframe.accessors import StructMethods

        return StructMethods(self)

    def __repr__(self) -> _str:
        from millstream.dataframe.display import series_text

        return series_text(self)

    # -- operators

    def _operand(self, other: Any) -> tuple[Source, Any]:
        """The source that holds this series and `other`, and `other` as a column of it or a Python scalar."""
        if isinstance(other, Scalar):
            return self._source, other.known()._combine()
        if isinstance(other, Series):
            source = unify(self._source, other._source)
            if source is None:
                raise different_rows("combining two Series")
            return source, other._column
        if not is_literal(other):
            raise TypeError(f"a Series combines with scalars and Series of the same frame, not with {type(other).__name__}")
        return self._source, other

    def _binary(self, function: _str, other: Any, reverse: bool = False) -> Any:
        from millstream.dataframe.frame import DataFrame

        if isinstance(other, DataFrame):
            return NotImplemented
        source, operand = self._operand(other)
        left, right = (operand, self._column) if reverse else (self._column, operand)
        column = ops.binary(source, function, left, right)
        same_name = not isinstance(other, Series) or other.name == self.name
        return self._new(column, source, self.name if same_name else None)

    def _unary(self, function: _str) -> Series:
        return self._new(ops.unary(self._source, function, self._column))

    def __getitem__(self, key: Series) -> Series:
        if isinstance(key, Series):
            return self._filter(key)
        label_list(key)
        raise NotImplementedError(
            "a Series is indexed by a boolean Series of the same frame only: s[s > 0]; by label: s.to_frame().loc[labels]"
        )

    def __getattr__(self, name: _str) -> Any:
        member = getattr(type(self), name, None)
        if isinstance(member, property):
            return member.__get__(self)  # it has failed just now: its own error says why
        raise no_attribute("Series", name)

    def __iter__(self) -> Any:
        for i in range(self.npartitions):
            yield from self.get_partition(i).compute()

    # -- element-wise

    def isna(self) -> Series:
        return self._unary("is_null")

    def notna(self) -> Series:
        return self._unary("not_null")

    isnull, notnull = isna, notna

    def fillna(self, value: Any) -> Series:
        source, operand = self._operand(value)
        if pa.types.is_dictionary(self._column.type):
            source, column = categories.fill_missing(source, self._column, operand)
            return self._new(column, source)
        return self._new(ops.fill_null(source, self._column, operand), source)

    def astype(self, dtype: Any) -> Series:
        """As pandas' astype; a value that does not fit is an error. To "object" values stay as they are, in their own type."""
        if says_object(dtype):
            return self
        if pa.types.is_dictionary(arrow_type(dtype)):
            categories.require_found(dtype)
            if pa.types.is_dictionary(self._column.type):
                return self
            source, column = ops.encode(self._source, self._column)
            return self._new(column, source)
        if pa.types.is_duration(self._column.type) and pa.types.is_string(arrow_type(dtype)):
            from millstream.dataframe.elementwise import map_values

            return cast("Series", map_values(self, lambda spans: spans.astype(_str), (self.name, "str"), "astype"))
        return self._new(ops.cast(self._source, self._column, dtype))

    def isin(self, values: Iterable[Any]) -> Series:
        return self._new(is_in(self._source, self._column, values))

    def between(self, left: Any, right: Any, inclusive: _str = "both") -> Series:
        low, high = self._operand(left), self._operand(right)
        source = unify(low[0], high[0])
        if source is None:
            raise different_rows("between")
        return self._new(ops.between(source, self._column, low[1], high[1], inclusive), source)

    def round(self, decimals: int = 0) -> Series:
        return self._new(ops.round_(self._source, self._column, decimals))

    def clip(self, lower: Any = None, upper: Any = None) -> Series:
        clipped = self
        if pa.types.is_unsigned_integer(self._column.type) and isinstance(lower, Integral) and int(lower) < 0:
            lower = None  # all values are larger
        if lower is not None:
            clipped = clipped.mask((clipped < lower).fillna(False), lower)
        if upper is not None:
            clipped = clipped.mask((clipped > upper).fillna(False), upper)
        return clipped

    def where(self, cond: Series, other: Any = None) -> Series:
        """The values where `cond` is true, `other` (missing by default) elsewhere."""
        return self._choose(*self._operand(cond), other)

    def mask(self, cond: Series, other: Any = None) -> Series:
        """`other` where `cond` is true or not known (NA), the values elsewhere."""
        source, condition = self._operand(cond)
        return self._choose(source, ops.unary(source, "not", condition), other)

    def _choose(self, source: Source, condition: Column, other: Any) -> Series:
        other_source, operand = self._operand(other)
        both = unify(source, other_source)
        if both is None:
            raise different_rows("where and mask")
        if pa.types.is_dictionary(self._column.type):
            extended, column = categories.choose(both, self._column, condition, operand)
            return self._new(column, extended)
        if operand is None:
            operand = ops.null_of(self._column.type)
        return self._new(ops.choose(both, condition, self._column, operand), both)

    def map(self, arg: Callable[[Any], Any] | Mapping[Any, Any], na_action: _str | None = None, meta: Any = NO_META) -> Series:
        """Each value through a function or a mapping, as pandas' map."""
        from millstream.dataframe.elementwise import map_values, sample_of_mapping

        if meta is NO_META and isinstance(arg, Mapping):
            meta = sample_of_mapping(arg, self.name)
        return map_values(self, lambda values: values.map(arg, na_action=na_action), meta, "map")

    def apply(
        self,
        function: Callable[..., Any],
        convert_dtype: bool = True,
        meta: Any = NO_META,
        args: tuple[Any, ...] = (),
        **kwargs: Any,
    ) -> Series:
        from millstream.dataframe.elementwise import map_values

        return map_values(self, lambda values: values.apply(function, args=args, **kwargs), meta, "apply")

    # -- rows

    def dropna(self) -> Series:
        return self._filter(self.notna())

    def rename(self, index: Hashable = None) -> Series:
        return self._new(self._column, name=index)

    def to_frame(self, name: Hashable = NO_META) -> DataFrame:
        from millstream.dataframe.frame import DataFrame

        label = (0 if self.name is None else self.name) if name is NO_META else name
        return DataFrame(self._source, {label: self._column}, self._levels, self._divisions)

    def reset_index(self, drop: bool = False, name: Hashable = NO_META) -> Any:
        """The index as columns beside the values, which are called `name` if it is given; with `drop` the index is gone."""
        if drop:
            return Series(self._source, self.name, self._column, POSITIONS, (None,) * (self.npartitions + 1))
        return self.to_frame(name).reset_index()

    # -- reductions

    def sum(
        self, axis: Any = None, skipna: bool = True, numeric_only: bool = False, min_count: int = 0, split_every: Any = None
    ) -> Scalar:
        return reductions.reduce_series(self, "sum", skipna=skipna, min_count=min_count)

    def prod(
        self, axis: Any = None, skipna: bool = True, numeric_only: bool = False, min_count: int = 0, split_every: Any = None
    ) -> Scalar:
        return reductions.reduce_series(self, "prod", skipna=skipna, min_count=min_count)

    product = prod

    def mean(self, axis: Any = None, skipna: bool = True, numeric_only: bool = False, split_every: Any = None) -> Scalar:
        return reductions.reduce_series(self, "mean", skipna=skipna)

    def min(self, axis: Any = None, skipna: bool = True, numeric_only: bool = False, split_every: Any = None) -> Scalar:
        return reductions.reduce_series(self, "min", skipna=skipna)

    def max(self, axis: Any = None, skipna: bool = True, numeric_only: bool = False, split_every: Any = None) -> Scalar:
        return reductions.reduce_series(self, "max", skipna=skipna)

    def var(
        self, axis: Any = None, skipna: bool = True, ddof: int = 1, numeric_only: bool = False, split_every: Any = None
    ) -> Scalar:
        return reductions.reduce_series(self, "var", skipna=skipna, ddof=ddof)

    def std(
        self, axis: Any = None, skipna: bool = True, ddof: int = 1, numeric_only: bool = False, split_every: Any = None
    ) -> Scalar:
        return reductions.reduce_series(self, "std", skipna=skipna, ddof=ddof)

    def count(self, split_every: Any = None) -> Scalar:
        return reductions.reduce_series(self, "count")

    def nunique(self, dropna: bool = True, split_every: Any = None) -> Scalar:
        return reductions.reduce_series(self, "nunique", dropna=dropna)

    def any(self, axis: Any = None, skipna: bool = True, split_every: Any = None) -> Scalar:
        return reductions.reduce_series(self, "any", skipna=skipna)

    def all(self, axis: Any = None, skipna: bool = True, split_every: Any = None) -> Scalar:
        return reductions.reduce_series(self, "all", skipna=skipna)

    def unique(self, split_every: Any = None, split_out: Any = True) -> Series:
        from millstream.dataframe.distinct import unique

        return unique(self)

    def value_counts(
        self,
        sort: bool = True,
        ascending: bool = False,
        dropna: bool = True,
        normalize: bool = False,
        split_every: Any = None,
        split_out: Any = True,
    ) -> Series:
        from millstream.dataframe.distinct import value_counts

        return value_counts(self, sort, ascending, dropna, normalize)

    def groupby(
        self,
        by: Any,
        sort: bool | None = None,
        dropna: bool | None = None,
        observed: bool | None = None,
        group_keys: Any = True,
        as_index: bool = True,
    ) -> SeriesGroupBy:
        from millstream.dataframe.groupby import group_series

        if not as_index:
            raise TypeError("as_index=False is for groups of a DataFrame; reset_index() makes columns of the keys")
        return group_series(self, by, sort, dropna, observed)

    # -- elsewhere

    def to_bag(self, index: bool = False, format: _str = "tuple") -> Bag:
        from millstream.bag.frames import series_to_bag

        return series_to_bag(self, index)

    def to_csv(self, filename: _str, **kwargs: Any) -> RunReport:
        return cast("RunReport", self.to_frame().to_csv(filename, **kwargs))


_str = str  # inside the class, `str` is the accessor
