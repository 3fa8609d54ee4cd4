"""A bag: partitions of Python objects, read or made from frames, and functions over them."""

from __future__ import annotations

import pickle
from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from functools import reduce
from itertools import chain, islice
from typing import TYPE_CHECKING, Any

from millstream.bag import steps
from millstream.bag.absent import ADVICE
from millstream.dataframe.absent import not_there
from millstream.dataframe.execute import Fetch, Lazy, Request, compute_all, run_plans
from millstream.dataframe.source import Leaf, unique_token
from millstream.report import RunReport

if TYPE_CHECKING:
    import pyarrow as pa

    from millstream import _core
    from millstream.dataframe.frame import DataFrame
else:
    from millstream._lazy import LazyModule

    pa, _core = LazyModule("pyarrow"), LazyModule("millstream._core")

Decode = Callable[["pa.Table"], Iterable[Any]]
Step = Callable[[Iterator[Any]], Iterable[Any]]

_PICKLES = "pickle"

CHUNK = 10_000
"""Rows that are Python objects at a time."""


def dumps(value: Any) -> bytes:
    """Pickled; by value what pickle cannot name, such as lambdas."""
    try:
        return pickle.dumps(value, protocol=5)
    except Exception:  # pickle raises errors of many kinds for what only cloudpickle can do
        import cloudpickle

        text: bytes = cloudpickle.dumps(value)
        return text


def pickled_tables(partitions: Iterable[list[Any]]) -> list[pa.Table]:
    return [pa.table({_PICKLES: pa.array([dumps(part)], pa.large_binary())}) for part in partitions]


def unpickle(table: pa.Table) -> Iterator[Any]:
    """The objects in a table that pickled_tables made: each row holds a list."""
    return chain.from_iterable(pickle.loads(row.as_buffer()) for row in table.column(_PICKLES))


def _request_of(plan: _core.Plan, finish: Callable[[Iterator[Any]], Any]) -> Request:
    """What `finish` makes of the objects in the pickled lists that `plan` gives."""
    leaf = Leaf(plan, unique_token("bag"))
    fetch = Fetch(leaf, (_PICKLES,), (leaf.column(_PICKLES),))
    return Request((fetch,), lambda fetched: finish(chain.from_iterable(unpickle(table) for table in fetched[0])))


