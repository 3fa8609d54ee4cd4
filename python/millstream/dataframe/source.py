"""Where the rows of a frame come from: what expressions are written over and a plan is built from.

Frames and series keep a source and expressions over it, not a plan. Two series of one frame share the source, so
combining them is one projection; sources that only add columns to, or aggregate, the same rows are merged by `unify`.
A plan is built late, for just the columns that are needed, so that user functions do not keep unused ones alive.
"""

from __future__ import annotations

import hashlib
import itertools
import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pyarrow as pa

    from millstream import _core
else:
    from millstream._lazy import LazyModule

    pa, _core = LazyModule("pyarrow"), LazyModule("millstream._core")

_serial = itertools.count()

KEEPS_NULLABLE = frozenset(
    ("add", "subtract", "multiply", "divide", "floor_divide", "mod", "power", "negate", "not", "abs", "round", "fill_null",
     "if_else", "is_in")
)  # fmt: skip
"""Functions whose result pandas holds in a nullable type where it holds an argument in one."""


@dataclass(frozen=True)
class Column:
    """An expression over the columns of some source, its type, how many nodes it has, and whether pandas is to hold its values
    in a nullable type, such as Int64."""

    expr: _core.Expr
    type: pa.DataType
    nodes: int = 1
    nullable: bool = False

    @cached_property
    def token(self) -> str:
        return digest(self.expr.to_json())


def digest(*parts: str) -> str:
    return hashlib.blake2b("\0".join(parts).encode(), digest_size=8).hexdigest()


def unique_token(name: str) -> str:
    """For what has no description that could be compared, such as a Python function."""
    return f"{name}-{next(_serial)}"


class Source(ABC):
    """Rows in partitions. Sources of equal `key` have the same rows and columns."""

    key: str
    npartitions: int

    @property
    @abstractmethod
    def schema(self) -> pa.Schema: ...

    @abstractmethod
    def build(self, needed: Iterable[str]) -> _core.Plan:
        """A plan of these rows that has at least the columns `needed`."""

    def column(self, name: str) -> Column:
        return Column(_core.Expr.column(name), self.schema.field(name).type)

    def call(self, function: str, arguments: Sequence[Column], options: dict[str, Any] | None = None) -> Column:
        text = None if options is None else json.dumps(options)
        expr = _core.Expr.call(function, [argument.expr for argument in arguments], text)
        type_ = expr.type(self.schema)
        chosen = arguments[1:] if function == "if_else" else arguments
        number = pa.types.is_integer(type_) or pa.types.is_floating(type_) or pa.types.is_boolean(type_)
        nullable = function in KEEPS_NULLABLE and number and any(argument.nullable for argument in chosen)
        return Column(expr, type_, 1 + sum(argument.nodes for argument in arguments), nullable)

    def project(self, names: Sequence[str], columns: Sequence[Column]) -> _core.Plan:
        """A plan of just these columns, under these names."""
        needed = {name for column in columns for name in column.expr.columns()}
        return self.build(needed).project(list(names), [column.expr for column in columns])


class Leaf(Source):
    """The rows of a plan."""

    def __init__(self, plan: _core.Plan, key: str) -> None:
        self.plan, self.key, self.npartitions = plan, key, plan.npartitions

    @property
    def schema(self) -> pa.Schema:
        return self.plan.schema

    def build(self, needed: Iterable[str]) -> _core.Plan:
        return self.plan


class Mapped(Leaf):
    """What a function gave of each partition of some source. On its own it may have any rows; combined with that source, its
    columns stand beside the rows that they were made of: `aligned` has them under the same names."""

    def __init__(self, plan: _core.Plan, key: str, aligned: Extended) -> None:
        super().__init__(plan, key)
        self.aligned = aligned


class RowsDiffer(ValueError):
    """A function of a partition gave other rows than those its result was to stand beside."""


class Filtered(Source):
    """The rows of `parent` for which `predicate` is true."""

    def __init__(self, parent: Source, predicate: Column) -> None:
        self.parent, self.predicate = parent, predicate
        self.npartitions = parent.npartitions
        self.key = digest("filter", parent.key, predicate.token)

    @property
    def schema(self) -> pa.Schema:
        return self.parent.schema

    def build(self, needed: Iterable[str]) -> _core.Plan:
        return self.parent.build({*needed, *self.predicate.expr.columns()}).filter(self.predicate.expr)


