"""Which columns the elements of a bag make, and the values that an element has in them."""

from __future__ import annotations

import datetime
import decimal
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from millstream.bag.avro_schema import arrow_schema, defaults
from millstream.bag.bag import Bag
from millstream.dataframe.convert import NULLABLE
from millstream.dataframe.exact import Unfit, dtype_for, exact_array, type_name
from millstream.dataframe.meta import make_meta, meta_type
from millstream.dataframe.missing import is_missing

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    import pyarrow as pa
else:
    from millstream._lazy import LazyModule

    np, pa, pd = LazyModule("numpy"), LazyModule("pyarrow"), LazyModule("pandas")

Pick = Callable[[Any], Sequence[Any]]


@dataclass(frozen=True)
class Shape:
    """The labels and types of columns, which of them pandas holds in nullable types, and what an element has in each."""

    labels: list[Hashable]
    types: list[pa.DataType]
    pick: Pick
    nullable: frozenset[int] = frozenset()
    avro: bool = False

    def arrays(self, elements: Sequence[Any]) -> list[pa.Array]:
        columns = zip(*map(self.pick, elements), strict=True)
        return [self._array(*column) for column in zip(columns, self.types, self.labels, strict=True)]

    def _array(self, values: Sequence[Any], type_: pa.DataType, label: Hashable) -> pa.Array:
        try:
            return exact_array(values, type_, self.avro)
        except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError, TypeError, OverflowError) as error:
            value = error.value if isinstance(error, Unfit) else None
            what = "to_avro" if self.avro else "to_dataframe"
            fix = "Change the value, or the type in the schema" if self.avro else _fix(label, type_, value)
            raise TypeError(
                f"{what}: column {label!r} cannot hold all values as {type_name(type_)}: {error}. {fix}."
            ) from error


def _fix(label: Hashable, type_: pa.DataType, value: Any) -> str:
    """What to do about a value that does not fit the type of its column."""
    types, dtype = pa.types, dtype_for(value)
    if types.is_integer(type_) and dtype == "float64":
        return f"Say the type of all values: meta={{{label!r}: 'float64', ...}}"
    if types.is_floating(type_) and value is None:  # the one thing that Arrow itself complains of: integers beyond 2**53
        return f"Say the type of all values: meta={{{label!r}: 'Int64', ...}}"
    if isinstance(value, decimal.Decimal) and not value.is_finite():
        return "Put None in its place, with map() before"
    if types.is_decimal(type_) and value is None:  # or of more digits
        return f"Say the type of all values: meta={{{label!r}: pyarrow.decimal128(38, 10), ...}} with as many digits as needed"
    times = types.is_date(type_) or types.is_timestamp(type_)
    if times and isinstance(value, datetime.datetime) and (value.tzinfo is None) == (getattr(type_, "tz", None) is None):
        return f"Say the type of all values: meta={{{label!r}: {dtype!r}, ...}}"
    plain = types.is_string(type_) or (types.is_primitive(type_) and not types.is_temporal(type_))
    if plain and isinstance(value, (str, bool, int, float, dict, list, tuple)):
        return f"Say that values are of several types: meta={{{label!r}: 'object', ...}}"
    return "Give values of one type, with map() before, or say another type with meta="


# -- how an element is taken apart


def _record(labels: list[Hashable], element: Any) -> Sequence[Any]:
    if isinstance(element, Mapping):
        return [element.get(label) for label in labels]
    if is_missing(element):
        return [None] * len(labels)
    raise TypeError(f"to_dataframe: an element is no dict as others are: {element!r}. Make them alike, with map() before.")


def _whole_record(labels: list[Hashable]) -> Pick:
    known = frozenset(labels)

    def pick(element: Any) -> Sequence[Any]:
        values = _record(labels, element)
        if isinstance(element, Mapping) and not known.issuperset(element):
            key = next(key for key in element if key not in known)
            dtype = dtype_for(element[key]) or "object"
            raise ValueError(
                f"to_dataframe: the key {key!r} first occurs behind the elements that tell the columns, in {element!r}. "
                f"Name all columns: meta={{..., {key!r}: {dtype!r}}}; keys that it does not name are left out."
            )
        return values

    return pick


def _tuple(labels: list[Hashable], element: Any) -> Sequence[Any]:
    if not isinstance(element, (tuple, list)):
        if is_missing(element):
            return [None] * len(labels)
        raise TypeError(f"to_dataframe: an element is no tuple as others are: {element!r}. Make them alike, with map() before.")
    if len(element) != len(labels):
        raise ValueError(f"to_dataframe: an element has {len(element)} values for {len(labels)} columns: {element!r}")
    return element


def _by_its_class(labels: list[Hashable], element: Any) -> Sequence[Any]:
    if isinstance(element, Mapping):
        return _record(labels, element)
    return [element] if len(labels) == 1 and not isinstance(element, (tuple, list)) else _tuple(labels, element)


# -- shapes