class Bag(Lazy):
    """Lazy; `plan` gives tables, `decode` the objects in one, `steps` what is done with them, partition by partition."""

    def __init__(
        self, plan: _core.Plan, decode: Decode, steps: tuple[Step, ...] = (), frame: DataFrame | None = None,
        same_values: bool = True,
    ) -> None:  # fmt: skip
        """`frame` is the one whose rows these are; `same_values` whether its columns hold what the elements do."""
        self._plan, self._decode, self._steps = plan, decode, steps
        self._frame = None if steps else frame  # as long as no Python function changed them
        self._same_values = same_values

    @property
    def npartitions(self) -> int:
        return self._plan.npartitions

    def __repr__(self) -> str:
        return f"millstream.bag<{len(self._steps)} steps, npartitions={self.npartitions}>"

    def __getattr__(self, name: str) -> Any:
        raise not_there("Bag", name, ADVICE)

    # -- functions of each element or partition

    def _then(self, step: Step) -> Bag:
        return Bag(self._plan, self._decode, (*self._steps, step))

    def map(self, func: Callable[..., Any], *args: Any, **kwargs: Any) -> Bag:
        """func(element, *args, **kwargs) for each element."""
        if any(isinstance(value, (Bag, Item)) for value in (*args, *kwargs.values())):
            raise NotImplementedError("map takes one bag: compute() the others first, or pair their elements beforehand")
        return self._then(steps.Map(func, args, kwargs))

    def starmap(self, func: Callable[..., Any], **kwargs: Any) -> Bag:
        return self._then(steps.StarMap(func, kwargs))

    def filter(self, predicate: Callable[[Any], Any]) -> Bag:
        return self._then(steps.Filter(predicate))

    def remove(self, predicate: Callable[[Any], Any]) -> Bag:
        return self._then(steps.Remove(predicate))

    def pluck(self, key: Any, default: Any = steps.NO_DEFAULT) -> Bag:
        """element[key]; a tuple of them for a list of keys; `default` for elements without the key if it is given."""
        return self._then(steps.Pluck(key, default))

    def flatten(self) -> Bag:
        return self._then(steps.flatten)

    def map_partitions(self, func: Callable[..., Any], *args: Any, **kwargs: Any) -> Bag:
        """func(iterator of a partition's elements, *args, **kwargs) gives the new elements."""
        return self._then(steps.Partition(func, args, kwargs))

    def repartition(self, npartitions: int) -> Bag:
        if npartitions < 1:
            raise ValueError(f"npartitions must be at least 1, not {npartitions!r}")
        return Bag(self._pickled().repartition(npartitions), unpickle)

    # -- running

    def compute(self, **kwargs: Any) -> list[Any]:
        """All elements, in order."""
        elements: list[Any] = compute_all([self])[0]
        return elements

    def _request(self) -> Request:
        return _request_of(self._pickled(), list)

    def __iter__(self) -> Iterator[Any]:
        return iter(self.compute())

    def persist(self, **kwargs: Any) -> Bag:
        (result,) = run_plans([self._pickled()])
        return Bag(_core.Plan.from_tables(result.tables), unpickle)

    def take(self, k: int, npartitions: int = 1, compute: bool = True, warn: bool = True) -> Any:
        """The first k elements of the first `npartitions` partitions (-1: all), as a tuple."""
        count = self.npartitions if npartitions == -1 else min(npartitions, self.npartitions)
        first = self._of_partitions(range(count))._then(steps.Take(k))
        return tuple(islice(first.compute(), k)) if compute else first

    def _of_partitions(self, chosen: Iterable[int]) -> Bag:
        return Bag(self._plan.partitions(list(chosen)), self._decode, self._steps)

    def _iterate(self, table: pa.Table) -> Iterator[Any]:
        elements = iter(self._decode(table))
        for step in self._steps:
            elements = iter(step(elements))
        return elements

    def _pickled(self, change: Callable[[Iterator[Any]], list[Any]] = list) -> _core.Plan:
        """A plan that gives each partition as a pickled list."""
        iterate = self._iterate
        schema = pa.schema([pa.field(_PICKLES, pa.large_binary())])

        def run(table: pa.Table, _partition: int) -> pa.Table:
            return pickled_tables([change(iterate(table))])[0]

        return self._plan.map_partitions(run, schema, "bag")

    # -- reductions

    def reduction(
        self, perpartition: Callable[[Iterator[Any]], Any], aggregate: Callable[[Iterable[Any]], Any], **kwargs: Any
    ) -> Item:
        """aggregate of what perpartition gives for each partition."""
        return Item(self, _request_of(self._pickled(lambda elements: [perpartition(elements)]), aggregate))

    def fold(
        self,
        binop: Callable[[Any, Any], Any],
        combine: Callable[[Any, Any], Any] | None = None,
        initial: Any = steps.NO_DEFAULT,
    ) -> Item:
        start = () if initial is steps.NO_DEFAULT else (initial,)
        return self.reduction(lambda part: reduce(binop, part, *start), lambda parts: reduce(combine or binop, parts))

    def count(self) -> Item:
        if self._frame is not None:
            from millstream.dataframe.reductions import row_count

            counted = row_count(self._frame._source, "count")._request()
            return Item(self, Request(counted.fetches, lambda tables: int(counted.finish(tables))))
        return self.reduction(lambda part: sum(1 for _ in part), sum)

    def sum(self) -> Item:
        return self.reduction(sum, sum)

    def min(self) -> Item:
        return self._extreme(min)

    def max(self) -> Item:
        return self._extreme(max)

    def _extreme(self, function: Callable[..., Any]) -> Item:
        def of_parts(parts: Iterable[list[Any]]) -> Any:
            return function(chain.from_iterable(parts))

        return self.reduction(lambda part: [function(found) for found in [list(part)] if found], of_parts)

    def mean(self) -> Item:
        def of_parts(parts: Iterable[tuple[Any, int]]) -> Any:
            totals, counts = zip(*parts, strict=True)
            return sum(totals) / sum(counts)

        return self.reduction(_sum_and_count, of_parts)

    def any(self) -> Item:
        return self.reduction(any, any)

    def all(self) -> Item:
        return self.reduction(all, all)

    def frequencies(self, split_every: Any = None, sort: bool = False) -> Bag:
        """(element, how often) for each distinct element."""

        def merge(counters: Iterator[Any]) -> Iterable[Any]:
            total: Counter[Hashable] = Counter()
            for counter in counters:
                total.update(counter)
            return total.most_common() if sort else list(total.items())

        plan = self._pickled(lambda elements: [Counter(elements)])
        return Bag(plan.repartition(1), unpickle, (merge,))

    def distinct(self, key: Any = None) -> Bag:
        """Each element once; those of equal `key` (a function, or what to pluck) count as equal."""
        once = steps.Distinct(key)
        return Bag(self._pickled(lambda elements: list(once(elements))).repartition(1), unpickle, (once,))

    def topk(self, k: int, key: Any = None) -> Bag:
        largest = steps.Largest(k, key)
        return Bag(self._pickled(lambda elements: list(largest(elements))).repartition(1), unpickle, (largest,))

    # -- elsewhere

    def to_dataframe(
        self, meta: Any = None, columns: Sequence[Hashable] | None = None, optimize_graph: bool = True
    ) -> DataFrame:
        """A frame with a row for each element: a dict, a tuple, or a single value.

        Types come from `meta`, else from the first elements; dicts and lists become columns of nested JSON. A later value that
        is of another type, or key that is no column, is an error that says what to pass as `meta`.
        """
        from millstream.bag.frames import bag_to_frame

        return bag_to_frame(self, meta, columns)

    def to_avro(
        self, filename: Any, schema: Mapping[str, Any], name_function: Any = None,
        storage_options: Mapping[str, Any] | None = None, codec: str = "null", sync_interval: int | None = None,
        metadata: Mapping[str, str] | None = None, compute: bool = True, **kwargs: Any,
    ) -> Any:  # fmt: skip
        """Avro files of the elements, which are dicts, one a partition: 'out/trip.*.avro'."""
        from millstream.bag.frames import frame_for_schema

        return frame_for_schema(self, schema).to_avro(
            filename, schema=dict(schema), name_function=name_function, storage_options=storage_options, codec=codec,
            sync_interval=sync_interval, metadata=metadata, compute=compute, **kwargs,
        )  # fmt: skip


def _sum_and_count(part: Iterator[Any]) -> tuple[Any, int]:
    elements = list(part)
    return sum(elements), len(elements)


class Item(Lazy):
    """One lazy value made of a bag."""

    def __init__(self, bag: Bag, request: Request) -> None:
        self._bag, self._requested = bag, request

    def compute(self, **kwargs: Any) -> Any:
        return compute_all([self])[0]

    def _request(self) -> Request:
        return self._requested

    def _ran(self, report: RunReport) -> None:
        super()._ran(report)
        self._bag.last_report = report

    def __repr__(self) -> str:
        return "millstream.bag.Item"