@dataclass(frozen=True)
class Extension:
    """A column added to a source: a Python function of Arrow arrays (one per input), else the one input itself, else,
    without inputs, the position of each row in its partition, counted from `first_rows` of it or 0."""

    name: str
    type: pa.DataType
    inputs: tuple[Column, ...] = ()
    function: Callable[[list[pa.ChunkedArray]], pa.Array] | None = None
    first_rows: tuple[int, ...] = ()


class Extended(Source):
    """The rows of `root`, with columns added one after another; later ones may use earlier ones."""

    def __init__(self, root: Source, extensions: tuple[Extension, ...]) -> None:
        self.root, self.extensions = root, extensions
        self.npartitions = root.npartitions
        self.key = digest("extend", root.key, *sorted(extension.name for extension in extensions))

    @cached_property
    def schema(self) -> pa.Schema:
        fields = [pa.field(extension.name, extension.type) for extension in self.extensions]
        return pa.schema([*self.root.schema, *fields])

    def build(self, needed: Iterable[str]) -> _core.Plan:
        wanted = set(needed)
        used: list[Extension] = []
        for extension in reversed(self.extensions):
            if extension.name in wanted:
                used.insert(0, extension)
                wanted.update(name for column in extension.inputs for name in column.expr.columns())
        if not used:
            return self.root.build(wanted)
        carried = [name for name in self.root.schema.names if name in wanted]
        plan = self.root.build(carried)
        for extension in used:
            plan = _extend(plan, carried, extension)
            carried.append(extension.name)
        return plan


def extend(source: Source, extension: Extension) -> tuple[Extended, Column]:
    """`source` with one more column, and that column."""
    extended = _extend_all(source, (extension,))
    return extended, extended.column(extension.name)


def with_positions(source: Source, first_rows: tuple[int, ...] = ()) -> tuple[Extended, Column]:
    """`source` with the positions of its rows in their partitions, and that column. `first_rows`: with which number each
    partition begins; all with 0 by default."""
    root = source.root if isinstance(source, Extended) else source
    name = f"__row-{digest(root.key, *map(str, first_rows))}__" if first_rows else f"__index-{root.key}__"
    return extend(source, Extension(name, pa.int64(), first_rows=first_rows))


def _merge(first: tuple[Extension, ...], second: tuple[Extension, ...]) -> tuple[Extension, ...]:
    known = {extension.name for extension in first}
    return first + tuple(extension for extension in second if extension.name not in known)


def _extend(plan: _core.Plan, carried: list[str], extension: Extension) -> _core.Plan:
    function = extension.function
    if function is None and not extension.inputs:
        return plan.with_row_index(extension.name, extension.first_rows)
    kept = [_core.Expr.column(name) for name in carried]
    if function is None:
        return plan.project([*carried, extension.name], [*kept, extension.inputs[0].expr])
    inputs = [f"__input_{i}__" for i in range(len(extension.inputs))]
    plan = plan.project([*carried, *inputs], [*kept, *(column.expr for column in extension.inputs)])
    schema = pa.schema([*(plan.schema.field(i) for i in range(len(carried))), pa.field(extension.name, extension.type)])
    width = len(carried)

    def append(table: pa.Table, partition: int) -> pa.Table:
        try:
            added = function([table.column(width + i) for i in range(len(inputs))])
        except RowsDiffer as error:
            raise ValueError(f"partition {partition}: {error}") from None
        return table.select(range(width)).append_column(schema.field(width), added)

    return plan.map_partitions(append, schema, extension.name.split("-")[0])


@dataclass(frozen=True)
class Aggregate:
    """One output of an aggregation; the name tells all that decides its values."""

    function: str
    input: Column | None
    options: str | None = None

    @cached_property
    def name(self) -> str:
        argument = "" if self.input is None else _input_name(self.input)
        suffix = f" {self.options}" if self.options else ""
        return f"{self.function}({argument}){suffix}"


def _input_name(column: Column) -> str:
    names = column.expr.columns()
    return names[0] if column.nodes == 1 and names else f"expr-{column.token}"


def key_name(i: int) -> str:
    """The column of an aggregation that holds its key number `i`: a name that no column of a user has."""
    return f"__key_{i}__"


def distinct(aggregates: Iterable[Aggregate]) -> list[Aggregate]:
    """Each aggregate once."""
    return list({aggregate.name: aggregate for aggregate in aggregates}.values())