def shape_of_meta(meta: Any) -> Shape:
    """Keys of elements that `meta` does not name are left out."""
    empty = make_meta(meta)
    if isinstance(empty, pd.Series):
        empty = empty.to_frame(0 if empty.name is None else empty.name)
    labels, columns = list(empty.columns), [empty.iloc[:, i] for i in range(empty.shape[1])]
    # Columns of dtype object may hold anything: JSON.
    types = [pa.json_(pa.utf8()) if column.dtype == object else meta_type(column) for column in columns]
    nullable = frozenset(i for i, column in enumerate(columns) if str(column.dtype) in NULLABLE)
    return Shape(labels, types, lambda element: _by_its_class(labels, element), nullable)


def shape_of_schema(schema: Mapping[str, Any]) -> Shape:
    """Of records for an Avro schema: keys that are missing have the schema's default, others that it lacks are left out."""
    target = arrow_schema(schema)
    default = defaults(schema, target)
    names = list(target.names)

    def pick(element: Any) -> Sequence[Any]:
        if not isinstance(element, Mapping):
            raise TypeError(f"to_avro: an element is no dict: {element!r}")
        return [element[name] if name in element else default.get(name) for name in names]

    return Shape(names, list(target.types), pick, avro=True)


_SAMPLE = 100
_SAMPLED_PARTITIONS = 16
"""How far to look for a value of a column that is missing in the first partition: a bag is computed anew for each look."""


def shape_of_sample(bag: Bag, columns: Sequence[Hashable] | None) -> Shape:
    """Of the first elements of the first partition; of further ones where these are none, or have a column without values."""
    sample: list[Any] = []
    begin, count = 0, 1
    shape: Shape | None = None
    while begin < bag.npartitions and len(sample) < _SAMPLE and not (shape and begin >= _SAMPLED_PARTITIONS):
        sample += bag._of_partitions(range(begin, min(begin + count, bag.npartitions))).take(_SAMPLE, npartitions=-1)
        shape = _shape_of_elements(sample[:_SAMPLE], columns) if sample else None
        if shape and not any(_undecided(shape, i, sample) for i in range(len(shape.types))):
            break
        begin, count = begin + count, count * 2
    if shape is None:
        raise ValueError("to_dataframe: the bag is empty, so its columns are not known: pass meta={'name': 'dtype', ...}")
    return shape


def _undecided(shape: Shape, i: int, sample: list[Any]) -> bool:
    return all(is_missing(shape.pick(element)[i]) for element in sample[:_SAMPLE])


def _shape_of_elements(sample: list[Any], columns: Sequence[Hashable] | None) -> Shape:
    labels, pick = _labels_and_pick(sample, columns)
    rows = [pick(element) for element in sample]
    return Shape(labels, [_type_of([row[i] for row in rows]) for i in range(len(labels))], pick)


def _labels_and_pick(sample: list[Any], columns: Sequence[Hashable] | None) -> tuple[list[Hashable], Pick]:
    first = next((element for element in sample if not is_missing(element)), None)
    if columns is not None:
        labels = list(columns)
        return labels, lambda element: _by_its_class(labels, element)
    if isinstance(first, Mapping):
        labels = list(dict.fromkeys(key for record in sample if isinstance(record, Mapping) for key in record))
        return labels, _whole_record(labels)
    if isinstance(first, (tuple, list)):
        labels = list(range(len(first)))
        return labels, lambda element: _tuple(labels, element)
    return [0], lambda element: [element]


# -- types of samples


def _type_of(values: list[Any]) -> pa.DataType:
    """The type that holds these values and likely ones: JSON for nested, mixed and always missing ones."""
    present = [value for value in values if not is_missing(value)]
    kinds = {_kind(value) for value in present}
    if kinds == {int} and all(-(2**63) <= value < 2**63 for value in present):
        return pa.float64() if len(present) < len(values) else pa.int64()
    if kinds in ({float}, {int, float}):
        return pa.float64()
    if kinds == {datetime.datetime}:
        return _timestamp_type(present)
    if kinds == {decimal.Decimal}:  # of as many digits as can be: the sample does not tell how many others have
        digits = [-int(value.as_tuple().exponent) for value in present if value.is_finite()]
        return pa.decimal128(38, max([0, *digits]))
    if kinds == {datetime.timedelta}:
        return pa.duration("ns" if any(getattr(value, "nanoseconds", 0) for value in present) else "us")
    simple = {
        bool: pa.bool_(), str: pa.string(), bytes: pa.binary(), datetime.date: pa.date32(), datetime.time: pa.time64("us"),
    }  # fmt: skip
    return simple[kinds.pop()] if len(kinds) == 1 and kinds <= simple.keys() else pa.json_(pa.utf8())


def _kind(value: Any) -> type:
    kinds: dict[type, tuple[type, ...]] = {
        bool: (bool, np.bool_), int: (int, np.integer), float: (float, np.floating), str: (str,), bytes: (bytes,),
        datetime.datetime: (datetime.datetime, np.datetime64), datetime.date: (datetime.date,), datetime.time: (datetime.time,),
        datetime.timedelta: (datetime.timedelta, np.timedelta64), decimal.Decimal: (decimal.Decimal,),
    }  # fmt: skip
    return next((kind for kind, classes in kinds.items() if isinstance(value, classes)), type(value))


def _timestamp_type(values: list[Any]) -> pa.DataType:
    stamps = [pd.Timestamp(value) for value in values]
    return pa.timestamp("ns" if any(stamp.unit == "ns" for stamp in stamps) else "us", pa.array(stamps[:1]).type.tz)