def aggregate_column(source: Aggregated, aggregate: Aggregate) -> Column:
    """The column that holds the result of `aggregate`."""
    column = source.column(aggregate.name)
    nullable = aggregate.input is not None and aggregate.input.nullable and aggregate.function not in ("nunique", "size")
    return replace(column, nullable=nullable)


class Aggregated(Source):
    """One row for each combination of `keys` in `parent`; one row in all where there are no keys.

    Its columns are `key_name(0)`, `key_name(1)`, ... and the names of its aggregates. `of_records`: they stand for all columns
    of the parent, so that records of files must have no others.
    """

    def __init__(
        self, parent: Source, keys: tuple[Column, ...], aggregates: tuple[Aggregate, ...], sort: bool, dropna: bool,
        of_records: bool = False,
    ) -> None:  # fmt: skip
        self.parent, self.keys, self.aggregates, self.sort, self.dropna = parent, keys, aggregates, sort, dropna
        self.of_records = of_records
        self.npartitions = 1
        tokens = [key.token for key in keys]
        self.basis = digest("aggregate", parent.key, *tokens, str(sort), str(dropna))
        self.key = digest(self.basis, str(of_records), *sorted(aggregate.name for aggregate in aggregates))

    @property
    def key_names(self) -> list[str]:
        return [key_name(i) for i in range(len(self.keys))]

    @cached_property
    def schema(self) -> pa.Schema:
        return self._plan(self.aggregates).schema

    def build(self, needed: Iterable[str]) -> _core.Plan:
        wanted = set(needed)
        return self._plan(tuple(aggregate for aggregate in self.aggregates if aggregate.name in wanted))

    def _plan(self, aggregates: tuple[Aggregate, ...]) -> _core.Plan:
        inputs = dict(zip(self.key_names, self.keys, strict=True))
        specs = []
        for aggregate in aggregates:
            name = None
            if aggregate.input is not None:
                name = _input_name(aggregate.input)
                inputs[name] = aggregate.input
            specs.append((aggregate.name, aggregate.function, name, aggregate.options))
        plan = self.parent.project(list(inputs), list(inputs.values()))
        return plan.aggregate(self.key_names, specs, self.sort, self.dropna, self.of_records)


def unify(a: Source, b: Source) -> Source | None:
    """A source with the rows and all columns of both, which keep their names; None where the rows differ."""
    for aligned_a in _alignments(a):
        for aligned_b in _alignments(b):
            merged = _merge_sources(aligned_a, aligned_b)
            if merged is not None:
                return merged
    return None


def _alignments(source: Source) -> Iterator[Source]:
    """The source, and those with its columns whose rows it takes when it is combined with them."""
    aligned: Source | None = source
    while aligned is not None:
        yield aligned
        aligned = _align(aligned)


def _align(source: Source) -> Source | None:
    if isinstance(source, Mapped):
        return source.aligned
    if isinstance(source, Extended):
        root = _align(source.root)
        return None if root is None else _extend_all(root, source.extensions)
    if isinstance(source, Filtered):
        parent = _align(source.parent)
        return None if parent is None else Filtered(parent, source.predicate)
    return None


def _extend_all(source: Source, extensions: tuple[Extension, ...]) -> Extended:
    if isinstance(source, Extended):
        return Extended(source.root, _merge(source.extensions, extensions))
    return Extended(source, extensions)


def _merge_sources(a: Source, b: Source) -> Source | None:
    if a.key == b.key:
        return a
    if isinstance(a, Extended) or isinstance(b, Extended):
        extensions_of_a, root_a = (a.extensions, a.root) if isinstance(a, Extended) else ((), a)
        extensions_of_b, root_b = (b.extensions, b.root) if isinstance(b, Extended) else ((), b)
        root = _merge_sources(root_a, root_b)
        return None if root is None else _extend_all(root, _merge(extensions_of_a, extensions_of_b))
    if isinstance(a, Filtered) and isinstance(b, Filtered) and a.predicate.token == b.predicate.token:
        parent = _merge_sources(a.parent, b.parent)
        return None if parent is None else Filtered(parent, a.predicate)
    if isinstance(a, Aggregated) and isinstance(b, Aggregated) and a.basis == b.basis:
        known = {aggregate.name for aggregate in a.aggregates}
        added = tuple(aggregate for aggregate in b.aggregates if aggregate.name not in known)
        return Aggregated(a.parent, a.keys, a.aggregates + added, a.sort, a.dropna, a.of_records or b.of_records)
    return None
